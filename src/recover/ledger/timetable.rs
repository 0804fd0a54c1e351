//! What is done by the clock: once for each planned time, also across restarts.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Ledger, LedgerError, Notice, outbox, receive};
use crate::model::{Timestamp, Trigger};

/// A planned time that lies further ahead than this was written by a clock that was wrong.
const AHEAD: Duration = Duration::from_secs(86_400);

/// What is to be done for a planned time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// Triggers that are received.
    pub triggers: Vec<Trigger>,
    /// Notices that are put into the outbox.
    pub notices: Vec<Notice>,
}

impl Ledger {
    /// The planned time that a line of a timetable was last done for; one that was never seen begins
    /// now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn last_planned(&mut self, name: &str, now: Timestamp) -> Result<Timestamp, LedgerError> {
        self.change(|change| {
            match last(change, name)? {
                Some(at) if at <= now.after(AHEAD) => return Ok(at),
                _ => {}
            }
            keep(change, name, now)?;
            Ok(now)
        })
    }

    /// Does what is planned for `at`, as a whole; whether it was not done before.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was done then.
    pub fn do_planned(
        &mut self,
        name: &str,
        at: Timestamp,
        planned: &Planned,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.change(|change| {
            if last(change, name)?.is_some_and(|last| last >= at) {
                return Ok(false);
            }
            keep(change, name, at)?;
            receive::receive(change, &planned.triggers, now)?;
            for notice in &planned.notices {
                outbox::queue(change, notice, now, now)?;
            }
            Ok(true)
        })
    }
}

fn last(change: &Connection, name: &str) -> Result<Option<Timestamp>, rusqlite::Error> {
    let mut statement = change.prepare_cached("SELECT planned_at FROM timetable WHERE name = ?")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

fn keep(change: &Connection, name: &str, at: Timestamp) -> Result<(), rusqlite::Error> {
    let query = "INSERT OR REPLACE INTO timetable (name, planned_at) VALUES (?, ?)";
    change.prepare_cached(query)?.execute(params![name, at])?;
    Ok(())
}
