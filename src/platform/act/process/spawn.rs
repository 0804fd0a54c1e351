//! Starting a process: argv, without a shell, in a session of its own.

use std::fs::{File, metadata};
use std::io::{self, ErrorKind};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessSession};
use tokio::sync::watch;

use super::Ended;
use super::slot::{START, Slot};
use crate::model::facts::ProcessId;
use crate::model::{Failure, Reason};
use crate::platform::act::group::reaping;
use crate::platform::act::{ProcessSpec, StartHow};
use crate::platform::folder::Folder;
use crate::platform::pidfd::Ending;
use crate::platform::place::Place;
use crate::platform::proc::Proc;
use crate::platform::service::OWN_VARIABLES;

/// What may read the log: its owner, and the group.
const LOG_MODE: u32 = 0o640;

/// Starts it, writes its record, and has it waited for. Waits as long as the file system does; must
/// be called within the runtime.
pub(super) fn spawn(
    spec: &ProcessSpec,
    slot: &Slot,
    how: &StartHow,
) -> Result<(ProcessId, Ended), Failure> {
    let name = slot.name();
    let told = |why: String| Failure::new(Reason::Io, format!("{name}: {why}"));
    let (program, arguments) = spec.command.split_first().ok_or_else(|| {
        let message = format!("{name}: `command` names no program");
        Failure::new(Reason::Unsupported, message)
    })?;
    // The system would say the same of a program that is not there.
    let cwd = metadata(&spec.cwd).and_then(|cwd| match cwd.is_dir() {
        true => Ok(()),
        false => Err(io::Error::from(ErrorKind::NotADirectory)),
    });
    cwd.map_err(|error| told(format!("its folder {}: {error}", spec.cwd.display())))?;
    let (out, err) = output(spec).map_err(told)?;
    slot.ready()?;
    let (mark, value) = slot.mark();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let start = now.unwrap_or_default().as_millis();
    let start = u64::try_from(start).unwrap_or_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts a worker's processes"
    )]
    let mut command = Command::new(program);
    for own in OWN_VARIABLES {
        command.env_remove(own);
    }
    command
        .args(arguments)
        .current_dir(&spec.cwd)
        .envs(
            how.environment
                .iter()
                .map(|(name, value)| (name, value.expose())),
        )
        .env(mark, value)
        .env(START, start.to_string())
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err);
    let mut wrapped = CommandWrap::from(command);
    let spawned = wrapped.wrap(ProcessSession).spawn();
    let child = spawned.map_err(|error| told(not_started(program, &error)))?;
    // Not the wrapper's: it would wait for the whole group.
    let mut child = child.into_inner();
    let pid = child.id();
    // A child of ours that is not reaped keeps its number.
    let (ending, kin) = (Ending::open(pid), Proc::default().kin(pid));
    let (Ok(ending), Some(kin)) = (ending, kin) else {
        child.kill().ok();
        return Err(told(format!(
            "process {pid} can't be watched, and was killed"
        )));
    };
    let mut record = slot.record_of(kin.id, start)?;
    record.command = Some(spec.command.clone());
    let kept = slot.keep(&record);
    let (tell, ended) = watch::channel(None);
    tokio::spawn(reap(child, ending, tell));
    match kept {
        Ok(()) => Ok((kin.id, ended)),
        // It is known by its mark, and the record is written when that can be done.
        Err(failure) => {
            tracing::warn!(%failure, "a process was started and has no record");
            Ok((kin.id, ended))
        }
    }
}

/// Waits for its end and takes notice of it.
async fn reap(
    mut child: Box<dyn ChildWrapper>,
    ending: Ending,
    tell: watch::Sender<Option<std::process::ExitStatus>>,
) {
    ending.ended().await;
    let status = {
        let _reaping = reaping();
        child.try_wait()
    };
    match status {
        Ok(status) => drop(tell.send(status)),
        Err(error) => tracing::warn!(%error, "a child's end can't be read"),
    }
}

fn output(spec: &ProcessSpec) -> Result<(Stdio, Stdio), String> {
    let Some(path) = &spec.log else {
        return Ok((Stdio::null(), Stdio::null()));
    };
    let opened = || -> io::Result<(File, File)> {
        let place = Place::of(path).map_err(io::Error::other)?;
        let folder = Folder::open(&place.folder)?;
        let file = folder.append(&place.name, LOG_MODE)?;
        let twin = file.try_clone()?;
        Ok((file, twin))
    };
    let (out, err) = opened().map_err(|error| {
        format!(
            "its log {}: {error}; its folder must be there",
            path.display()
        )
    })?;
    Ok((out.into(), err.into()))
}

fn not_started(program: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!(
            "{program} can't be started: there is no such program, or not the interpreter that it \
             names in its first line"
        ),
        ErrorKind::PermissionDenied => {
            format!("{program} can't be started: it may not be executed by this user")
        }
        _ => format!("{program} can't be started: {error}"),
    }
}
