//! Processes that warrener starts itself: each leads a session and a group of its own, has a record
//! in the state directory, and carries a mark in its environment. So it outlives warrener, is known
//! again by the record, and by the mark where warrener ended before the record was written.
//!
//! What was stopped has no record any more; what ended by itself keeps it, until it is started anew.

mod slot;
mod spawn;

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use self::slot::Slot;
use super::blocking::blocking;
use super::group::Group;
use super::{Acted, ProcessSpec, StartHow, StopHow, generation, is_up};
use crate::model::facts::ProcessId;
use crate::model::{Failure, Generation, Reason};
use crate::platform::observe::Instance;

/// What ends sooner after its start has not started.
const SETTLE: Duration = Duration::from_millis(300);
/// Until a process of our own that has ended is reaped.
const REAPED: Duration = Duration::from_secs(5);

/// How a process of our own ended, once it is reaped.
type Ended = watch::Receiver<Option<ExitStatus>>;

/// The processes of one worker.
#[derive(Debug)]
pub(super) struct Processes {
    spec: ProcessSpec,
    /// Those that this warrener started, by pid and start.
    children: BTreeMap<(u32, u64), Ended>,
}

impl Processes {
    pub(super) fn new(spec: ProcessSpec) -> Self {
        Processes {
            spec,
            children: BTreeMap::new(),
        }
    }

    pub(super) async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        let slots: Vec<_> = (0..self.spec.count).map(|index| self.slot(index)).collect();
        let all = move || slots.iter().map(Slot::read).collect();
        blocking("process records", all).await
    }

    pub(super) async fn start(&mut self, instance: &str, how: &StartHow) -> Result<Acted, Failure> {
        let slot = self.slot(self.index(instance)?);
        let (there, boot_id) = read(&slot).await?;
        if is_up(&there) {
            let pid = there.main_pid.unwrap_or_default();
            return Ok(Acted {
                words: format!("{instance} runs already, process {pid}"),
                forced: false,
                after: generation(&there, &boot_id),
            });
        }
        let (spec, how, of) = (self.spec.clone(), how.clone(), slot.clone());
        // Once begun it is finished, whether or not somebody still waits: no child without a record.
        let begun = move || spawn::spawn(&spec, &of, &how);
        let (id, mut ended) = blocking(instance, begun).await?;
        self.children.retain(|_, ended| ended.borrow().is_none());
        self.children
            .insert((id.pid, id.start_ticks), ended.clone());
        let over = timeout(SETTLE, ended.wait_for(Option::is_some)).await;
        if let Ok(Ok(status)) = over.map(|over| over.map(|status| *status)) {
            let mut group = Group::new(instance, id, slot.mark());
            group.sweep().await?;
            return Err(self.ended_at_once(instance, status));
        }
        Ok(Acted {
            words: format!("{instance} started, process {}", id.pid),
            forced: false,
            after: Generation::Process {
                process: id,
                boot_id,
            },
        })
    }

    pub(super) async fn stop(&mut self, instance: &str, how: &StopHow) -> Result<Acted, Failure> {
        let slot = self.slot(self.index(instance)?);
        let (there, _) = read(&slot).await?;
        let Some(id) = slot.running(&there) else {
            return Ok(Acted {
                words: format!("{instance} does not run"),
                forced: false,
                after: Generation::Absent,
            });
        };
        let mut group = Group::new(instance, id, slot.mark());
        let forced = group.end(how).await?;
        if let Some(mut ended) = self.children.remove(&(id.pid, id.start_ticks)) {
            // An error is the reaper's end: it is reaped, or the runtime goes down.
            drop(timeout(REAPED, ended.wait_for(Option::is_some)).await);
        }
        blocking("process records", move || slot.forget()).await?;
        let done = if forced { "killed" } else { "stopped" };
        Ok(Acted {
            words: format!("{instance} {done}, process {}", id.pid),
            forced,
            after: Generation::Absent,
        })
    }

    pub(super) async fn clean(&mut self, instance: &str) -> Result<Acted, Failure> {
        let slot = self.slot(self.index(instance)?);
        let (there, boot_id) = read(&slot).await?;
        let acted = |words| Acted {
            words,
            forced: false,
            after: generation(&there, &boot_id),
        };
        if is_up(&there) {
            return Ok(acted(format!("{instance} runs and is left alone")));
        }
        let nobody = ProcessId {
            pid: 0,
            start_ticks: 0,
        };
        let of = slot.clone();
        let last = blocking("process records", move || of.last()).await?;
        let mut group = Group::new(instance, last.unwrap_or(nobody), slot.mark());
        Ok(match group.sweep().await? {
            0 => acted(format!("{instance} left nothing behind")),
            left => Acted {
                forced: true,
                ..acted(format!(
                    "{left} processes that {instance} left behind killed"
                ))
            },
        })
    }

    /// Which of the worker's processes is meant.
    fn index(&self, instance: &str) -> Result<u32, Failure> {
        let (worker, index) = instance.rsplit_once('.').unwrap_or_default();
        let index = index.parse().ok().filter(|_| worker == self.spec.worker);
        let index = index.filter(|index| *index < self.spec.count);
        index.ok_or_else(|| {
            let message = format!(
                "{} has no instance of that name; it has {} from {0}.0 on",
                self.spec.worker, self.spec.count
            );
            Failure::new(Reason::Unsupported, message)
        })
    }

    fn slot(&self, index: u32) -> Slot {
        Slot::new(&self.spec.state, &self.spec.worker, index)
    }

    fn ended_at_once(&self, instance: &str, status: Option<ExitStatus>) -> Failure {
        let how = status.map_or("ended".to_owned(), crate::platform::exec::words);
        let look = match &self.spec.log {
            Some(log) => format!("its log says why: {}", log.display()),
            None => "`log` in its control would keep what it says".to_owned(),
        };
        let program = self.spec.command.first().map_or("", String::as_str);
        let message = format!("{instance}: {program} {how} at once; {look}");
        Failure::new(Reason::Io, message)
    }
}

async fn read(slot: &Slot) -> Result<(Instance, String), Failure> {
    let slot = slot.clone();
    blocking("process records", move || {
        Ok((slot.read()?, slot.boot_id()?))
    })
    .await
}
