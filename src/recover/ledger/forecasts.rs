//! Forecasts that were told, and what became of them.

use rusqlite::{Row, params};

use super::{Ledger, LedgerError};
use crate::model::{Code, ForecastEnd, PastForecast, Target, Timestamp};

const COLUMNS: &str = "id, code, target, made_at, due_at, ended_at, outcome";

impl Ledger {
    /// Writes down that something is foreseen; nothing where the same is foreseen already.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn foresee(
        &mut self,
        code: Code,
        target: &Target,
        now: Timestamp,
        due: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let query = "INSERT INTO forecasts (code, target, made_at, due_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (code, target) WHERE ended_at IS NULL DO NOTHING";
            let values = params![code.as_str(), target, now, due];
            change.prepare_cached(query)?.execute(values)?;
            Ok(())
        })
    }

    /// Decides a forecast. One that did not come true, and about whose target or host a run acted since
    /// it was made, is [`ForecastEnd::Acted`].
    ///
    /// # Errors
    /// [`LedgerError`]; also when it is decided already.
    pub fn decide_forecast(
        &mut self,
        id: i64,
        end: ForecastEnd,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let acted = "SELECT EXISTS (SELECT 1 FROM forecasts AS f JOIN runs AS r
                ON r.target IN (f.target, ?2)
                    AND r.started_at BETWEEN f.made_at AND ?3 WHERE f.id = ?1)";
            let acted: bool = change
                .prepare_cached(acted)?
                .query_row(params![id, Target::Host, now], |row| row.get(0))?;
            let end = match end {
                ForecastEnd::DidNot if acted => ForecastEnd::Acted,
                end => end,
            };
            let query = "UPDATE forecasts SET ended_at = ?, outcome = ?
                WHERE id = ? AND ended_at IS NULL";
            let values = params![now, end, id];
            let decided = change.prepare_cached(query)?.execute(values)?;
            super::incidents::one(decided, || format!("forecast {id} is decided"))
        })
    }

    /// The forecasts that are not decided, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_forecasts(&self) -> Result<Vec<PastForecast>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM forecasts WHERE ended_at IS NULL ORDER BY id");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map([], forecast)?;
            Ok(rows
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect())
        })
    }

    /// The forecasts that were made between two instants, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(super) fn forecasts_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<PastForecast>, LedgerError> {
        let query = format!(
            "SELECT {COLUMNS} FROM forecasts WHERE made_at >= ? AND made_at < ? ORDER BY id"
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![since, until], forecast)?;
            Ok(rows
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .collect())
        })
    }
}

/// `None` for a code that an older or newer warrener knows.
fn forecast(row: &Row<'_>) -> rusqlite::Result<Option<PastForecast>> {
    let code: String = row.get(1)?;
    let Some(code) = Code::ALL.iter().find(|known| known.as_str() == code) else {
        return Ok(None);
    };
    let ended: Option<Timestamp> = row.get(5)?;
    let outcome: Option<ForecastEnd> = row.get(6)?;
    Ok(Some(PastForecast {
        id: row.get(0)?,
        code: *code,
        target: row.get(2)?,
        made_at: row.get(3)?,
        due_at: row.get(4)?,
        end: ended.zip(outcome),
    }))
}
