//! Taking back what did not help: written down like a step, so that after a crash it goes on where it
//! stood, and nothing is taken back twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::drive::Drive;
use super::step::done;
use super::words;
use crate::model::{Intent, Risk, RunState, StepResult};
use crate::recover::actions;

/// Time that taking something back has.
const UNDONE: Duration = Duration::from_secs(60);

impl Drive {
    /// Takes back what can be, newest first; what came of it, in words.
    pub(super) async fn take_back(&mut self) -> String {
        let mut told = String::new();
        while let Some(plan) = words::to_take_back(&self.journal).and_then(actions::take_back) {
            // Only what runs may do something.
            self.advance(RunState::Running, None).await;
            let intent = Intent {
                rung: self.run.rung,
                attempt: 1,
                action: words::UNDO.to_owned(),
                risk: Risk::Safe,
                target: plan.target,
                plan: plan.words,
                before: plan.before,
            };
            let Ok(number) = self.intend(intent).await else {
                told.push_str("; what it changed could not be taken back");
                break;
            };
            let hands = Arc::clone(&self.shared.setup().hands);
            let at = self.shared.now();
            let (result, words, after) = match timeout(UNDONE, (plan.job)(hands)).await {
                Ok(Ok(effect)) => (StepResult::Undone, effect.words, effect.after),
                Ok(Err(failure)) => (StepResult::UndoFailed, failure.to_string(), Vec::new()),
                Err(_) => {
                    let words = format!("not taken back within {} s", UNDONE.as_secs());
                    (StepResult::UndoFailed, words, Vec::new())
                }
            };
            told.push_str(&format!("; {words}"));
            self.last_act = (self.shared.now)();
            self.conclude(number, done(Some(at), result, words, after))
                .await;
        }
        told
    }
}
