//! One process at a time: a lock the kernel lets go of when its holder ends, whatever way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::LedgerError;

/// Held while it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock in `path` for the ledger in `ledger`, and writes our process id into it.
    pub(super) fn take(path: &Path, ledger: &Path) -> Result<Self, LedgerError> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        let mut file = opened.map_err(|error| LedgerError::of_io(&error, path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LedgerError::Held {
                    file: ledger.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(LedgerError::of_io(&error, path)),
        }
        let named = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
        if let Err(error) = named {
            // The lock holds without the name; a second process just can't say whose it is.
            tracing::debug!(file = %path.display(), %error, "process id not written");
        }
        Ok(Lock { _file: file })
    }
}

/// The process id that the holder wrote.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
