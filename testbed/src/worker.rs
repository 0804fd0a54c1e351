//! Sample worker processes: small consumers as teams have them, with faults to order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use rustix::process::Signal;

use crate::error::Context;
use crate::guard::Guard;
use crate::process::{Process, tail};
use crate::{Error, Result};

const STOP: Duration = Duration::from_secs(30);

/// What is wrong with a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Burns a core and acknowledges nothing.
    Spin,
    /// Cancels its consumer and stays connected.
    CancelConsumer,
    /// Ends at once, with status 1.
    ExitAtStart,
    /// Takes messages and acknowledges none, without using the processor.
    NeverAck,
    /// Consumes in auto-ack mode; can only be so from the start.
    AutoAck,
    /// Works, and leaves a child that ended and is never reaped.
    ZombieChild,
}

impl Fault {
    fn flag(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::CancelConsumer => "cancel-consumer",
            Self::ExitAtStart => "exit-at-start",
            Self::NeverAck => "never-ack",
            Self::AutoAck => "auto-ack",
            Self::ZombieChild => "zombie-child",
        }
    }
}

/// Where a worker gets `RABBITMQ_HOST`, `_PORT`, `_USER` and `_PASS` from. What is missing
/// or empty there it silently replaces by its compiled-in defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// It reads this dotenv file itself, so its environment does not show the values.
    File(PathBuf),
    /// Whoever starts it reads this dotenv file into its environment, as systemd does.
    Exported(PathBuf),
    /// These variables.
    Variables(Vec<(String, String)>),
}

/// How a worker shall be.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Its kind; its AMQP connection is named `KIND-PID`.
    pub kind: String,
    /// The queue it consumes, declared durable when missing.
    pub queue: String,
    /// Unacknowledged messages it may hold.
    pub prefetch: u16,
    /// How long it works on one message.
    pub work: Duration,
    /// Where its broker comes from.
    pub environment: Environment,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// The fault begins only with [`Worker::begin_fault`].
    pub fault_on_signal: bool,
}

impl WorkerConfig {
    /// A healthy worker with prefetch 1 and 10 ms of work a message.
    #[must_use]
    pub fn new(kind: &str, queue: &str, environment: Environment) -> Self {
        Self {
            kind: kind.to_owned(),
            queue: queue.to_owned(),
            prefetch: 1,
            work: Duration::from_millis(10),
            environment,
            fault: None,
            fault_on_signal: false,
        }
    }
}

/// A sample worker process; it ends when dropped.
#[derive(Debug)]
pub struct Worker {
    process: Mutex<Option<Process>>,
    config: WorkerConfig,
    guard: Arc<Guard>,
}

impl Worker {
    /// Starts one. Whether it consumes is the broker's to tell: see `Broker::depth`.
    ///
    /// # Errors
    /// When the program can't be built or started.
    pub fn spawn(config: WorkerConfig) -> Result<Self> {
        let worker = Self {
            process: Mutex::new(None),
            config,
            guard: Guard::start(None)?,
        };
        worker.start_again()?;
        Ok(worker)
    }

    /// Starts it after it ended, reading its env file anew. Does nothing when it runs.
    ///
    /// # Errors
    /// As [`Worker::spawn`].
    pub fn start_again(&self) -> Result<()> {
        let mut slot = self.lock();
        if slot.as_mut().is_some_and(Process::is_running) {
            return Ok(());
        }
        let name = format!("worker {}", self.config.kind);
        let log = self.guard.dir().join("log");
        *slot = Some(Process::spawn(name, self.command()?, &log, &[])?);
        Ok(())
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    /// Whether it runs; also true of a frozen one.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.lock().as_mut().is_some_and(Process::is_running)
    }

    /// The ids of the messages it finished, in order, over all its starts.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let text = fs::read_to_string(self.message_log()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The last lines of what it printed.
    #[must_use]
    pub fn log(&self) -> String {
        tail(&self.guard.dir().join("log"))
    }

    /// Begins the configured fault now.
    ///
    /// # Errors
    /// When it is not running.
    pub fn begin_fault(&self) -> Result<()> {
        self.signal(Signal::USR1)
    }

    /// SIGSTOP.
    ///
    /// # Errors
    /// When it is not running.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When it is not running.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// SIGTERM: it finishes the message in hand and closes its connection.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&self) -> Result<()> {
        let process = self.lock().take();
        process.map_or(Ok(()), |process| process.terminate(STOP))
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&self) -> Result<()> {
        self.lock().take().map_or(Ok(()), Process::kill)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        self.lock().as_mut().map_or_else(
            || {
                Err(Error::Missing(format!(
                    "worker {} is not running",
                    self.config.kind
                )))
            },
            |process| process.signal(signal),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn message_log(&self) -> PathBuf {
        self.guard.dir().join("messages")
    }

    fn command(&self) -> Result<Command> {
        let config = &self.config;
        let mut command = self
            .guard
            .command(None, &sample_worker()?.to_string_lossy());
        command
            .args(["--kind", &config.kind, "--queue", &config.queue])
            .args(["--prefetch", &config.prefetch.to_string()])
            .args(["--work-ms", &config.work.as_millis().to_string()])
            .arg("--message-log")
            .arg(self.message_log());
        match &config.environment {
            Environment::File(path) => {
                command.arg("--env-file").arg(path);
            }
            Environment::Exported(path) => {
                let text = fs::read_to_string(path).at("read", path)?;
                command.envs(text.lines().filter_map(|line| line.split_once('=')));
            }
            Environment::Variables(variables) => {
                command.envs(variables.iter().cloned());
            }
        }
        if let Some(fault) = config.fault {
            command.args(["--fault", fault.flag()]);
        }
        if config.fault_on_signal {
            command.arg("--fault-on-signal");
        }
        Ok(command)
    }
}

/// The sample worker beside the running test. Cargo builds it only for this package's own
/// tests, so for others, and when its source is newer, it is built here, once.
///
/// # Errors
/// [`Error::Tool`] with the compiler's output.
pub fn sample_worker() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| find_or_build().map_err(|error| error.to_string()));
    built.clone().map_err(Error::Missing)
}

fn find_or_build() -> Result<PathBuf> {
    let test = std::env::current_exe().context(|| "find the running test".to_owned())?;
    let is_profile = |dir: &&Path| dir.join(".fingerprint").is_dir();
    let profile =
        test.ancestors().skip(1).find(is_profile).ok_or_else(|| {
            Error::Missing(format!("{} is not in a target folder", test.display()))
        })?;
    let program = profile.join("sample-worker");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/sample-worker.rs");
    let changed = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
    if changed(&program) < changed(&source) {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut build = Command::new(cargo);
        build
            .args([
                "build",
                "--quiet",
                "--bin",
                "sample-worker",
                "--manifest-path",
            ])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .arg("--target-dir")
            .arg(profile.parent().unwrap_or(profile));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        crate::tool::run(&mut build, "")?;
    }
    Ok(program)
}
