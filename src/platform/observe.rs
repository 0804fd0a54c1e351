//! The half that looks and changes nothing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::Secret;
use crate::model::facts::{DiskFacts, HostFacts, ProcessId, ProcessState};

/// A machine that can be looked at.
pub trait ObserveHost: Send + Sync + 'static {
    /// Everything but the disks. Never blocks for long; what could not be read is missing in the
    /// facts and told in [`HostFacts::problems`].
    fn host(&self) -> HostFacts;

    /// The file system that `path` is on. May block for as long as a dead mount hangs.
    fn disk(&self, path: &Path) -> DiskFacts;
}

/// Processes that can be looked at. Nothing here waits but for a kernel that hangs.
pub trait ObserveProcesses: Send + Sync + 'static {
    /// Every process of the machine, in no order.
    ///
    /// # Errors
    /// Why the processes can't be listed at all.
    fn processes(&self) -> Result<Vec<ProcessRow>, String>;

    /// Its arguments joined by single spaces; empty for kernel threads and zombies, `None` when it
    /// is gone.
    fn command_line(&self, pid: u32) -> Option<String>;

    /// What costs more to read than its row.
    fn details(&self, pid: u32) -> ProcessDetails;

    /// The environment that it was started with; `None` where it may not be read.
    fn environment(&self, pid: u32) -> Option<Vec<(String, Secret)>>;

    /// The folder that it works in, as it sees it; `None` where that may not be read.
    fn working_folder(&self, pid: u32) -> Option<PathBuf>;

    /// How long ago a process with these ticks started.
    fn age(&self, id: ProcessId) -> Option<Duration>;

    /// The TCP connections that each of these processes holds.
    fn sockets(&self, pids: &[u32]) -> Vec<ProcessSockets>;
}

/// A process in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRow {
    /// Which.
    pub id: ProcessId,
    /// Its parent's process id.
    pub parent: u32,
    /// The program's name, at most 15 bytes.
    pub name: String,
    /// Its state; `None` for a letter that is not known.
    pub state: Option<ProcessState>,
    /// User and system time since its start.
    pub cpu_time: Duration,
    /// Threads.
    pub threads: u64,
    /// Bytes resident.
    pub rss: u64,
}

/// More of a process; `None` is what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessDetails {
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// The most it may open (soft limit).
    pub fds_max: Option<u64>,
    /// Context switches of all its threads because they waited.
    pub voluntary_switches: Option<u64>,
    /// Context switches of all its threads because their time was up.
    pub involuntary_switches: Option<u64>,
    /// systemd unit.
    pub unit: Option<String>,
    /// Path of its cgroup below the root.
    pub cgroup: Option<String>,
    /// Docker container id.
    pub container: Option<String>,
}

/// The established TCP connections of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessSockets {
    /// Process id.
    pub pid: u32,
    /// Its connections; `None` where they may not be read.
    pub connections: Option<Vec<TcpConnection>>,
}

/// One end of an established connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TcpConnection {
    /// The kernel's number of the socket; several processes may hold the same one.
    pub inode: u64,
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
}

/// One thing that a control names: a unit, a container, a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    /// What its control calls it: the unit's name, the container's name.
    pub name: String,
    /// How far it is.
    pub state: InstanceState,
    /// Its main process, as seen from this host; `None` while it has none.
    pub main_pid: Option<u32>,
    /// Every process of it, where the control can tell; sorted.
    pub pids: Option<Vec<u32>>,
    /// systemd unit.
    pub unit: Option<String>,
    /// Path of its cgroup below the root.
    pub cgroup: Option<String>,
    /// Docker container id.
    pub container: Option<String>,
    /// Tells one life of it from the next: a unit's `InvocationID`, a container's id and start.
    pub generation: Option<String>,
    /// A person stopped it on purpose; `None` where that can't be told.
    pub stopped_by_operator: Option<bool>,
    /// Exit status of its last end; negative: minus the signal.
    pub last_exit: Option<i32>,
}

/// How far an instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InstanceState {
    /// It runs.
    Running,
    /// On its way there.
    Starting,
    /// On its way down.
    Stopping,
    /// Not running.
    #[default]
    Stopped,
    /// Ended, and its control calls that a failure.
    Failed,
    /// Its control knows nothing of that name.
    Unknown,
}
