//! What others read: the exposition for Prometheus. Reads snapshots, never runs a probe.

mod chunk;
mod exposition;
pub mod metrics;
pub mod report;
pub mod runs;
pub mod scores;
pub mod standing;
pub mod status;
#[cfg(test)]
mod tests;
mod text;

pub use chunk::Chunk;
pub use exposition::{Encoding, Exposition, Format};
