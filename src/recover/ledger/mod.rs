//! The durable record: triggers, incidents, runs, steps, the outbox, pauses. The only home of the
//! database, and of SQL.
//!
//! - A call that returned is on the disk: every commit waits for it.
//! - One process holds the ledger; a second is told whose it is.
//! - An intent is written before the act; what crashed in between is in [`Ledger::unfinished`].
//! - What can't be written is an error with a name ([`LedgerError::kind`]); nothing is half done.
//!
//! Blocks for as long as the disk does: it belongs on a thread of its own. Must not know: what a
//! run does, who is told.

mod error;
mod forecasts;
mod handle;
mod incidents;
mod lock;
mod open;
mod outbox;
mod past;
mod pauses;
mod receive;
mod retention;
mod runs;
mod said;
mod schema;
mod scores;
mod settle;
mod sql;
mod steps;
mod take_up;
mod timetable;
mod triggers;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

pub use error::LedgerError;
pub use handle::{Handle, Trouble};
pub use outbox::{Notice, NoticeId, Noticed, Queued};
pub use pauses::Stamp;
pub use receive::{Received, Taken};
pub use retention::Forgotten;
pub use runs::{NewRun, Tally};
pub use said::{Said, Word};
pub use take_up::Wanted;
pub use timetable::Planned;
pub use triggers::Pending;

/// The open ledger. Closed, and free for another process, when dropped.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    file: PathBuf,
    logged: settle::Logged,
    /// Let go after the connection is closed: fields are dropped in their order.
    _lock: lock::Lock,
}

impl Ledger {
    /// The database's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Runs `change` as a whole or not at all.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T, Change>,
    ) -> Result<T, LedgerError> {
        let file = &self.file;
        let inside = || {
            if !self.connection.is_autocommit() {
                // A part of a whole.
                let part = self.connection.savepoint()?;
                let changed = change(&part)?;
                part.commit()?;
                return Ok(changed);
            }
            // IMMEDIATE: what can't be written is told before anything is read.
            let immediate = TransactionBehavior::Immediate;
            let transaction = self.connection.transaction_with_behavior(immediate)?;
            let changed = change(&transaction)?;
            transaction.commit()?;
            Ok(changed)
        };
        inside().map_err(|why| match why {
            Change::Sql(error) => LedgerError::of(error, file),
            Change::Refused(error) => error,
        })
    }

    /// Makes several changes as a whole or not at all.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was changed then.
    pub fn whole<T>(
        &mut self,
        changes: impl FnOnce(&mut Ledger) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.execute("BEGIN IMMEDIATE")?;
        let changed = changes(self);
        let ended = match changed {
            Ok(_) => self.execute("COMMIT"),
            Err(_) => Ok(()),
        };
        // What a full disk ended is over already.
        if !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        ended.and(changed)
    }

    fn execute(&self, statement: &str) -> Result<(), LedgerError> {
        let run = self.connection.execute_batch(statement);
        run.map_err(|error| LedgerError::of(error, &self.file))
    }

    /// Runs `read`.
    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, LedgerError> {
        read(&self.connection).map_err(|error| LedgerError::of(error, &self.file))
    }
}

#[cfg(test)]
impl Ledger {
    /// Fault injection: writing fails, as on a disk that is full or read-only.
    pub(super) fn only_read(&self, yes: bool) {
        let set = self.connection.pragma_update(None, "query_only", yes);
        set.unwrap();
    }
}

/// Why a change was not made.
enum Change {
    Sql(rusqlite::Error),
    Refused(LedgerError),
}

impl From<rusqlite::Error> for Change {
    fn from(error: rusqlite::Error) -> Self {
        Change::Sql(error)
    }
}

impl From<LedgerError> for Change {
    fn from(error: LedgerError) -> Self {
        Change::Refused(error)
    }
}
