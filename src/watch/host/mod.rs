//! The `host` probe: whether the machine has room to live.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Probe;
use super::patient::Patient;
use crate::model::facts::{DiskFacts, HostFacts};
use crate::model::{Failure, ProbeName, Reason};
use crate::platform::observe::ObserveHost;

/// How long a disk is waited for; a living one answers within microseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads this machine.
pub struct HostProbe<H> {
    host: Arc<H>,
    disks: Vec<Disk>,
}

struct Disk {
    path: PathBuf,
    reading: Patient<DiskFacts>,
}

impl<H: ObserveHost> HostProbe<H> {
    /// `disks` are paths on the file systems to measure, in the order to tell them.
    pub fn new(host: Arc<H>, disks: impl IntoIterator<Item = PathBuf>) -> Self {
        let disks = disks.into_iter().map(|path| Disk {
            path,
            reading: Patient::default(),
        });
        HostProbe {
            host,
            disks: disks.collect(),
        }
    }
}

impl Disk {
    /// A disk that does not answer is told so, and holds up nobody.
    async fn read(&mut self, host: Arc<impl ObserveHost>) -> DiskFacts {
        let path = self.path.clone();
        let outcome = self.reading.run(PATIENCE, move || host.disk(&path)).await;
        outcome.unwrap_or_else(|not_done| DiskFacts {
            path: self.path.display().to_string(),
            failure: Some(not_done.to_string()),
            ..DiskFacts::default()
        })
    }
}

impl<H: ObserveHost> Probe for HostProbe<H> {
    type Facts = HostFacts;

    const NAME: ProbeName = ProbeName::Host;

    async fn read(&mut self) -> Result<HostFacts, Failure> {
        let mut facts = self.host.host();
        let host = &self.host;
        let disks = self.disks.iter_mut();
        facts.disks = join_all(disks.map(|disk| disk.read(Arc::clone(host)))).await;
        let nothing = facts.cpu_time.is_empty()
            && facts.load.is_none()
            && facts.uptime.is_none()
            && facts.memory_total.is_none()
            && facts.disks.iter().all(|disk| disk.failure.is_some());
        if nothing {
            return Err(Failure::new(Reason::Io, facts.problems.join("; ")));
        }
        for problem in &facts.problems {
            tracing::debug!(problem, "not read");
        }
        Ok(facts)
    }
}
