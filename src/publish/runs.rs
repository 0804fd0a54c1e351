//! Incidents and runs as versioned JSON: what `GET /api/v1/runs`, `/api/v1/runs/{id}` and
//! `/api/v1/incidents` answer, and what `warrener runs` shows. docs/API.md describes the form.
//!
//! Plain values as in [`super::status`]: words are strings, instants are seconds since the Unix
//! epoch, what is not so or not known is `null`. Nothing in it is a secret.

use serde::{Deserialize, Serialize};

use super::status::{Evidence, Target};
use crate::model::{self, Generation, RunState, Timestamp};
use crate::recover::desk;

/// The version of the form; it grows when something is taken away or changes its meaning.
pub const VERSION: u32 = 1;

/// `GET /api/v1/runs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// [`VERSION`].
    pub version: u32,
    /// Newest first.
    pub runs: Vec<Run>,
}

impl Runs {
    /// Of these.
    pub fn new(runs: &[model::Run]) -> Self {
        Runs {
            version: VERSION,
            runs: runs.iter().map(Run::from).collect(),
        }
    }
}

/// `GET /api/v1/incidents`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incidents {
    /// [`VERSION`].
    pub version: u32,
    /// Newest first.
    pub incidents: Vec<Incident>,
}

impl Incidents {
    /// Of these.
    pub fn new(incidents: &[model::Incident]) -> Self {
        Incidents {
            version: VERSION,
            incidents: incidents.iter().map(Incident::from).collect(),
        }
    }
}

/// `GET /api/v1/runs/{id}`: a run with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: Run,
    /// Its incident; `null` when it is no longer known.
    pub incident: Option<Incident>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What is known of such incidents, in words: advice.
    #[serde(default)]
    pub advice: Vec<String>,
}

impl From<&desk::Whole> for Whole {
    fn from(whole: &desk::Whole) -> Self {
        Whole {
            version: VERSION,
            run: Run::from(&whole.run),
            incident: whole.incident.as_ref().map(Incident::from),
            steps: whole.steps.iter().map(Step::from).collect(),
            advice: whole.advice.clone(),
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
    /// What it is to repair.
    pub target: Target,
    /// What it may disturb.
    pub touches: Vec<Target>,
    /// Who asked: `alertmanager`, `reconcile`, `finding`, `command`, `page` or `clock`.
    pub source: String,
    /// How far it may go by itself: `propose`, `approve` or `auto`.
    pub mode: String,
    /// `proposed`, `awaiting_approval`, `held`, `running`, `verifying` or `ended`.
    pub state: String,
    /// How it ended, once it did: `recovered`, `failed`, `rolled_back`, `self_resolved`, `held`,
    /// `cancelled` or `unknown`.
    pub outcome: Option<String>,
    /// The rung of the ladder it is on, counted from 0.
    pub rung: u32,
    /// Why it waits, or waited last.
    pub hold: Option<Hold>,
    /// When it was made.
    pub created_at: f64,
    /// When it first acted; `null` for one that never did.
    pub started_at: Option<f64>,
    /// When it ended.
    pub ended_at: Option<f64>,
}

impl From<&model::Run> for Run {
    fn from(run: &model::Run) -> Self {
        Run {
            id: run.id.0,
            incident: run.incident.0,
            playbook: run.playbook.clone(),
            target: Target::from(&run.target),
            touches: run.touches.iter().map(Target::from).collect(),
            source: run.source.as_str().to_owned(),
            mode: run.mode.as_str().to_owned(),
            state: run.state.as_str().to_owned(),
            outcome: match run.state {
                RunState::Ended(outcome) => Some(outcome.as_str().to_owned()),
                _ => None,
            },
            rung: run.rung,
            hold: run.hold.as_ref().map(Hold::from),
            created_at: run.created_at.unix_seconds(),
            started_at: instant(run.started_at),
            ended_at: instant(run.ended_at),
        }
    }
}

/// Why a run waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// The named reason: `paused`, `level`, `cooldown`, ...
    pub reason: String,
    /// One sentence for people, without a full stop.
    pub words: String,
    /// What it stands on.
    pub evidence: Vec<Evidence>,
    /// When it ends by itself, where that is known.
    pub until: Option<f64>,
}

impl From<&model::Hold> for Hold {
    fn from(hold: &model::Hold) -> Self {
        let evidence = |evidence: &model::Evidence| Evidence {
            what: evidence.what.clone(),
            value: evidence.value.clone(),
            expected: evidence.expected.clone(),
        };
        Hold {
            reason: hold.reason.as_str().to_owned(),
            words: hold.words.clone(),
            evidence: hold.evidence.iter().map(evidence).collect(),
            until: instant(hold.until),
        }
    }
}

/// A trouble, from the first that asked to the evidence that it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// What it is about: a finding's code, an alert's name, or `playbook:NAME`.
    pub code: String,
    /// With what.
    pub target: Target,
    /// When the first trigger came.
    pub opened_at: f64,
    /// When evidence closed it.
    pub closed_at: Option<f64>,
    /// The number of the incident that it is a symptom of.
    pub cause: Option<i64>,
}

impl From<&model::Incident> for Incident {
    fn from(incident: &model::Incident) -> Self {
        Incident {
            id: incident.id.0,
            code: incident.key.code.to_string(),
            target: Target::from(&incident.key.target),
            opened_at: incident.opened_at.unix_seconds(),
            closed_at: instant(incident.closed_at),
            cause: incident.cause.map(|cause| cause.0),
        }
    }
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number within the run, counted from 1.
    pub number: u32,
    /// The rung it is of, counted from 0.
    pub rung: u32,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// The action: `worker.stop`.
    pub action: String,
    /// `safe`, `disruptive` or `drastic`.
    pub risk: String,
    /// What it is done to.
    pub target: Target,
    /// Exactly what was to be done, in words.
    pub plan: String,
    /// What was there before, in words.
    pub before: Vec<String>,
    /// When the intent was written down, before the act.
    pub intended_at: f64,
    /// When the act itself was made; `null` when it never was, or that can't be told.
    pub acted_at: Option<f64>,
    /// `done`, `needless`, `failed`, `undone`, `undo_failed`, `observed_done`, `observed_not_done`
    /// or `unknown`; `null` while it is under way.
    pub result: Option<String>,
    /// How it went, in words.
    pub words: Option<String>,
    /// What was there after, in words.
    pub after: Vec<String>,
    /// When the result was written down.
    pub done_at: Option<f64>,
}

impl From<&model::Step> for Step {
    fn from(step: &model::Step) -> Self {
        let (intent, done) = (&step.intent, step.done.as_ref());
        Step {
            number: step.number,
            rung: intent.rung,
            attempt: intent.attempt,
            action: intent.action.clone(),
            risk: intent.risk.as_str().to_owned(),
            target: Target::from(&intent.target),
            plan: intent.plan.clone(),
            before: intent.before.iter().map(generation).collect(),
            intended_at: step.intended_at.unix_seconds(),
            acted_at: instant(done.and_then(|done| done.acted_at)),
            result: done.map(|done| done.result.as_str().to_owned()),
            words: done.map(|done| done.words.clone()),
            after: done.map_or(Vec::new(), |done| {
                done.after.iter().map(generation).collect()
            }),
            done_at: instant(step.done_at),
        }
    }
}

/// What `POST /api/v1/runs` answers: one of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// [`VERSION`].
    pub version: u32,
    /// The number of the run that works on it now; it may have done so before.
    pub run: Option<i64>,
    /// What would be done.
    pub plan: Option<Plan>,
}

impl From<&desk::Answer> for Answer {
    fn from(answer: &desk::Answer) -> Self {
        let (run, plan) = match answer {
            desk::Answer::Run(run) => (Some(run.0), None),
            desk::Answer::Plan(plan) => (None, Some(Plan::from(plan))),
        };
        Answer {
            version: VERSION,
            run,
            plan,
        }
    }
}

/// What a playbook would do, now; nothing was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The playbook.
    pub playbook: String,
    /// The target's key.
    pub target: String,
    /// Everything that stands against it; empty: it would go.
    pub holds: Vec<Hold>,
    /// Its rungs, gentle to drastic; each is tried only when the one before did not help.
    pub rungs: Vec<PlannedRung>,
}

/// One rung of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRung {
    /// Its name.
    pub name: String,
    /// Its steps.
    pub steps: Vec<PlannedStep>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The action: `worker.stop`.
    pub action: String,
    /// `safe`, `disruptive` or `drastic`.
    pub risk: String,
    /// What it would do now, in words.
    pub words: String,
}

impl From<&desk::DryRun> for Plan {
    fn from(plan: &desk::DryRun) -> Self {
        let step = |step: &desk::PlannedStep| PlannedStep {
            action: step.action.clone(),
            risk: step.risk.as_str().to_owned(),
            words: step.words.clone(),
        };
        let rung = |rung: &desk::PlannedRung| PlannedRung {
            name: rung.name.clone(),
            steps: rung.steps.iter().map(step).collect(),
        };
        Plan {
            playbook: plan.playbook.clone(),
            target: plan.target.clone(),
            holds: plan.holds.iter().map(Hold::from).collect(),
            rungs: plan.rungs.iter().map(rung).collect(),
        }
    }
}

pub(super) fn instant(at: Option<Timestamp>) -> Option<f64> {
    at.map(Timestamp::unix_seconds)
}

/// What something was at one time, in words.
fn generation(generation: &Generation) -> String {
    match generation {
        Generation::Process { process, .. } => format!("process {}", process.pid),
        Generation::Unit {
            unit,
            invocation_id,
        } if invocation_id.is_empty() => format!("unit {unit}, never started"),
        Generation::Unit {
            unit,
            invocation_id,
        } => format!("unit {unit}, invocation {invocation_id}"),
        Generation::Container { id, started_at } => {
            let short: String = id.chars().take(12).collect();
            format!("container {short}, started {started_at}")
        }
        Generation::File { path, hash: None } => format!("no file {path}"),
        Generation::File {
            path,
            hash: Some(hash),
        } => {
            let short: String = hash.chars().take(12).collect();
            format!("file {path}, content {short}")
        }
        Generation::Absent => "nothing".to_owned(),
    }
}
