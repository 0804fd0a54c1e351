//! What others read: the exposition for Prometheus. Reads snapshots, never runs a probe.

mod chunk;
mod exposition;
pub mod metrics;
mod status;
mod text;

pub use chunk::Chunk;
pub use exposition::{Encoding, Exposition, Format};
pub use status::status;
