//! Putting a log aside, compressed: the very file that was looked at, within bounds of time and room,
//! without a moment in which its lines are nowhere.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, fstatvfs, openat, renameat};

use super::{Folder, Rights, beside};

/// Read at once.
const PIECE: usize = 256 << 10;
/// After so many bytes the room and the time left are looked at.
const LOOK_AFTER: u64 = 16 << 20;
/// A file whose blocks are taken out of its beginning keeps its last so many bytes at least; every
/// file system's blocks divide it.
const BLOCK: u64 = 64 << 10;
/// What is appended meanwhile is read on, but not for ever: at most so many times.
const ROUNDS: u32 = 8;
/// So many pieces may be appended between the copy and the cut.
const MOST_PIECES: u32 = 4096;

/// Within what a log is compressed.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Not later than this.
    pub until: Instant,
    /// So many bytes of the file system stay free, for others.
    pub leave: u64,
}

/// Why a log was not put aside; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It is another file than the one that was looked at.
    #[error("it is another file by now")]
    Another,
    /// It has another name too: what is cut here is cut there.
    #[error("it has {0} names (hard links)")]
    Linked(u64),
    /// As root, in a folder where anybody may put a file.
    #[error("everybody may write to its folder")]
    Open,
    /// Too little room.
    #[error("there is no room to compress it")]
    Room,
    /// Too little time.
    #[error("it could not be compressed in time")]
    Time,
    /// Anything else the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What was put aside of a log. Held open: whoever owns the folder may put something else in its
/// place.
#[derive(Debug)]
pub struct Copied {
    file: File,
    /// The bytes of the log that are in it.
    pub bytes: u64,
}

/// A log held open.
#[derive(Debug)]
pub struct Held {
    file: File,
    name: std::ffi::OsString,
    key: (u64, u64),
}

impl Held {
    /// Its name.
    pub fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// What the system says of it now.
    ///
    /// # Errors
    /// The system's word.
    pub fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.file.metadata()
    }
}

impl Folder {
    /// Holds the regular file `name` if it is the one of `key`, its device and inode, and has no
    /// other name.
    ///
    /// # Errors
    /// [`RotateError`].
    pub fn hold(&self, name: &OsStr, key: (u64, u64)) -> Result<Held, RotateError> {
        let folder = self.fd.metadata()?;
        let anybody = folder.mode() & 0o002 != 0;
        if anybody && rustix::process::geteuid().is_root() {
            return Err(RotateError::Open);
        }
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = openat(&self.fd, name, flags | OFlags::CLOEXEC, Mode::empty());
        let file = File::from(fd.map_err(io::Error::from)?);
        let meta = file.metadata()?;
        if !meta.is_file() || (meta.dev(), meta.ino()) != key {
            return Err(RotateError::Another);
        }
        if meta.nlink() > 1 {
            return Err(RotateError::Linked(meta.nlink()));
        }
        let name = name.to_owned();
        Ok(Held { file, name, key })
    }

    /// Writes what `log` holds to `name`, compressed, with the rights of the log. In it is
    /// all that there was when the last of it was read.
    ///
    /// # Errors
    /// [`RotateError`]; there is no `name` then.
    pub fn compress(&self, log: &Held, name: &str, bounds: Bounds) -> Result<Copied, RotateError> {
        if self.names()?.iter().any(|there| there == name) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
        }
        // One that a killed process left; nobody else puts this log aside now.
        self.clear_beside(&log.name)?;
        let beside = beside(&log.name);
        let written = self.write_compressed(log, &beside, bounds);
        let written = written.and_then(|copied| {
            renameat(&self.fd, &*beside, &self.fd, name).map_err(io::Error::from)?;
            self.fd.sync_all()?;
            Ok(copied)
        });
        if written.is_err() {
            self.remove(OsStr::new(&beside)).ok();
        }
        written
    }

    fn write_compressed(
        &self,
        log: &Held,
        name: &str,
        bounds: Bounds,
    ) -> Result<Copied, RotateError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let private = Mode::from_raw_mode(0o600);
        let fd = openat(&self.fd, name, flags | OFlags::CLOEXEC, private);
        let file = File::from(fd.map_err(io::Error::from)?);
        let mut out = GzEncoder::new(file, Compression::fast());
        let (mut read, mut looked_at, mut piece) = (0, 0, vec![0; PIECE]);
        let mut rounds = 0;
        let mut goal = log.file.metadata()?.len();
        self.look(bounds)?;
        loop {
            let got = log.file.read_at(&mut piece, read)?;
            out.write_all(&piece[..got])?;
            read += got as u64;
            if read - looked_at >= LOOK_AFTER {
                self.look(bounds)?;
                looked_at = read;
            }
            if got == 0 || read >= goal {
                // It grew meanwhile.
                let now = log.file.metadata()?.len();
                rounds += 1;
                if now <= read || got == 0 || rounds > ROUNDS {
                    break;
                }
                goal = now;
            }
        }
        let file = out.finish()?;
        Rights::of(&log.file)?.apply(&file)?;
        file.sync_all()?;
        Ok(Copied { file, bytes: read })
    }

    /// Whether there is room and time to go on.
    fn look(&self, bounds: Bounds) -> Result<(), RotateError> {
        let disk = fstatvfs(&self.fd).map_err(io::Error::from)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < bounds.leave {
            return Err(RotateError::Room);
        }
        match Instant::now() < bounds.until {
            true => Ok(()),
            false => Err(RotateError::Time),
        }
    }

    /// Takes out of `log`, which may be open and appended to, what is in `copied`. Where the file system can, no line that is written
    /// this moment is lost, and up to the last 64 KiB stay; where it can't, what was appended
    /// meanwhile is put there too, and the log is cut to nothing right after.
    ///
    /// # Errors
    /// What the system says; no line is lost.
    pub fn shorten(&self, log: &Held, copied: &Copied) -> io::Result<()> {
        let whole = copied.bytes / BLOCK * BLOCK;
        // The range must end before the file does.
        let length = match whole == log.file.metadata()?.len() {
            true => whole.saturating_sub(BLOCK),
            false => whole,
        };
        if length > 0 && fallocate(&log.file, FallocateFlags::COLLAPSE_RANGE, 0, length).is_ok() {
            return Ok(());
        }
        let (mut read, mut piece) = (copied.bytes, vec![0; PIECE]);
        for _ in 0..MOST_PIECES {
            let got = log.file.read_at(&mut piece, read)?;
            if got == 0 {
                return log.file.set_len(0);
            }
            // A file of several such parts is unpacked as one.
            let mut part = GzEncoder::new(&copied.file, Compression::fast());
            part.write_all(&piece[..got])?;
            part.finish()?;
            read += got as u64;
        }
        Err(io::Error::other("it grows faster than it is read"))
    }

    /// Removes `log`, if it still is what its name leads to.
    ///
    /// # Errors
    /// [`RotateError`].
    pub fn remove_held(&self, log: &Held) -> Result<(), RotateError> {
        let now = self.hold(&log.name, log.key)?;
        Ok(self.remove(&now.name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::time::Duration;

    use flate2::read::MultiGzDecoder;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().canonicalize().unwrap()).unwrap();
        (dir, folder)
    }

    fn key(path: &Path) -> (u64, u64) {
        let meta = path.symlink_metadata().unwrap();
        (meta.dev(), meta.ino())
    }

    fn roomy() -> Bounds {
        Bounds {
            until: Instant::now() + Duration::from_secs(60),
            leave: 0,
        }
    }

    fn unpacked(path: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        let file = File::open(path).unwrap();
        MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_put_aside_and_what_stays_are_all_there_was() {
        put_aside(tempfile::tempdir().unwrap());
    }

    /// tmpfs can't take blocks out of a file.
    #[test]
    fn also_where_a_log_can_only_be_cut_to_nothing() {
        put_aside(tempfile::tempdir_in("/dev/shm").unwrap());
    }

    fn put_aside(dir: tempfile::TempDir) {
        let folder = Folder::open(&dir.path().canonicalize().unwrap()).unwrap();
        let path = dir.path().join("a.log");
        let lines = (0..100_000).map(|n| format!("line {n}\n"));
        let text: String = lines.collect();
        std::fs::write(&path, &text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let held = folder.hold("a.log".as_ref(), key(&path)).unwrap();
        let copied = folder.compress(&held, "a.log.1.gz", roomy()).unwrap();
        assert_eq!(copied.bytes, text.len() as u64);
        let copy = dir.path().join("a.log.1.gz");
        assert!(unpacked(&copy) == text.as_bytes());
        assert_eq!(copy.metadata().unwrap().mode() & 0o7777, 0o640);
        // Somebody appends after the copy.
        let mut writer = File::options().append(true).open(&path).unwrap();
        writer.write_all(b"after\n").unwrap();
        folder.shorten(&held, &copied).unwrap();
        let rest = std::fs::read(&path).unwrap();
        assert!(rest.len() <= BLOCK as usize + 6, "{}", rest.len());
        let all = format!("{text}after\n");
        match rest.is_empty() {
            true => assert!(unpacked(&copy) == all.as_bytes()),
            false => assert!(all.as_bytes().ends_with(&rest)),
        }
        writer.write_all(b"more\n").unwrap();
        assert!(std::fs::read(&path).unwrap().ends_with(b"more\n"));
        folder.remove_held(&held).unwrap();
        assert_eq!(folder.names().unwrap(), ["a.log.1.gz"]);
    }

    #[test]
    fn links_of_both_kinds_and_what_took_its_name_are_left_alone() {
        let (dir, folder) = folder();
        let (path, other) = (dir.path().join("a.log"), dir.path().join("other"));
        std::fs::write(&path, "x").unwrap();
        let was = key(&path);
        std::fs::hard_link(&path, &other).unwrap();
        let refused = folder.hold("a.log".as_ref(), was).unwrap_err();
        assert!(matches!(refused, RotateError::Linked(2)), "{refused}");
        std::fs::remove_file(&other).unwrap();
        let held = folder.hold("a.log".as_ref(), was).unwrap();
        std::fs::rename(&path, &other).unwrap();
        std::fs::write(&path, "new").unwrap();
        let refused = folder.remove_held(&held).unwrap_err();
        assert!(matches!(refused, RotateError::Another), "{refused}");
        std::fs::remove_file(&path).unwrap();
        symlink("other", &path).unwrap();
        assert!(folder.hold("a.log".as_ref(), was).is_err());
        assert!(folder.hold("a.log".as_ref(), key(&path)).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"x");
    }

    #[test]
    fn without_room_or_time_nothing_is_left_behind() {
        let (dir, folder) = folder();
        let path = dir.path().join("a.log");
        std::fs::write(&path, "x").unwrap();
        let held = folder.hold("a.log".as_ref(), key(&path)).unwrap();
        let no_room = Bounds {
            leave: u64::MAX,
            ..roomy()
        };
        let no_time = Bounds {
            until: Instant::now(),
            leave: 0,
        };
        for (bounds, words) in [(no_room, "no room"), (no_time, "in time")] {
            let refused = folder.compress(&held, "a.log.1.gz", bounds).unwrap_err();
            assert!(refused.to_string().contains(words), "{refused}");
            assert_eq!(folder.names().unwrap(), ["a.log"]);
        }
    }

    #[test]
    fn as_root_not_where_anybody_may_put_a_file() {
        let (dir, folder) = folder();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let path = dir.path().join("a.log");
        std::fs::write(&path, "x").unwrap();
        let held = folder.hold("a.log".as_ref(), key(&path));
        let root = rustix::process::geteuid().is_root();
        assert_eq!(matches!(held, Err(RotateError::Open)), root, "{held:?}");
    }
}
