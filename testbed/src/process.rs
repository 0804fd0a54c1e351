//! One server or worker process: its command, its log, its end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::error::Context;
use crate::wait::wait_until;
use crate::{Error, Result};

/// Erlang tells the reason first and a page of process dictionary after it.
const TAIL_LINES: usize = 60;

/// A running (or just ended, not yet reaped) child whose output goes to a log file.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    command: String,
    child: Child,
    logs: Vec<PathBuf>,
    log_start: u64,
}

impl Process {
    /// Starts `command` with its output appended to `log`; `more_logs` are files it writes
    /// itself, shown in errors too.
    pub(crate) fn spawn(
        name: impl Into<String>,
        mut command: Command,
        log: &Path,
        more_logs: &[PathBuf],
    ) -> Result<Self> {
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .at("open", log)?;
        let err = out.try_clone().at("open", log)?;
        let name = name.into();
        let shown = show(&command);
        let mut logs = vec![log.to_owned()];
        logs.extend_from_slice(more_logs);
        let log_start = length(logs.last().map_or(log, PathBuf::as_path));
        let child = command
            .stdout(out)
            .stderr(err)
            .spawn()
            .context(|| format!("{name}: {shown}"))?;
        Ok(Self {
            name,
            command: shown,
            child,
            logs,
            log_start,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs; reaps it when it does not.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, deadline: Duration) -> Result<std::process::ExitStatus> {
        wait_until("its end", deadline, || self.child.try_wait().ok().flatten())
            .map_err(|timeout| self.error(timeout.to_string()))
    }

    /// What it (or the last of its log files) wrote since this start.
    pub(crate) fn log_since_start(&self) -> String {
        self.logs
            .last()
            .map(|log| read_from(log, self.log_start))
            .unwrap_or_default()
    }

    /// An error about this process, with the ends of its logs.
    pub(crate) fn error(&self, reason: impl Into<String>) -> Error {
        let tail = self
            .logs
            .iter()
            .map(|log| tail(log))
            .collect::<Vec<_>>()
            .join("\n");
        Error::Server {
            server: self.name.clone(),
            reason: reason.into(),
            command: self.command.clone(),
            log: self.logs.last().cloned().unwrap_or_default(),
            tail,
        }
    }

    /// Waits until `ready`; an end of the process is an error at once.
    pub(crate) fn wait_ready(
        &mut self,
        deadline: Duration,
        mut ready: impl FnMut(&Self) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let mut ended = None;
        let outcome = wait_until("readiness", deadline, || match self.child.try_wait() {
            Ok(Some(status)) => {
                ended = Some(status);
                Ok(())
            }
            _ => ready(self),
        });
        match (ended, outcome) {
            (Some(status), _) => Err(self.error(format!("ended while starting: {status}"))),
            (None, Err(timeout)) => Err(self.error(format!("not ready: {timeout}"))),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Signals the child itself: safe, as its pid is ours until it is reaped.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<()> {
        if !self.is_running() {
            return Err(self.error("is not running"));
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).context(|| format!("signal {}", self.name))
    }

    /// SIGKILL and reap.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child
            .kill()
            .context(|| format!("kill {}", self.name))?;
        self.child
            .wait()
            .context(|| format!("reap {}", self.name))?;
        Ok(())
    }

    /// SIGTERM, then waits for an orderly end; also of a frozen process.
    pub(crate) fn terminate(mut self, deadline: Duration) -> Result<()> {
        if self.is_running() {
            self.signal(Signal::TERM)?;
            self.signal(Signal::CONT).or_else(|error| {
                if self.is_running() {
                    Err(error)
                } else {
                    Ok(())
                }
            })?;
        }
        match wait_until("its end after SIGTERM", deadline, || !self.is_running()) {
            Ok(()) => Ok(()),
            Err(timeout) => {
                let error = self.error(timeout.to_string());
                self.kill()?;
                Err(error)
            }
        }
    }
}

impl Drop for Process {
    /// The guard would end it too; this reaps it. Its data goes with the guard's folder, so
    /// there is nothing to end orderly for.
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// The command line as a person would type it, without the long script of a root.
fn show(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .filter(|word| !word.contains('\n'))
        .collect::<Vec<_>>()
        .join(" ")
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |meta| meta.len())
}

fn read_from(file: &Path, start: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut bytes)
    });
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last lines of a log.
pub(crate) fn tail(file: &Path) -> String {
    let text = read_from(file, length(file).saturating_sub(64 * 1024));
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
