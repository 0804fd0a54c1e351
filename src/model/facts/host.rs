//! This host: CPU, load, memory, disks, pressure.

use std::time::Duration;

/// What the `host` probe read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostFacts {
    /// Logical processors online.
    pub cpus: Option<u64>,
    /// CPU time spent by all processors since boot, by mode as in `/proc/stat` (`user`, `system`,
    /// `idle`, `iowait`, ...).
    pub cpu_time: Vec<(&'static str, Duration)>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Since boot.
    pub uptime: Option<Duration>,
    /// Bytes of memory.
    pub memory_total: Option<u64>,
    /// Bytes that a new process could get without swapping.
    pub memory_available: Option<u64>,
    /// Bytes of swap.
    pub swap_total: Option<u64>,
    /// Bytes of swap not in use.
    pub swap_free: Option<u64>,
    /// The configured disks, in the configuration's order.
    pub disks: Vec<DiskFacts>,
    /// Pressure stall information; empty where the kernel has none.
    pub pressure: Vec<Pressure>,
    /// warrener's own process.
    pub own: OwnProcess,
    /// What could not be read, each with its path and line.
    pub problems: Vec<String>,
}

/// warrener's own process, as every Prometheus client tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnProcess {
    /// CPU time used since its start.
    pub cpu: Option<Duration>,
    /// Bytes of memory in use.
    pub resident_memory: Option<u64>,
    /// Bytes of address space.
    pub virtual_memory: Option<u64>,
    /// Open file descriptors.
    pub fds_open: Option<u64>,
    /// The most it may open; `None` also when there is no limit.
    pub fds_max: Option<u64>,
    /// Its start, since the Unix epoch.
    pub started: Option<Duration>,
}

/// One configured file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskFacts {
    /// The path in the configuration.
    pub path: String,
    /// Why it could not be read; the rest is `None` then.
    pub failure: Option<String>,
    /// Bytes.
    pub total: Option<u64>,
    /// Bytes that an unprivileged process may still use.
    pub available: Option<u64>,
    /// Inodes; `None` where the file system has no such limit.
    pub inodes_total: Option<u64>,
    /// Inodes not in use.
    pub inodes_free: Option<u64>,
    /// Mounted read-only.
    pub read_only: Option<bool>,
}

/// Pressure stall information of one resource, from `/proc/pressure`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pressure {
    /// `cpu`, `memory` or `io`.
    pub resource: &'static str,
    /// Some task waited.
    pub some: Option<PressureLine>,
    /// Every task waited; the kernel has none for `cpu` before 5.13.
    pub full: Option<PressureLine>,
}

/// One line of a pressure file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PressureLine {
    /// Share of the last 10 s, as a ratio 0-1.
    pub avg10: f64,
    /// Time waited since boot.
    pub total: Duration,
}
