//! A folder held open: files in it are read and replaced by name, never through a symlink and never
//! halfway. Part of the acting half; only recovery uses it.

mod rotate;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, Mode, OFlags, ResolveFlags, XattrFlags, fchmod, fgetxattr, fremovexattr,
    fsetxattr, openat, openat2, renameat, unlinkat,
};
use rustix::io::Errno;

pub use rotate::{Bounds, Copied, Held, RotateError};

/// The access rules beyond the mode, where a file has some.
const ACL: &str = "system.posix_acl_access";
const MAX_ACL_BYTES: usize = 64 * 1024;

/// A folder, held by a descriptor: what happens to its path meanwhile does not matter.
#[derive(Debug)]
pub struct Folder {
    fd: File,
    path: PathBuf,
}

/// Who may do what with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The permission bits.
    pub mode: u32,
    /// User id of the owner.
    pub uid: u32,
    /// Id of the group.
    pub gid: u32,
    /// The file's access control list, as the system keeps it.
    pub acl: Option<Vec<u8>>,
}

impl Rights {
    /// For a file that only its writer may read.
    pub fn private() -> Self {
        Rights {
            mode: 0o600,
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            acl: None,
        }
    }

    fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        let mut acl = vec![0; MAX_ACL_BYTES];
        let acl = match fgetxattr(file, ACL, acl.as_mut_slice()) {
            Ok(length) => {
                acl.truncate(length);
                Some(acl)
            }
            Err(Errno::NODATA | Errno::OPNOTSUPP) => None,
            // One that can't be read can't be kept.
            Err(error) => return Err(error.into()),
        };
        Ok(Rights {
            mode: meta.mode() & 0o7777,
            uid: meta.uid(),
            gid: meta.gid(),
            acl,
        })
    }

    /// Gives it to `file`: the owner first, for a change of owner takes bits away.
    fn apply(&self, file: &File) -> io::Result<()> {
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (self.uid, self.gid) {
            fchown(file, Some(self.uid), Some(self.gid))?;
        }
        match &self.acl {
            Some(acl) => fsetxattr(file, ACL, acl, XattrFlags::empty())?,
            // A new file begins with what its folder gives to every file in it.
            None => match fremovexattr(file, ACL) {
                Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
                Err(error) => return Err(error.into()),
            },
        }
        Ok(fchmod(file, Mode::from_raw_mode(self.mode))?)
    }
}

/// A file that can't be replaced as it should be.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// The new file would not have the owner, group and permissions of the old one.
    #[error("its owner and permissions can't be kept: {0}")]
    Rights(io::Error),
    /// Anything else the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ReplaceError {
    /// The system's word alone.
    pub fn into_io(self) -> io::Error {
        match self {
            ReplaceError::Rights(error) | ReplaceError::Io(error) => error,
        }
    }
}

impl Folder {
    /// Opens the folder at `path`, in which no component may be a symlink.
    ///
    /// # Errors
    /// What the system says; `ELOOP` for a symlink.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let opened = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS);
        let fd = match opened {
            // An old kernel, or a sandbox that does not know the call: its last component at least.
            Err(Errno::NOSYS | Errno::PERM) => openat(CWD, path, flags, Mode::empty())?,
            opened => opened?,
        };
        Ok(Folder {
            fd: File::from(fd),
            path: path.to_owned(),
        })
    }

    /// Opens it, made with mode 0700 where there is none.
    ///
    /// # Errors
    /// As [`Folder::open`], and where it can't be made.
    pub fn make(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)?;
        Self::open(&path.canonicalize()?)
    }

    /// Its path when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// User and group id of its owner.
    ///
    /// # Errors
    /// What the system says.
    pub fn owner(&self) -> io::Result<(u32, u32)> {
        let meta = self.fd.metadata()?;
        Ok((meta.uid(), meta.gid()))
    }

    /// The regular file `name`, at most `limit` bytes of it, and who may do what with it. Never
    /// waits: a pipe is refused, not read.
    ///
    /// # Errors
    /// `NotFound`; a symlink or no regular file; larger than `limit`; what the system says.
    pub fn read(&self, name: &OsStr, limit: u64) -> io::Result<(Vec<u8>, Rights)> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = openat(&self.fd, name, flags | OFlags::CLOEXEC, Mode::empty())?;
        let file = File::from(fd);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        (&file).take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let text = format!("larger than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok((bytes, Rights::of(&file)?))
    }

    /// Puts a file of `bytes` with `access` at `name`, in the place of what is there, in one step:
    /// written beside, synchronised, renamed. After a crash there is the old one or the new one.
    ///
    /// # Errors
    /// [`ReplaceError`]; what was there still is.
    pub fn replace(&self, name: &OsStr, bytes: &[u8], access: &Rights) -> Result<(), ReplaceError> {
        let beside = beside(name);
        let written = self.write(&beside, bytes, access);
        let renamed = written.and_then(|()| {
            renameat(&self.fd, &*beside, &self.fd, name).map_err(io::Error::from)?;
            Ok(())
        });
        if renamed.is_err() {
            self.remove(OsStr::new(&beside)).ok();
        }
        renamed?;
        Ok(self.fd.sync_all()?)
    }

    fn write(&self, name: &str, bytes: &[u8], access: &Rights) -> Result<(), ReplaceError> {
        // EXCL: a file that somebody put there, or a symlink, is not written through.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let private = Mode::from_raw_mode(0o600);
        let fd =
            openat(&self.fd, name, flags | OFlags::CLOEXEC, private).map_err(io::Error::from)?;
        let mut file = File::from(fd);
        file.write_all(bytes)?;
        access.apply(&file).map_err(ReplaceError::Rights)?;
        Ok(file.sync_all()?)
    }

    /// Opens `name` to be locked; made with mode 0600 where there is none.
    ///
    /// # Errors
    /// What the system says.
    pub fn lock_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::from_raw_mode(0o600))?;
        Ok(File::from(fd))
    }

    /// Opens the regular file `name` to append to it; made with `mode` where there is none. Never
    /// waits: a pipe is refused.
    ///
    /// # Errors
    /// What the system says; a symlink or no regular file.
    pub fn append(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW;
        let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = openat(&self.fd, name, flags, Mode::from_raw_mode(mode))?;
        let file = File::from(fd);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(file)
    }

    /// Removes the file `name`.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes what a process that was killed while it replaced `name` left beside it. Nobody may be
    /// replacing it now.
    ///
    /// # Errors
    /// What the system says; `NotFound` is none.
    pub fn clear_beside(&self, name: &OsStr) -> io::Result<()> {
        let left = |other: &String| is_beside(name, other);
        for other in self.names()?.iter().filter(|other| left(other)) {
            match self.remove(OsStr::new(other)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The names in it, sorted; what is not UTF-8 is none of ours.
    ///
    /// # Errors
    /// What the system says.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }
}

/// A name for what is written beside `name`: hidden, and this process's alone.
fn beside(name: &OsStr) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = name.to_string_lossy();
    format!(".{name}.{}-{count}.warrener", std::process::id())
}

/// Whether [`beside`] of some process made it.
fn is_beside(name: &OsStr, other: &str) -> bool {
    let name = name.to_string_lossy();
    let rest = other
        .strip_prefix('.')
        .and_then(|rest| rest.strip_prefix(&*name)?.strip_prefix('.'));
    let numbers = rest.and_then(|rest| rest.strip_suffix(".warrener")?.split_once('-'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.is_some_and(|(pid, count)| digits(pid) && digits(count))
}

#[cfg(test)]
mod tests;
