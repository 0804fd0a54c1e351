//! The `workers` probe: the processes of every configured kind, and what the broker shows of each.
//!
//! ```text
//! control (units, containers, records) ─┐
//! /proc ─ find ─ scan (blocks, fenced) ─┴─> processes ─┐
//! broker ─ channels (in the background) ── consumers ──┴─> facts ─ tally (what only several tell)
//! pidfds ─ exits ─┬─> the next reading at once
//! control's events┘
//! ```
//!
//! The broker's plane is read in the background and may be some seconds old, or missing: a broker
//! that hangs must not hide a worker that died.

mod background;
mod consumers;
mod control;
mod drift;
mod exits;
mod find;
mod scan;
mod tally;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::{join_all, select_all};
use tokio::time::timeout;

pub(crate) use self::control::containers;

use self::background::Background;
use self::consumers::{Candidate, Joined, join};
use self::control::ControlWatch;
use self::exits::Exits;
use self::scan::{Found, Memory, Wanted};
use self::tally::Tally;
use super::Probe;
use super::channels::{Channels, ChannelsReading};
use super::patient::Patient;
use crate::config::{Config, Control, EnvFile, Regex, Worker};
use crate::model::facts::{FoundBy, WorkerFacts, WorkersFacts};
use crate::model::{Failure, Moment, ProbeName, Reason};
use crate::platform::observe::{Instance, InstanceState, ObserveProcesses};

/// How long a control is waited for.
const CONTROL_PATIENCE: Duration = Duration::from_secs(2);
/// How long the kernel is waited for.
const SYSTEM_PATIENCE: Duration = Duration::from_secs(2);
/// How long a reading of the broker is waited for that is still under way.
const CHANNELS_PATIENCE: Duration = Duration::from_millis(700);
/// The broker's plane is not told when it is older.
const CHANNELS_OUTDATED: Duration = Duration::from_secs(30);

/// Reads the worker kinds of a configuration.
pub struct WorkersProbe<S, C> {
    identity: String,
    kinds: Vec<Kind>,
    env_files: Arc<[EnvFile]>,
    queues: BTreeSet<String>,
    system: Arc<S>,
    memory: Arc<Mutex<Memory>>,
    scanning: Patient<Scanned>,
    channels: Background<C>,
    exits: Exits,
    /// Why the broker's plane was missing in the newest reading.
    blind: Option<Reason>,
    now: fn() -> Moment,
}

/// The processes of each kind, or why they can't be listed.
type Scanned = Result<Vec<Option<Vec<Found>>>, Failure>;

/// One kind.
struct Kind {
    name: String,
    desired: u32,
    min_healthy: u32,
    control: Option<(ControlWatch, FoundBy)>,
    /// A record may be lost, and a worker started by hand: those of `process` are matched too.
    always_match: bool,
    matching: Option<Regex>,
    env_file: Option<PathBuf>,
    tally: Tally,
}

/// What a control said, or why it could not.
type Told = Result<Vec<Instance>, Failure>;

impl Kind {
    fn new(name: &str, worker: &Worker, config: &Config) -> Self {
        let control = worker.control.as_ref().map(|control| {
            let found_by = match control {
                Control::Process(_) => FoundBy::Record,
                _ => FoundBy::Control,
            };
            (ControlWatch::new(name, control, &config.state), found_by)
        });
        Kind {
            name: name.to_owned(),
            desired: worker.count,
            min_healthy: worker.min_healthy,
            control,
            always_match: matches!(worker.control, Some(Control::Process(_))),
            matching: worker.matching.as_ref().map(|m| m.cmdline.clone()),
            env_file: worker.env_file.clone(),
            tally: Tally::default(),
        }
    }

    /// `None` without a control.
    async fn ask(&mut self) -> Option<Told> {
        let (control, _) = self.control.as_mut()?;
        let asked = timeout(CONTROL_PATIENCE, control.instances()).await;
        Some(asked.unwrap_or_else(|_| {
            let seconds = CONTROL_PATIENCE.as_secs();
            let message = format!("the control of {} did not answer in {seconds} s", self.name);
            Err(Failure::new(Reason::Timeout, message))
        }))
    }

    fn wanted(&self, told: Option<&Told>) -> Wanted {
        let found_by = self.control.as_ref().map(|(_, found_by)| *found_by);
        let instances = told
            .and_then(|told| told.as_ref().ok())
            // One that runs, and does not say which process it is, tells none.
            .filter(|instances| instances.iter().all(names_its_process))
            .cloned()
            .zip(found_by);
        let matching = (instances.is_none() || self.always_match).then_some(&self.matching);
        Wanted {
            instances,
            matching: matching.cloned().flatten(),
            env_file: self.env_file.clone(),
        }
    }

    fn facts(&self, told: Option<Told>, found: Option<&[Found]>) -> WorkerFacts {
        let instances = told.as_ref().and_then(|told| told.as_ref().ok());
        let down = instances.into_iter().flatten().filter(|instance| {
            use InstanceState::{Failed, Stopped, Unknown};
            let down = matches!(instance.state, Stopped | Failed | Unknown);
            down && instance.stopped_by_operator == Some(true)
        });
        let left_stopped = down.map(|instance| instance.name.clone()).collect();
        let (stopped, failure) = match told {
            Some(Ok(instances)) => (stopped_by_operator(&instances), None),
            Some(Err(failure)) => (None, Some(failure)),
            None => (None, None),
        };
        WorkerFacts {
            name: self.name.clone(),
            desired: self.desired,
            min_healthy: self.min_healthy,
            processes: found.map(|found| found.iter().map(|found| found.facts.clone()).collect()),
            controlled: self.control.is_some(),
            control_unavailable: failure,
            stopped_by_operator: stopped,
            left_stopped,
            ..WorkerFacts::default()
        }
    }
}

fn names_its_process(instance: &Instance) -> bool {
    instance.state != InstanceState::Running
        || instance.main_pid.is_some()
        || instance.pids.is_some()
}

/// Those that do not work were all stopped by a person, who may have frozen or removed them too;
/// `None` where that can't be told of one of them.
fn stopped_by_operator(instances: &[Instance]) -> Option<bool> {
    use InstanceState::{Failed, Stopped, Unknown};
    let mut stopped = false;
    for instance in instances {
        match (instance.state, instance.stopped_by_operator) {
            (_, Some(true)) => stopped = true,
            (Stopped | Failed | Unknown, other) => return other,
            _ => {}
        }
    }
    Some(stopped)
}

impl<S: ObserveProcesses, C: Channels> WorkersProbe<S, C> {
    /// A probe for the workers of `config`.
    pub fn new(config: &Config, system: Arc<S>, channels: C, now: fn() -> Moment) -> Self {
        let kinds = config.workers.iter();
        let queues = config.workers.values().flat_map(|worker| &worker.queues);
        WorkersProbe {
            identity: config.identity.clone(),
            kinds: kinds
                .map(|(name, worker)| Kind::new(name, worker, config))
                .collect(),
            env_files: config.env_files.clone().into(),
            queues: queues.cloned().collect(),
            system,
            memory: Arc::default(),
            scanning: Patient::default(),
            channels: Background::new(channels, config.broker.every.get(), now),
            exits: Exits::default(),
            blind: None,
            now,
        }
    }

    /// Says once that the broker's plane is missing, or there again.
    fn tell(&mut self, missing: Option<&Failure>) {
        let reason = missing.map(|failure| failure.reason);
        let before = std::mem::replace(&mut self.blind, reason);
        match missing {
            Some(Failure { reason, message }) if before != Some(*reason) => {
                tracing::warn!(%reason, error = %message, "can't tell who consumes what");
            }
            None if before.is_some() => tracing::info!("can tell again who consumes what"),
            _ => {}
        }
    }

    /// The system's plane.
    async fn scan(&mut self, wanted: Vec<Wanted>) -> Scanned {
        let (memory, system) = (Arc::clone(&self.memory), Arc::clone(&self.system));
        let env_files = Arc::clone(&self.env_files);
        let work = move || {
            // A scan that panicked is told; what it remembered is still right.
            let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.scan(&wanted, &env_files, &*system, SystemTime::now)
        };
        let scanned = self.scanning.run(SYSTEM_PATIENCE, work).await;
        scanned.unwrap_or_else(|not_done| {
            Err(Failure::new(
                Reason::Io,
                format!("the processes: {not_done}"),
            ))
        })
    }

    /// Both planes joined. The sockets are read now, also where the broker's plane is older.
    fn join(&self, found: &[Option<Vec<Found>>], reading: &ChannelsReading) -> Joined {
        let kinds = self.kinds.iter().zip(found);
        let candidates: Vec<Candidate> = kinds
            .flat_map(|(kind, found)| {
                found.iter().flatten().map(|found| Candidate {
                    worker: kind.name.clone(),
                    members: found.members.clone(),
                })
            })
            .collect();
        let pids: BTreeSet<u32> = candidates
            .iter()
            .flat_map(|c| &c.members)
            .copied()
            .collect();
        let sockets = self.system.sockets(&pids.into_iter().collect::<Vec<_>>());
        join(reading, &sockets, &candidates, &self.identity, &self.queues)
    }
}

impl<S: ObserveProcesses, C: Channels> Probe for WorkersProbe<S, C> {
    type Facts = WorkersFacts;

    const NAME: ProbeName = ProbeName::Workers;

    async fn read(&mut self) -> Result<WorkersFacts, Failure> {
        self.channels.begin();
        let told = join_all(self.kinds.iter_mut().map(Kind::ask)).await;
        let kinds = self.kinds.iter().zip(&told);
        let wanted = kinds
            .map(|(kind, told)| kind.wanted(told.as_ref()))
            .collect();
        let found = self.scan(wanted).await?;
        let reading = self
            .channels
            .newest(CHANNELS_PATIENCE, CHANNELS_OUTDATED)
            .await;
        let Joined { seen, elsewhere } = self.join(&found, &reading);

        let at = (self.now)();
        let mut seen = seen.into_iter();
        let mut watched = BTreeSet::new();
        let mut workers = Vec::with_capacity(self.kinds.len());
        for ((kind, told), found) in self.kinds.iter_mut().zip(told).zip(&found) {
            let mut facts = kind.facts(told, found.as_deref());
            for process in facts.processes.iter_mut().flatten() {
                let seen = seen.next().unwrap_or_default();
                process.broker_socket = seen.broker_socket;
                process.mapped_by = seen.mapped_by;
                process.channels = seen.channels;
                watched.insert(process.id);
            }
            kind.tally.observe(&mut facts, at);
            workers.push(facts);
        }
        self.exits.watch(&watched);
        self.tell(reading.open.as_ref().err());
        Ok(WorkersFacts {
            workers,
            channels_as_of: reading.open.as_ref().ok().map(|open| open.as_of),
            channels_unavailable: reading.open.err(),
            consumers_elsewhere: elsewhere,
        })
    }

    async fn woken(&mut self) {
        let controls = self
            .kinds
            .iter_mut()
            .filter_map(|kind| kind.control.as_mut());
        let changes: Vec<_> = controls
            .map(|(control, _)| Box::pin(control.changed()))
            .collect();
        let changed = async {
            match changes.is_empty() {
                true => std::future::pending().await,
                false => drop(select_all(changes).await),
            }
        };
        tokio::select! {
            () = self.exits.next() => {}
            () = changed => {}
        }
    }
}
