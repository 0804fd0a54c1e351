//! Lossless `.env` files: every byte is kept, every value is a [`Secret`](crate::model::Secret).
//!
//! Must not know: probes, repair. It reads, and prints what it read.

mod parse;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod variables;

pub use parse::{Assignment, Document, Fault, Kind, Piece, Quote};
pub use read::{EnvFileError, MAX_ENV_FILE_BYTES, read};
pub use schema::violations;
