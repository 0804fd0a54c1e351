//! Forgetting what is older than the configuration keeps, a piece at a time.

use rusqlite::params;

use super::{Ledger, LedgerError};
use crate::model::Timestamp;

/// Rows of each table that one call removes: a short pause for whoever waits for the ledger.
const PIECE: u32 = 5000;
/// Triggers that are kept at most, whatever their age: a storm must not fill the disk.
const MAX_TRIGGERS: i64 = 200_000;

/// What one call removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Triggers.
    pub triggers: usize,
    /// Incidents, with their runs and steps.
    pub incidents: usize,
    /// Notices that were sent.
    pub notices: usize,
    /// Spans of the score.
    pub scores: usize,
    /// Forecasts.
    pub forecasts: usize,
    /// There is more to remove.
    pub more: bool,
}

impl Ledger {
    /// Removes what was over before `before`: at most a piece of it, so that nobody waits long;
    /// called again while there is more. What is open, pending or unsent stays.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn forget(&mut self, before: Timestamp) -> Result<Forgotten, LedgerError> {
        self.change(|change| {
            let triggers = change
                .prepare_cached(
                    "DELETE FROM triggers WHERE id IN (SELECT id FROM triggers
                        WHERE taken_at IS NOT NULL
                        AND (last_at < ?1 OR id <= (SELECT max(id) FROM triggers) - ?2)
                        ORDER BY id LIMIT ?3)",
                )?
                .execute(params![before, MAX_TRIGGERS, PIECE])?;
            let incidents = change
                .prepare_cached(
                    "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents
                        WHERE closed_at < ? ORDER BY closed_at LIMIT ?)",
                )?
                .execute(params![before, PIECE])?;
            let notices = change
                .prepare_cached(
                    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
                        WHERE sent_at < ? LIMIT ?)",
                )?
                .execute(params![before, PIECE])?;
            let scores = change
                .prepare_cached(
                    "DELETE FROM scores WHERE since IN (SELECT since FROM scores
                        WHERE until < ? ORDER BY since LIMIT ?)",
                )?
                .execute(params![before, PIECE])?;
            let forecasts = change
                .prepare_cached(
                    "DELETE FROM forecasts WHERE id IN (SELECT id FROM forecasts
                        WHERE ended_at < ? LIMIT ?)",
                )?
                .execute(params![before, PIECE])?;
            let full = PIECE as usize;
            Ok(Forgotten {
                triggers,
                incidents,
                notices,
                scores,
                forecasts,
                more: [triggers, incidents, notices, scores, forecasts].contains(&full),
            })
        })
    }
}
