//! What people said of a run: it outlives warrener, as the run does.

use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError};
use crate::model::{RunId, Timestamp};

/// What a person says of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It may go on.
    Approved,
    /// It is not to.
    CalledOff,
}

/// What was said of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// A person approved it.
    pub approved: bool,
    /// A person called it off.
    pub called_off: bool,
}

impl Ledger {
    /// Notes what a person says of a run that is not over; the first word of a kind stays.
    ///
    /// # Errors
    /// [`LedgerError`]; also when there is no such run, or it is over.
    pub fn say(&mut self, run: RunId, word: Word, now: Timestamp) -> Result<(), LedgerError> {
        let query = match word {
            Word::Approved => {
                "UPDATE runs SET approved_at = coalesce(approved_at, ?)
                 WHERE id = ? AND ended_at IS NULL"
            }
            Word::CalledOff => {
                "UPDATE runs SET called_off_at = coalesce(called_off_at, ?)
                 WHERE id = ? AND ended_at IS NULL"
            }
        };
        self.change(|change| {
            let said = change.prepare_cached(query)?.execute(params![now, run])?;
            super::incidents::one(said, || format!("run {} is not under way", run.0))
        })
    }

    /// What was said of a run; nothing of one that is not there.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn said(&self, run: RunId) -> Result<Said, LedgerError> {
        self.read(|connection| {
            let query = "SELECT approved_at IS NOT NULL, called_off_at IS NOT NULL FROM runs
                WHERE id = ?";
            let mut statement = connection.prepare_cached(query)?;
            let said = statement.query_row([run], |row| {
                Ok(Said {
                    approved: row.get(0)?,
                    called_off: row.get(1)?,
                })
            });
            Ok(said.optional()?.unwrap_or_default())
        })
    }
}
