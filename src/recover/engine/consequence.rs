//! What a run's own act brings about: a worker that is being restarted is down for a moment, and its
//! queues have nobody. That joins the run's incident, and opens none of its own; what is still there
//! when the run is over stands for itself. Pure.
//!
//! Must not know: how anything is written down, who is told.

use std::collections::BTreeMap;

use crate::assess::{Weight, score};
use crate::model::{
    Assessment, Component, Finding, Incident, IncidentKey, Level, Run, RunId, Step, StepResult,
    Target, Timestamp, TriggerCode,
};
use crate::recover::targets::Targets;

/// A run that acts on workers, on the broker or on an env file, and since when on which.
#[derive(Clone, Debug)]
pub(super) struct Acting {
    pub(super) run: RunId,
    pub(super) incident: Incident,
    touches: Vec<Target>,
    since: BTreeMap<Target, Timestamp>,
}

/// What `run` acts on by its journal; `None` for one that is not at work, or touched nothing yet.
pub(super) fn acting(run: &Run, incident: &Incident, journal: &[Step]) -> Option<Acting> {
    if !run.is_at_work() {
        return None;
    }
    let mut since = BTreeMap::new();
    for step in journal.iter().filter(|step| brings_about(step)) {
        let first = since.entry(step.intent.target.clone());
        first.or_insert(step.intended_at);
    }
    (!since.is_empty()).then(|| Acting {
        run: run.id,
        incident: incident.clone(),
        touches: run.touches.clone(),
        since,
    })
}

/// It stops, starts or changes something that others notice, or may have.
fn brings_about(step: &Step) -> bool {
    let action = step.intent.action.as_str();
    let touches = action.starts_with("worker")
        || ["broker.restart", "config.repair", "config.rollback", "undo"].contains(&action);
    let result = step.done.as_ref().map(|done| done.result);
    let idle = [StepResult::Needless, StepResult::ObservedNotDone];
    touches && !result.is_some_and(|result| idle.contains(&result))
}

impl Acting {
    /// Whether `finding` began after the run touched what it is about.
    fn covers(&self, finding: &Finding, targets: &Targets) -> bool {
        let began = Timestamp::from(finding.since);
        let after = |at: &Timestamp| *at <= began;
        let further_up = |target: &Target| {
            matches!(
                target,
                Target::Broker | Target::Node { .. } | Target::EnvFile { .. }
            )
        };
        let mut all = self.since.iter();
        let of_all = all.any(|(target, at)| further_up(target) && after(at));
        let of_worker = |worker: &Target| {
            let own = self.since.get(worker).is_some_and(after);
            own || (of_all && self.touches.contains(worker))
        };
        match &finding.target {
            Target::Worker { .. } => of_worker(&finding.target),
            Target::Queue { .. } => {
                let workers = targets.workers_of(&finding.target).into_iter();
                workers
                    .map(|name| Target::Worker { name })
                    .any(|worker| of_worker(&worker))
            }
            Target::Broker | Target::Node { .. } => {
                self.since.get(&Target::Broker).is_some_and(after)
            }
            _ => false,
        }
    }
}

/// The run at work that `finding` follows from.
pub(super) fn follows<'a>(
    finding: &Finding,
    acting: &'a [Acting],
    targets: &Targets,
) -> Option<&'a Acting> {
    acting.iter().find(|one| one.covers(finding, targets))
}

/// The run at work that what a trigger is about follows from: a finding that is seen, or a level that
/// would be a better one without what follows from runs.
pub(super) fn of_key<'a>(
    key: &IncidentKey,
    assessment: &Assessment,
    acting: &'a [Acting],
    targets: &Targets,
) -> Option<&'a Acting> {
    let mut findings = assessment.findings.iter();
    match &key.code {
        TriggerCode::Finding(code) => {
            let own = findings.find(|f| f.code == *code && f.target == key.target)?;
            follows(own, acting, targets)
        }
        TriggerCode::Alert(name) => {
            let claimed = Level::of_alert(name.as_str())?;
            let run = findings.find_map(|finding| follows(finding, acting, targets))?;
            (level_without(assessment, acting, targets) < claimed).then_some(run)
        }
        TriggerCode::Asked(_) => None,
    }
}

/// The level that the findings give that follow from no run at work.
fn level_without(assessment: &Assessment, acting: &[Acting], targets: &Targets) -> Level {
    let (after, mut rest): (Vec<Finding>, Vec<Finding>) = assessment
        .findings
        .iter()
        .cloned()
        .partition(|finding| follows(finding, acting, targets).is_some());
    // What they cause goes with them.
    let caused = |finding: &Finding| {
        let mut after = after.iter();
        after.any(|cause| finding.cause == Some(cause.key()))
    };
    rest.retain(|finding| !caused(finding));
    let weights: Vec<Weight> = Component::ALL
        .into_iter()
        .map(|component| {
            let mut own = assessment.components.iter();
            let own = own.find(|own| own.component == component);
            Weight {
                component,
                weight: own.map_or(0, |own| own.weight),
                configured: own.is_some_and(|own| own.share > 0.0),
            }
        })
        .collect();
    Level::of_score(score(&rest, &weights).score)
}

#[cfg(test)]
mod tests;
