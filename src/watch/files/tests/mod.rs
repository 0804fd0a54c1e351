//! Real files, written, moved and cut as programs and rotations do.

mod backups;
mod cost;
mod logs;
mod property;
mod walk;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::logs::{Limits, LogWatch};
use super::walk::Glob;
use crate::model::facts::LogFacts;
use crate::platform::files::open_below;

/// A folder with logs, and what watches them.
struct Logs {
    dir: TempDir,
    watch: LogWatch,
}

impl Logs {
    fn new(glob: &str) -> Self {
        Logs::with(glob, Some("ERROR"), Limits::default())
    }

    fn with(glob: &str, error: Option<&str>, limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let glob = Glob::new(&dir.path().join(glob).display().to_string()).unwrap();
        let error = error.map(|text| regex::bytes::Regex::new(text).unwrap());
        let watch = LogWatch::new(glob, error, limits, open_below);
        Logs { dir, watch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        append(&self.path(name), text.as_ref());
    }

    fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        std::fs::copy(self.path(from), self.path(to)).unwrap();
    }

    fn truncate(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    fn read(&mut self) -> LogFacts {
        self.watch.read()
    }

    /// The error lines counted by one more reading that has nothing to complain of.
    fn errors(&mut self) -> u64 {
        let facts = self.read();
        assert_eq!(facts.problem, None);
        facts.error_lines.unwrap()
    }
}

fn append(path: &Path, text: &[u8]) {
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).open(path);
    file.unwrap().write_all(text).unwrap();
}
