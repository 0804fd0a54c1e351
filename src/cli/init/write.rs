//! The draft to its file: whole or not at all, and never over another one unasked.

use std::fs::Permissions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Readable by the owner and the group: it names what runs here, and may get a secret one day.
const MODE: u32 = 0o640;

/// Why the draft was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// There is something at the path.
    #[error("{0} is already there; `--force` replaces it, `--stdout` only prints the draft")]
    Exists(PathBuf),
    /// There is something at the path that no file replaces.
    #[error("{0} is no regular file; name another path with `--output`")]
    NotAFile(PathBuf),
    /// What the system says.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// Whether a draft could be written to `path`, as things are.
pub(super) fn may_write(path: &Path, force: bool) -> Result<(), WriteError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io(path, error)),
        Ok(meta) if !meta.is_file() => Err(WriteError::NotAFile(path.to_owned())),
        Ok(_) if force => Ok(()),
        Ok(_) => Err(WriteError::Exists(path.to_owned())),
    }
}

/// Writes beside and moves into place.
pub(super) fn write(path: &Path, text: &str, force: bool) -> Result<(), WriteError> {
    may_write(path, force)?;
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".warrener.yml.")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(folder)
        .map_err(|error| io(path, error))?;
    let written = beside.write_all(text.as_bytes());
    written
        .and_then(|()| beside.as_file().sync_all())
        .map_err(|error| io(path, error))?;
    let moved = if force {
        beside.persist(path)
    } else {
        // Fails where something came to be there meanwhile.
        beside.persist_noclobber(path)
    };
    match moved {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => {
            Err(WriteError::Exists(path.to_owned()))
        }
        Err(failed) => Err(io(path, failed.error)),
    }
}

fn io(path: &Path, error: std::io::Error) -> WriteError {
    let path = path.to_owned();
    WriteError::Io { path, error }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nothing_is_overwritten_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("warrener.yml");
        write(&path, "a: 1\n", false).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & !MODE, 0, "{mode:o}");
        assert!(matches!(
            write(&path, "b: 2\n", false),
            Err(WriteError::Exists(_))
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a: 1\n");
        write(&path, "b: 2\n", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "b: 2\n");
        // Nothing is left beside it.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_or_a_link_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        for path in [dir.path(), link.as_path()] {
            assert!(matches!(
                write(path, "", true),
                Err(WriteError::NotAFile(_))
            ));
        }
        let absent = dir.path().join("absent/warrener.yml");
        assert!(matches!(
            write(&absent, "", false),
            Err(WriteError::Io { .. })
        ));
    }
}
