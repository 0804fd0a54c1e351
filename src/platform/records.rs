//! The records of the processes that warrener starts itself: one JSON file each, in `processes/`
//! below the state directory. Only recovery writes them; here is their form, and who reads them.
//!
//! A record says that a process was started, not that it runs: pids are reused, so it is that
//! process only while boot, pid and start all agree.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::files::open_below;
use super::observe::{Instance, InstanceState, ProcessRow};
use super::proc::Proc;
use crate::model::facts::ProcessId;
use crate::model::{Failure, Reason};

/// The folder below the state directory.
pub const FOLDER: &str = "processes";
/// How a record's file name ends; others are not looked at, such as one half written.
pub const SUFFIX: &str = ".json";
/// Of one record, in bytes.
const LONGEST: u64 = 64 * 1024;
/// Records read; a folder with more is not one of ours.
const MOST: usize = 4096;

/// A process that warrener started. Keys that are not known are left alone, so that a newer
/// warrener's records can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// The worker's name in the configuration.
    pub worker: String,
    /// Which of the worker's processes, from 0.
    pub index: u32,
    /// Process id; also that of its process group.
    pub pid: u32,
    /// Clock ticks after boot at which it started (field 22 of `/proc/PID/stat`).
    pub start_ticks: u64,
    /// `/proc/sys/kernel/random/boot_id` at its start.
    pub boot_id: String,
    /// Milliseconds since 1970 at its start.
    pub started_at_ms: u64,
    /// What was started: program and arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
}

impl ProcessRecord {
    /// The file of a record, below the folder.
    pub fn file_name(&self) -> String {
        Self::name_of(&self.worker, self.index)
    }

    /// The file of the record of a worker's process.
    pub fn name_of(worker: &str, index: u32) -> String {
        format!("{worker}.{index}{SUFFIX}")
    }

    /// Tells one life from the next.
    fn generation(&self) -> String {
        format!("{}:{}:{}", self.boot_id, self.pid, self.start_ticks)
    }

    /// The process it is of.
    pub fn id(&self) -> ProcessId {
        ProcessId {
            pid: self.pid,
            start_ticks: self.start_ticks,
        }
    }

    /// Whether it is one of the machine's processes now, a zombie among them.
    fn is_there(&self, machine: &Proc, boot_id: &str) -> bool {
        let same = |row: ProcessRow| row.id == self.id();
        self.boot_id == boot_id && machine.process(self.pid).is_some_and(same)
    }
}

/// The records of a state directory.
#[derive(Clone, Debug)]
pub struct Records {
    folder: PathBuf,
    machine: Proc,
}

/// What the records of one worker say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Its processes, by their index.
    pub instances: Vec<Instance>,
    /// Files that are no records, and why.
    pub problems: Vec<String>,
}

impl Records {
    /// Those in the state directory `state`, of the processes of `machine`.
    pub fn new(state: &Path, machine: Proc) -> Self {
        Records {
            folder: state.join(FOLDER),
            machine,
        }
    }

    /// The processes recorded for `worker`. No folder is no records. What is no record is told
    /// and skipped. Waits as long as the file system does.
    ///
    /// # Errors
    /// Why the folder, or the boot's id, can't be read.
    pub fn read(&self, worker: &str) -> Result<Recorded, Failure> {
        let told = |error: io::Error| {
            let message = format!("{}: {error}", self.folder.display());
            Failure::new(Reason::Io, message)
        };
        let mut recorded = Recorded::default();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(recorded),
            entries => entries.map_err(told)?,
        };
        let mut names = Vec::new();
        for entry in entries.take(MOST) {
            let name = entry.map_err(told)?.file_name();
            if name.to_str().is_some_and(|name| name.ends_with(SUFFIX)) {
                names.push(name);
            }
        }
        names.sort();
        let mut records = Vec::new();
        for name in names {
            match read(&self.folder, &name) {
                Ok(record) if record.worker == worker => records.push(record),
                Ok(_) => {}
                // Taken away since it was listed.
                Err(Unread::Io(error)) if error.kind() == ErrorKind::NotFound => {}
                Err(why) => {
                    let path = self.folder.join(name);
                    recorded.problems.push(format!("{}: {why}", path.display()));
                }
            }
        }
        records.sort_by_key(|record| record.index);
        if !records.is_empty() {
            let boot_id = self
                .machine
                .boot_id()
                .map_err(|why| Failure::new(Reason::Io, why))?;
            let instances = records.iter().map(|record| self.instance(record, &boot_id));
            recorded.instances = instances.collect();
        }
        Ok(recorded)
    }

    /// The record in the file `name`; `None` where there is none.
    ///
    /// # Errors
    /// Why it is no record.
    pub fn one(&self, name: &str) -> Result<Option<ProcessRecord>, Failure> {
        match read(&self.folder, OsStr::new(name)) {
            Ok(record) => Ok((record.file_name() == name).then_some(record)),
            Err(Unread::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => {
                let path = self.folder.join(name);
                let message = format!("{}: {why}", path.display());
                Err(Failure::new(Reason::Malformed, message))
            }
        }
    }

    /// The instance that a record is of, in the boot `boot_id`.
    pub fn instance(&self, record: &ProcessRecord, boot_id: &str) -> Instance {
        let there = record.is_there(&self.machine, boot_id);
        Instance {
            name: format!("{}.{}", record.worker, record.index),
            state: if there {
                InstanceState::Running
            } else {
                InstanceState::Stopped
            },
            main_pid: there.then_some(record.pid),
            generation: Some(record.generation()),
            // A kill by hand looks like a crash; what is paused is known elsewhere.
            stopped_by_operator: there.then_some(false),
            ..Instance::default()
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("is no plain file")]
    NoFile,
    #[error("belongs to another user, or others may write it")]
    Foreign,
    #[error("has more than {LONGEST} bytes")]
    TooLarge,
    #[error("is no record: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// What others could have written is no record: it names a process to stop.
fn read(folder: &Path, name: &OsStr) -> Result<ProcessRecord, Unread> {
    let file = open_below(folder, Path::new(name)).map_err(|error| {
        let link = error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
        if link || error.kind() == ErrorKind::InvalidInput {
            Unread::NoFile
        } else {
            Unread::Io(error)
        }
    })?;
    let meta = file.metadata()?;
    let own = rustix::process::geteuid().as_raw();
    if (meta.uid() != own && meta.uid() != 0) || meta.mode() & 0o022 != 0 {
        return Err(Unread::Foreign);
    }
    Ok(serde_json::from_slice(&bounded(file)?)?)
}

fn bounded(file: File) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Unread::TooLarge);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const BOOT: &str = "0f6b5b4e-5a59-4d55-8f0b-5b3f2b0b9d0e";

    /// A state directory, and a machine on which process 42 runs that started at tick 700.
    fn world() -> (tempfile::TempDir, Records) {
        let world = tempfile::tempdir().unwrap();
        let proc = world.path().join("proc");
        let boot = proc.join("sys/kernel/random");
        fs::create_dir_all(&boot).unwrap();
        fs::create_dir_all(proc.join("42")).unwrap();
        fs::create_dir_all(world.path().join("state").join(FOLDER)).unwrap();
        fs::write(boot.join("boot_id"), format!("{BOOT}\n")).unwrap();
        let stat = format!(
            "42 (a worker) S 1 42 42 0 -1 0 {} 700 0 0\n",
            "0 ".repeat(12)
        );
        fs::write(proc.join("42/stat"), stat).unwrap();
        let records = Records::new(&world.path().join("state"), Proc::at(proc));
        (world, records)
    }

    fn record(worker: &str, index: u32) -> ProcessRecord {
        ProcessRecord {
            worker: worker.into(),
            index,
            pid: 42,
            start_ticks: 700,
            boot_id: BOOT.into(),
            started_at_ms: 1_767_225_600_000,
            command: Some(vec!["python3".into(), "w.py".into()]),
        }
    }

    fn write(records: &Records, record: &ProcessRecord) -> PathBuf {
        let path = records.folder.join(record.file_name());
        fs::write(&path, serde_json::to_vec(record).unwrap()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[test]
    fn a_process_is_the_recorded_one_while_boot_pid_and_start_agree() {
        let (_world, records) = world();
        write(&records, &record("task", 10));
        let reused = ProcessRecord {
            start_ticks: 699,
            ..record("task", 2)
        };
        write(&records, &reused);
        let rebooted = ProcessRecord {
            boot_id: "other".into(),
            ..record("task", 3)
        };
        write(&records, &rebooted);
        write(
            &records,
            &ProcessRecord {
                pid: 43,
                ..record("task", 4)
            },
        );
        write(&records, &record("mail", 0));

        let Recorded {
            instances,
            problems,
        } = records.read("task").unwrap();
        assert_eq!(problems, Vec::<String>::new());
        let told: Vec<_> = instances
            .iter()
            .map(|i| (i.name.as_str(), i.state, i.main_pid, i.stopped_by_operator))
            .collect();
        let stopped = |name| (name, InstanceState::Stopped, None, None);
        assert_eq!(
            told,
            [
                stopped("task.2"),
                stopped("task.3"),
                stopped("task.4"),
                ("task.10", InstanceState::Running, Some(42), Some(false)),
            ]
        );
        assert_ne!(instances[0].generation, instances[3].generation);
        assert_eq!(records.read("nobody").unwrap(), Recorded::default());
    }

    #[test]
    fn no_folder_is_no_records_and_no_boot_id_is_told() {
        let (world, records) = world();
        let none = Records::new(&world.path().join("nowhere"), Proc::default());
        assert_eq!(none.read("task").unwrap(), Recorded::default());
        write(&records, &record("task", 0));
        fs::remove_file(world.path().join("proc/sys/kernel/random/boot_id")).unwrap();
        let failure = records.read("task").unwrap_err();
        assert!(failure.message.contains("boot_id"), "{failure}");
        fs::remove_dir_all(&records.folder).unwrap();
        fs::write(&records.folder, "").unwrap();
        assert_eq!(records.read("task").unwrap_err().reason, Reason::Io);
    }

    #[test]
    fn what_is_no_record_is_told_and_skipped() {
        let (world, records) = world();
        let whole = write(&records, &record("task", 0));
        let text = fs::read(&whole).unwrap();
        let put = |name: &str, bytes: &[u8], mode| {
            let path = records.folder.join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        put("half.json", &text[..text.len() / 2], 0o600);
        put("empty.json", b"", 0o600);
        put("large.json", &[b' '; LONGEST as usize + 1], 0o600);
        put("open.json", &text, 0o666);
        put("task.0.json.new", b"half", 0o600);
        put("note.txt", b"x", 0o600);
        fs::create_dir(records.folder.join("folder.json")).unwrap();
        let elsewhere = world.path().join("elsewhere");
        fs::write(&elsewhere, &text).unwrap();
        symlink(&elsewhere, records.folder.join("link.json")).unwrap();
        let pipe = records.folder.join("pipe.json");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();

        let recorded = records.read("task").unwrap();
        assert_eq!(recorded.instances.len(), 1);
        let told = recorded.problems.join("\n");
        for (file, why) in [
            ("half.json", "no record"),
            ("empty.json", "no record"),
            ("large.json", "more than"),
            ("open.json", "others may write"),
            ("folder.json", "no plain file"),
            ("link.json", "no plain file"),
            ("pipe.json", "no plain file"),
        ] {
            let line = told.lines().find(|line| line.contains(file));
            assert!(
                line.is_some_and(|line| line.contains(why)),
                "{file}: {told}"
            );
        }
        assert_eq!(recorded.problems.len(), 7, "{told}");
    }

    #[test]
    fn a_newer_record_is_read_and_its_file_name_is_its_own() {
        let text = r#"{"worker":"a","index":1,"pid":2,"start_ticks":3,"boot_id":"b","started_at_ms":4,"later":[]}"#;
        let read: ProcessRecord = serde_json::from_str(text).unwrap();
        assert_eq!(
            (read.command.as_ref(), read.file_name().as_str()),
            (None, "a.1.json")
        );
    }
}
