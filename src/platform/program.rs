//! Running a program that does something: a team's own `command.run`. Part of the acting half.
//!
//! As with [`super::exec`]: no shell, no input, a group of its own that ends at a deadline, and of
//! warrener's environment, which may hold secrets, only what says how to run. What it prints is read
//! to the end, and of it the last line is kept.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::time::{Instant, timeout_at};

use super::exec::{ENVIRONMENT, Group, Refusal};

/// Of its last line so many characters are kept.
const LONGEST_LINE: usize = 200;
/// Read at once; 64 of them are more than a pipe holds.
const PIECE: usize = 4096;
/// Of its output so many bytes are held.
const HELD: usize = 4 * LONGEST_LINE;

/// A program that ended, or was ended.
#[derive(Debug)]
pub struct Ended {
    /// With 0, or why not.
    pub outcome: Result<(), Refusal>,
    /// The last line that it printed, to standard output or standard error, that is not blank;
    /// printable.
    pub last_line: Option<String>,
}

/// Runs `argv` with `more` in its environment and waits until it ends. It and its group are killed
/// at the deadline, and when the future is dropped; what it left in its group when it ended by
/// itself stays.
pub async fn run(argv: &[String], more: &[(&str, String)], deadline: Duration) -> Ended {
    let not_started = |error| Ended {
        outcome: Err(Refusal::Start(error)),
        last_line: None,
    };
    let (group, output) = match start(argv, more) {
        Ok(started) => started,
        Err(error) => return not_started(error),
    };
    follow(group, output, deadline).await
}

fn start(argv: &[String], more: &[(&str, String)]) -> io::Result<(Group, Receiver)> {
    let no_program = || io::Error::new(io::ErrorKind::InvalidInput, "it names no program");
    let (program, arguments) = argv.split_first().ok_or_else(no_program)?;
    let (reader, writer) = io::pipe()?;
    let output = Receiver::from_owned_fd(reader.into())?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a team's own program is started"
    )]
    let mut command = Command::new(OsString::from(program));
    let handed_on = ENVIRONMENT.iter();
    let handed_on = handed_on.filter_map(|name| Some((*name, std::env::var_os(name)?)));
    command
        .args(arguments)
        .env_clear()
        .envs(handed_on)
        .envs(more.iter().map(|(name, value)| (*name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true);
    Ok((Group(command.spawn()?), output))
}

async fn follow(mut group: Group, output: Receiver, deadline: Duration) -> Ended {
    let until = Instant::now() + deadline;
    let mut tail = Tail::default();
    let ended = async {
        loop {
            tokio::select! {
                status = group.0.wait() => return status,
                readable = output.readable() => {
                    if readable.is_err() || !tail.take(&output) {
                        return group.0.wait().await;
                    }
                }
            }
        }
    };
    let outcome = match timeout_at(until, ended).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Refusal::Ended(status)),
        Ok(Err(error)) => Err(Refusal::Start(error)),
        Err(_) => Err(Refusal::Deadline(deadline)),
    };
    // What it left behind may hold the pipe open: only what is there already is read.
    tail.take(&output);
    Ended {
        outcome,
        last_line: tail.line(),
    }
}

/// The end of what was printed.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// Reads what is there; whether there may be more some time.
    fn take(&mut self, output: &Receiver) -> bool {
        let mut bytes = [0; PIECE];
        // Not for ever: whoever writes without end is read on at the next turn.
        for _ in 0..64 {
            match output.try_read(&mut bytes) {
                Ok(0) => return false,
                Ok(read) => self.add(&bytes[..read]),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        // A line end that is left out would begin the line too early.
        let surplus = self.0.len().saturating_sub(2 * HELD);
        self.0.drain(..surplus);
    }

    fn line(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.0);
        let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        Some(line.chars().take(LONGEST_LINE).map(shown).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn shell(script: &str, deadline: Duration) -> Ended {
        let argv = ["sh", "-c", script].map(str::to_owned);
        run(&argv, &[("WARRENER_RUN", "7".to_owned())], deadline).await
    }

    #[tokio::test]
    async fn its_status_and_its_last_line_are_told() {
        let ended = shell("echo first; echo second >&2; echo", LONG).await;
        assert!(ended.outcome.is_ok());
        assert_eq!(ended.last_line.as_deref(), Some("second"));
        let ended = shell("echo no; exit 3", LONG).await;
        let refusal = ended.outcome.unwrap_err().to_string();
        assert_eq!(
            (refusal.as_str(), ended.last_line.as_deref()),
            ("ended with 3", Some("no"))
        );
        let none = run(&["/nowhere/program".to_owned()], &[], LONG).await;
        assert!(matches!(none.outcome, Err(Refusal::Start(_))), "{none:?}");
        assert!(run(&[], &[], LONG).await.outcome.is_err());
    }

    #[tokio::test]
    async fn it_knows_its_run_and_nothing_else_of_warrener() {
        let script = "test \"$WARRENER_RUN\" = 7 && test -z \"$CARGO_MANIFEST_DIR\" && ! read x";
        assert!(shell(script, LONG).await.outcome.is_ok());
    }

    #[tokio::test]
    async fn output_without_end_hurts_nobody() {
        let script = "head -c 20000000 /dev/zero; printf '\\n\\033[31mlast\\n'";
        let ended = shell(script, LONG).await;
        assert!(ended.outcome.is_ok());
        assert_eq!(ended.last_line.as_deref(), Some("\u{fffd}[31mlast"));
        let ended = shell("head -c 100000 /dev/zero | tr '\\0' x", LONG).await;
        assert_eq!(ended.last_line.unwrap().len(), LONGEST_LINE);
    }

    /// A daemon that it starts keeps the pipe; that is not waited for, and it lives on.
    #[tokio::test]
    async fn what_it_leaves_behind_is_neither_waited_for_nor_ended() {
        let dir = tempfile::tempdir().unwrap();
        let go = dir.path().join("go");
        let done = dir.path().join("done");
        let script = format!(
            "(while test ! -e {}; do sleep 0.05; done; touch {}) & echo started",
            go.display(),
            done.display()
        );
        let begun = std::time::Instant::now();
        let ended = shell(&script, LONG).await;
        assert!(ended.outcome.is_ok() && begun.elapsed() < LONG / 2);
        assert_eq!(ended.last_line.as_deref(), Some("started"));
        std::fs::write(go, "").unwrap();
        testbed::wait_until("the daemon to do its work", LONG, || done.exists()).unwrap();
    }

    #[tokio::test]
    async fn the_whole_group_ends_at_the_deadline_and_with_the_future() {
        let dir = tempfile::tempdir().unwrap();
        for (name, dropped) in [("deadline", false), ("dropped", true)] {
            let pid = dir.path().join(name);
            let script = format!("sleep 600 & echo $! > {}; echo up; wait", pid.display());
            let child = || std::fs::read_to_string(&pid).unwrap_or_default();
            if dropped {
                let future = shell(&script, LONG);
                let up = async {
                    while !child().ends_with('\n') {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                };
                tokio::select! {
                    ended = future => panic!("{ended:?}"),
                    () = up => {}
                }
            } else {
                let ended = shell(&script, Duration::from_secs(1)).await;
                assert!(
                    matches!(ended.outcome, Err(Refusal::Deadline(_))),
                    "{ended:?}"
                );
                assert_eq!(ended.last_line.as_deref(), Some("up"));
            }
            let stat = format!("/proc/{}/stat", child().trim());
            testbed::wait_until("the child to be gone", LONG, || {
                let stat = std::fs::read_to_string(&stat).unwrap_or_default();
                stat.is_empty() || stat.contains(") Z ")
            })
            .unwrap();
        }
    }
}
