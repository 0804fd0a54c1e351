//! The health score over time.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::sql::level;
use super::{Ledger, LedgerError};
use crate::model::{ScoreSpan, Timestamp};

/// A row in which nothing changed becomes at most so long.
const LONGEST: Duration = Duration::from_secs(3600);

impl Ledger {
    /// Writes down how the score was. A span that goes on as the newest row ended makes that longer.
    ///
    /// # Errors
    /// [`LedgerError`]; none of them was written down then.
    pub fn keep_scores(&mut self, spans: &[ScoreSpan]) -> Result<(), LedgerError> {
        self.change(|change| {
            for span in spans {
                let newest = change
                    .prepare_cached(
                        "SELECT since, until, low, mean, level FROM scores
                         ORDER BY since DESC LIMIT 1",
                    )?
                    .query_row([], score)
                    .optional()?;
                let goes_on = newest.filter(|newest| {
                    let same = (newest.until, newest.low, newest.level)
                        == (span.since, span.low, span.level);
                    same && newest.is_even()
                        && span.is_even()
                        && span.until.since(newest.since) <= LONGEST
                });
                match goes_on {
                    Some(newest) => change
                        .prepare_cached("UPDATE scores SET until = ? WHERE since = ?")?
                        .execute(params![span.until, newest.since])?,
                    None => change
                        .prepare_cached(
                            "INSERT OR REPLACE INTO scores (since, until, low, mean, level)
                             VALUES (?, ?, ?, ?, ?)",
                        )?
                        .execute(params![
                            span.since,
                            span.until,
                            span.low,
                            span.mean,
                            span.level.as_str()
                        ])?,
                };
            }
            Ok(())
        })
    }

    /// The score between two instants, oldest first; times that no span covers were not seen. A span
    /// that reaches beyond them is cut.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn scores(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ScoreSpan>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT since, until, low, mean, level FROM scores
                 WHERE since >= ?1 AND since < ?2 AND until > ?3 ORDER BY since",
            )?;
            let values = params![since.before(LONGEST), until, since];
            let rows = statement.query_map(values, score)?;
            let cut = |span: ScoreSpan| ScoreSpan {
                since: span.since.max(since),
                until: span.until.min(until),
                ..span
            };
            rows.map(|row| row.map(cut)).collect()
        })
    }
}

fn score(row: &Row<'_>) -> rusqlite::Result<ScoreSpan> {
    Ok(ScoreSpan {
        since: row.get(0)?,
        until: row.get(1)?,
        low: row.get(2)?,
        mean: row.get(3)?,
        level: level(row, 4)?,
    })
}
