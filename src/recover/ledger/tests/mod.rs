//! Real files, real faults, real crashes.

mod crash;
mod faults;
mod notes;
mod past;
mod reception;
mod records;
mod speed;
mod whole;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::model::{
    Incident, IncidentKey, Intent, Risk, Run, RunMode, RunState, Target, Timestamp, Trigger,
    TriggerCode, TriggerSource, TriggerStatus,
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + 1000 * seconds)
}

fn open(folder: &Path) -> Ledger {
    Ledger::open(folder, NOW).unwrap()
}

fn fresh() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    (folder, ledger)
}

fn worker(name: &str) -> Target {
    Target::Worker {
        name: name.to_owned(),
    }
}

fn key(worker_name: &str) -> IncidentKey {
    IncidentKey {
        code: TriggerCode::from_text("WorkerDown").unwrap(),
        target: worker(worker_name),
    }
}

fn trigger(fingerprint: &str, status: TriggerStatus) -> Trigger {
    let IncidentKey { code, target } = key("task");
    Trigger {
        source: TriggerSource::Alertmanager,
        code,
        target,
        status,
        fingerprint: fingerprint.to_owned(),
        starts_at: Some(later(-60)),
        labels: BTreeMap::from([("worker".to_owned(), "task".to_owned())]),
    }
}

/// So many different triggers.
fn batch(size: usize) -> Vec<Trigger> {
    (0..size)
        .map(|n| trigger(&format!("{n:016x}"), TriggerStatus::Firing))
        .collect()
}

fn new_run(incident: &Incident) -> NewRun {
    NewRun {
        incident: incident.id,
        playbook: "worker-unhealthy".into(),
        target: incident.key.target.clone(),
        touches: vec![incident.key.target.clone()],
        source: TriggerSource::Alertmanager,
        mode: RunMode::Auto,
    }
}

/// A run that acts.
fn running(ledger: &mut Ledger, worker_name: &str) -> Run {
    let (incident, _) = ledger.join(&key(worker_name), NOW).unwrap();
    let run = ledger.propose(&new_run(&incident), NOW).unwrap();
    let (from, to) = (RunState::Proposed, RunState::Running);
    ledger.advance(run.id, from, to, None, NOW).unwrap();
    run
}

fn intent() -> Intent {
    Intent {
        rung: 0,
        attempt: 1,
        action: "worker.start".into(),
        risk: Risk::Safe,
        target: worker("task"),
        plan: "start 1 of 2 processes".into(),
        before: vec![crate::model::Generation::Absent],
    }
}
