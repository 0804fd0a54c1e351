//! `host` and `files`: the machine's room to live, its logs and its backups.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::Regex;
use super::units::{ByteSize, Period, Ratio};

/// The machine's room to live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Host {
    /// Mount points to measure.
    pub disks: Vec<PathBuf>,
    /// Least share of a disk that must be free.
    pub min_disk_free: Ratio,
    /// Least share of memory that must be available.
    pub min_memory_available: Ratio,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            disks: vec![PathBuf::from("/")],
            min_disk_free: Ratio::percent(10),
            min_memory_available: Ratio::percent(10),
        }
    }
}

/// Files that must not grow, and files that must not grow old.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Logs.
    pub logs: Vec<LogFiles>,
    /// Backups.
    pub backups: Vec<BackupFiles>,
}

/// Logs: their size, their age and their error lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogFiles {
    /// Which files; `*` and `?` as in a shell, `**` for folders of any depth. Symlinks below the
    /// first wildcard are not followed.
    pub glob: String,
    /// Largest size of one file. `logs.cleanup` compresses a larger one to `NAME.TIME.gz` beside it.
    #[serde(default)]
    pub max_size: Option<ByteSize>,
    /// Age from which `logs.cleanup` may remove a file, and what it compressed of it.
    #[serde(default)]
    pub max_age: Option<Period>,
    /// Expression of the lines that count as errors. Of a line only its first 64 KiB are searched.
    #[serde(default)]
    pub error: Option<Regex>,
}

/// Backups: that there is a recent one, and that it can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupFiles {
    /// Which files; `*` and `?` as in a shell, `**` for folders of any depth. Symlinks below the
    /// first wildcard are not followed.
    pub glob: String,
    /// The newest must be younger.
    #[serde(default)]
    pub max_age: Option<Period>,
    /// The newest must be at least this large; one that is empty is never whole.
    #[serde(default)]
    pub min_size: Option<ByteSize>,
    /// Program and arguments that end with 0 when the backup is whole; `{}` is its path. No shell,
    /// and of the environment only `PATH` and the like. It runs once for each newest backup, a
    /// minute after that was written to last, and may take an hour. It must change nothing.
    #[serde(default)]
    pub verify: Option<Vec<String>>,
}
