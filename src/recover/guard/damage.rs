//! What it would cost: processes that work, and messages.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Case, Hold, HoldReason};
use crate::model::facts::{ProcessId, WorkerFacts};
use crate::model::{Code, Evidence, Target, Verdict};
use crate::recover::playbook::Action;

/// From so many worker kinds on, most of them failing alike means a common cause.
const KINDS: usize = 3;
/// A quorum queue drops or dead-letters a message delivered this often, unless told otherwise.
const DELIVERY_LIMIT: usize = 20;
/// Stops of a quorum queue's worker within a day that leave its messages half their deliveries.
const MOST_STOPS: usize = DELIVERY_LIMIT / 2;
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn blast_radius(case: &Case<'_>) -> Option<Hold> {
    if let Some(hold) = super::cluster::one_at_a_time(case) {
        return Some(hold);
    }
    if !case.disturbs_workers() {
        return None;
    }
    common_cause(case).or_else(|| case.workers.iter().find_map(|worker| too_few(case, worker)))
}

/// Most worker kinds suffer from the same at once: stopping them one by one would not help.
fn common_cause(case: &Case<'_>) -> Option<Hold> {
    let code = case.request.code.finding()?;
    if !matches!(case.request.target?, Target::Worker { .. }) {
        return None;
    }
    let all = case.view.targets.worker_kinds();
    let findings = case
        .view
        .assessment
        .findings
        .iter()
        .filter(|f| f.code == code);
    let alike: BTreeSet<_> = findings
        .filter(|f| matches!(f.target, Target::Worker { .. }))
        .map(|f| &f.target)
        .collect();
    if all < KINDS || alike.len() * 2 <= all {
        return None;
    }
    let words = format!(
        "{} of {all} kinds of workers fail alike: look for what they share",
        alike.len()
    );
    let hold = Hold::new(HoldReason::BlastRadius, words);
    let value = format!("{} of {all}", alike.len());
    Some(hold.with(Evidence::against(code.as_str(), value, "at most half")))
}

/// Fewer of `worker` would work than must.
fn too_few(case: &Case<'_>, worker: &str) -> Option<Hold> {
    // What is restarted in stages has what is missing started first, and is asked of again with whom it
    // stops: before that, the repair it waits for must not be held for a number that will be another.
    let staged = |action: &Action| matches!(action, Action::WorkersRestartStaged(_));
    let steps = case.request.steps.iter();
    let mut disturbing = steps.filter(|step| step.action.touches_workers());
    if case.request.victims.is_none() && disturbing.all(|step| staged(&step.action)) {
        return None;
    }
    let hold = |words: String| Hold::new(HoldReason::BlastRadius, words);
    let least = case.view.config.workers.get(worker)?.min_healthy as usize;
    let facts = case.view.snapshot.workers.facts();
    let found = facts.as_ref().and_then(|facts| {
        let found: Option<&WorkerFacts> = facts.workers.iter().find(|w| w.name == worker);
        found?.processes.as_ref()
    });
    let Some(processes) = found else {
        return Some(hold(format!(
            "which processes worker {worker} has can't be told"
        )));
    };
    let all: Vec<ProcessId> = processes.iter().map(|process| process.id).collect();
    let works = |id: &ProcessId| !is_bad(case, worker, *id);
    let victims = victims(case, worker, &all);
    let lost = victims
        .iter()
        .filter(|id| all.contains(id) && works(id))
        .count();
    let left = all
        .iter()
        .filter(|id| !victims.contains(id) && works(id))
        .count();
    if lost == 0 || left >= least {
        return None;
    }
    let words = format!("{left} of worker {worker} would be left working, {least} must be");
    let least = format!("at least {least}");
    Some(hold(words).with(Evidence::against("left working", left.to_string(), least)))
}

/// It is seen to do no work: stopping it costs nothing.
fn is_bad(case: &Case<'_>, worker: &str, id: ProcessId) -> bool {
    let mut verdicts = case.view.assessment.verdicts.iter();
    let verdict = verdicts.find(|v| v.worker == worker && v.process == id);
    let judged = verdict.is_some_and(|v| v.verdict.is_hung() || v.verdict == Verdict::Disconnected);
    judged || consumes_nothing(case, worker, id)
}

/// The broker says that it has no consumer, though its worker has queues.
fn consumes_nothing(case: &Case<'_>, worker: &str, id: ProcessId) -> bool {
    let facts = case.view.snapshot.workers.facts();
    let found = facts.as_ref().and_then(|facts| {
        let found = facts.workers.iter().find(|w| w.name == worker)?;
        found
            .processes
            .as_ref()?
            .iter()
            .find(|process| process.id == id)
    });
    let channels = found.and_then(|process| process.channels.as_ref());
    let idle = channels.is_some_and(|all| all.iter().all(|one| one.consumers.is_empty()));
    idle && case.view.targets.queues_of(worker).next().is_some()
}

/// What would be stopped at once: as planned, else as the action would choose.
fn victims(case: &Case<'_>, worker: &str, all: &[ProcessId]) -> Vec<ProcessId> {
    if let Some(planned) = case.request.victims {
        return planned.to_vec();
    }
    let bad: Vec<_> = all
        .iter()
        .copied()
        .filter(|id| is_bad(case, worker, *id))
        .collect();
    let named = case
        .finding
        .map(|finding| &finding.processes[..])
        .unwrap_or_default();
    if !named.is_empty() {
        named.to_vec()
    } else if !bad.is_empty() {
        bad
    } else {
        all.to_vec()
    }
}

pub(super) fn message_safety(case: &Case<'_>) -> Option<Hold> {
    if !case.disturbs_workers() {
        return None;
    }
    case.workers
        .iter()
        .find_map(|worker| poison(case, worker).or_else(|| used_up(case, worker)))
}

/// Its messages come back again and again: not the worker may be the fault, but a message; and
/// each stop delivers it once more.
fn poison(case: &Case<'_>, worker: &str) -> Option<Hold> {
    let mut findings = case.view.assessment.findings.iter();
    let (finding, queue) = findings.find_map(|finding| match &finding.target {
        Target::Queue { name, .. } if finding.code == Code::QueueRedelivering => {
            let its = case
                .view
                .targets
                .queues_of(worker)
                .any(|queue| queue == name);
            its.then_some((finding, name))
        }
        _ => None,
    })?;
    let words = format!(
        "messages of queue {queue} are delivered again and again: suspect a message, not the worker"
    );
    let mut hold = Hold::new(HoldReason::MessageSafety, words);
    hold.evidence.extend(finding.evidence.iter().cloned());
    Some(hold)
}

/// Each stop counts as a delivery of what it held.
fn used_up(case: &Case<'_>, worker: &str) -> Option<Hold> {
    let facts = case.view.snapshot.queues.last_facts()?;
    let quorum = case.view.targets.queues_of(worker).find(|name| {
        let mut queues = facts.queues.iter().filter(|queue| queue.name == **name);
        queues.any(|queue| queue.queue_type.as_deref() == Some("quorum"))
    })?;
    let target = Target::Worker {
        name: worker.to_owned(),
    };
    let stops = case.others().filter(|run| {
        let recent = run.started_at.is_some_and(|at| case.now.since(at) < DAY);
        recent && (run.target == target || run.touches.contains(&target))
    });
    let stops = stops.count();
    if stops < MOST_STOPS {
        return None;
    }
    let words = format!(
        "quorum queue {quorum} drops what was delivered too often, and each stop of worker {worker} delivers once more"
    );
    let hold = Hold::new(HoldReason::MessageSafety, words);
    let most = format!("fewer than {MOST_STOPS}");
    Some(hold.with(Evidence::against("runs in a day", stops.to_string(), most)))
}
