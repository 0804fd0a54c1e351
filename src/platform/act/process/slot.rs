//! The place of one process: its record, its mark, and which process that is now.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::model::facts::{ProcessId, ProcessState};
use crate::model::{Failure, Reason};
use crate::platform::act::group::{carries, hold};
use crate::platform::folder::{Folder, Rights};
use crate::platform::observe::{Instance, InstanceState, ObserveProcesses};
use crate::platform::proc::{Kin, Proc};
use crate::platform::records::{FOLDER, ProcessRecord, Records};

/// The variable that every process of an instance is born with: `WORKER.INDEX@STATE`.
pub(super) const MARK: &str = "WARRENER_PROCESS";
/// Its own of each start: milliseconds since 1970, as in the record.
pub(super) const START: &str = "WARRENER_START";

/// One of a worker's processes that there should be.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    worker: String,
    index: u32,
    state: PathBuf,
    records: Records,
}

impl Slot {
    pub(super) fn new(state: &Path, worker: &str, index: u32) -> Self {
        Slot {
            worker: worker.to_owned(),
            index,
            state: state.to_owned(),
            records: Records::new(state, Proc::default()),
        }
    }

    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.worker, self.index)
    }

    pub(super) fn mark(&self) -> (&'static str, String) {
        // One state directory, whichever way leads to it.
        let state = self.state.canonicalize();
        let state = state.as_ref().unwrap_or(&self.state);
        (MARK, format!("{}@{}", self.name(), state.display()))
    }

    pub(super) fn boot_id(&self) -> Result<String, Failure> {
        let boot_id = Proc::default().boot_id();
        boot_id.map_err(|why| Failure::new(Reason::Io, why))
    }

    /// What it is now. A process that carries the mark and has no record gets one.
    pub(super) fn read(&self) -> Result<Instance, Failure> {
        let boot_id = self.boot_id()?;
        let record = self.record();
        let told = record.as_ref().map(|record| self.told(record, &boot_id));
        if let Some(running) = told.as_ref().filter(|one| one.main_pid.is_some()) {
            return Ok(running.clone());
        }
        if let Some(found) = self.lost(record.as_ref(), &boot_id) {
            tracing::info!(
                instance = self.name(),
                pid = found.pid,
                "a process that warrener started is found again by its mark"
            );
            self.keep(&found)?;
            return Ok(self.told(&found, &boot_id));
        }
        Ok(told.unwrap_or_else(|| Instance {
            name: self.name(),
            state: InstanceState::Stopped,
            ..Instance::default()
        }))
    }

    /// The process that runs, of an instance that was read.
    pub(super) fn running(&self, there: &Instance) -> Option<ProcessId> {
        let pid = there.main_pid?;
        let ticks = there.generation.as_deref()?.rsplit(':').next()?;
        let start_ticks = ticks.parse().ok()?;
        Some(ProcessId { pid, start_ticks })
    }

    /// The process that ran last in this boot, where that is known.
    pub(super) fn last(&self) -> Result<Option<ProcessId>, Failure> {
        let boot_id = self.boot_id()?;
        let record = self.record().filter(|record| record.boot_id == boot_id);
        Ok(record.map(|record| record.id()))
    }

    /// Whether there can be a record.
    pub(super) fn ready(&self) -> Result<(), Failure> {
        self.folder().map(drop)
    }

    /// Writes a record, so that it is there after a crash.
    pub(super) fn keep(&self, record: &ProcessRecord) -> Result<(), Failure> {
        let folder = self.folder()?;
        let text = serde_json::to_vec_pretty(record).map_err(|error| self.refused(&error))?;
        let name = OsString::from(record.file_name());
        let kept = folder.replace(&name, &text, &Rights::private());
        kept.map_err(|error| self.refused(&error))
    }

    /// Removes the record.
    pub(super) fn forget(&self) -> Result<(), Failure> {
        let name = OsString::from(self.file_name());
        match self.folder()?.remove(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.refused(&error)),
            _ => Ok(()),
        }
    }

    pub(super) fn record_of(&self, id: ProcessId, start: u64) -> Result<ProcessRecord, Failure> {
        Ok(ProcessRecord {
            worker: self.worker.clone(),
            index: self.index,
            pid: id.pid,
            start_ticks: id.start_ticks,
            boot_id: self.boot_id()?,
            started_at_ms: start,
            command: None,
        })
    }

    /// What is no record is none: the mark tells the rest, and the next one is put in its place.
    fn record(&self) -> Option<ProcessRecord> {
        self.records
            .one(&self.file_name())
            .unwrap_or_else(|failure| {
                tracing::warn!(%failure, "a process record is skipped");
                None
            })
    }

    /// As the record says, but that a process which has ended does not run, reaped or not.
    fn told(&self, record: &ProcessRecord, boot_id: &str) -> Instance {
        let told = self.records.instance(record, boot_id);
        let id = record.id();
        let kin = told.main_pid.and_then(|pid| Proc::default().kin(pid));
        let zombie = kin.is_some_and(|kin| kin.state == Some(ProcessState::Zombie));
        // Its first thread may have ended, and others go on.
        let ended = || !matches!(hold(id), Ok(Some(process)) if !process.has_ended());
        if zombie && ended() {
            return Instance {
                state: InstanceState::Stopped,
                main_pid: None,
                stopped_by_operator: None,
                ..told
            };
        }
        told
    }

    /// A process that carries the mark, of another start than the one recorded: warrener ended
    /// between its start and its record. It leads its session; what it started may lead one too, but
    /// has a marked parent or came later.
    fn lost(&self, record: Option<&ProcessRecord>, boot_id: &str) -> Option<ProcessRecord> {
        let machine = Proc::default();
        let mark = self.mark();
        let leads = |kin: &Kin| kin.group == kin.id.pid && kin.session == kin.id.pid;
        let mut found: Vec<_> = machine.all_kin().ok()?;
        found.retain(|kin| leads(kin) && carries(&machine, kin.id.pid, &mark));
        found.retain(|kin| hold(kin.id).is_ok_and(|one| one.is_some_and(|one| !one.has_ended())));
        found.sort_by_key(|kin| kin.id.start_ticks);
        let recorded = record.filter(|record| record.boot_id == boot_id);
        let recorded = recorded.map(|record| record.started_at_ms);
        found.into_iter().find_map(|kin| {
            if carries(&machine, kin.parent, &mark) {
                return None;
            }
            let born_with = machine.environment(kin.id.pid)?;
            let start = born_with.iter().find(|(name, _)| name == START)?;
            let start = start.1.expose().parse().ok()?;
            let other = recorded != Some(start);
            other.then(|| self.record_of(kin.id, start).ok())?
        })
    }

    fn file_name(&self) -> String {
        ProcessRecord::name_of(&self.worker, self.index)
    }

    fn folder(&self) -> Result<Folder, Failure> {
        Folder::make(&self.state.join(FOLDER)).map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &dyn std::fmt::Display) -> Failure {
        let path = self.state.join(FOLDER).join(self.file_name());
        let message = format!(
            "the record {} can't be written: {error}; `state` must be a folder that warrener may write",
            path.display()
        );
        Failure::new(Reason::Io, message)
    }
}
