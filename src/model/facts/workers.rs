//! The worker kinds of the configuration: their processes, and what the broker shows of each.
//!
//! Two planes: the operating system's and the broker's. `None` is always "could not be told",
//! never "none": an empty list and a 0 are readings.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::model::{Failure, Moment};

/// What the `workers` probe read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkersFacts {
    /// Every configured kind, sorted by name; also those that never ran.
    pub workers: Vec<WorkerFacts>,
    /// Why the broker's consumers and channels could not be told at all (statistics off, the
    /// management API silent); every `channels` is `None` then.
    pub channels_unavailable: Option<Failure>,
    /// When the broker was asked for what the `channels` tell; two readings of the processes may
    /// show the same.
    pub channels_as_of: Option<Moment>,
    /// Consumers of the configured queues that belong to no process found here: other hosts', or
    /// behind a proxy.
    pub consumers_elsewhere: Option<u64>,
}

/// One configured kind of worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerFacts {
    /// Its name in the configuration.
    pub name: String,
    /// Processes there should be.
    pub desired: u32,
    /// Processes there must be at any moment.
    pub min_healthy: u32,
    /// Its processes, sorted by pid; `None` where neither its control nor its `match` could tell.
    pub processes: Option<Vec<ProcessFacts>>,
    /// It has a control; without one it is only observed.
    pub controlled: bool,
    /// Why its control could not be asked; processes may still have been found otherwise.
    pub control_unavailable: Option<Failure>,
    /// Whatever of it does not work, a person stopped on purpose (`systemctl stop`, `docker stop`), and
    /// there is something that does not.
    pub stopped_by_operator: Option<bool>,
    /// What of its control is down because a person stopped it, by name: others may have ended by
    /// themselves.
    pub left_stopped: Vec<String>,
    /// Processes seen to start since warrener began, those already there then not counted.
    pub restarts: u64,
    /// The newest exits seen, oldest first; bounded by the probe.
    pub exits: Vec<ExitFacts>,
    /// Exits seen since warrener began.
    pub exits_seen: u64,
    /// What its processes, those that ended too, used while warrener saw them; never falls while
    /// one configuration is in force.
    pub used: Used,
}

impl WorkerFacts {
    /// Nothing of it works, because a person stopped it, or froze what still is there. Where its processes
    /// can't be told, they are not there to be repaired either.
    pub fn is_left_stopped(&self) -> bool {
        let mut processes = self.processes.iter().flatten();
        let runs = processes.any(|process| process.state != Some(ProcessState::Zombie));
        self.stopped_by_operator == Some(true) && (!runs || self.left_stopped.is_empty())
    }

    /// Processes there should be beside what a person stopped.
    pub fn expected(&self) -> usize {
        (self.desired as usize).saturating_sub(self.left_stopped.len())
    }
}

/// What processes used, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// User and system time.
    pub cpu_time: Duration,
    /// Context switches because a process waited for something.
    pub voluntary_switches: u64,
    /// Context switches because its time was up.
    pub involuntary_switches: u64,
    /// Messages acknowledged on its channels.
    pub acked: u64,
}

/// A process that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitFacts {
    /// Which.
    pub process: ProcessId,
    /// When it was seen to be gone.
    pub at: Moment,
    /// Its exit status; negative: minus the signal that ended it. `None` where it is not ours.
    pub status: Option<i32>,
}

/// One process, as long as this boot lasts: pids are reused, pairs of pid and start are not.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct ProcessId {
    /// Process id, as seen by warrener.
    pub pid: u32,
    /// Clock ticks after boot at which it started (field 22 of `/proc/PID/stat`).
    pub start_ticks: u64,
}

/// One process of a worker: the leader of what was started.
///
/// `cpu_time`, `rss`, `fds`, `threads` and the context switches are sums over `members`, the
/// leader with its descendants that belong to the same worker; so they fall when one of them ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessFacts {
    /// Which.
    pub id: ProcessId,
    /// Wall-clock time of its start.
    pub started_at: Option<SystemTime>,
    /// How it was found.
    pub found_by: FoundBy,
    /// The leader's state.
    pub state: Option<ProcessState>,
    /// Processes summed up, the leader among them.
    pub members: Option<u32>,
    /// User and system time since its start.
    pub cpu_time: Option<Duration>,
    /// Bytes resident.
    pub rss: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// The most file descriptors that the leader may open (soft limit).
    pub fds_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Context switches because it waited for something.
    pub voluntary_switches: Option<u64>,
    /// Context switches because its time was up.
    pub involuntary_switches: Option<u64>,
    /// systemd unit.
    pub unit: Option<String>,
    /// Path of its cgroup below the root.
    pub cgroup: Option<String>,
    /// Docker container id.
    pub container: Option<String>,
    /// It has a connected socket to an address of the broker.
    pub broker_socket: Option<bool>,
    /// How its channels were told to be its own; `None` where they were not.
    pub mapped_by: Option<MappedBy>,
    /// Its open channels at the broker, from the broker's statistics; empty when it has none.
    pub channels: Option<Vec<ChannelFacts>>,
    /// Its configuration at its start against the file now.
    pub drift: DriftFacts,
}

/// How a process was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// Its control names it: unit, container, command.
    Control,
    /// The record that warrener wrote when it started it.
    Record,
    /// Its command line matches.
    #[default]
    Match,
}

/// A process's state, the letter of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// R: on a processor or waiting for one.
    Running,
    /// S (or I): waiting for something.
    Sleeping,
    /// D: waiting inside the kernel; no signal reaches it.
    Uninterruptible,
    /// T or t: stopped by a signal or a debugger.
    Stopped,
    /// Z (or X): ended, and its parent has not taken notice.
    Zombie,
}

impl ProcessState {
    /// Every state.
    pub const ALL: [ProcessState; 5] = [
        ProcessState::Running,
        ProcessState::Sleeping,
        ProcessState::Uninterruptible,
        ProcessState::Stopped,
        ProcessState::Zombie,
    ];

    /// The state of a letter of `/proc/PID/stat`.
    pub fn from_letter(letter: char) -> Option<Self> {
        match letter {
            'R' => Some(ProcessState::Running),
            'S' | 'I' => Some(ProcessState::Sleeping),
            'D' => Some(ProcessState::Uninterruptible),
            'T' | 't' => Some(ProcessState::Stopped),
            'Z' | 'X' => Some(ProcessState::Zombie),
            _ => None,
        }
    }

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            ProcessState::Running => "running",
            ProcessState::Sleeping => "sleeping",
            ProcessState::Uninterruptible => "uninterruptible",
            ProcessState::Stopped => "stopped",
            ProcessState::Zombie => "zombie",
        }
    }
}

/// How channels were told to belong to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MappedBy {
    /// The connection's addresses and ports are those of a socket that this process alone holds.
    Socket,
    /// The socket is held by several processes: not by itself a reason to kill one of them.
    SharedSocket,
    /// The connection's name says which process it is.
    ConnectionName,
}

/// One channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelFacts {
    /// Its connection, as the broker names it (`10.0.0.1:45678 -> 10.0.0.2:5672`).
    pub connection: String,
    /// Its number within the connection.
    pub number: Option<u64>,
    /// Most unacknowledged messages of the channel as a whole; 0: no limit.
    pub channel_prefetch: Option<u64>,
    /// Messages delivered on it and not yet acknowledged.
    pub unacked: Option<u64>,
    /// Acknowledgements since it was opened. 0 where the broker keeps statistics of this channel
    /// and counted none.
    pub acked: Option<u64>,
    /// Deliveries since it was opened, with and without acknowledgement. 0 as with `acked`.
    pub delivered: Option<u64>,
    /// When the broker took these figures, where it says so; a cached answer repeats an old one.
    pub as_of: Option<Moment>,
    /// Its consumers.
    pub consumers: Vec<ConsumerFacts>,
}

/// One consumer of a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerFacts {
    /// Virtual host of its queue.
    pub vhost: String,
    /// Its queue.
    pub queue: String,
    /// Its consumer tag.
    pub tag: String,
    /// Most unacknowledged messages of this consumer; 0: no limit.
    pub prefetch: Option<u64>,
    /// Whether it acknowledges.
    pub ack_mode: Option<AckMode>,
    /// False for one that waits behind a single active consumer.
    pub active: Option<bool>,
    /// Its `x-priority`; a consumer of lower priority gets messages only when the others are full.
    pub priority: Option<i64>,
}

/// Whether a consumer acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AckMode {
    /// Each message is acknowledged by the consumer.
    Manual,
    /// A message counts as done when it is sent.
    Auto,
}

/// The configuration that a process was started with, against the one it would get now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriftFacts {
    /// Keys of its env file whose value now is another than in the environment of its start.
    /// `None` where that environment is not known, or holds none of the keys: such a process reads
    /// the file itself.
    pub keys: Option<Vec<DriftedKey>>,
    /// The env file has another content than at its start: by the keyed hash recorded then, or,
    /// where there is no record, by a modification time after the start.
    pub file_changed: Option<bool>,
}

impl DriftFacts {
    /// Whether the environment of the start is known.
    pub fn environment_known(&self) -> bool {
        self.keys.is_some()
    }
}

/// A key that drifted; its values are not told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriftedKey {
    /// Its name.
    pub key: String,
    /// What happened to it since the start.
    pub change: KeyChange,
}

/// What happened to a key since a process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyChange {
    /// It had a value and is empty now.
    Emptied,
    /// It has another value now.
    Changed,
    /// It is gone from the file.
    Removed,
    /// It is new in the file.
    Added,
}

impl KeyChange {
    /// The label value, and the word people read.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyChange::Emptied => "emptied",
            KeyChange::Changed => "changed",
            KeyChange::Removed => "removed",
            KeyChange::Added => "added",
        }
    }
}
