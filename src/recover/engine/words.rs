//! What a run's journal says: pure.

use std::collections::BTreeMap;

use crate::model::{IncidentKey, Risk, Step, StepResult, Target};
use crate::recover::playbook::{self, Action};

/// The entry that tells that a trouble came back.
pub(super) const RECURRENCE: &str = "recurrence";
/// The entry that tells that something was taken back.
pub(super) const UNDO: &str = "undo";

/// Its steps tell people, and do nothing.
pub(super) fn only_tells(rung: &playbook::Rung) -> bool {
    let mut steps = rung.steps.iter();
    steps.all(|step| matches!(step.action, Action::Notify(_) | Action::Escalate(_)))
}

/// What is to be taken back next: newest first, each once.
pub(super) fn to_take_back(journal: &[Step]) -> Option<&Step> {
    let mut left = Vec::new();
    for step in journal {
        let done = step.done.as_ref();
        match (step.intent.action == UNDO, done) {
            (true, Some(done)) if done.result != StepResult::ObservedNotDone => {
                left.pop();
            }
            (false, Some(done)) if done.undo.is_some() => left.push(step),
            _ => {}
        }
    }
    left.pop()
}

/// A rung that did not help is being taken back, or was.
pub(super) fn is_taken_back(journal: &[Step], rung: u32) -> bool {
    let mut own = journal.iter().filter(|step| step.intent.rung == rung);
    own.any(|step| step.intent.action == UNDO)
}

/// It did, or may have done, something that disturbs.
pub(super) fn disturbs(step: &Step) -> bool {
    let happened = step.done.as_ref().is_none_or(|done| {
        !matches!(
            done.result,
            StepResult::Needless | StepResult::ObservedNotDone
        )
    });
    step.intent.risk > Risk::Safe && happened
}

/// Something was done by it, or may have been.
pub(super) fn changed(step: &Step) -> bool {
    let looked = ["config.validate", "config.impact", RECURRENCE].contains(&&*step.intent.action);
    let result = step.done.as_ref().map(|done| done.result);
    let idle = matches!(
        result,
        Some(StepResult::Needless | StepResult::ObservedNotDone | StepResult::Failed)
    );
    !looked && !idle
}

/// It was taken back.
pub(super) fn was_undone(step: &Step) -> bool {
    let result = step.done.as_ref().map(|done| done.result);
    result == Some(StepResult::Undone)
}

/// It counts as done: it was, or may have been, and is not done twice.
pub(super) fn counts(step: &Step) -> bool {
    let result = step.done.as_ref().map(|done| done.result);
    matches!(
        result,
        Some(
            StepResult::Done
                | StepResult::Needless
                | StepResult::ObservedDone
                | StepResult::Unknown
        )
    )
}

/// A rung did something, or found that it had.
pub(super) fn acted_on(journal: &[Step], rung: u32) -> bool {
    let of_it = |step: &&Step| step.intent.rung == rung && step.intent.action != RECURRENCE;
    journal.iter().filter(of_it).any(|step| {
        let result = step.done.as_ref().map(|done| done.result);
        let did = matches!(result, Some(StepResult::Done | StepResult::ObservedDone));
        let unknown = matches!(result, Some(StepResult::Unknown));
        did || unknown
    })
}

/// The step of a rung that the journal has reached: the one that its newest entry is of, which is
/// asked again whether there is more to do.
pub(super) fn reached(journal: &[Step], rung: u32, steps: &[playbook::Step]) -> usize {
    let own = journal.iter().filter(|step| step.intent.rung == rung);
    let mut at = 0;
    for entry in own {
        let of = |step: &playbook::Step| step.action.name() == entry.intent.action;
        if let Some(ahead) = steps.iter().skip(at).position(of) {
            at += ahead;
        }
    }
    at
}

/// The newest entries of one step of a rung, those that count as done.
pub(super) fn own(journal: &[Step], rung: u32, action: &str) -> Vec<Step> {
    let newest = journal.iter().rev();
    let mut own: Vec<Step> = newest
        .take_while(|step| step.intent.rung == rung && step.intent.action == action)
        .filter(|step| counts(step))
        .cloned()
        .collect();
    own.reverse();
    own
}

/// What was done, line by line, for people.
pub(super) fn told(journal: &[Step]) -> Vec<String> {
    let lines = journal.iter().map(|step| match &step.done {
        Some(done) => {
            let result = done.result.as_str();
            match done.result {
                StepResult::Done => format!("{}: {}", step.intent.action, done.words),
                _ => format!("{}: {} ({result})", step.intent.action, done.words),
            }
        }
        None => format!("{}: {} (under way)", step.intent.action, step.intent.plan),
    });
    lines.collect()
}

/// The labels that the shipped rules give the alert of a finding, as far as they can be known here.
pub(super) fn labels(key: &IncidentKey) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        ("alertname".to_owned(), key.code.to_string()),
        ("target".to_owned(), key.target.key()),
    ]);
    let mut add = |name: &str, value: &String| drop(labels.insert(name.into(), value.clone()));
    match &key.target {
        Target::Worker { name } => add("worker", name),
        Target::Queue { vhost, name } => {
            add("vhost", vhost);
            add("queue", name);
        }
        Target::Node { name } => add("node", name),
        Target::EnvFile { path } | Target::Disk { path } => add("path", path),
        Target::Glob { glob } => add("glob", glob),
        Target::Broker | Target::Host | Target::Probe { .. } => {}
    }
    labels
}
