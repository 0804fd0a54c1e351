//! The contents kept as good, on disk: a record for each file, and a content for each generation.
//!
//! `<state>/last-good/ID.json` tells which `ID.N.env` there are; `ID` is made of the file's path. A
//! content is written before the record that names it, so a crash loses a generation, never a file.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::envfile::{MAX_ENV_FILE_BYTES, checksum, path_id};
use crate::platform::folder::{Folder, ReplaceError, Rights};
use crate::recover::State;

/// Where they are, in the state directory.
const FOLDER: &str = "last-good";
/// Contents kept of each file.
const GENERATIONS: usize = 3;
const MAX_RECORD_BYTES: u64 = 64 * 1024;

/// The contents kept.
#[derive(Debug)]
pub struct Store {
    folder: Folder,
}

/// A content that proved good.
#[derive(Clone)]
pub struct Kept {
    /// The content.
    pub bytes: Vec<u8>,
    /// When it was taken.
    pub taken: SystemTime,
    /// Who could do what with the file then.
    pub rights: Rights,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    path: PathBuf,
    /// Oldest first.
    generations: Vec<Generation>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Generation {
    number: u64,
    taken_unix_ms: u64,
    sha256: String,
    mode: u32,
    uid: u32,
    gid: u32,
    /// As the system keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acl: Option<Vec<u8>>,
}

impl Generation {
    fn taken(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.taken_unix_ms)
    }
}

impl Store {
    /// The one in `state`, made where there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(state: &State) -> io::Result<Self> {
        let folder = state.sub(FOLDER)?;
        Ok(Store { folder })
    }

    /// The one in the state directory at `path`, only to be read: nothing is made.
    ///
    /// # Errors
    /// What the system says; `NotFound` where nothing was ever kept.
    pub fn look(path: &Path) -> io::Result<Self> {
        let folder = Folder::open(&path.join(FOLDER).canonicalize()?)?;
        Ok(Store { folder })
    }

    /// When the newest content of the file at `path` was taken.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn taken(&self, path: &Path) -> io::Result<Option<SystemTime>> {
        let record = self.record(path)?;
        Ok(record.generations.last().map(Generation::taken))
    }

    /// The newest content of the file at `path` that is whole.
    ///
    /// # Errors
    /// The record or every content can't be read.
    pub fn newest(&self, path: &Path) -> io::Result<Option<Kept>> {
        let record = self.record(path)?;
        let mut damaged = None;
        for generation in record.generations.iter().rev() {
            let name = content_name(path, generation.number);
            let read = self.folder.read(OsStr::new(&name), MAX_ENV_FILE_BYTES);
            match read {
                Ok((bytes, _)) if checksum(&bytes) == generation.sha256 => {
                    return Ok(Some(Kept {
                        bytes,
                        taken: generation.taken(),
                        rights: Rights {
                            mode: generation.mode,
                            uid: generation.uid,
                            gid: generation.gid,
                            acl: generation.acl.clone(),
                        },
                    }));
                }
                Ok(_) => damaged = Some(io::Error::other(format!("{name} is damaged"))),
                Err(error) => damaged = Some(error),
            }
        }
        damaged.map_or(Ok(None), Err)
    }

    /// Whether `bytes` are a content of the file at `path` that proved good, and is still kept.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn holds(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        let (record, sha256) = (self.record(path)?, checksum(bytes));
        Ok(record.generations.iter().any(|g| g.sha256 == sha256))
    }

    /// Keeps `bytes` as the newest content of the file at `path`, unless it is the newest already.
    /// Gives the time at which the newest was taken.
    ///
    /// # Errors
    /// What the system says; what was kept still is.
    pub fn keep(
        &self,
        path: &Path,
        bytes: &[u8],
        rights: &Rights,
        now: SystemTime,
    ) -> io::Result<SystemTime> {
        // A record that can't be read is begun anew: nothing in it can be used.
        let mut record = self.record(path).unwrap_or_default();
        let sha256 = checksum(bytes);
        if let Some(newest) = record.generations.last()
            && newest.sha256 == sha256
            && matches!(self.newest(path), Ok(Some(kept)) if kept.bytes == bytes)
        {
            return Ok(newest.taken());
        }
        let taken = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = record
            .generations
            .iter()
            .map(|g| g.number)
            .max()
            .unwrap_or(0)
            + 1;
        let generation = Generation {
            number,
            taken_unix_ms: u64::try_from(taken.as_millis()).unwrap_or(u64::MAX),
            sha256,
            mode: rights.mode,
            uid: rights.uid,
            gid: rights.gid,
            acl: rights.acl.clone(),
        };
        let private = Rights::private();
        let write = |name: &str, bytes: &[u8]| {
            let written = self.folder.replace(OsStr::new(name), bytes, &private);
            written.map_err(ReplaceError::into_io)
        };
        write(&content_name(path, number), bytes)?;
        record.path = path.to_owned();
        record
            .generations
            .retain(|older| older.sha256 != generation.sha256);
        let taken = generation.taken();
        record.generations.push(generation);
        let surplus = record.generations.len().saturating_sub(GENERATIONS);
        record.generations.drain(..surplus);
        write(&record_name(path), &serde_json::to_vec_pretty(&record)?)?;
        self.sweep(path, &record);
        Ok(taken)
    }

    /// Removes contents that no record names any more.
    fn sweep(&self, path: &Path, record: &Record) {
        let (prefix, own) = (format!("{}.", path_id(path)), record_name(path));
        let kept: Vec<_> = record
            .generations
            .iter()
            .map(|g| content_name(path, g.number))
            .collect();
        for name in self.folder.names().unwrap_or_default() {
            if name.starts_with(&prefix) && name != own && !kept.contains(&name) {
                // What can't be removed now is removed with the next.
                self.folder.remove(OsStr::new(&name)).ok();
            }
        }
    }

    fn record(&self, path: &Path) -> io::Result<Record> {
        let name = record_name(path);
        match self.folder.read(OsStr::new(&name), MAX_RECORD_BYTES) {
            Ok((bytes, _)) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Record::default()),
            Err(error) => Err(error),
        }
    }
}

fn record_name(path: &Path) -> String {
    format!("{}.json", path_id(path))
}

fn content_name(path: &Path, number: u64) -> String {
    format!("{}.{number}.env", path_id(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const PATH: &str = "/srv/app/.env";

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn keep(store: &Store, content: &str, seconds: u64) -> SystemTime {
        let rights = Rights {
            mode: 0o640,
            ..Rights::private()
        };
        store
            .keep(Path::new(PATH), content.as_bytes(), &rights, at(seconds))
            .unwrap()
    }

    fn newest(store: &Store) -> Option<(String, SystemTime)> {
        let kept = store.newest(Path::new(PATH)).unwrap()?;
        assert_eq!(kept.rights.mode, 0o640);
        Some((String::from_utf8(kept.bytes).unwrap(), kept.taken))
    }

    #[test]
    fn three_generations_are_kept_each_once_and_privately() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Store::look(dir.path()).is_err());
        let store = Store::open(&State::open(dir.path()).unwrap()).unwrap();
        assert_eq!(newest(&store), None);
        assert_eq!(keep(&store, "A=1", 1), at(1));
        assert_eq!(keep(&store, "A=1", 2), at(1), "it is the newest already");
        for (content, seconds) in [("A=2", 3), ("A=1", 4), ("A=3", 5), ("A=4", 6)] {
            assert_eq!(keep(&store, content, seconds), at(seconds));
            assert_eq!(newest(&store), Some((content.to_owned(), at(seconds))));
        }
        let names = store.folder.names().unwrap();
        assert_eq!(names.len(), 4, "{names:?}");
        for name in names {
            let mode = store
                .folder
                .path()
                .join(name)
                .metadata()
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o7777, 0o600);
        }
        let again = Store::look(dir.path()).unwrap();
        assert_eq!(newest(&again), Some(("A=4".to_owned(), at(6))));
        assert_eq!(again.taken(Path::new("/another")).unwrap(), None);
    }

    #[test]
    fn a_damaged_content_gives_way_to_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&State::open(dir.path()).unwrap()).unwrap();
        keep(&store, "A=1", 1);
        keep(&store, "A=2", 2);
        let content = |number| {
            store
                .folder
                .path()
                .join(content_name(Path::new(PATH), number))
        };
        std::fs::write(content(2), "A=").unwrap();
        assert_eq!(newest(&store), Some(("A=1".to_owned(), at(1))));
        std::fs::remove_file(content(1)).unwrap();
        assert!(store.newest(Path::new(PATH)).is_err());
        // What is lost is kept again.
        assert_eq!(keep(&store, "A=2", 3), at(3));
        assert_eq!(newest(&store), Some(("A=2".to_owned(), at(3))));
        let record = store.folder.path().join(record_name(Path::new(PATH)));
        std::fs::write(record, "{").unwrap();
        assert!(store.newest(Path::new(PATH)).is_err());
        keep(&store, "A=5", 4);
        assert_eq!(newest(&store), Some(("A=5".to_owned(), at(4))));
    }
}
