//! What warrener was at when it ended: looked up in the world and decided, never repeated blindly.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::drive::Drive;
use super::setup::Setup;
use super::step::done;
use super::words;
use crate::model::{Generation, Risk, Step, StepResult, Target};
use crate::platform::act::{Actor, generation, is_up};
use crate::platform::observe::{Instance, ObserveProcesses};
use crate::platform::proc::Proc;
use crate::recover::actions::file_generation;

/// A control that takes longer tells nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the world shows of something that was there before a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// It is still what it was.
    Same,
    /// It is gone, or another.
    Changed,
    /// It can't be told.
    Unknown,
}

impl Drive {
    /// Gives the newest step an outcome where warrener ended before it could.
    pub(super) async fn look_back(&mut self) {
        let Some(open) = self
            .journal
            .iter()
            .find(|step| step.done.is_none())
            .cloned()
        else {
            return;
        };
        let setup = self.shared.setup();
        let (result, told) = observe(&open, &setup).await;
        let result = match (open.intent.action == words::UNDO, result) {
            (true, StepResult::ObservedDone) => StepResult::Undone,
            (_, result) => result,
        };
        tracing::info!(
            run = self.run.id.0,
            step = open.number,
            result = result.as_str(),
            words = told,
            "looked back"
        );
        self.conclude(open.number, done(None, result, told, Vec::new()))
            .await;
    }
}

/// What became of a step without an outcome.
pub(super) async fn observe(step: &Step, setup: &Setup) -> (StepResult, String) {
    if step.intent.before.is_empty() {
        return match step.intent.risk {
            // To do it once more costs nothing.
            Risk::Safe => {
                let words = "warrener ended meanwhile; it is safe to do again";
                (StepResult::ObservedNotDone, words.into())
            }
            _ => {
                let words = "warrener ended meanwhile, and nothing shows whether it was done";
                (StepResult::Unknown, words.into())
            }
        };
    }
    let mut shown = Vec::new();
    for before in &step.intent.before {
        shown.push(look(before, step, setup).await);
    }
    let all = |one: Shown| shown.iter().all(|shown| *shown == one);
    if all(Shown::Changed) {
        let words = "warrener ended meanwhile; the world shows that it was done";
        (StepResult::ObservedDone, words.into())
    } else if all(Shown::Same) {
        let words = "warrener ended meanwhile; the world shows that it was not done";
        (StepResult::ObservedNotDone, words.into())
    } else if shown.contains(&Shown::Unknown) {
        let words = "warrener ended meanwhile, and what was done can't be told";
        (StepResult::Unknown, words.into())
    } else {
        // Of several, some: what is left is planned anew from the world.
        let words = "warrener ended meanwhile; a part of it was done";
        (StepResult::ObservedNotDone, words.into())
    }
}

async fn look(before: &Generation, step: &Step, setup: &Setup) -> Shown {
    let hands = &setup.hands;
    match before {
        // What it was for is that it runs: a node that was stopped and not started again is not done.
        _ if step.intent.action == "broker.restart" => {
            let Some(instances) = instances(hands.broker.as_ref()).await else {
                return Shown::Unknown;
            };
            let runs = instances.iter().find(|instance| is_up(instance));
            match runs.map(|instance| generation(instance, &hands.boot_id)) {
                // Nothing ran before, or another did.
                Some(now) if *before == Generation::Absent || now != *before => Shown::Changed,
                _ => Shown::Same,
            }
        }
        Generation::Process { process, boot_id } => {
            if *boot_id != hands.boot_id {
                return Shown::Changed;
            }
            let machine = Proc::default();
            if machine.processes().is_err() {
                return Shown::Unknown;
            }
            let there = machine
                .process(process.pid)
                .is_some_and(|row| row.id == *process);
            if there { Shown::Same } else { Shown::Changed }
        }
        Generation::Unit { .. } | Generation::Container { .. } => {
            let Some(instances) = instances(actor(step, setup)).await else {
                return Shown::Unknown;
            };
            let same = instances
                .iter()
                .any(|instance| is_up(instance) && generation(instance, &hands.boot_id) == *before);
            if same { Shown::Same } else { Shown::Changed }
        }
        // To be started: what is missing still is planned anew from the world.
        Generation::Absent => match instances(actor(step, setup)).await {
            Some(all) if !all.is_empty() && all.iter().all(is_up) => Shown::Changed,
            _ => Shown::Same,
        },
        Generation::File { path, .. } => {
            let (path, state) = (PathBuf::from(path), hands.state.clone());
            let read = tokio::task::spawn_blocking(move || file_generation(&path, &state));
            match timeout(PATIENCE, read).await {
                Ok(Ok(Ok(now))) if now == *before => Shown::Same,
                Ok(Ok(Ok(_))) => Shown::Changed,
                _ => Shown::Unknown,
            }
        }
    }
}

fn actor<'s>(step: &Step, setup: &'s Setup) -> Option<&'s Mutex<Actor>> {
    match &step.intent.target {
        Target::Worker { name } => setup.hands.workers.get(name),
        _ => setup.hands.broker.as_ref(),
    }
}

/// What a control names; `None` where it does not tell.
async fn instances(actor: Option<&Mutex<Actor>>) -> Option<Vec<Instance>> {
    let asked = async { actor?.lock().await.instances().await.ok() };
    timeout(PATIENCE, asked).await.ok().flatten()
}
