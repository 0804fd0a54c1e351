//! Logs and backups, by the globs of the configuration.

use std::time::Duration;

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
    /// Why it, or some of its files, could not be read.
    pub problem: Option<String>,
    /// Files that match.
    pub files: Option<u64>,
    /// Bytes of all of them.
    pub size: Option<u64>,
    /// The largest.
    pub largest: Option<NamedSize>,
    /// Bytes appended since warrener began to watch; rotation and truncation don't lower it.
    pub appended: Option<u64>,
    /// Lines that match the `error` expression, of those appended since warrener began to watch.
    /// What is new is the difference of two readings. `None` without an expression.
    pub error_lines: Option<u64>,
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
    /// Why it, or some of its files, could not be read.
    pub problem: Option<String>,
    /// Files that match.
    pub files: Option<u64>,
    /// The newest by modification time; `None` when there is none, or it could not be told.
    pub newest: Option<NamedSize>,
    /// Time since the newest was modified.
    pub newest_age: Option<Duration>,
    /// What the `verify` program said of the newest: whole, or why not. `None` without such a
    /// program, or before it ended for this file.
    pub verified: Option<Result<(), String>>,
}
