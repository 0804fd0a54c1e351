//! Reading a small file whole, whatever stands at its path.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is none.
    #[error("no such file")]
    Missing,
    /// It may not be read by this user.
    #[error("permission denied")]
    Denied,
    /// A folder, a pipe, a device, a socket.
    #[error("not a regular file")]
    NotAFile,
    /// It is larger than may be read; nothing of it was.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// What may be read, in bytes.
        limit: u64,
    },
    /// Anything else the system says.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Io(error),
        }
    }
}

/// Reads the regular file at `path` (or at the end of its symlinks), at most `limit` bytes.
///
/// Never waits: a pipe or a device is refused, not read. A larger file is refused by its size.
///
/// # Errors
/// [`ReadError`].
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    read_bounded_with(path, limit).map(|(bytes, _)| bytes)
}

/// The same, with what the system says of the very file that was read.
///
/// # Errors
/// [`ReadError`].
pub fn read_bounded_with(path: &Path, limit: u64) -> Result<(Vec<u8>, Metadata), ReadError> {
    // NONBLOCK so that opening a pipe without a writer returns; it means nothing on real files.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(ReadError::NotAFile);
    }
    if meta.len() > limit {
        return Err(ReadError::TooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(meta.len().try_into().unwrap_or_default());
    // It may grow while it is read; one byte more than allowed tells.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit });
    }
    Ok((bytes, meta))
}
