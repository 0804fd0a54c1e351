//! Logs and backups, by the globs of the configuration.

use std::time::{Duration, SystemTime};

/// What the `files` probe read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilesFacts {
    /// The log globs, in the configuration's order.
    pub logs: Vec<LogFacts>,
    /// The backup globs, in the configuration's order.
    pub backups: Vec<BackupFacts>,
}

/// The logs of one glob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFacts {
    /// The glob, as in the configuration.
    pub glob: String,
    /// Why it, or some of its files, could not be read, or what of them was skipped.
    pub problem: Option<String>,
    /// Regular files that match; `None` when not every place could be looked at.
    pub files: Option<u64>,
    /// Bytes of all of them.
    pub size: Option<u64>,
    /// The largest of those seen.
    pub largest: Option<NamedSize>,
    /// Bytes appended since warrener began to watch; rotation and truncation don't lower it.
    pub appended: Option<u64>,
    /// Lines that match the `error` expression, of those appended since warrener began to watch.
    /// What is new is the difference of two readings. `None` without an expression, and when none
    /// of the files can be read.
    pub error_lines: Option<u64>,
    /// Bytes that were not searched for errors because the files grew faster than they are read.
    /// `None` as above.
    pub skipped: Option<u64>,
    /// The newest such line's file, for people; never the line.
    pub newest_error_in: Option<String>,
}

/// A file and its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedSize {
    /// Its path.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// The backups of one glob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupFacts {
    /// The glob, as in the configuration.
    pub glob: String,
    /// Why it, or some of its files, could not be read, or what is odd about them.
    pub problem: Option<String>,
    /// Regular files that match; `None` when not every place could be looked at.
    pub files: Option<u64>,
    /// The newest by modification time; `None` when there is none, or it could not be told.
    pub newest: Option<NamedSize>,
    /// When the newest was modified, by the clock of whoever wrote it.
    pub newest_modified: Option<SystemTime>,
    /// Time since then; `None` when that is in the future.
    pub newest_age: Option<Duration>,
    /// What the `verify` program said of the newest: whole, or why not. `None` without such a
    /// program, or before it ended for this file.
    pub verified: Option<Result<(), String>>,
}

impl BackupFacts {
    /// A file modified more recently may still be being written.
    pub const SETTLED: Duration = Duration::from_secs(60);

    /// Whether the newest may be taken for all there will be of it.
    pub fn is_settled(&self) -> bool {
        self.newest_age.is_none_or(|age| age >= Self::SETTLED)
    }
}
