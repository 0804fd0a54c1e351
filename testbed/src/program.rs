//! Any program, such as `warrener` itself, in a folder of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustix::process::Signal;

use crate::guard::Guard;
use crate::process::Process;
use crate::{Error, Result};

/// A program that runs in a folder of its own with nothing of the test's environment; it ends,
/// and its folder goes, when dropped.
#[derive(Debug)]
pub struct Program {
    exe: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
    folder: Option<PathBuf>,
    process: Mutex<Option<Process>>,
    guard: Arc<Guard>,
}

impl Program {
    /// Prepares `exe`, not yet started, with an empty folder to work in.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn new(exe: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self {
            exe: exe.into(),
            args: Vec::new(),
            env: Vec::new(),
            folder: None,
            process: Mutex::new(None),
            guard: Guard::start(None)?,
        })
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a variable of its environment for its next start, or takes it away.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) {
        self.env.retain(|(there, _)| there != name);
        self.env
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Works in a folder that is there already, as another program's is.
    #[must_use]
    pub fn working_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Its own folder, in which it works unless told otherwise.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.guard.dir()
    }

    /// Starts it, its output appended to a log. Does nothing when it runs.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(&self) -> Result<()> {
        let mut slot = self.lock();
        if slot.as_mut().is_some_and(Process::is_running) {
            return Ok(());
        }
        let mut command = self.guard.command(None, &self.exe.to_string_lossy());
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(n, v)| (n, v)))
            .current_dir(self.folder.as_deref().unwrap_or(self.dir()));
        let name = self.exe.file_name().unwrap_or_default().to_string_lossy();
        *slot = Some(Process::spawn(name, command, &self.log_file(), &[])?);
        Ok(())
    }

    /// Everything it wrote since it was started last.
    #[must_use]
    pub fn log(&self) -> String {
        self.lock()
            .as_ref()
            .map(Process::log_since_start)
            .unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.dir().join("program.log")
    }

    /// Its process id, until it is reaped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    /// Sends `SIGHUP`.
    ///
    /// # Errors
    /// When it is not running.
    pub fn hangup(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Sends `SIGTERM`.
    ///
    /// # Errors
    /// When it is not running.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.lock().as_mut().map_or_else(
            || Err(Error::Missing("the program was not started".into())),
            |process| process.signal(signal),
        )
    }

    /// Waits for its end and gives its exit code; `None` when a signal ended it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(&self, deadline: Duration) -> Result<Option<i32>> {
        let mut slot = self.lock();
        let Some(process) = slot.as_mut() else {
            return Err(Error::Missing("the program was not started".into()));
        };
        process.wait(deadline).map(|status| status.code())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
