//! A small disk.

use std::path::Path;

use testbed::tool;

/// A file system of its own in a folder of its own.
pub(crate) struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    /// Not everybody may mount.
    pub(crate) fn mount(size: &str) -> testbed::Result<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=0700");
        let path = dir.path().to_str().unwrap();
        tool(
            None,
            "mount",
            &["-t", "tmpfs", "-o", &options, "tmpfs", path],
            "",
        )?;
        Ok(Tmpfs(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        tool(None, "umount", &["-l", self.0.path().to_str().unwrap()], "").ok();
    }
}
