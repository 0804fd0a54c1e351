//! Go, or hold and why: asked before a run, and again before each step that disturbs something.
//!
//! Pure: the clock is an argument, the world a snapshot, the record a few values of the ledger.
//! The reasons are asked in the order of [`HoldReason::ALL`]; the first that holds is the answer,
//! and [`holds`] tells them all, for a dry run. What can't be told never means Go.
//!
//! Must not know: how anything is done, who is told.

mod cluster;
mod damage;
mod evidence;
mod order;
mod standing;

#[cfg(test)]
mod tests;

pub use cluster::{Cluster, Peer};

use crate::config::Config;
use crate::model::facts::ProcessId;
use crate::model::{
    Assessment, Finding, FindingKey, Hold, HoldReason, Incident, Moment, Pause, Risk, Run, RunId,
    Snapshot, Target, Timestamp, TriggerCode, TriggerSource,
};
use crate::recover::playbook::{Action, Playbook, Step};
use crate::recover::targets::Targets;

/// What is to be done, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The run that asks; `None` before it was made. It does not stand in its own way.
    pub run: Option<RunId>,
    /// What is wrong, or asked for.
    pub code: &'a TriggerCode,
    /// With what; `None` where that could not be told.
    pub target: Option<&'a Target>,
    /// Who asks.
    pub source: TriggerSource,
    /// A person approved it.
    pub approved: bool,
    /// The playbook.
    pub playbook: &'a Playbook,
    /// What is asked about: the steps of the next rung, or the one next step.
    pub steps: &'a [Step],
    /// What it may disturb, its target among it.
    pub touches: &'a [Target],
    /// The processes that the step will stop; `None` while that is not planned.
    pub victims: Option<&'a [ProcessId]>,
    /// The silence that Alertmanager has for it.
    pub silence: Option<&'a Silence>,
}

/// A silence of Alertmanager's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// What this host's broker node does, as its control and the probes say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalNode {
    /// It can't be told, or there is none here.
    #[default]
    Unknown,
    /// It runs and answers.
    Up,
    /// Its control says that it does not run.
    Down,
    /// It runs, and does not answer on this host.
    Hung,
}

/// What is known.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// What of it can be repaired.
    pub targets: &'a Targets,
    /// The newest snapshot.
    pub snapshot: &'a Snapshot,
    /// Its assessment.
    pub assessment: &'a Assessment,
    /// This host's broker node.
    pub local_node: LocalNode,
    /// The rest of its cluster, asked where the node hangs and is to be restarted.
    pub cluster: &'a Cluster,
    /// A person stopped this host's broker node; `None`: can't be told.
    pub broker_stopped_by_operator: Option<bool>,
    /// Why nothing can be recorded, and so nothing may be done.
    pub observe_only: Option<&'a str>,
    /// The open incidents.
    pub incidents: &'a [Incident],
    /// Runs that are not over, and those that acted within the last day and the budgets' windows.
    pub runs: &'a [Run],
    /// The pauses in force.
    pub pauses: &'a [Pause],
    /// Now.
    pub now: Moment,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing speaks against it.
    Go,
    /// Something does.
    Hold(Hold),
}

type Check = fn(&Case<'_>) -> Option<Hold>;

/// One check for each reason; a test holds the two together.
const CHECKS: [(HoldReason, Check); 15] = [
    (HoldReason::NotMine, standing::not_mine),
    (HoldReason::Mode, standing::mode),
    (HoldReason::Paused, standing::paused),
    (HoldReason::StoppedByOperator, standing::stopped_by_operator),
    (HoldReason::StaleSnapshot, evidence::stale_snapshot),
    (HoldReason::UnknownTarget, standing::unknown_target),
    (HoldReason::Unconfirmed, evidence::unconfirmed),
    (HoldReason::Level, evidence::level),
    (HoldReason::Silenced, standing::silenced),
    (HoldReason::CauseFirst, order::cause_first),
    (HoldReason::Locked, order::locked),
    (HoldReason::Cooldown, order::cooldown),
    (HoldReason::BlastRadius, damage::blast_radius),
    (HoldReason::MessageSafety, damage::message_safety),
    (HoldReason::Budget, order::budget),
];

/// Go, or the first reason that holds.
pub fn decide(request: &Request<'_>, view: &View<'_>) -> Decision {
    let case = Case::of(request, view);
    match CHECKS.iter().find_map(|(_, check)| check(&case)) {
        Some(hold) => Decision::Hold(hold),
        None => Decision::Go,
    }
}

/// Everything that holds, in order.
pub fn holds(request: &Request<'_>, view: &View<'_>) -> Vec<Hold> {
    let case = Case::of(request, view);
    CHECKS
        .iter()
        .filter_map(|(_, check)| check(&case))
        .collect()
}

/// What has to be repaired first; `None`: nothing.
pub fn cause(request: &Request<'_>, view: &View<'_>) -> Option<FindingKey> {
    order::cause(&Case::of(request, view))
}

/// The highest risk that a level lets recovery go up to. At `normal` that is housekeeping: what
/// is safe, where the clock or a person asks.
pub fn most_risk(level: crate::model::Level, source: TriggerSource) -> Option<Risk> {
    use crate::model::Level;
    match level {
        Level::Normal if source.is_a_person() || source == TriggerSource::Clock => Some(Risk::Safe),
        Level::Normal => None,
        Level::Caution => Some(Risk::Safe),
        Level::Warning => Some(Risk::Disruptive),
        Level::Critical => Some(Risk::Drastic),
    }
}

/// A request with what was looked up for it once.
struct Case<'a> {
    request: &'a Request<'a>,
    view: &'a View<'a>,
    now: Timestamp,
    /// The worker kinds concerned; none where nothing is done to workers.
    workers: Vec<String>,
    /// The current finding of the same code and target.
    finding: Option<&'a Finding>,
}

impl<'a> Case<'a> {
    fn of(request: &'a Request<'a>, view: &'a View<'a>) -> Self {
        let touches_workers = request.steps.iter().any(|s| s.action.touches_workers());
        let workers = match request.target {
            Some(target) if touches_workers => view.targets.workers_of(target),
            _ => Vec::new(),
        };
        let findings = &view.assessment.findings;
        let finding = request.code.finding().and_then(|code| {
            let same = |f: &&Finding| f.code == code && Some(&f.target) == request.target;
            findings.iter().find(same)
        });
        Case {
            request,
            view,
            now: view.now.into(),
            workers,
            finding,
        }
    }

    /// The highest risk of what is asked about.
    fn risk(&self) -> Risk {
        let risks = self.request.steps.iter().map(|step| step.action.risk());
        risks.max().unwrap_or(Risk::Safe)
    }

    fn restarts_broker(&self) -> bool {
        let mut steps = self.request.steps.iter();
        steps.any(|step| matches!(step.action, Action::BrokerRestart(_)))
    }

    /// It stops or disconnects workers.
    fn disturbs_workers(&self) -> bool {
        let mut steps = self.request.steps.iter();
        steps.any(|step| step.action.touches_workers() && step.action.risk() > Risk::Safe)
    }

    /// The run that asks.
    fn own(&self) -> Option<&'a Run> {
        let own = self.request.run?;
        self.view.runs.iter().find(|run| run.id == own)
    }

    /// The other runs.
    fn others(&self) -> impl Iterator<Item = &'a Run> {
        let own = self.request.run;
        self.view.runs.iter().filter(move |run| Some(run.id) != own)
    }
}
