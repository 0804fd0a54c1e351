//! The half that looks and changes nothing.

use std::path::Path;

use crate::model::facts::{DiskFacts, HostFacts};

/// A machine that can be looked at.
pub trait ObserveHost: Send + Sync + 'static {
    /// Everything but the disks. Never blocks for long; what could not be read is missing in the
    /// facts and told in [`HostFacts::problems`].
    fn host(&self) -> HostFacts;

    /// The file system that `path` is on. May block for as long as a dead mount hangs.
    fn disk(&self, path: &Path) -> DiskFacts;
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
