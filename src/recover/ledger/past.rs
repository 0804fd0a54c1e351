//! What happened in a stretch of time, read for whoever draws conclusions from it.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::{Ledger, LedgerError, incidents, runs};
use crate::model::{
    Past, PastAlert, PastRun, PastStep, RunId, Timestamp, TriggerSource, TriggerStatus,
};

impl Ledger {
    /// What began between two instants.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn past(&self, since: Timestamp, until: Timestamp) -> Result<Past, LedgerError> {
        Ok(Past {
            since,
            until,
            incidents: self.incidents_between(since, until)?,
            runs: self.runs_between(since, until)?,
            alerts: self.alerts_between(since, until)?,
            scores: self.scores(since, until)?,
            forecasts: self.forecasts_between(since, until)?,
        })
    }

    fn incidents_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<crate::model::Incident>, LedgerError> {
        let query = format!(
            "SELECT {} FROM incidents WHERE opened_at >= ? AND opened_at < ? ORDER BY id",
            incidents::COLUMNS
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![since, until], incidents::incident)?;
            rows.collect()
        })
    }

    /// The runs that were made between two instants, oldest first, with what they did.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn runs_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<PastRun>, LedgerError> {
        let mut steps = self.steps_between(since, until)?;
        let columns: Vec<_> = runs::COLUMNS
            .split(", ")
            .map(|c| format!("r.{c}"))
            .collect();
        let query = format!(
            "SELECT {}, i.code FROM runs AS r JOIN incidents AS i ON i.id = r.incident
             WHERE r.created_at >= ? AND r.created_at < ? ORDER BY r.id",
            columns.join(", ")
        );
        let after = columns.len();
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![since, until], |row| {
                let run = runs::run(row)?;
                Ok(PastRun {
                    steps: steps.remove(&run.id.0).unwrap_or_default(),
                    code: row.get(after)?,
                    run,
                })
            })?;
            rows.collect()
        })
    }

    fn steps_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<i64, Vec<PastStep>>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT s.run, s.rung, s.action, s.result FROM steps AS s
                 JOIN runs AS r ON r.id = s.run
                 WHERE r.created_at >= ? AND r.created_at < ? ORDER BY s.run, s.number",
            )?;
            let rows = statement.query_map(params![since, until], |row| {
                let run: RunId = row.get(0)?;
                let step = PastStep {
                    rung: row.get(1)?,
                    action: row.get(2)?,
                    result: row.get(3)?,
                };
                Ok((run.0, step))
            })?;
            let mut all: BTreeMap<i64, Vec<PastStep>> = BTreeMap::new();
            for row in rows {
                let (run, step) = row?;
                all.entry(run).or_default().push(step);
            }
            Ok(all)
        })
    }

    /// Each firing of an alert, with the first word after it that says that it is over.
    fn alerts_between(
        &self,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<PastAlert>, LedgerError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT code, target, source, received_at, cleared_at, incident FROM
                    (SELECT code, target, source, received_at, incident, status,
                        lead(received_at) OVER same AS cleared_at
                     FROM triggers WHERE source IN (?1, ?2) AND received_at >= ?3
                     WINDOW same AS (PARTITION BY fingerprint ORDER BY id))
                 WHERE status = ?4 AND received_at < ?5 ORDER BY received_at",
            )?;
            let [webhook, asked] = [TriggerSource::Alertmanager, TriggerSource::Reconcile];
            let values = params![webhook, asked, since, TriggerStatus::Firing, until];
            let row = |row: &Row<'_>| {
                Ok(PastAlert {
                    code: row.get(0)?,
                    target: row.get(1)?,
                    source: row.get(2)?,
                    fired_at: row.get(3)?,
                    cleared_at: row.get(4)?,
                    incident: row.get(5)?,
                })
            };
            statement.query_map(values, row)?.collect()
        })
    }
}
