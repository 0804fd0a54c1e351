//! Running a program of the configuration to its end: argv, without a shell, without input, with
//! little of warrener's environment, and with the last line it wrote told where it fails.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::model::{Failure, Reason};
use crate::platform::exec::{ENVIRONMENT, Group, words};

/// Of what it wrote, the end that is kept, in bytes.
const KEPT: usize = 4096;
/// The longest line that is told, in characters.
const LINE: usize = 300;
/// What a program wrote is read until it ends, and a little longer: whatever it left running may
/// hold its output open for ever.
const LATE: Duration = Duration::from_millis(200);

/// What a program that ended said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub status: ExitStatus,
    /// The last line that it wrote, to either output; empty where it wrote none.
    pub last_line: String,
}

/// Runs a program and waits for its end, whatever that is. It and its group are killed at the
/// deadline, and when the future is dropped; what it left running when it ended is not, and may write
/// on without being stopped by a closed pipe while warrener lives.
///
/// # Errors
/// It could not be started, or did not end in time.
pub async fn run(argv: &[String], deadline: Duration) -> Result<Ran, Failure> {
    run_with(argv, &[], deadline).await
}

/// As [`run`], with these variables too.
pub(in crate::platform) async fn run_with(
    argv: &[String],
    environment: &[(&'static str, OsString)],
    deadline: Duration,
) -> Result<Ran, Failure> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Failure::new(Reason::Unsupported, "no program is named"));
    };
    let started = |error: io::Error| {
        let message = format!("{program} can't be started: {error}");
        Failure::new(Reason::Io, message)
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that runs the configuration's own programs"
    )]
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(
            ENVIRONMENT
                .iter()
                .filter_map(|name| Some((*name, std::env::var_os(name)?))),
        )
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut group = Group(command.spawn().map_err(started)?);
    let tail = Arc::new(Mutex::new(Vec::new()));
    let out = group.0.stdout.take().map(|out| follow(out, &tail));
    let err = group.0.stderr.take().map(|err| follow(err, &tail));
    let status = match timeout(deadline, group.0.wait()).await {
        Ok(status) => status.map_err(started)?,
        Err(_) => {
            let message = format!(
                "{program} did not end within {} s, and was killed{}",
                deadline.as_secs(),
                quoted(&last_line(&tail))
            );
            return Err(Failure::new(Reason::Timeout, message));
        }
    };
    let both = async {
        for following in [out, err].into_iter().flatten() {
            drop(following.await);
        }
    };
    drop(timeout(LATE, both).await);
    Ok(Ran {
        status,
        last_line: last_line(&tail),
    })
}

/// As [`run`], and it must end with 0.
///
/// # Errors
/// As [`run`]; how it ended, and the last line that it wrote.
pub async fn succeed(argv: &[String], deadline: Duration) -> Result<(), Failure> {
    succeed_with(argv, &[], deadline).await
}

/// As [`succeed`], with these variables too.
pub(in crate::platform) async fn succeed_with(
    argv: &[String],
    environment: &[(&'static str, OsString)],
    deadline: Duration,
) -> Result<(), Failure> {
    let ran = run_with(argv, environment, deadline).await?;
    if ran.status.success() {
        return Ok(());
    }
    let program = argv.first().map_or("", String::as_str);
    let message = format!("{program} {}{}", words(ran.status), quoted(&ran.last_line));
    Err(Failure::new(Reason::Status, message))
}

fn quoted(line: &str) -> String {
    if line.is_empty() {
        String::new()
    } else {
        format!(": {line}")
    }
}

type Tail = Arc<Mutex<Vec<u8>>>;

/// Reads to the end, and keeps the last of it.
fn follow(mut from: impl AsyncRead + Unpin + Send + 'static, tail: &Tail) -> JoinHandle<()> {
    let tail = Arc::clone(tail);
    tokio::spawn(async move {
        let mut bytes = [0; 1024];
        while let Ok(read @ 1..) = from.read(&mut bytes).await {
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.extend_from_slice(bytes.get(..read).unwrap_or_default());
            let over = tail.len().saturating_sub(KEPT);
            tail.drain(..over);
        }
    })
}

fn last_line(tail: &Tail) -> String {
    let tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8_lossy(&tail);
    let line = text.lines().rev().map(str::trim).find(|l| !l.is_empty());
    let printable = |c: &char| !c.is_control();
    line.unwrap_or_default()
        .chars()
        .filter(printable)
        .take(LINE)
        .collect()
}
