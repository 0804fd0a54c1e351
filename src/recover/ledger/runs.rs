//! Runs: their states, of which only the legal ones follow each other.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::sql::{Json, read_state, state};
use super::{Change, Ledger, LedgerError};
use crate::model::{
    Hold, IncidentId, Outcome, Run, RunId, RunMode, RunState, Target, Timestamp, TriggerSource,
    Unfinished,
};

pub(super) const COLUMNS: &str = "id, incident, playbook, target, touches, source, mode, state, detail, rung, \
                       hold, created_at, started_at, ended_at";

/// A run to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The incident it belongs to.
    pub incident: IncidentId,
    /// The playbook's name.
    pub playbook: String,
    /// What it is to repair.
    pub target: Target,
    /// What it may disturb.
    pub touches: Vec<Target>,
    /// Who asked for it.
    pub source: TriggerSource,
    /// How far it may go by itself.
    pub mode: RunMode,
}

/// How often a playbook ended how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The playbook's name.
    pub playbook: String,
    /// The outcome.
    pub outcome: Outcome,
    /// How often, of the runs that are kept.
    pub runs: u64,
}

impl Ledger {
    /// Makes a run, proposed.
    ///
    /// # Errors
    /// [`LedgerError`]; also when another run of the incident is not over.
    pub fn propose(&mut self, new: &NewRun, now: Timestamp) -> Result<Run, LedgerError> {
        self.change(|change| {
            let query = "INSERT INTO runs
                    (incident, playbook, target, touches, source, mode, state, created_at)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS
                    (SELECT 1 FROM runs WHERE incident = ?1 AND ended_at IS NULL)";
            let values = params![
                new.incident,
                new.playbook,
                new.target,
                Json(&new.touches),
                new.source,
                new.mode,
                RunState::Proposed.as_str(),
                now
            ];
            let made = change.prepare_cached(query)?.execute(values)?;
            super::incidents::one(made, || {
                format!("incident {} has a run that is not over", new.incident.0)
            })?;
            let NewRun {
                incident,
                playbook,
                target,
                touches,
                source,
                mode,
            } = new.clone();
            Ok(Run {
                id: RunId(change.last_insert_rowid()),
                incident,
                playbook,
                target,
                touches,
                source,
                mode,
                state: RunState::Proposed,
                rung: 0,
                hold: None,
                created_at: now,
                started_at: None,
                ended_at: None,
            })
        })
    }

    /// Takes a run from one state to the next; with the hold, where the next is one.
    ///
    /// # Errors
    /// [`LedgerError::Transition`] when it is not in the state `from`, or may not become `to`.
    pub fn advance(
        &mut self,
        run: RunId,
        from: RunState,
        to: RunState,
        hold: Option<&Hold>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let is = state_of(change, run)?;
            if is != Some(from) || !from.may_become(to) {
                return Err(LedgerError::Transition { run, from: is, to }.into());
            }
            let (word, detail) = state(to);
            let ended = to.is_over().then_some(now);
            let query = "UPDATE runs SET state = ?, detail = ?, ended_at = ?,
                hold = coalesce(?, hold) WHERE id = ?";
            let hold = hold.map(Json);
            let values = params![word, detail, ended, hold, run];
            change.prepare_cached(query)?.execute(values)?;
            Ok(())
        })
    }

    /// Puts a run on another rung of its ladder.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn set_rung(&mut self, run: RunId, rung: u32) -> Result<(), LedgerError> {
        self.change(|change| {
            let set = change
                .prepare_cached("UPDATE runs SET rung = ? WHERE id = ? AND ended_at IS NULL")?
                .execute(params![rung, run])?;
            super::incidents::one(set, || format!("run {} is not under way", run.0))
        })
    }

    /// The run of this number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn run(&self, id: RunId) -> Result<Option<Run>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE id = ?");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_row([id], run).optional()
        })
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn runs(&self, limit: u32) -> Result<Vec<Run>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM runs ORDER BY id DESC LIMIT ?");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([limit], run)?.collect()
        })
    }

    /// The runs of an incident, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn runs_of(&self, incident: IncidentId) -> Result<Vec<Run>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE incident = ? ORDER BY id");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([incident], run)?.collect()
        })
    }

    /// Runs that are not over, and those that began to act since `since`: what budgets, cooldowns
    /// and locks go by.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn runs_since(&self, since: Timestamp) -> Result<Vec<Run>, LedgerError> {
        let query = format!(
            "SELECT {COLUMNS} FROM runs WHERE ended_at IS NULL
             UNION SELECT {COLUMNS} FROM runs WHERE started_at >= ? ORDER BY id"
        );
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([since], run)?.collect()
        })
    }

    /// What was not over when warrener last ended, each with its newest step.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn unfinished(&self) -> Result<Vec<Unfinished>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM runs WHERE ended_at IS NULL ORDER BY id");
        let runs: Vec<Run> = self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([], run)?.collect()
        })?;
        let with_step = |run: Run| {
            let last_step = self.steps(run.id)?.pop();
            Ok(Unfinished { run, last_step })
        };
        runs.into_iter().map(with_step).collect()
    }

    /// How often each playbook ended how, of the runs that are kept.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn tallies(&self) -> Result<Vec<Tally>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT playbook, detail, count(*) FROM runs WHERE ended_at IS NOT NULL
                GROUP BY playbook, detail ORDER BY playbook, detail";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map([], |row| {
                Ok(Tally {
                    playbook: row.get(0)?,
                    outcome: row.get(1)?,
                    runs: row.get::<_, i64>(2)?.unsigned_abs(),
                })
            })?;
            rows.collect()
        })
    }
}

/// The state a run is in; `None` when there is no such run.
pub(super) fn state_of(change: &Connection, run: RunId) -> Result<Option<RunState>, Change> {
    let mut statement = change.prepare_cached("SELECT state, detail FROM runs WHERE id = ?")?;
    Ok(statement
        .query_row([run], |row| read_state(row, 0))
        .optional()?)
}

pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let Json(touches) = row.get(4)?;
    let hold: Option<Json<Hold>> = row.get(10)?;
    Ok(Run {
        id: row.get(0)?,
        incident: row.get(1)?,
        playbook: row.get(2)?,
        target: row.get(3)?,
        touches,
        source: row.get(5)?,
        mode: row.get(6)?,
        state: read_state(row, 7)?,
        rung: row.get(9)?,
        hold: hold.map(|hold| hold.0),
        created_at: row.get(11)?,
        started_at: row.get(12)?,
        ended_at: row.get(13)?,
    })
}
