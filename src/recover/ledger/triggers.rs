//! Triggers: pending until they are taken up, and what they say since.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::sql::Json;
use super::{Ledger, LedgerError};
use crate::model::{IncidentId, Timestamp, Trigger, TriggerId, TriggerSource, TriggerStatus};
use crate::recover::intake::Quarantined;

/// A trigger that nobody took up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub id: TriggerId,
    /// What it says.
    pub trigger: Trigger,
    /// When it first came.
    pub received_at: Timestamp,
}

pub(super) const COLUMNS: &str =
    "id, source, code, target, status, fingerprint, starts_at, labels, received_at";

impl Ledger {
    /// Triggers that nobody took up, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn pending(&self, limit: u32) -> Result<Vec<Pending>, LedgerError> {
        let query =
            format!("SELECT {COLUMNS} FROM triggers WHERE taken_at IS NULL ORDER BY id LIMIT ?");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([limit], pending)?.collect()
        })
    }

    /// The trigger of this number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn trigger(&self, id: TriggerId) -> Result<Option<Pending>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM triggers WHERE id = ?");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_row([id], pending).optional()
        })
    }

    /// Notes that a trigger was taken up: into an incident, or, where there is nothing to do
    /// about it, into none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn take(
        &mut self,
        id: TriggerId,
        incident: Option<IncidentId>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let taken = change
                .prepare_cached("UPDATE triggers SET taken_at = ?, incident = ? WHERE id = ?")?
                .execute(params![now, incident, id])?;
            super::incidents::one(taken, || format!("trigger {} is not there", id.0))
        })
    }

    /// What alerts said last, where they said that they fire.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn firing(&self) -> Result<Vec<Trigger>, LedgerError> {
        let query = format!(
            "SELECT {COLUMNS} FROM triggers WHERE newest = 1 AND status = ? AND source IN (?, ?)"
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let sources = TriggerSource::ALL.into_iter().filter(|s| s.is_an_alert());
            let mut values: Vec<&'static str> = vec![TriggerStatus::Firing.as_str()];
            values.extend(sources.map(TriggerSource::as_str));
            let rows = statement.query_map(rusqlite::params_from_iter(values), pending)?;
            rows.map(|row| row.map(|pending| pending.trigger)).collect()
        })
    }

    /// Whether anything that asked for the incident still says so: of each fingerprint, the newest
    /// word counts.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn still_fires(&self, incident: IncidentId) -> Result<bool, LedgerError> {
        self.read(|connection| {
            let query = "SELECT EXISTS (SELECT 1 FROM triggers AS now
                JOIN triggers AS once USING (fingerprint)
                JOIN incidents AS about ON about.id = once.incident
                    AND about.code = once.code AND about.target = once.target
                WHERE once.incident = ? AND now.newest = 1 AND now.status = ?)";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_row(params![incident, TriggerStatus::Firing], |row| row.get(0))
        })
    }

    /// The labels of the alerts that ask for an incident, not of those that follow from it, of each fingerprint once.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn labels_of(
        &self,
        incident: IncidentId,
    ) -> Result<Vec<BTreeMap<String, String>>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT labels FROM triggers JOIN incidents USING (code, target)
                WHERE incident = ? AND incidents.id = incident AND newest = 1
                AND status = ? AND source IN (?, ?) LIMIT 100";
            let mut statement = connection.prepare_cached(query)?;
            let alerts = [TriggerSource::Alertmanager, TriggerSource::Reconcile];
            let values = params![incident, TriggerStatus::Firing, alerts[0], alerts[1]];
            let rows = statement.query_map(values, |row| {
                let Json(labels) = row.get(0)?;
                Ok(labels)
            })?;
            rows.collect()
        })
    }

    /// The newest quarantined alerts with the time each came, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn quarantined(&self, limit: u32) -> Result<Vec<(Timestamp, Quarantined)>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT received_at, position, reason, words, excerpt FROM quarantine
                ORDER BY id DESC LIMIT ?";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map([limit], |row| {
                let alert = Quarantined {
                    index: row.get(1)?,
                    reason: row.get(2)?,
                    words: row.get(3)?,
                    excerpt: row.get(4)?,
                };
                Ok((row.get(0)?, alert))
            })?;
            rows.collect()
        })
    }
}

pub(super) fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    let Json(labels) = row.get(7)?;
    Ok(Pending {
        id: row.get(0)?,
        trigger: Trigger {
            source: row.get(1)?,
            code: row.get(2)?,
            target: row.get(3)?,
            status: row.get(4)?,
            fingerprint: row.get(5)?,
            starts_at: row.get(6)?,
            labels,
        },
        received_at: row.get(8)?,
    })
}
