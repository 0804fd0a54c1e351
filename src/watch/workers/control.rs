//! What a worker's control says of its instances: units, containers, records, a status program.
//!
//! What each can tell of who stopped an instance:
//!
//! | Control | a person's stop | what ended by itself | can't tell |
//! |---|---|---|---|
//! | `systemd` | stop, restart, mask | crash, exit, a signal from elsewhere | a unit that is not enabled and went down before it was watched |
//! | `docker` | stop, pause | crash, exit, kill, OOM | what happened before the engine's newest events |
//! | `process` | | | always: a kill by hand looks like a crash |
//! | `command` | | | always |

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::config::{Control, DockerControl};
use crate::model::{Failure, Reason};
use crate::platform::docker::{Containers, Docker};
use crate::platform::exec::{self, Haste, Refusal};
use crate::platform::observe::{Instance, InstanceState};
use crate::platform::proc::Proc;
use crate::platform::records::{Recorded, Records};
use crate::platform::systemd::Systemd;
use crate::watch::patient::Patient;

/// A status program that takes longer is killed; a little less than the probe waits for a control.
const PATIENCE: Duration = Duration::from_millis(1800);
/// The records are some small files.
const RECORDS_PATIENCE: Duration = Duration::from_secs(1);

/// Asks one worker's control.
#[derive(Debug)]
pub(super) struct ControlWatch {
    worker: String,
    asked: Asked,
}

#[derive(Debug)]
enum Asked {
    Process(Files),
    Systemd(Box<Systemd>),
    Docker(Box<Docker>),
    Command(Vec<String>),
}

#[derive(Debug)]
struct Files {
    records: Records,
    reading: Patient<Result<Recorded, Failure>>,
    /// Told already.
    problems: Vec<String>,
}

impl ControlWatch {
    /// `state` is the state directory, in which the process control keeps its records.
    pub(super) fn new(worker: &str, control: &Control, state: &Path) -> Self {
        let asked = match control {
            Control::Process(_) => Asked::Process(Files {
                records: Records::new(state, Proc::default()),
                reading: Patient::default(),
                problems: Vec::new(),
            }),
            Control::Systemd(units) => {
                let names = units.iter().flat_map(|unit| unit.names()).cloned();
                Asked::Systemd(Box::new(Systemd::new(names.collect())))
            }
            Control::Docker(docker) => Asked::Docker(Box::new(Docker::new(containers(docker)))),
            Control::Command(command) => Asked::Command(command.status.clone()),
        };
        ControlWatch {
            worker: worker.to_owned(),
            asked,
        }
    }

    /// The instances as the control knows them now, in the order of the configuration.
    pub(super) async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        match &mut self.asked {
            Asked::Process(files) => files.read(&self.worker).await,
            Asked::Systemd(systemd) => systemd.instances().await,
            Asked::Docker(docker) => docker.instances().await,
            Asked::Command(status) => by_status(&self.worker, status, PATIENCE).await,
        }
    }

    /// Ends when the control says that an instance began, ended or changed; may be dropped at any
    /// time. Pending for ever where it says nothing by itself.
    pub(super) async fn changed(&mut self) {
        match &mut self.asked {
            Asked::Systemd(systemd) => systemd.changed().await,
            Asked::Docker(docker) => docker.changed().await,
            Asked::Process(_) | Asked::Command(_) => std::future::pending().await,
        }
    }
}

/// The containers that a control means.
pub(crate) fn containers(docker: &DockerControl) -> Containers {
    match (&docker.compose, &docker.service) {
        (Some(folder), Some(service)) => Containers::Service {
            folder: folder.clone(),
            service: service.clone(),
        },
        _ => Containers::Named(docker.container.to_vec()),
    }
}

impl Files {
    async fn read(&mut self, worker: &str) -> Result<Vec<Instance>, Failure> {
        let (records, name) = (self.records.clone(), worker.to_owned());
        let work = move || records.read(&name);
        let outcome = self.reading.run(RECORDS_PATIENCE, work).await;
        let outcome = outcome.map_err(|not_done| {
            Failure::new(Reason::Timeout, format!("process records: {not_done}"))
        });
        let recorded = outcome.flatten()?;
        for problem in &recorded.problems {
            if !self.problems.contains(problem) {
                tracing::warn!(worker, problem, "a process record is skipped");
            }
        }
        self.problems = recorded.problems;
        Ok(recorded.instances)
    }
}

/// The one instance that a status program can tell of: it runs, or it does not.
async fn by_status(
    worker: &str,
    argv: &[String],
    patience: Duration,
) -> Result<Vec<Instance>, Failure> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Failure::new(
            Reason::Unsupported,
            "`status` names no program",
        ));
    };
    let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
    let state = match exec::look(&program.into(), &arguments, Haste::Now, patience).await {
        Ok(()) => InstanceState::Running,
        Err(Refusal::Ended(status)) if status.code().is_some() => InstanceState::Stopped,
        // One that was killed, or never began, says nothing.
        Err(refusal) => {
            let reason = match refusal {
                Refusal::Deadline(_) => Reason::Timeout,
                Refusal::Start(_) => Reason::Io,
                Refusal::Ended(_) => Reason::Malformed,
            };
            let message = format!("status program {program} {refusal}");
            return Err(Failure::new(reason, message));
        }
    };
    Ok(vec![Instance {
        name: worker.to_owned(),
        state,
        ..Instance::default()
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CommandControl, OneOrMany, ProcessControl};
    use crate::platform::observe::ObserveProcesses;
    use crate::platform::records::{FOLDER, ProcessRecord};

    fn command(script: &str) -> ControlWatch {
        let status = ["/bin/sh", "-c", script].map(String::from).to_vec();
        let control = Control::Command(CommandControl {
            start: Vec::new(),
            stop: Vec::new(),
            status,
        });
        ControlWatch::new("mail", &control, Path::new("/nonexistent"))
    }

    #[tokio::test]
    async fn a_status_program_tells_whether_it_runs_and_nothing_more() {
        let told = async |script| {
            let instances = command(script).instances().await.unwrap();
            assert_eq!(instances.len(), 1);
            assert_eq!(
                (instances[0].name.as_str(), &instances[0].pids),
                ("mail", &None)
            );
            assert_eq!(instances[0].stopped_by_operator, None);
            instances[0].state
        };
        assert_eq!(told("exit 0").await, InstanceState::Running);
        assert_eq!(told("exit 3").await, InstanceState::Stopped);
        let killed = command("kill -9 $$").instances().await.unwrap_err();
        assert_eq!(killed.reason, Reason::Malformed);
        let argv = ["sleep", "600"].map(String::from);
        let brief = Duration::from_millis(20);
        let slow = by_status("mail", &argv, brief).await.unwrap_err();
        assert_eq!(slow.reason, Reason::Timeout);
        let mut silent = command("exit 0");
        let changed = tokio::time::timeout(brief, silent.changed());
        assert!(changed.await.is_err());
    }

    #[tokio::test]
    async fn a_recorded_process_is_found_while_it_runs() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join(FOLDER);
        std::fs::create_dir(&folder).unwrap();
        let control = Control::Process(ProcessControl {
            command: Vec::new(),
            cwd: ".".into(),
            log: None,
        });
        let mut watch = ControlWatch::new("task", &control, state.path());
        assert_eq!(watch.instances().await.unwrap(), []);

        #[expect(
            clippy::disallowed_methods,
            reason = "a test starts the process that it looks at"
        )]
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let machine = Proc::default();
        let rows = machine.processes().unwrap();
        let row = rows.iter().find(|row| row.id.pid == child.id()).unwrap();
        let record = ProcessRecord {
            worker: "task".into(),
            index: 0,
            pid: row.id.pid,
            start_ticks: row.id.start_ticks,
            boot_id: machine.boot_id().unwrap(),
            started_at_ms: 0,
            command: None,
        };
        let text = serde_json::to_vec(&record).unwrap();
        std::fs::write(folder.join(record.file_name()), text).unwrap();
        let running = watch.instances().await.unwrap();
        assert_eq!(running[0].state, InstanceState::Running);
        assert_eq!(running[0].main_pid, Some(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        let ended = watch.instances().await.unwrap();
        assert_eq!(
            (ended[0].state, ended[0].main_pid),
            (InstanceState::Stopped, None)
        );
    }

    #[test]
    fn a_service_needs_its_folder_and_readings_may_move_between_threads() {
        let service = DockerControl {
            compose: Some("/srv/shop".into()),
            service: Some("task".into()),
            container: OneOrMany::default(),
        };
        assert!(matches!(containers(&service), Containers::Service { .. }));
        let named = DockerControl {
            container: OneOrMany(vec!["a".into(), "b".into()]),
            ..DockerControl::default()
        };
        assert_eq!(
            containers(&named),
            Containers::Named(vec!["a".into(), "b".into()])
        );

        fn moves<T: Send>(_: &T) {}
        let control = Control::Docker(service);
        let mut watch = ControlWatch::new("task", &control, Path::new("/nonexistent"));
        moves(&watch.instances());
        moves(&watch.changed());
    }
}
