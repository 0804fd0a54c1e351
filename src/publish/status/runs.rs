//! Incidents, runs and pauses, as they are told.

use serde::{Deserialize, Serialize};

use super::findings::Target;
use super::rounded;
use crate::model::{self, RunState, Timestamp};

/// Most steps of a run that are told of: the newest.
const STEPS: usize = 20;

/// A trouble that recovery is concerned with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// The finding, the alert, or what a person asked for.
    pub code: String,
    /// With what.
    pub target: Target,
    /// When the first trigger came.
    pub opened_at: f64,
    /// The incident that it is a symptom of.
    pub cause: Option<i64>,
}

impl From<&model::Incident> for Incident {
    fn from(incident: &model::Incident) -> Self {
        Incident {
            id: incident.id.0,
            code: incident.key.code.to_string(),
            target: Target::from(&incident.key.target),
            opened_at: at(incident.opened_at),
            cause: incident.cause.map(|cause| cause.0),
        }
    }
}

/// A person's word that nothing is to be done by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// What is left alone; `null`: everything.
    pub target: Option<Target>,
    /// When it began.
    pub since: f64,
    /// When it ends by itself; `null`: when a person takes it back.
    pub until: Option<f64>,
    /// Who, and why.
    pub reason: String,
}

impl From<&model::Pause> for Pause {
    fn from(pause: &model::Pause) -> Self {
        Pause {
            target: pause.target.as_ref().map(Target::from),
            since: at(pause.since),
            until: pause.until.map(at),
            reason: pause.reason.clone(),
        }
    }
}

/// One execution of a playbook for one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// The number of its incident.
    pub incident: i64,
    /// The playbook's name.
    pub playbook: String,
    /// What it repairs.
    pub target: Target,
    /// Who asked for it: `alertmanager`, `reconcile`, `finding`, `command`, `page` or `clock`.
    pub source: String,
    /// How far it may go by itself.
    pub mode: String,
    /// `proposed`, `awaiting_approval`, `held`, `running`, `verifying` or `ended`.
    pub state: String,
    /// How it ended; `null` while it has not.
    pub outcome: Option<String>,
    /// What holds it, or, when it is over, what held it last.
    pub hold: Option<Hold>,
    /// The rung of its ladder, counted from 0.
    pub rung: u32,
    /// When it was made.
    pub created_at: f64,
    /// When it first acted; `null` while it has not.
    pub started_at: Option<f64>,
    /// When it ended; `null` while it has not.
    pub ended_at: Option<f64>,
    /// Its steps so far, the newest 20, in order.
    pub steps: Vec<Step>,
    /// Steps before those.
    pub steps_left_out: u64,
}

impl Run {
    /// A person has to say whether it goes on. One that acts by itself is only about to.
    pub fn waits_for_a_person(&self) -> bool {
        match self.state.as_str() {
            "awaiting_approval" => true,
            "proposed" => self.mode != "auto",
            _ => false,
        }
    }
}

/// Why a run waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// The named reason.
    pub reason: String,
    /// A sentence without a full stop.
    pub words: String,
    /// When it ends by itself, where that is known.
    pub until: Option<f64>,
}

impl From<&model::Hold> for Hold {
    fn from(hold: &model::Hold) -> Self {
        Hold {
            reason: hold.reason.as_str().to_owned(),
            words: hold.words.clone(),
            until: hold.until.map(at),
        }
    }
}

/// One step of a run, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number within the run, counted from 1.
    pub number: u32,
    /// The action: `worker.stop`.
    pub action: String,
    /// `safe`, `disruptive` or `drastic`.
    pub risk: String,
    /// What it is done to.
    pub target: Target,
    /// What was meant, for people.
    pub plan: String,
    /// When that was written down, before it was done.
    pub intended_at: f64,
    /// How it ended; `null` while it is under way.
    pub result: Option<String>,
    /// How it went, for people.
    pub words: Option<String>,
}

impl From<&model::Step> for Step {
    fn from(step: &model::Step) -> Self {
        let done = step.done.as_ref();
        Step {
            number: step.number,
            action: step.intent.action.clone(),
            risk: step.intent.risk.as_str().to_owned(),
            target: Target::from(&step.intent.target),
            plan: step.intent.plan.clone(),
            intended_at: at(step.intended_at),
            result: done.map(|done| done.result.as_str().to_owned()),
            words: done.map(|done| done.words.clone()),
        }
    }
}

/// A run with its steps.
pub(super) fn run(run: &model::Run, steps: &[model::Step]) -> Run {
    let left_out = steps.len().saturating_sub(STEPS);
    Run {
        id: run.id.0,
        incident: run.incident.0,
        playbook: run.playbook.clone(),
        target: Target::from(&run.target),
        source: run.source.as_str().to_owned(),
        mode: run.mode.as_str().to_owned(),
        state: run.state.as_str().to_owned(),
        outcome: match run.state {
            RunState::Ended(outcome) => Some(outcome.as_str().to_owned()),
            _ => None,
        },
        hold: hold(run).map(Hold::from),
        rung: run.rung,
        created_at: at(run.created_at),
        started_at: run.started_at.map(at),
        ended_at: run.ended_at.map(at),
        steps: steps.iter().skip(left_out).map(Step::from).collect(),
        steps_left_out: left_out as u64,
    }
}

/// What holds it now; what held it before it went on is no matter any more.
fn hold(run: &model::Run) -> Option<&model::Hold> {
    let tells = matches!(run.state, RunState::Held(_) | RunState::Ended(_));
    run.hold.as_ref().filter(|_| tells)
}

fn at(instant: Timestamp) -> f64 {
    rounded(instant.unix_seconds())
}
