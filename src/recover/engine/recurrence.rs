//! A trouble that comes back again and again: what is done about it, and that a person hears of it.
//!
//! From the third incident of one kind within a day on, a run begins at the next rung, where that does
//! more and the level allows it, and a person is called, once a day. It never does less for that: what
//! is dead is started, however often it was.

use std::time::Duration;

use super::drive::Drive;
use super::step::done;
use super::words;
use crate::model::{Intent, Risk, StepResult, TriggerCode};
use crate::recover::guard::most_risk;
use crate::recover::ledger::Ledger;
use crate::recover::notify::Kind;
use crate::recover::playbook::{Rung, Step};

/// Incidents of one kind are counted over this long.
const DAY: Duration = Duration::from_secs(86_400);
/// From so many on, the gentlest rung is passed over and a person is called.
const AGAIN: u64 = 3;

/// The place among `rungs` where a run begins, for the incident that is the `times`-th of its kind
/// within a day; `most` is the highest risk that the level allows.
pub(super) fn place(times: u64, rungs: &[(usize, Rung)], most: Option<Risk>) -> usize {
    let next = match rungs {
        [(_, first), (_, second), ..] => {
            holds(second, first) && most.is_some_and(|most| second.risk() <= most)
        }
        _ => false,
    };
    usize::from(times >= AGAIN && next)
}

/// Whether `second` does all that `first` does, and more: only then may that be passed over.
fn holds(second: &Rung, first: &Rung) -> bool {
    let held = |step: &Step| {
        let mut others = second.steps.iter();
        others.any(|other| other.action.name() == step.action.name())
    };
    first.steps.iter().all(held)
}

fn told(times: u64) -> String {
    format!("it is incident {times} of this kind within a day")
}

impl Drive {
    /// Where to begin: where it stood, else at the rung that the times it came back ask for.
    pub(super) async fn first_rung(&mut self, rungs: &[(usize, Rung)]) -> usize {
        let mut all = rungs.iter();
        let stood = all.position(|(index, _)| *index as u32 == self.run.rung);
        if self.run.started_at.is_some() {
            return stood.unwrap_or(0);
        }
        let key = self.incident.key.clone();
        if matches!(key.code, TriggerCode::Asked(_)) {
            return 0;
        }
        let since = self.shared.now().before(DAY);
        let count = move |l: &Ledger| l.incidents_since(&key.code, &key.target, since);
        let times = self.shared.ledger.read(count).await.unwrap_or(0);
        self.recurs = (times >= AGAIN).then_some(times);
        let level = self.shared.world().map(|world| world.assessment.level);
        let most = level.and_then(|level| most_risk(level, self.source()));
        place(times, rungs, most)
    }

    /// Writes down that it came back, and calls a person, who is not called again within a day.
    pub(super) async fn tell_recurrence(&mut self, rung: u32) {
        let Some(times) = self.recurs else {
            return;
        };
        let mut journal = self.journal.iter();
        if journal.any(|step| step.intent.action == words::RECURRENCE) {
            return;
        }
        let intent = Intent {
            rung,
            attempt: 1,
            action: words::RECURRENCE.to_owned(),
            risk: Risk::Safe,
            target: self.run.target.clone(),
            plan: format!("call a person, once a day: {}", told(times)),
            before: Vec::new(),
        };
        let (key, since) = (self.incident.key.clone(), self.shared.now().before(DAY));
        let asked = move |l: &Ledger| l.recurrence_told(&key.code, &key.target, since);
        let known = self.shared.ledger.read(asked).await.unwrap_or(false);
        let Ok(number) = self.intend(intent).await else {
            return;
        };
        let (at, words) = (self.shared.now(), told(times));
        let result = match known {
            true => StepResult::Needless,
            false => {
                let todo = format!(
                    "{words}: it is repaired once more, and why it comes back is for a person to \
                     find; look at its log and at `warrener runs`"
                );
                self.tell(Kind::Escalated, Some(todo)).await;
                StepResult::Done
            }
        };
        self.conclude(number, done(Some(at), result, words, Vec::new()))
            .await;
    }
}
