//! The facts of every probe at one instant. A section that failed is unavailable, never empty.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::{
    BrokerFacts, EnvfileFacts, FilesFacts, HostFacts, QueuesFacts, RoundtripFacts, WorkersFacts,
};
use super::{Attention, Failure, Moment};

/// The probes there are; [`ProbeName::as_str`] is the `probe` label and the command line's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeName {
    /// Nodes, alarms, resources, connections.
    Broker,
    /// Depths and consumers of the queues.
    Queues,
    /// A message through a queue of its own.
    Roundtrip,
    /// CPU, memory, disks, pressure.
    Host,
    /// The env files.
    Envfile,
    /// The worker kinds: processes, consumers, drift.
    Workers,
    /// Logs and backups.
    Files,
}

impl ProbeName {
    /// Every probe, in the order they are shown.
    pub const ALL: [ProbeName; 7] = [
        ProbeName::Broker,
        ProbeName::Queues,
        ProbeName::Roundtrip,
        ProbeName::Host,
        ProbeName::Envfile,
        ProbeName::Workers,
        ProbeName::Files,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            ProbeName::Broker => "broker",
            ProbeName::Queues => "queues",
            ProbeName::Roundtrip => "roundtrip",
            ProbeName::Host => "host",
            ProbeName::Envfile => "envfile",
            ProbeName::Workers => "workers",
            ProbeName::Files => "files",
        }
    }
}

impl fmt::Display for ProbeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a probe did since warrener started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that brought facts.
    pub succeeded: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Failures in a row up to now; 0 after a success.
    pub failed_in_a_row: u32,
}

/// One probe's part of a snapshot.
#[derive(Debug)]
pub struct Section<T> {
    /// Facts of the newest success, kept for whoever compares; not for showing once outdated.
    latest: Option<(Arc<T>, Moment)>,
    /// Why the newest attempt failed; `None` after a success or before the first attempt.
    failure: Option<Failure>,
    /// How long the newest attempt took.
    pub duration: Option<Duration>,
    /// The interval in force, after a probe slowed itself down; `None` while it is not scheduled.
    pub interval: Option<Duration>,
    /// The interval without attention, where that made it shorter.
    unhurried: Option<Duration>,
    /// Counts since start.
    pub tally: Tally,
    /// Grows with every entry, so that whoever derived something knows whether it still holds.
    generation: u64,
}

impl<T> Clone for Section<T> {
    fn clone(&self) -> Self {
        Section {
            latest: self.latest.clone(),
            failure: self.failure.clone(),
            duration: self.duration,
            interval: self.interval,
            unhurried: self.unhurried,
            tally: self.tally,
            generation: self.generation,
        }
    }
}

impl<T> Section<T> {
    /// A section whose probe has not run yet.
    pub fn never() -> Self {
        Section {
            latest: None,
            failure: None,
            duration: None,
            interval: None,
            unhurried: None,
            tally: Tally::default(),
            generation: 0,
        }
    }

    /// Enters the outcome of an attempt that ended at `at`.
    pub fn enter(&mut self, outcome: Result<T, Failure>, at: Moment, duration: Duration) {
        self.duration = Some(duration);
        self.generation += 1;
        match outcome {
            Ok(facts) => {
                self.latest = Some((Arc::new(facts), at));
                self.failure = None;
                self.tally.succeeded += 1;
                self.tally.failed_in_a_row = 0;
            }
            Err(failure) => {
                self.tally.failed += 1;
                self.tally.failed_in_a_row = self.tally.failed_in_a_row.saturating_add(1);
                self.failure = Some(failure);
            }
        }
    }

    /// Sets the interval in force, and the one that would be without attention.
    pub fn pace(&mut self, interval: Duration, usual: Duration) {
        self.interval = Some(interval);
        self.unhurried = (interval < usual).then_some(usual);
    }

    /// The interval without attention: what readings are counted by.
    pub fn usual_interval(&self) -> Option<Duration> {
        self.unhurried.or(self.interval)
    }

    /// Drops the facts and the failure: they are of a world that is no longer looked at.
    pub fn forget(&mut self) {
        self.latest = None;
        self.failure = None;
        self.generation += 1;
    }

    /// Grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The facts, when the newest attempt brought them. Absent otherwise: what is outdated is
    /// not shown as if it were true.
    pub fn facts(&self) -> Option<Arc<T>> {
        match (&self.failure, &self.latest) {
            (None, Some((facts, _))) => Some(Arc::clone(facts)),
            _ => None,
        }
    }

    /// The facts of the newest success, however old.
    pub fn last_facts(&self) -> Option<&T> {
        self.latest.as_ref().map(|(facts, _)| facts.as_ref())
    }

    /// When the newest success ended.
    pub fn read_at(&self) -> Option<Moment> {
        self.latest.as_ref().map(|(_, at)| *at)
    }

    /// Why the newest attempt failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// `Some(true)` after a success, `Some(false)` after a failure, `None` before any attempt.
    pub fn success(&self) -> Option<bool> {
        match (&self.failure, &self.latest) {
            (Some(_), _) => Some(false),
            (None, Some(_)) => Some(true),
            (None, None) => None,
        }
    }
}

impl Snapshot {
    /// A snapshot before any probe ran.
    pub fn empty(at: Moment) -> Self {
        Snapshot {
            at,
            attention: Attention::default(),
            broker: Section::never(),
            queues: Section::never(),
            roundtrip: Section::never(),
            host: Section::never(),
            envfile: Section::never(),
            workers: Section::never(),
            files: Section::never(),
        }
    }

    /// The probes whose newest reading failed, and why.
    pub fn failures(&self) -> Vec<(ProbeName, &Failure)> {
        let all = [
            (ProbeName::Broker, self.broker.failure()),
            (ProbeName::Queues, self.queues.failure()),
            (ProbeName::Roundtrip, self.roundtrip.failure()),
            (ProbeName::Workers, self.workers.failure()),
            (ProbeName::Host, self.host.failure()),
            (ProbeName::Envfile, self.envfile.failure()),
            (ProbeName::Files, self.files.failure()),
        ];
        all.into_iter()
            .filter_map(|(probe, failure)| Some((probe, failure?)))
            .collect()
    }

    /// Whether every probe was tried at least once: those that always run, and of the others
    /// those that are scheduled.
    pub fn every_probe_was_tried(&self) -> bool {
        self.broker.success().is_some()
            && self.queues.success().is_some()
            && self.roundtrip.success().is_some()
            && self.host.success().is_some()
            && self.envfile.success().is_some()
            && (self.workers.interval.is_none() || self.workers.success().is_some())
            && (self.files.interval.is_none() || self.files.success().is_some())
    }
}

/// Everything known at one instant. Immutable; shared by reference count.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When it was put together.
    pub at: Moment,
    /// Whether the probes run more often than usual.
    pub attention: Attention,
    /// The broker's nodes, alarms and resources.
    pub broker: Section<BrokerFacts>,
    /// The queues.
    pub queues: Section<QueuesFacts>,
    /// The round trip.
    pub roundtrip: Section<RoundtripFacts>,
    /// This host.
    pub host: Section<HostFacts>,
    /// The env files and what they leave unresolved.
    pub envfile: Section<EnvfileFacts>,
    /// The worker kinds; not scheduled where none is configured.
    pub workers: Section<WorkersFacts>,
    /// Logs and backups; not scheduled where none are configured.
    pub files: Section<FilesFacts>,
}
