//! A small text file of the kernel; its errors carry path and line.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// `/proc/stat` has some 100 bytes for each processor, and a long line of interrupts.
const MOST: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct ProcFile {
    path: PathBuf,
    text: String,
}

impl ProcFile {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        Self::read_if_there(path)?.ok_or_else(|| format!("{}: no such file", path.display()))
    }

    /// `None` when there is no such file.
    pub(super) fn read_if_there(path: &Path) -> Result<Option<Self>, String> {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(told)?,
        };
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(told)?;
        Ok(Some(ProcFile {
            path: path.to_owned(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }))
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let path = &self.path;
        let numbered = self.text.lines().enumerate();
        numbered.map(move |(at, text)| Line { path, at, text })
    }

    pub(super) fn first_line(&self) -> Result<Line<'_>, String> {
        self.lines().next().ok_or_else(|| self.problem("is empty"))
    }

    /// The whole of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// `what` is wrong with the whole file.
    pub(super) fn problem(&self, what: &str) -> String {
        format!("{}: {what}", self.path.display())
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    path: &'a Path,
    at: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn words(&self) -> std::str::SplitAsciiWhitespace<'a> {
        self.text.split_ascii_whitespace()
    }

    /// `what` is wrong with this line.
    pub(super) fn problem(&self, what: &str) -> String {
        format!("{}:{}: {what}", self.path.display(), self.at + 1)
    }
}

/// What could not be read.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, problem: String) {
        self.0.push(problem);
    }
}

/// Makes `None` of an error, and keeps it.
pub(super) trait Kept<T> {
    fn kept(self, problems: &mut Problems) -> Option<T>;
}

impl<T> Kept<T> for Result<T, String> {
    fn kept(self, problems: &mut Problems) -> Option<T> {
        self.map_err(|problem| problems.add(problem)).ok()
    }
}
