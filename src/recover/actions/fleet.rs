//! What the worker actions share: which processes and instances are concerned. Looks, changes nothing.

use super::{Asked, Hands, World};
use crate::config::{FileVariables, Signal, Stop, Worker};
use crate::envfile::{self, Document};
use crate::model::facts::{ProcessFacts, ProcessId, ProcessState, WorkerFacts};
use crate::model::{Failure, Generation, Secret, Target, Timestamp, Verdict};
use crate::platform::act::{StopHow, StopSignal, generation, is_up};
use crate::platform::observe::Instance;

/// A worker that is concerned, as it is configured and as it was seen.
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) config: Worker,
    pub(super) facts: WorkerFacts,
}

impl Kind {
    pub(super) fn target(&self) -> Target {
        Target::Worker {
            name: self.name.clone(),
        }
    }

    /// Its processes; none where they can't be told.
    pub(super) fn processes(&self) -> &[ProcessFacts] {
        self.facts.processes.as_deref().unwrap_or_default()
    }

    /// Its processes that live.
    pub(super) fn alive(&self) -> impl Iterator<Item = &ProcessFacts> + Clone {
        let processes = self.processes().iter();
        processes.filter(|process| process.state != Some(ProcessState::Zombie))
    }
}

/// The workers of a run's target that may be acted on: they have a control, and nobody stopped them.
/// `Err` where the workers can't be told.
pub(super) fn kinds(target: &Target, world: &World) -> Result<Vec<Kind>, String> {
    let facts = world.snapshot.workers.facts();
    let facts = facts.ok_or("which processes the workers have can't be told now")?;
    let mut kinds = Vec::new();
    for name in world.targets.workers_of(target) {
        let (Some(config), Some(seen)) = (
            world.config.workers.get(&name),
            facts.workers.iter().find(|worker| worker.name == name),
        ) else {
            continue;
        };
        if config.control.is_none() || seen.is_left_stopped() {
            continue;
        }
        kinds.push(Kind {
            name,
            config: config.clone(),
            facts: seen.clone(),
        });
    }
    kinds.sort_by(|a, b| (a.config.stage, &a.name).cmp(&(b.config.stage, &b.name)));
    Ok(kinds)
}

/// Everything that a worker's control names, as it is now.
pub(super) async fn instances(worker: &str, hands: &Hands) -> Result<Vec<Instance>, Failure> {
    match hands.workers.get(worker) {
        Some(actor) => actor.lock().await.instances().await,
        None => Ok(Vec::new()),
    }
}

/// The instance that a process belongs to.
pub(super) fn instance_of<'a>(
    process: &ProcessFacts,
    instances: &'a [Instance],
) -> Option<&'a Instance> {
    let pid = process.id.pid;
    instances.iter().find(|instance| {
        let its = instance
            .pids
            .as_ref()
            .is_some_and(|pids| pids.contains(&pid));
        let unit = instance.unit.is_some() && instance.unit == process.unit;
        let container = instance.container.is_some() && instance.container == process.container;
        instance.main_pid == Some(pid) || its || unit || container
    })
}

/// What a process was judged to do.
pub(super) fn verdict(worker: &str, id: ProcessId, world: &World) -> Option<Verdict> {
    let mut verdicts = world.assessment.verdicts.iter();
    let found = verdicts.find(|v| v.worker == worker && v.process == id);
    found.map(|v| v.verdict)
}

/// It is seen to do no work.
pub(super) fn is_bad(worker: &str, id: ProcessId, world: &World) -> bool {
    verdict(worker, id, world).is_some_and(|v| v.is_hung() || v == Verdict::Disconnected)
}

/// It was started after `at`.
pub(super) fn started_after(process: &ProcessFacts, at: Timestamp) -> bool {
    let started = process.started_at.map(Timestamp::from);
    started.is_some_and(|started| started > at)
}

/// What is to be stopped: instances by name, and processes that no control names.
#[derive(Clone, Debug, Default)]
pub(super) struct Victims {
    pub(super) instances: Vec<String>,
    pub(super) processes: Vec<ProcessId>,
    pub(super) all: Vec<ProcessId>,
    pub(super) before: Vec<Generation>,
}

/// The victims that these processes are, by their control where it names them: an instance is stopped
/// whole, so whatever of it consumes is a victim as well.
pub(super) fn victims<'a>(
    processes: impl Iterator<Item = &'a ProcessFacts>,
    kind: &Kind,
    instances: &[Instance],
    boot_id: &str,
) -> Victims {
    let mut victims = Victims::default();
    for process in processes {
        if !victims.all.contains(&process.id) {
            victims.all.push(process.id);
        }
        match instance_of(process, instances) {
            Some(instance) => {
                if !victims.instances.contains(&instance.name) {
                    victims.instances.push(instance.name.clone());
                    victims.before.push(generation(instance, boot_id));
                    let siblings = kind.alive().filter(|other| {
                        let its = instance_of(other, instances);
                        its.is_some_and(|own| own.name == instance.name) && consumes(other)
                    });
                    let siblings: Vec<_> = siblings
                        .map(|other| other.id)
                        .filter(|id| !victims.all.contains(id))
                        .collect();
                    victims.all.extend(siblings);
                }
            }
            None => {
                victims.processes.push(process.id);
                victims.before.push(Generation::Process {
                    process: process.id,
                    boot_id: boot_id.to_owned(),
                });
            }
        }
    }
    victims
}

/// The broker tells of a consumer of its own.
fn consumes(process: &ProcessFacts) -> bool {
    let mut channels = process.channels.iter().flatten();
    channels.any(|channel| !channel.consumers.is_empty())
}

/// How many processes a worker lacks, and the instances that can be started for them.
pub(super) fn missing(kind: &Kind, instances: &[Instance]) -> Vec<String> {
    // systemd forgets a unit that a person stopped and that is not enabled: who watched it knows.
    let by_a_person = |i: &Instance| {
        i.stopped_by_operator == Some(true) || kind.facts.left_stopped.contains(&i.name)
    };
    let down = instances.iter().filter(|i| !is_up(i) && !by_a_person(i));
    let up = instances.iter().filter(|instance| is_up(instance)).count();
    // Those that were started by somebody else count as well.
    let foreign = kind
        .alive()
        .filter(|p| instance_of(p, instances).is_none())
        .count();
    let most = instances.len().max(kind.config.count as usize);
    let lacking = most.saturating_sub(up + foreign);
    down.map(|instance| instance.name.clone())
        .take(lacking)
        .collect()
}

/// How often this step acted for a worker already, with words that begin so.
pub(super) fn times(asked: &Asked<'_>, target: &Target, begins: &str) -> usize {
    let own = asked.own.iter();
    own.filter(|s| s.intent.target == *target && s.intent.plan.starts_with(begins))
        .count()
}

/// The variables of a worker's env file, checked against its schema: a worker is never started on
/// empty keys.
pub(super) fn environment(kind: &Kind, world: &World) -> Result<Vec<(String, Secret)>, String> {
    let Some(path) = &kind.config.env_file else {
        return Ok(Vec::new());
    };
    let document = envfile::read(path).map_err(|error| error.to_string())?;
    let mut schemas = world.config.env_files.iter();
    if let Some(schema) = schemas.find(|file| file.path == *path) {
        let values = FileVariables::of(path.clone(), &document);
        let broken = envfile::violations(&values, schema);
        if !broken.is_empty() {
            let keys: Vec<_> = broken.iter().map(|v| v.key.as_str()).collect();
            return Err(format!(
                "{} breaks its schema at {}: nothing is started on it",
                path.display(),
                keys.join(", ")
            ));
        }
    }
    Ok(variables(&document))
}

fn variables(document: &Document) -> Vec<(String, Secret)> {
    let assigned = document
        .assignments()
        .map(|assignment| assignment.key.clone());
    let mut keys: Vec<String> = assigned.collect();
    keys.sort();
    keys.dedup();
    let of = |key: String| document.get(&key).cloned().map(|value| (key, value));
    keys.into_iter().filter_map(of).collect()
}

/// How the configuration says that a worker is stopped.
pub(super) fn stop_how(stop: &Stop) -> StopHow {
    StopHow {
        signal: stop_signal(stop.signal),
        grace: stop.grace.get(),
    }
}

/// The configuration's signal as the platform's.
pub(super) fn stop_signal(signal: Signal) -> StopSignal {
    match signal {
        Signal::Term => StopSignal::Term,
        Signal::Int => StopSignal::Int,
        Signal::Quit => StopSignal::Quit,
        Signal::Hup => StopSignal::Hup,
        Signal::Usr1 => StopSignal::Usr1,
        Signal::Usr2 => StopSignal::Usr2,
        Signal::Kill => StopSignal::Kill,
    }
}
