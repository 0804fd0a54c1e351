//! Triggers into incidents.

use std::collections::HashSet;
use std::iter::repeat;

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

/// Alerts of one kind that are put back: an incident is opened by the first, the others tell of it.
const SOME: usize = 100;

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

    /// Alerts about `keys` that were taken up and still fire by the newest word, some of each: to be put
    /// back where their incident was closed and they are seen to be right again.
    ///
    /// Looks at every alert that fires.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn unattended(&self, keys: &HashSet<IncidentKey>) -> Result<Vec<TriggerId>, LedgerError> {
        let keys = keys
            .iter()
            .map(|key| (key.code.to_string(), key.target.key()));
        let mut wanted: Vec<((String, String), usize)> = keys.zip(repeat(SOME)).collect();
        self.read(|connection| {
            let query = "SELECT id, code, target FROM triggers WHERE newest = 1 AND status = ?
                AND source IN (?, ?) AND taken_at IS NOT NULL";
            let mut statement = connection.prepare_cached(query)?;
            let alerts = [TriggerSource::Alertmanager, TriggerSource::Reconcile];
            let mut rows = statement.query(params![TriggerStatus::Firing, alerts[0], alerts[1]])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (code, target) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
                let of = |((own, about), _): &&mut ((String, String), usize)| {
                    own == code && about == target
                };
                if let Some((_, left)) = wanted.iter_mut().find(of)
                    && *left > 0
                {
                    *left -= 1;
                    found.push(row.get(0)?);
                }
            }
            Ok(found)
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
