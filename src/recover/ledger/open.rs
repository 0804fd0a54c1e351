//! Opening: the lock, the settings, the check, the schema; and what becomes of a damaged file.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::lock::Lock;
use super::settle::Logged;
use super::{Ledger, LedgerError, schema};
use crate::model::{Pause, Timestamp};

const FILE: &str = "ledger.db";
const LOCK: &str = "ledger.lock";
/// What the database keeps beside its file.
const BESIDE: [&str; 2] = ["-wal", "-journal"];
/// In the name of a damaged file that was kept.
const KEPT: &str = "ledger.db.corrupt-";
/// Statements that are kept prepared.
const STATEMENTS: usize = 64;

impl Ledger {
    /// Whether there is one in the folder `state`.
    ///
    /// # Errors
    /// The folder can't be looked into.
    pub fn is_there(state: &Path) -> io::Result<bool> {
        state.join(FILE).try_exists()
    }

    /// Opens the ledger in the folder `state`, and makes it when there is none.
    ///
    /// A damaged one is moved aside and refused. The one that is made in its place at the next
    /// start begins paused: what it would have remembered, budgets and intents, is missing.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing may be done then but to observe.
    pub fn open(state: &Path, now: Timestamp) -> Result<Self, LedgerError> {
        let file = state.join(FILE);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(state);
        made.map_err(|error| LedgerError::of_io(&error, state))?;
        let lock = Lock::take(&state.join(LOCK), &file)?;
        create(&file).map_err(|error| LedgerError::of_io(&error, &file))?;
        let (mut connection, is_new) = match connect(&file) {
            Err(LedgerError::Corrupt { file, words, .. }) => {
                let kept_at = set_aside(&file, now);
                return Err(LedgerError::Corrupt {
                    file,
                    words,
                    kept_at,
                });
            }
            opened => opened?,
        };
        let logged = Logged::watch(&mut connection);
        let logged = logged.map_err(|error| LedgerError::of(error, &file))?;
        let mut ledger = Ledger {
            connection,
            file,
            logged,
            _lock: lock,
        };
        if is_new && let Some(kept) = kept(state) {
            ledger.pause(&Pause {
                target: None,
                since: now,
                until: None,
                reason: format!(
                    "the ledger was damaged and begins anew; what it held is in {}",
                    kept.display()
                ),
            })?;
        }
        Ok(ledger)
    }
}

/// Makes the file, for its owner alone, when there is none. The database would let others read.
fn create(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A checked connection of the newest schema; and whether the ledger is new.
fn connect(file: &Path) -> Result<(Connection, bool), LedgerError> {
    let wrong = |error| LedgerError::of(error, file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags).map_err(wrong)?;
    settings(&connection).map_err(wrong)?;
    let checked: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(wrong)?;
    if checked != "ok" {
        return Err(LedgerError::corrupt(file.to_owned(), checked));
    }
    let found = schema::version(&connection).map_err(wrong)?;
    if found > schema::VERSION {
        return Err(LedgerError::Newer {
            file: file.to_owned(),
            found,
            known: schema::VERSION,
        });
    }
    schema::migrate(&mut connection, found).map_err(wrong)?;
    Ok((connection, found == 0))
}

fn settings(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Nobody else reads or writes it while it is open; before the journal mode, so that its
    // shared memory is never made.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit returns when it is on the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // After a storm its log is cut back, in bytes.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(())
}

/// Moves a damaged ledger aside; `None` when that can't be done, and it stays where it is.
fn set_aside(file: &Path, now: Timestamp) -> Option<PathBuf> {
    let folder = file.parent()?;
    let name = format!("{KEPT}{}", now.0 / 1000);
    let another = (1..100).map(|n| format!("{name}-{n}"));
    let kept = std::iter::once(name.clone())
        .chain(another)
        .map(|name| folder.join(name))
        .find(|path| !path.exists())?;
    let with = |path: &Path, end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    fs::rename(file, &kept).ok()?;
    for end in BESIDE {
        // They are only there where the database had not finished.
        if let Err(error) = fs::rename(with(file, end), with(&kept, end))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %with(file, end).display(), %error, "not kept");
        }
    }
    Some(kept)
}

/// The newest damaged ledger that was kept in `folder`.
fn kept(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let kept = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(KEPT) && !BESIDE.iter().any(|end| name.ends_with(end))
    });
    kept.map(|entry| entry.path()).max()
}
