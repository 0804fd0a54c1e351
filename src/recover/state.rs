//! The state directory: what must survive a restart, readable by warrener's user alone.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::envfile::{ContentKey, KEY_BYTES};
use crate::platform::folder::{Folder, ReplaceError, Rights};

/// The key of content hashes.
const KEY_FILE: &str = "hash.key";
/// Held while the key is made.
const KEY_LOCK: &str = "hash.key.lock";

/// The state directory can't be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the state directory {path} can't be used: {error}; set `state` in warrener.yml to a folder \
     that this user may write"
)]
pub struct StateError {
    /// Where it should be.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub error: io::Error,
}

/// The state directory, writable.
#[derive(Debug)]
pub struct State {
    folder: Folder,
}

impl State {
    /// Opens the folder at `path`, made with mode 0700 where there is none. May block for as long
    /// as a dead mount hangs.
    ///
    /// # Errors
    /// [`StateError`], also where it is there and not writable.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let opened = Folder::make(path).and_then(|folder| {
            // Only writing tells whether it can be written: it may be mounted read-only.
            folder.lock_file(KEY_LOCK)?;
            Ok(State { folder })
        });
        opened.map_err(|error| StateError {
            path: path.to_owned(),
            error,
        })
    }

    /// The key of content hashes, the same at every start; made where there is none.
    ///
    /// # Errors
    /// It can't be read or written, or is damaged.
    pub fn content_key(&self) -> io::Result<ContentKey> {
        let lock = self.folder.lock_file(KEY_LOCK)?;
        lock.lock()?;
        let name = OsStr::new(KEY_FILE);
        let bytes = match self.folder.read(name, KEY_BYTES as u64) {
            Ok((bytes, _)) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let random = ContentKey::random_bytes();
                let bytes = random.ok_or_else(|| io::Error::other("no randomness to be had"))?;
                let made = self.folder.replace(name, &bytes, &Rights::private());
                made.map_err(ReplaceError::into_io)?;
                bytes.to_vec()
            }
            Err(error) => return Err(error),
        };
        let bytes: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| {
            io::Error::other(format!(
                "{KEY_FILE} is damaged: remove it, a new one is made"
            ))
        })?;
        Ok(ContentKey::new(bytes))
    }

    /// A folder in it, made where there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn sub(&self, name: &str) -> io::Result<Folder> {
        Folder::make(&self.folder.path().join(name))
    }

    /// Takes the lock `name` until the file is dropped; `None` while somebody else holds it.
    ///
    /// # Errors
    /// What the system says.
    pub fn lock(&self, name: &str) -> io::Result<Option<File>> {
        let file = self.folder.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_survives_and_nobody_else_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/state");
        let hash = || {
            State::open(&path)
                .unwrap()
                .content_key()
                .unwrap()
                .hash(b"A=1")
        };
        let first = hash();
        assert_eq!(hash(), first);
        let mode = |name: &str| path.join(name).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(KEY_FILE), mode(".")), (0o600, 0o700));
        std::fs::remove_file(path.join(KEY_FILE)).unwrap();
        assert_ne!(hash(), first);
        std::fs::write(path.join(KEY_FILE), "short").unwrap();
        assert!(State::open(&path).unwrap().content_key().is_err());
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path()).unwrap();
        let held = state.lock("x").unwrap();
        assert!(held.is_some() && state.lock("x").unwrap().is_none());
        drop(held);
        assert!(state.lock("x").unwrap().is_some());
    }

    #[test]
    fn what_can_not_be_used_is_told_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = State::open(&file.join("state")).unwrap_err().to_string();
        assert!(
            error.contains("file/state") && error.contains("set `state`"),
            "{error}"
        );
    }
}
