//! Running a program that only looks: `gzip -t`, `pg_restore --list`.
//!
//! It is a process that warrener starts, and still it belongs to the half that observes: whoever
//! configures one promises that it changes nothing. It gets no shell, no input, nowhere to print,
//! a group of its own that ends at a deadline, and of warrener's environment, which may hold secrets,
//! only what says how to run.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, setpriority_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What of the environment is handed on.
pub(super) const ENVIRONMENT: [&str; 7] =
    ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER"];

/// How soon it is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Somebody waits for the answer.
    Now,
    /// A backup of many gigabytes is read whole: whoever has work to do goes first.
    Whenever,
}

/// The lowest priority but one.
const NICENESS: i32 = 18;

/// Why a program did not say yes.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It could not be started: this says nothing of what it was to look at.
    #[error("could not be started: {0}")]
    Start(#[source] io::Error),
    /// It ended, and not with 0.
    #[error("{}", words(*.0))]
    Ended(ExitStatus),
    /// It was ended at its deadline.
    #[error("did not end within {} s", .0.as_secs())]
    Deadline(Duration),
}

pub(super) fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended in a way that is not known".to_owned(),
    }
}

/// Runs `program` and waits until it ends with 0. It and its group are killed at the deadline, and
/// when the future is dropped.
///
/// # Errors
/// [`Refusal`].
pub async fn look(
    program: &OsString,
    arguments: &[OsString],
    haste: Haste,
    deadline: Duration,
) -> Result<(), Refusal> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the observing half starts a program"
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
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let mut group = Group(command.spawn().map_err(Refusal::Start)?);
    if haste == Haste::Whenever
        && let Some(pid) = group.leader()
    {
        // Where that is not allowed it runs at the usual priority.
        setpriority_process(Some(pid), NICENESS).ok();
    }
    match timeout(deadline, group.0.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Refusal::Ended(status)),
        Ok(Err(error)) => Err(Refusal::Start(error)),
        Err(_) => Err(Refusal::Deadline(deadline)),
    }
}

/// A process that leads a group; both end with this.
pub(super) struct Group(pub(super) Child);

impl Group {
    /// `None` once it was reaped: its id may be another's then.
    pub(super) fn leader(&self) -> Option<Pid> {
        let id = i32::try_from(self.0.id()?).ok()?;
        Pid::from_raw(id)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader() {
            // It may have ended this moment, unreaped still.
            kill_process_group(leader, Signal::KILL).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    async fn shell(script: &str, deadline: Duration) -> Result<(), Refusal> {
        look(
            &"sh".into(),
            &["-c".into(), script.into()],
            Haste::Now,
            deadline,
        )
        .await
    }

    #[tokio::test]
    async fn its_status_is_the_answer() {
        assert!(shell("exit 0", LONG).await.is_ok());
        let said = |refusal: Result<(), Refusal>| refusal.unwrap_err().to_string();
        assert_eq!(said(shell("exit 3", LONG).await), "ended with 3");
        assert_eq!(
            said(shell("kill -9 $$", LONG).await),
            "was ended by signal 9"
        );
        let none = look(&"/nowhere/program".into(), &[], Haste::Whenever, LONG).await;
        assert!(matches!(none, Err(Refusal::Start(_))), "{none:?}");
    }

    #[tokio::test]
    async fn output_without_end_hurts_nobody_and_input_is_empty() {
        let script = "head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2; ! read x";
        assert!(shell(script, LONG).await.is_ok());
    }

    #[tokio::test]
    async fn nothing_of_the_environment_but_how_to_run() {
        // Cargo sets this for every test.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(
            shell("test -z \"$CARGO_MANIFEST_DIR\" && test -n \"$PATH\"", LONG)
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn the_whole_group_ends_at_the_deadline() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let begun = Instant::now();
        let refusal = shell(&script, Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Deadline(_)), "{refusal}");
        assert!(begun.elapsed() < Duration::from_secs(30));
        let child = std::fs::read_to_string(pid).unwrap();
        let stat = Path::new("/proc").join(child.trim()).join("stat");
        testbed::wait_until("the child to be gone", LONG, || {
            let stat = std::fs::read_to_string(&stat).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        })
        .unwrap();
    }
}
