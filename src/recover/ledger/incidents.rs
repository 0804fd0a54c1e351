//! Incidents: one open at a time for each code and target.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Change, Ledger, LedgerError};
use crate::model::{Incident, IncidentId, IncidentKey, Target, Timestamp, TriggerCode};

pub(super) const COLUMNS: &str = "id, code, target, opened_at, closed_at, cause";

impl Ledger {
    /// The open incident of `key`; opened now when there is none. And whether it was.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn join(
        &mut self,
        key: &IncidentKey,
        now: Timestamp,
    ) -> Result<(Incident, bool), LedgerError> {
        self.change(|change| join(change, key, now))
    }

    /// Closes an incident: evidence says that it is over.
    ///
    /// # Errors
    /// [`LedgerError`]; also when it is not open, or a run of it is not over.
    pub fn close(&mut self, id: IncidentId, now: Timestamp) -> Result<(), LedgerError> {
        self.change(|change| {
            let query = "UPDATE incidents SET closed_at = ?1 WHERE id = ?2 AND closed_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM runs WHERE incident = ?2 AND ended_at IS NULL)";
            let closed = change.prepare_cached(query)?.execute(params![now, id])?;
            one(closed, || {
                format!("incident {} is not open, or a run of it is not over", id.0)
            })
        })
    }

    /// Notes what an incident is a symptom of.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn set_cause(
        &mut self,
        id: IncidentId,
        cause: Option<IncidentId>,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let set = change
                .prepare_cached("UPDATE incidents SET cause = ? WHERE id = ?")?
                .execute(params![cause, id])?;
            one(set, || format!("incident {} is not there", id.0))
        })
    }

    /// The open incidents, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open_incidents(&self) -> Result<Vec<Incident>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM incidents WHERE closed_at IS NULL ORDER BY id");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([], incident)?.collect()
        })
    }

    /// The newest incidents, open or not, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn incidents(&self, limit: u32) -> Result<Vec<Incident>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM incidents ORDER BY id DESC LIMIT ?");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([limit], incident)?.collect()
        })
    }

    /// The incident of this number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn incident(&self, id: IncidentId) -> Result<Option<Incident>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM incidents WHERE id = ?");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_row([id], incident).optional()
        })
    }

    /// Incidents of this kind opened since `since`: a trouble that comes back again and again is
    /// for the next rung, or for a person.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn incidents_since(
        &self,
        code: &TriggerCode,
        target: &Target,
        since: Timestamp,
    ) -> Result<u64, LedgerError> {
        self.read(|connection| {
            let query = "SELECT count(*) FROM incidents
                WHERE opened_at >= ? AND code = ? AND target = ?";
            let mut statement = connection.prepare_cached(query)?;
            let counted: i64 =
                statement.query_row(params![since, code, target], |row| row.get(0))?;
            Ok(counted.unsigned_abs())
        })
    }

    /// Whether a run for an incident of this kind called a person since `since` because it comes back
    /// again and again.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn recurrence_told(
        &self,
        code: &TriggerCode,
        target: &Target,
        since: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.read(|connection| {
            let query = "SELECT EXISTS (SELECT 1 FROM incidents
                JOIN runs ON runs.incident = incidents.id
                JOIN steps ON steps.run = runs.id
                WHERE code = ? AND incidents.target = ? AND intended_at >= ?
                AND action = 'recurrence' AND result = 'done')";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_row(params![code, target, since], |row| row.get(0))
        })
    }
}

/// The open incident of `key`.
pub(super) fn open(
    change: &Connection,
    key: &IncidentKey,
) -> Result<Option<Incident>, rusqlite::Error> {
    let query = format!(
        "SELECT {COLUMNS} FROM incidents WHERE code = ? AND target = ? AND closed_at IS NULL"
    );
    let mut statement = change.prepare_cached(&query)?;
    let found = statement.query_row(params![key.code, key.target], incident);
    found.optional()
}

/// The incident of this number.
pub(super) fn incident_of(
    change: &Connection,
    id: IncidentId,
) -> Result<Option<Incident>, rusqlite::Error> {
    let query = format!("SELECT {COLUMNS} FROM incidents WHERE id = ?");
    let mut statement = change.prepare_cached(&query)?;
    statement.query_row([id], incident).optional()
}

/// The open incident of `key`, opened now when there is none. And whether it was.
pub(super) fn join(
    change: &Connection,
    key: &IncidentKey,
    now: Timestamp,
) -> Result<(Incident, bool), Change> {
    if let Some(incident) = open(change, key)? {
        return Ok((incident, false));
    }
    change
        .prepare_cached("INSERT INTO incidents (code, target, opened_at) VALUES (?, ?, ?)")?
        .execute(params![key.code, key.target, now])?;
    let incident = Incident {
        id: IncidentId(change.last_insert_rowid()),
        key: key.clone(),
        opened_at: now,
        closed_at: None,
        cause: None,
    };
    Ok((incident, true))
}

/// Whether exactly one row was changed.
pub(super) fn one(changed: usize, what: impl FnOnce() -> String) -> Result<(), Change> {
    match changed {
        1 => Ok(()),
        _ => Err(Change::Refused(LedgerError::NotThere { what: what() })),
    }
}

pub(super) fn incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get(0)?,
        key: IncidentKey {
            code: row.get(1)?,
            target: row.get(2)?,
        },
        opened_at: row.get(3)?,
        closed_at: row.get(4)?,
        cause: row.get(5)?,
    })
}
