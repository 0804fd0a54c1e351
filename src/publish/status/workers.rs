//! The kinds of workers, each with its processes and what they were judged to do.

use std::collections::{BTreeMap, HashMap};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::{Failure, bounded, rounded, seconds};
use crate::model::facts::{DriftFacts, ProcessFacts, ProcessState, WorkerFacts, WorkersFacts};
use crate::model::{ProcessVerdict, Unknown, Verdict};

/// Processes of one kind shown at most.
const PROCESSES: usize = 100;

/// The kinds of workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workers {
    /// Every configured kind.
    pub kinds: Vec<Worker>,
    /// Why the broker's channels could not be told; nobody is called hung then.
    pub channels_failure: Option<Failure>,
    /// Consumers of the configured queues that belong to no process found here.
    pub consumers_elsewhere: Option<u64>,
}

/// One kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// Processes there should be.
    pub desired: u32,
    /// Processes there must be at any moment.
    pub min_healthy: u32,
    /// Processes that are no zombies.
    pub running: Option<u64>,
    /// Processes by state; all of `running`, `sleeping`, `uninterruptible`, `stopped`, `zombie`.
    pub states: Option<BTreeMap<String, u64>>,
    /// Processes by verdict; those that occur.
    pub verdicts: BTreeMap<String, u64>,
    /// Bytes resident, all processes together; `null` where one of them could not be told.
    pub resident_memory_bytes: Option<u64>,
    /// Processes seen to start since warrener began.
    pub restarts: u64,
    /// Exits seen since warrener began.
    pub exits: u64,
    /// Processes that run with another configuration than their env file's now.
    pub drifted: Option<u64>,
    /// A person stopped it on purpose.
    pub stopped_by_operator: Option<bool>,
    /// Why its control could not be asked.
    pub control_failure: Option<Failure>,
    /// Its processes; `null` where neither control nor match could tell.
    pub processes: Option<Vec<Process>>,
    /// Processes that are not among them.
    pub processes_left_out: u64,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// When it started, in seconds since the Unix epoch.
    pub started_at: Option<f64>,
    /// Its state.
    pub state: Option<String>,
    /// What it was judged to do.
    pub verdict: Option<String>,
    /// Why that is `unknown`.
    pub unknown_because: Option<String>,
    /// Bytes resident.
    pub resident_memory_bytes: Option<u64>,
    /// Processor time since its start.
    pub cpu_seconds: Option<f64>,
    /// Open file descriptors.
    pub fds_open: Option<u64>,
    /// The most it may open.
    pub fds_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Consumers on its channels.
    pub consumers: Option<u64>,
    /// Messages delivered to it and not yet acknowledged.
    pub unacked: Option<u64>,
    /// Keys whose value now is another than at its start; `null` where that is not known.
    pub drifted_keys: Option<Vec<DriftedKey>>,
    /// Its env file has another content than at its start.
    pub env_file_changed: Option<bool>,
    /// systemd unit.
    pub unit: Option<String>,
    /// Docker container id.
    pub container: Option<String>,
}

/// A key that drifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftedKey {
    /// Its name.
    pub key: String,
    /// `emptied`, `changed`, `removed` or `added`.
    pub change: String,
}

impl Workers {
    pub(super) fn new(facts: &WorkersFacts, verdicts: &[ProcessVerdict]) -> Self {
        let verdicts: HashMap<_, _> = verdicts
            .iter()
            .map(|v| ((v.worker.as_str(), v.process), v.verdict))
            .collect();
        let kind = |worker: &WorkerFacts| {
            let of = |p: &ProcessFacts| verdicts.get(&(worker.name.as_str(), p.id)).copied();
            Worker::new(worker, of)
        };
        Workers {
            kinds: facts.workers.iter().map(kind).collect(),
            channels_failure: facts.channels_unavailable.as_ref().map(Failure::from),
            consumers_elsewhere: facts.consumers_elsewhere,
        }
    }
}

impl Worker {
    fn new(worker: &WorkerFacts, verdict: impl Fn(&ProcessFacts) -> Option<Verdict>) -> Self {
        let processes = worker.processes.as_deref();
        let mut verdicts = BTreeMap::new();
        for found in processes.unwrap_or_default().iter().filter_map(&verdict) {
            *verdicts.entry(found.as_str().to_owned()).or_default() += 1;
        }
        let count = |wanted: &dyn Fn(&ProcessFacts) -> bool| {
            Some(processes?.iter().filter(|p| wanted(p)).count() as u64)
        };
        let in_state = |state: ProcessState| {
            let count = count(&|p| p.state == Some(state))?;
            Some((state.as_str().to_owned(), count))
        };
        let list = processes.map(|list| {
            let all = list.iter().map(|p| Process::new(p, verdict(p)));
            bounded(PROCESSES, all)
        });
        let (list, left_out) = match list {
            Some((list, left_out)) => (Some(list), left_out),
            None => (None, 0),
        };
        Worker {
            name: worker.name.clone(),
            desired: worker.desired,
            min_healthy: worker.min_healthy,
            running: count(&|p| p.state != Some(ProcessState::Zombie)),
            states: ProcessState::ALL.into_iter().map(in_state).collect(),
            verdicts,
            resident_memory_bytes: processes.and_then(|list| list.iter().map(|p| p.rss).sum()),
            restarts: worker.restarts,
            exits: worker.exits_seen,
            drifted: count(&|p| drifted(&p.drift)),
            stopped_by_operator: worker.stopped_by_operator,
            control_failure: worker.control_unavailable.as_ref().map(Failure::from),
            processes: list,
            processes_left_out: left_out,
        }
    }
}

/// By its environment where that is known, by the file's content where it is not.
fn drifted(drift: &DriftFacts) -> bool {
    match &drift.keys {
        Some(keys) => !keys.is_empty(),
        None => drift.file_changed == Some(true),
    }
}

impl Process {
    fn new(process: &ProcessFacts, verdict: Option<Verdict>) -> Self {
        let because = match verdict {
            Some(Verdict::Unknown(why)) => Some(match why {
                Unknown::BrokerPlane => "broker_plane",
                Unknown::SystemPlane => "system_plane",
                Unknown::TooEarly => "too_early",
                Unknown::Unclear => "unclear",
            }),
            _ => None,
        };
        let channels = process.channels.as_deref();
        let started = process.started_at;
        Process {
            pid: process.id.pid,
            started_at: started
                .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
                .map(|at| rounded(at.as_secs_f64())),
            state: process.state.map(|state| state.as_str().to_owned()),
            verdict: verdict.map(|verdict| verdict.as_str().to_owned()),
            unknown_because: because.map(str::to_owned),
            resident_memory_bytes: process.rss,
            cpu_seconds: process.cpu_time.map(seconds),
            fds_open: process.fds,
            fds_max: process.fds_max,
            threads: process.threads,
            consumers: channels
                .map(|channels| channels.iter().map(|c| c.consumers.len() as u64).sum()),
            unacked: channels.and_then(|channels| channels.iter().map(|c| c.unacked).sum()),
            drifted_keys: process.drift.keys.as_ref().map(|keys| {
                keys.iter()
                    .map(|drifted| DriftedKey {
                        key: drifted.key.clone(),
                        change: drifted.change.as_str().to_owned(),
                    })
                    .collect()
            }),
            env_file_changed: process.drift.file_changed,
            unit: process.unit.clone(),
            container: process.container.clone(),
        }
    }
}
