//! Pauses, and the few instants that are remembered across restarts.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Ledger, LedgerError};
use crate::model::{Pause, Target, Timestamp};

/// An instant that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The last heartbeat of the alert pipeline; it is missed only where one was ever seen.
    Watchdog,
    /// The last time Alertmanager was asked what fires.
    Reconciled,
    /// The last time it was tried whether the ledger can be written again.
    Written,
}

impl Stamp {
    fn key(self) -> &'static str {
        match self {
            Stamp::Watchdog => "watchdog_seen_at",
            Stamp::Reconciled => "reconciled_at",
            Stamp::Written => "written_at",
        }
    }
}

impl Ledger {
    /// Pauses one target or everything; takes the place of an earlier pause of the same.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn pause(&mut self, pause: &Pause) -> Result<(), LedgerError> {
        self.change(|change| {
            let query = "INSERT OR REPLACE INTO pauses (target, since, until, reason)
                VALUES (?, ?, ?, ?)";
            let values = params![
                key(pause.target.as_ref()),
                pause.since,
                pause.until,
                pause.reason
            ];
            change.prepare_cached(query)?.execute(values)?;
            Ok(())
        })
    }

    /// Ends the pause of one target, or that of everything; whether there was one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn resume(&mut self, target: Option<&Target>) -> Result<bool, LedgerError> {
        self.change(|change| {
            let ended = change
                .prepare_cached("DELETE FROM pauses WHERE target = ?")?
                .execute([key(target)])?;
            Ok(ended > 0)
        })
    }

    /// The pauses that hold at `now`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn pauses(&self, now: Timestamp) -> Result<Vec<Pause>, LedgerError> {
        let all: Vec<Pause> = self.read(|connection| {
            let query =
                "SELECT nullif(target, ''), since, until, reason FROM pauses ORDER BY target";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| {
                Ok(Pause {
                    target: row.get(0)?,
                    since: row.get(1)?,
                    until: row.get(2)?,
                    reason: row.get(3)?,
                })
            })?;
            rows.collect()
        })?;
        Ok(all.into_iter().filter(|pause| pause.holds(now)).collect())
    }

    /// Remembers that it was now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn stamp(&mut self, stamp: Stamp, now: Timestamp) -> Result<(), LedgerError> {
        self.change(|change| Ok(write_stamp(change, stamp, now)?))
    }

    /// When it last was; `None`: never.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn stamped(&self, stamp: Stamp) -> Result<Option<Timestamp>, LedgerError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT value FROM meta WHERE key = ?")?;
            statement
                .query_row([stamp.key()], |row| row.get(0))
                .optional()
        })
    }
}

/// Remembers that it was now.
pub(super) fn write_stamp(
    change: &Connection,
    stamp: Stamp,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let query = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)";
    let values = params![stamp.key(), now];
    change.prepare_cached(query)?.execute(values).map(drop)
}

/// Everything is the empty key; no target has it.
fn key(target: Option<&Target>) -> String {
    target.map(Target::key).unwrap_or_default()
}
