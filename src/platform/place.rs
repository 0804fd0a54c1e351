//! Where a path really leads, followed step by step: as root, only through symlinks that root made.
//!
//! A worker that owns a folder could otherwise send root's repair anywhere by a symlink in it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// More symlinks than this in one path are a circle.
const MOST_LINKS: usize = 40;

/// The user whose rights this process has.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this process may make files in the folder at `path`, or make the folder.
///
/// # Errors
/// Why not.
pub fn may_write(path: &Path) -> io::Result<()> {
    let there = path
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(path);
    if !there.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    Ok(accessat(CWD, there, wanted, AtFlags::EACCESS)?)
}

/// A file's real folder and name; the file itself need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder; none of its components is a symlink.
    pub folder: PathBuf,
    /// The file's name in it.
    pub name: OsString,
}

/// A path that is not to be followed, or leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// A symlink that somebody else than root could have made.
    #[error("{0} is a symlink that its folder's owner may change; root does not follow it")]
    ForeignLink(PathBuf),
    /// It names no file.
    #[error("names no file")]
    NoName,
    /// The system's word, and at which component.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
}

impl Place {
    /// Follows `path`, which is absolute.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub fn of(path: &Path) -> Result<Self, NoPlace> {
        Self::followed(path, effective_user() == 0)
    }

    /// Its path.
    pub fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn followed(path: &Path, careful: bool) -> Result<Self, NoPlace> {
        let mut left: VecDeque<OsString> = parts(path);
        let mut here = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&part);
            let at = |error| NoPlace::Io(next.clone(), error);
            let meta = match next.symlink_metadata() {
                Ok(meta) => meta,
                Err(error) if left.is_empty() && error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Place {
                        folder: here,
                        name: part,
                    });
                }
                Err(error) => return Err(at(error)),
            };
            if !meta.is_symlink() {
                if left.is_empty() {
                    return Ok(Place {
                        folder: here,
                        name: part,
                    });
                }
                here = next;
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(at(io::Error::other("too many symlinks")));
            }
            let folder = here.symlink_metadata().map_err(at)?;
            if careful && (meta.uid(), folder.uid()) != (0, 0) {
                return Err(NoPlace::ForeignLink(next));
            }
            let target = next.read_link().map_err(at)?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for part in parts(&target).into_iter().rev() {
                left.push_front(part);
            }
        }
        Err(NoPlace::NoName)
    }
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_to_the_file_or_to_where_it_would_be() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("releases/7")).unwrap();
        std::fs::write(root.join("releases/7/env"), "").unwrap();
        symlink("releases/7", root.join("current")).unwrap();
        symlink("current/../7/env", root.join("releases/link")).unwrap();
        symlink(root.join("current/env"), root.join(".env")).unwrap();
        let real = root.join("releases/7");
        for (path, name) in [
            ("current/env", "env"),
            (".env", "env"),
            ("current/new", "new"),
        ] {
            let place = Place::followed(&root.join(path), false).unwrap();
            assert_eq!(
                (place.folder.as_path(), place.name.to_str()),
                (real.as_path(), Some(name))
            );
        }
        assert!(matches!(
            Place::followed(&root.join("a/b"), false),
            Err(NoPlace::Io(..))
        ));
        symlink("b", root.join("a")).unwrap();
        symlink("a", root.join("b")).unwrap();
        assert!(matches!(
            Place::followed(&root.join("a"), false),
            Err(NoPlace::Io(..))
        ));
    }

    #[test]
    fn root_follows_no_link_that_another_could_have_made() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::write(root.join("real"), "").unwrap();
        symlink("real", root.join(".env")).unwrap();
        let place = Place::followed(&root.join(".env"), true);
        // Whoever runs the test made it: root's is followed, anybody else's is not.
        let by_root = root.metadata().unwrap().uid() == 0;
        assert_eq!(place.is_ok(), by_root, "{place:?}");
        if by_root {
            std::os::unix::fs::chown(&root, Some(65_534), None).unwrap();
            let place = Place::followed(&root.join(".env"), true);
            assert!(matches!(place, Err(NoPlace::ForeignLink(_))), "{place:?}");
            assert!(Place::followed(&root.join("real"), true).is_ok());
        }
    }
}
