//! Steps: the intent on the disk before the act, the outcome after it.

use rusqlite::{Row, params};

use super::runs::state_of;
use super::sql::Json;
use super::{Ledger, LedgerError};
use crate::model::{Done, Intent, RunId, RunState, Step, StepResult, Timestamp};

const COLUMNS: &str = "run, number, rung, attempt, action, risk, target, plan, before, intended_at, \
                       acted_at, result, words, after, done_at, undo";

impl Ledger {
    /// Writes down what is about to be done. Only when it returned may it be done. The number of
    /// the step.
    ///
    /// # Errors
    /// [`LedgerError`]: it must not be done. Also when the run is not running, or its last step
    /// has no outcome yet.
    pub fn intend(
        &mut self,
        run: RunId,
        intent: &Intent,
        now: Timestamp,
    ) -> Result<u32, LedgerError> {
        self.change(|change| {
            let from = state_of(change, run)?;
            if from != Some(RunState::Running) {
                let to = RunState::Running;
                return Err(LedgerError::Transition { run, from, to }.into());
            }
            let query = "SELECT coalesce(max(number), 0) + 1, count(*) - count(done_at)
                FROM steps WHERE run = ?";
            let (number, open): (u32, u32) = change
                .prepare_cached(query)?
                .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if open > 0 {
                let what = format!("a step of run {} has no outcome yet", run.0);
                return Err(LedgerError::NotThere { what }.into());
            }
            let query = "INSERT INTO steps
                    (run, number, rung, attempt, action, risk, target, plan, before, intended_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
            change.prepare_cached(query)?.execute(params![
                run,
                number,
                intent.rung,
                intent.attempt,
                intent.action,
                intent.risk,
                intent.target,
                intent.plan,
                Json(&intent.before),
                now
            ])?;
            change
                .prepare_cached(
                    "UPDATE runs SET started_at = coalesce(started_at, ?) WHERE id = ?",
                )?
                .execute(params![now, run])?;
            Ok(number)
        })
    }

    /// Writes down how a step went; once.
    ///
    /// # Errors
    /// [`LedgerError`]; also when there is no such step, or it has an outcome already.
    pub fn conclude(
        &mut self,
        run: RunId,
        number: u32,
        done: &Done,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let query =
                "UPDATE steps SET acted_at = ?, result = ?, words = ?, after = ?, undo = ?, done_at = ?
                WHERE run = ? AND number = ? AND done_at IS NULL";
            let after = Json(&done.after);
            let (acted, words) = (done.acted_at, &done.words);
            let undo = done.undo.as_ref().map(Json);
            let values = params![acted, done.result, words, after, undo, now, run, number];
            let concluded = change.prepare_cached(query)?.execute(values)?;
            super::incidents::one(concluded, || {
                format!("step {number} of run {} is not without an outcome", run.0)
            })
        })
    }

    /// The steps of a run, in order.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn steps(&self, run: RunId) -> Result<Vec<Step>, LedgerError> {
        let query = format!("SELECT {COLUMNS} FROM steps WHERE run = ? ORDER BY number");
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&query)?;
            statement.query_map([run], step)?.collect()
        })
    }
}

fn step(row: &Row<'_>) -> rusqlite::Result<Step> {
    let Json(before) = row.get(8)?;
    let result: Option<StepResult> = row.get(11)?;
    let done = match result {
        None => None,
        Some(result) => {
            let Json(after) = row.get(13)?;
            let undo: Option<Json<_>> = row.get(15)?;
            Some(Done {
                acted_at: row.get(10)?,
                result,
                words: row.get(12)?,
                after,
                undo: undo.map(|undo| undo.0),
            })
        }
    };
    Ok(Step {
        run: row.get(0)?,
        number: row.get(1)?,
        intent: Intent {
            rung: row.get(2)?,
            attempt: row.get(3)?,
            action: row.get(4)?,
            risk: row.get(5)?,
            target: row.get(6)?,
            plan: row.get(7)?,
            before,
        },
        intended_at: row.get(9)?,
        done,
        done_at: row.get(14)?,
    })
}
