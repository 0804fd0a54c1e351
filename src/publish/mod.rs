//! What others read: the exposition for Prometheus, the status and runs as JSON, the status page.
//! Reads snapshots, never runs a probe.

mod chunk;
pub mod events;
mod exposition;
mod latest;
pub mod metrics;
pub mod page;
pub mod report;
pub mod runs;
pub mod scores;
pub mod standing;
pub mod status;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod words;

pub use chunk::Chunk;
pub use exposition::{Encoding, Exposition, Format};
pub use latest::Latest;
