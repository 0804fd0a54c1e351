//! What can go wrong with the ledger, by what follows from it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::model::{RunId, RunState};

/// Why the ledger did not do what it was asked. Whatever it is: nothing was half done.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process holds it.
    #[error("{}: held by another warrener{}", file.display(), pid.map(|pid| format!(", process {pid}")).unwrap_or_default())]
    Held {
        /// The database.
        file: PathBuf,
        /// The other's process id, where it is known.
        pid: Option<u32>,
    },
    /// The disk is full. It can be tried again.
    #[error("{}: the disk is full", file.display())]
    Full {
        /// The database.
        file: PathBuf,
    },
    /// It may not be written.
    #[error("{}: can't be written: {words}", file.display())]
    ReadOnly {
        /// The database, or its folder.
        file: PathBuf,
        /// What the system says.
        words: String,
    },
    /// It is damaged.
    #[error("{}: damaged: {words}{}", file.display(), kept(kept_at))]
    Corrupt {
        /// The database.
        file: PathBuf,
        /// What was found.
        words: String,
        /// Where the damaged file was moved, where it was.
        kept_at: Option<PathBuf>,
    },
    /// A newer warrener wrote it.
    #[error("{}: written by a newer warrener (schema {found}; this one knows {known})", file.display())]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest this warrener knows.
        known: u32,
    },
    /// The system failed otherwise.
    #[error("{}: {words}", file.display())]
    Io {
        /// The database, or its folder.
        file: PathBuf,
        /// What the system says.
        words: String,
    },
    /// It could not be opened a moment ago, and is not tried at every call.
    #[error("{words}")]
    Closed {
        /// The kind of what was wrong then.
        kind: &'static str,
        /// In words, with its file.
        words: String,
    },
    /// A run is not where it was thought to be, or may not go there.
    #[error("run {} can't become {to}: it is {}", run.0, from.map_or("not there".to_owned(), |s| s.to_string()))]
    Transition {
        /// Which.
        run: RunId,
        /// Where it is; `None`: there is no such run.
        from: Option<RunState>,
        /// Where it was to go.
        to: RunState,
    },
    /// Something asked for is not there, or is not in the state that it must be in.
    #[error("{what}")]
    NotThere {
        /// In words.
        what: String,
    },
}

fn kept(kept_at: &Option<PathBuf>) -> String {
    match kept_at {
        Some(kept) => format!("; kept as {}", kept.display()),
        None => String::new(),
    }
}

impl LedgerError {
    /// The label value and log field.
    pub fn kind(&self) -> &'static str {
        match self {
            LedgerError::Held { .. } => "held",
            LedgerError::Full { .. } => "full",
            LedgerError::ReadOnly { .. } => "read_only",
            LedgerError::Corrupt { .. } => "corrupt",
            LedgerError::Newer { .. } => "newer",
            LedgerError::Io { .. } => "io",
            LedgerError::Closed { kind, .. } => kind,
            LedgerError::Transition { .. } => "transition",
            LedgerError::NotThere { .. } => "not_there",
        }
    }

    /// Nothing can be recorded, so nothing may be done; a mistake of the caller's is not that.
    pub fn is_observe_only(&self) -> bool {
        !matches!(
            self,
            LedgerError::Transition { .. } | LedgerError::NotThere { .. }
        )
    }

    pub(super) fn of(error: rusqlite::Error, file: &Path) -> Self {
        let file = file.to_owned();
        let words = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => LedgerError::Full { file },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                LedgerError::ReadOnly { file, words }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                LedgerError::corrupt(file, words)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                LedgerError::Held { file, pid: None }
            }
            // What was written is not what is read.
            None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => {
                LedgerError::corrupt(file, words)
            }
            _ => LedgerError::Io { file, words },
        }
    }

    pub(super) fn corrupt(file: PathBuf, words: String) -> Self {
        LedgerError::Corrupt {
            file,
            words,
            kept_at: None,
        }
    }

    /// Of a file or folder beside the database.
    pub(super) fn of_io(error: &io::Error, file: &Path) -> Self {
        let (file, words) = (file.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LedgerError::Full { file },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                LedgerError::ReadOnly { file, words }
            }
            _ => LedgerError::Io { file, words },
        }
    }
}
