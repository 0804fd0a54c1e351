//! Triggers into incidents.

use rusqlite::{OptionalExtension, Row, params};

use super::triggers::{COLUMNS, pending};
use super::{Ledger, LedgerError, Pending, incidents};
use crate::model::{
    Incident, IncidentId, IncidentKey, Timestamp, TriggerId, TriggerSource, TriggerStatus,
};

/// What is to become of a trigger that fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing answers it.
    No,
    /// It opens or joins the incident of its key.
    Own,
    /// It follows from what is done about this incident, and joins it, unless its own is open.
    Follows(IncidentId),
}

impl Ledger {
    /// Takes up what is pending, oldest first, at most `limit`, as a whole: what fires opens or joins
    /// the incident that `wanted` says; what is said to be over
    /// joins the open one as a hint. Each with its incident, and whether it was opened.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing was taken up then.
    pub fn take_up(
        &mut self,
        limit: u32,
        now: Timestamp,
        wanted: impl Fn(&Pending) -> Wanted,
    ) -> Result<Vec<(Pending, Option<Incident>, bool)>, LedgerError> {
        let query =
            format!("SELECT {COLUMNS} FROM triggers WHERE taken_at IS NULL ORDER BY id LIMIT ?");
        self.change(|change| {
            let waiting: Vec<Pending> = {
                let mut statement = change.prepare_cached(&query)?;
                let rows = statement.query_map([limit], pending)?;
                rows.collect::<Result<_, _>>()?
            };
            let mut taken = Vec::with_capacity(waiting.len());
            for one in waiting {
                let key = IncidentKey {
                    code: one.trigger.code.clone(),
                    target: one.trigger.target.clone(),
                };
                let open = incidents::open(change, &key)?;
                let (incident, opened) = match (one.trigger.status, open) {
                    (TriggerStatus::Resolved, open) => (open, false),
                    (TriggerStatus::Firing, open) => match wanted(&one) {
                        Wanted::No => (None, false),
                        Wanted::Follows(of) if open.is_none() => {
                            (incidents::incident_of(change, of)?, false)
                        }
                        Wanted::Own | Wanted::Follows(_) => {
                            let (incident, opened) = incidents::join(change, &key, now)?;
                            (Some(incident), opened)
                        }
                    },
                };
                change
                    .prepare_cached("UPDATE triggers SET taken_at = ?, incident = ? WHERE id = ?")?
                    .execute(params![now, incident.as_ref().map(|i| i.id), one.id])?;
                taken.push((one, incident, opened));
            }
            Ok(taken)
        })
    }

    /// Alerts that still fire by the newest word and have no open incident: taken up, the incident
    /// was closed, and never taken back. Oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn unattended(&self, limit: u32) -> Result<Vec<Pending>, LedgerError> {
        let query = format!(
            "SELECT {COLUMNS} FROM triggers WHERE newest = 1 AND status = ? AND source IN (?, ?)
             AND taken_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM incidents AS open WHERE open.code = triggers.code
                AND open.target = triggers.target AND open.closed_at IS NULL)
             ORDER BY id LIMIT ?"
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            let alerts = [TriggerSource::Alertmanager, TriggerSource::Reconcile];
            let values = params![TriggerStatus::Firing, alerts[0], alerts[1], limit];
            statement.query_map(values, pending)?.collect()
        })
    }

    /// Puts triggers that were taken up back among those that wait: what they tell of is seen again.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn put_back(&mut self, ids: &[TriggerId]) -> Result<(), LedgerError> {
        self.change(|change| {
            let mut back =
                change.prepare_cached("UPDATE triggers SET taken_at = NULL WHERE id = ?")?;
            for id in ids {
                back.execute([id])?;
            }
            Ok(())
        })
    }

    /// When the newest trigger that asked for the incident says that it began; `None` where none
    /// says so.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn began(&self, incident: &Incident) -> Result<Option<Timestamp>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT min(starts_at) FROM triggers
                WHERE incident = ? AND starts_at >= ? - 3600000";
            let mut statement = connection.prepare_cached(query)?;
            let row = |row: &Row<'_>| row.get::<_, Option<Timestamp>>(0);
            let began = statement.query_row(params![incident.id, incident.opened_at], row);
            Ok(began.optional()?.flatten())
        })
    }

    /// How many triggers nobody took up.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn pending_count(&self) -> Result<u64, LedgerError> {
        self.read(|connection| {
            let query = "SELECT count(*) FROM triggers WHERE taken_at IS NULL";
            let mut statement = connection.prepare_cached(query)?;
            let count: i64 = statement.query_row([], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        })
    }

    /// Who asked for an incident first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn source_of(&self, incident: IncidentId) -> Result<Option<TriggerSource>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT source FROM triggers WHERE incident = ? ORDER BY id LIMIT 1";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_row([incident], |row| row.get(0)).optional()
        })
    }
}
