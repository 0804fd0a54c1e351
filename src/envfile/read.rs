//! An env file from disk, never more than it may hold.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::parse::Document;
use crate::config::{ReadError, read_bounded_with};

/// A larger env file is refused unread, in bytes. Real ones have a few kilobytes.
pub const MAX_ENV_FILE_BYTES: u64 = 1 << 20;

/// An env file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct EnvFileError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub reason: ReadError,
}

/// Reads the env file at `path`. Lines that are no assignment are kept, not an error:
/// [`Document::faults`] tells them.
///
/// # Errors
/// There is none, it may not be read, it is no regular file (a pipe is not waited for), or it is
/// larger than [`MAX_ENV_FILE_BYTES`].
pub fn read(path: &Path) -> Result<Document, EnvFileError> {
    let (bytes, _) = read_with(path)?;
    Ok(Document::parse(&bytes))
}

/// Its bytes, and what the system says of the very file that was read.
///
/// # Errors
/// As [`read`].
pub fn read_with(path: &Path) -> Result<(Vec<u8>, Metadata), EnvFileError> {
    read_bounded_with(path, MAX_ENV_FILE_BYTES).map_err(|reason| EnvFileError {
        path: path.to_owned(),
        reason,
    })
}
