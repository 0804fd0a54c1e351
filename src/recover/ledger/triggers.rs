//! Triggers: received once however often they are sent, and pending until they are taken up.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::sql::Json;
use super::{Change, Ledger, LedgerError};
use crate::model::{IncidentId, Timestamp, Trigger, TriggerId, TriggerSource, TriggerStatus};
use crate::recover::intake::Quarantined;

/// Quarantined alerts that are kept to be shown.
const MAX_QUARANTINED: i64 = 1000;

/// What became of a trigger that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number, or that of the one it repeats.
    pub id: TriggerId,
    /// It says what was not said before; otherwise only its delivery was counted.
    pub is_new: bool,
}

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

/// A new row, or one delivery more of a row that says the same. None where the newest of the same
/// fingerprint says something else.
const RECEIVE: &str = "
    INSERT INTO triggers
        (fingerprint, status, source, code, target, starts_at, labels, received_at, last_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
    ON CONFLICT (fingerprint) WHERE newest = 1 DO UPDATE
        SET deliveries = deliveries + 1, last_at = excluded.last_at
        WHERE status = excluded.status
    RETURNING id, deliveries";

pub(super) const COLUMNS: &str =
    "id, source, code, target, status, fingerprint, starts_at, labels, received_at";

impl Ledger {
    /// Records what came in, as a whole: when it returns, all of it is on the disk.
    ///
    /// # Errors
    /// [`LedgerError`]; none of it was recorded then.
    pub fn receive(
        &mut self,
        triggers: &[Trigger],
        quarantined: &[Quarantined],
        now: Timestamp,
    ) -> Result<Vec<Received>, LedgerError> {
        self.change(|change| {
            let mut receive = change.prepare_cached(RECEIVE)?;
            let mut replace = change.prepare_cached(
                "UPDATE triggers SET newest = 0 WHERE fingerprint = ? AND newest = 1",
            )?;
            let mut received = Vec::with_capacity(triggers.len());
            for trigger in triggers {
                let mut one = || {
                    let values = params![
                        trigger.fingerprint,
                        trigger.status,
                        trigger.source,
                        trigger.code,
                        trigger.target,
                        trigger.starts_at,
                        Json(&trigger.labels),
                        now
                    ];
                    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
                    receive.query_row(values, row).optional()
                };
                let (id, deliveries) = match one()? {
                    Some(row) => row,
                    None => {
                        replace.execute([&trigger.fingerprint])?;
                        one()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?
                    }
                };
                received.push(Received {
                    id,
                    is_new: deliveries == 1,
                });
            }
            let mut aside = change.prepare_cached(
                "INSERT INTO quarantine (received_at, position, reason, words, excerpt)
                 VALUES (?, ?, ?, ?, ?)",
            )?;
            for alert in quarantined {
                let (words, excerpt) = (&alert.words, &alert.excerpt);
                aside.execute(params![now, alert.index, alert.reason, words, excerpt])?;
            }
            if !quarantined.is_empty() {
                let oldest = "DELETE FROM quarantine
                    WHERE id <= (SELECT max(id) FROM quarantine) - ?";
                change.execute(oldest, [MAX_QUARANTINED])?;
            }
            Ok::<_, Change>(received)
        })
    }

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
