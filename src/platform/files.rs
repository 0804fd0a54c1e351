//! Opening files that others may write, move and replace at any moment.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

/// Opens the regular file at `below`, a path of plain names, under the folder `root` for reading.
///
/// No symlink below `root` is followed, not even one put there this moment, and nothing waits: a
/// pipe or a device is refused, not read. `root` itself may lead over symlinks.
///
/// # Errors
/// What the system says; `InvalidInput` for what is no regular file.
pub fn open_below(root: &Path, below: &Path) -> io::Result<File> {
    let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(root, folder, Mode::empty())?;
    // NONBLOCK so that opening a pipe without a writer returns; it means nothing on real files.
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let opened = match openat2(&folder, below, flags, Mode::empty(), resolve) {
        // Kernels before 5.6, and containers whose filter does not know the call: a symlink in the
        // last place is still refused.
        Err(Errno::NOSYS | Errno::PERM) => openat(&folder, below, flags, Mode::empty()),
        opened => opened,
    };
    let file = File::from(opened?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}

/// What gzip packed into `file`. However much it unpacks to, whoever reads it has to bound it.
pub fn unpacked(file: File) -> impl Read {
    MultiGzDecoder::new(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_but_a_regular_file_below_the_root_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/a"), "text").unwrap();
        std::fs::write(dir.path().join("outside"), "secret").unwrap();
        symlink("sub", root.join("linked")).unwrap();
        symlink("sub/a", root.join("link")).unwrap();
        let pipe = root.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RWXU).unwrap();
        symlink(&root, dir.path().join("way")).unwrap();

        let open = |below: &str| open_below(&root, Path::new(below));
        for below in ["link", "linked/a", "pipe", "sub", "../outside", "none"] {
            assert!(open(below).is_err(), "{below}");
        }
        let mut text = String::new();
        open("sub/a").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        assert!(open_below(&dir.path().join("way"), Path::new("sub/a")).is_ok());
    }
}
