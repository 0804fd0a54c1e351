//! Linux, by `/proc` and `statvfs`.
//!
//! The root is a parameter, so that tests lay out a tree of their own. `sysinfo` does not serve
//! here: it reads `/proc` wherever the root is, and says 0 for what it could not read.

mod disk;
mod file;
mod meminfo;
mod open_files;
mod own;
mod pressure;
mod process;
mod sockets;
mod stat;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::open_files::{FileKey, OpenFiles, Usage};

use self::file::{Kept, Problems, ProcFile};
use super::observe::{ObserveHost, ObserveProcesses, ProcessDetails, ProcessRow, ProcessSockets};
use crate::model::Secret;
use crate::model::facts::{DiskFacts, HostFacts, ProcessId, ProcessState};

/// A Linux machine.
#[derive(Clone, Debug)]
pub struct Proc {
    root: PathBuf,
    ticks_per_second: u64,
}

/// What says whom a process belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kin {
    /// Which.
    pub id: ProcessId,
    /// Its parent's process id.
    pub parent: u32,
    /// Its process group: the id of the group's first process.
    pub group: u32,
    /// Its session: the id of the session's first process.
    pub session: u32,
    /// Its state; `None` for a letter that is not known.
    pub state: Option<ProcessState>,
}

impl Default for Proc {
    /// This machine.
    fn default() -> Self {
        Proc::at("/proc")
    }
}

impl Proc {
    /// A machine whose `/proc` is at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Proc {
            root: root.into(),
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
        }
    }

    /// One process; `None` when it is gone.
    pub fn process(&self, pid: u32) -> Option<ProcessRow> {
        process::row(self, pid)
    }

    /// Whom one process belongs to; `None` when it is gone.
    pub fn kin(&self, pid: u32) -> Option<Kin> {
        process::kin(self, pid)
    }

    /// Every process of the machine and whom it belongs to, in no order.
    ///
    /// # Errors
    /// Why the processes can't be listed at all.
    pub fn all_kin(&self) -> Result<Vec<Kin>, String> {
        process::all_kin(self)
    }

    /// The user that a process runs as; `None` when it is gone.
    pub fn user(&self, pid: u32) -> Option<u32> {
        process::user(self, pid)
    }

    /// Tells one boot of the machine from the next.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn boot_id(&self) -> Result<String, String> {
        let file = self.file("sys/kernel/random/boot_id")?;
        Ok(file.text().trim().to_owned())
    }

    fn file(&self, path: &str) -> Result<ProcFile, String> {
        ProcFile::read(&self.root.join(path))
    }

    fn load(&self) -> Result<[f64; 3], String> {
        let file = self.file("loadavg")?;
        let line = file.first_line()?;
        let mut numbers = line.words();
        let mut next = || numbers.next().and_then(|w| w.parse::<f64>().ok());
        match (next(), next(), next()) {
            (Some(a), Some(b), Some(c)) if [a, b, c].iter().all(|n| n.is_finite()) => Ok([a, b, c]),
            _ => Err(line.problem("is not three numbers")),
        }
    }

    fn uptime(&self) -> Result<Duration, String> {
        let file = self.file("uptime")?;
        let line = file.first_line()?;
        let seconds = line.words().next().and_then(|w| w.parse::<f64>().ok());
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| line.problem("does not begin with seconds"))
    }
}

impl ObserveHost for Proc {
    fn host(&self) -> HostFacts {
        let mut problems = Problems::default();
        let mut facts = HostFacts {
            load: self.load().kept(&mut problems),
            uptime: self.uptime().kept(&mut problems),
            pressure: pressure::read(self, &mut problems),
            ..HostFacts::default()
        };
        stat::read(self, &mut facts, &mut problems);
        meminfo::read(self, &mut facts, &mut problems);
        facts.own = own::read(self);
        facts.problems = problems.0;
        facts
    }

    fn disk(&self, path: &Path) -> DiskFacts {
        disk::read(path)
    }
}

impl ObserveProcesses for Proc {
    fn processes(&self) -> Result<Vec<ProcessRow>, String> {
        process::rows(self)
    }

    fn command_line(&self, pid: u32) -> Option<String> {
        process::cmdline(self, pid)
    }

    fn details(&self, pid: u32) -> ProcessDetails {
        process::details(self, pid)
    }

    fn environment(&self, pid: u32) -> Option<Vec<(String, Secret)>> {
        process::environment(self, pid)
    }

    fn working_folder(&self, pid: u32) -> Option<PathBuf> {
        process::working_folder(self, pid)
    }

    fn age(&self, id: ProcessId) -> Option<Duration> {
        let started = stat::duration(id.start_ticks, self.ticks_per_second);
        self.uptime().ok()?.checked_sub(started)
    }

    fn sockets(&self, pids: &[u32]) -> Vec<ProcessSockets> {
        sockets::of(self, pids)
    }
}
