//! A server with one HTTP port, its folder and its process; what Prometheus and
//! Alertmanager have in common.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustix::process::Signal;

use crate::guard::Guard;
use crate::ports::Lease;
use crate::process::Process;
use crate::roots::Root;
use crate::{Error, Result, http};

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Service {
    process: Mutex<Option<Process>>,
    program: &'static str,
    args: Vec<String>,
    port: Lease,
    root: Option<Root>,
    guard: Arc<Guard>,
}

impl Service {
    /// A service that has its folder and port, not yet started.
    pub(crate) fn prepare(program: &'static str, root: Option<Root>) -> Result<Self> {
        Ok(Self {
            process: Mutex::new(None),
            program,
            args: Vec::new(),
            port: Lease::take()?,
            guard: Guard::start(root.as_ref())?,
            root,
        })
    }

    pub(crate) fn args(&mut self, args: Vec<String>) {
        self.args = args;
    }

    pub(crate) fn dir(&self) -> &Path {
        self.guard.dir()
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.port())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().as_mut().is_some_and(Process::is_running)
    }

    pub(crate) fn start(&self) -> Result<()> {
        let mut slot = self.lock();
        if slot.as_mut().is_some_and(Process::is_running) {
            return Ok(());
        }
        let mut command = self.command();
        command.args(&self.args).current_dir(self.dir());
        let name = format!("{} {}", self.program, self.address());
        let mut process = Process::spawn(name, command, &self.dir().join("log"), &[])?;
        let ready = format!("{}/-/ready", self.url());
        process.wait_ready(START, |_| {
            let answer = http::get(&ready).map_err(|error| error.to_string())?;
            (answer.status == 200)
                .then_some(())
                .ok_or_else(|| format!("{ready}: {}", answer.status))
        })?;
        *slot = Some(process);
        Ok(())
    }

    pub(crate) fn stop(&self) -> Result<()> {
        let process = self.lock().take();
        process.map_or(Ok(()), |process| process.terminate(STOP))
    }

    pub(crate) fn kill(&self) -> Result<()> {
        self.lock().take().map_or(Ok(()), Process::kill)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        self.lock().as_mut().map_or_else(
            || Err(Error::Missing(format!("{} is not running", self.program))),
            |process| process.signal(signal),
        )
    }

    fn command(&self) -> Command {
        self.guard.command(self.root.as_ref(), self.program)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The control every such server offers, told once.
macro_rules! control {
    ($server:ty) => {
        impl $server {
            /// `http://127.0.0.1:PORT`
            #[must_use]
            pub fn url(&self) -> String {
                self.service.url()
            }

            /// `127.0.0.1:PORT`, as targets are written.
            #[must_use]
            pub fn address(&self) -> String {
                self.service.address()
            }

            /// Its process id, while it runs.
            #[must_use]
            pub fn pid(&self) -> Option<u32> {
                self.service.pid()
            }

            /// Whether its process exists; also true of a frozen one.
            #[must_use]
            pub fn is_running(&self) -> bool {
                self.service.is_running()
            }

            /// The last lines of its log.
            #[must_use]
            pub fn log(&self) -> String {
                crate::process::tail(&self.service.dir().join("log"))
            }

            /// An orderly stop; data stay.
            ///
            /// # Errors
            /// When it does not end in time.
            pub fn stop(&self) -> crate::Result<()> {
                self.service.stop()
            }

            /// SIGKILL; data stay.
            ///
            /// # Errors
            /// When the system refuses.
            pub fn kill(&self) -> crate::Result<()> {
                self.service.kill()
            }

            /// Starts it with the same data and port. Does nothing when it runs.
            ///
            /// # Errors
            /// Names the server, its command and the end of its log.
            pub fn start_again(&self) -> crate::Result<()> {
                self.service.start()
            }

            /// SIGSTOP.
            ///
            /// # Errors
            /// When it is not running.
            pub fn freeze(&self) -> crate::Result<()> {
                self.service.signal(rustix::process::Signal::STOP)
            }

            /// SIGCONT.
            ///
            /// # Errors
            /// When it is not running.
            pub fn thaw(&self) -> crate::Result<()> {
                self.service.signal(rustix::process::Signal::CONT)
            }
        }
    };
}

pub(crate) use control;
