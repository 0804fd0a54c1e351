//! Programs of the configuration that start, stop and tell: one instance, of which nothing more is
//! known than whether it runs.

use std::ffi::OsString;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::program::succeed;
use super::{Acted, COMMAND, CommandSpec, StopHow};
use crate::model::{Failure, Generation, Reason};
use crate::platform::exec::{self, Haste, Refusal};
use crate::platform::observe::{Instance, InstanceState};

/// A status program that takes longer is killed.
const STATUS: Duration = Duration::from_secs(5);
/// A start or stop program that takes longer is killed.
const ACT: Duration = Duration::from_secs(60);
/// Until a status program must say what the start program's end promised.
const SETTLE: Duration = Duration::from_secs(10);
/// A status program says nothing by itself: it is asked.
const AGAIN: Duration = Duration::from_millis(250);

/// Programs that start, stop and tell.
#[derive(Debug)]
pub(super) struct Programs {
    spec: CommandSpec,
    settle: Duration,
}

impl Programs {
    pub(super) fn new(spec: CommandSpec) -> Self {
        Programs {
            spec,
            settle: SETTLE,
        }
    }

    pub(super) async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        let state = match self.runs().await? {
            true => InstanceState::Running,
            false => InstanceState::Stopped,
        };
        Ok(vec![Instance {
            name: COMMAND.to_owned(),
            state,
            ..Instance::default()
        }])
    }

    pub(super) async fn start(&mut self) -> Result<Acted, Failure> {
        if self.runs().await? {
            return Ok(acted("runs already, as its status program says"));
        }
        succeed(&self.spec.start, ACT).await?;
        self.until(true, self.settle).await?;
        Ok(acted("started by its program"))
    }

    /// The program knows how to ask; the grace is how long it and what it stops may take.
    pub(super) async fn stop(&mut self, how: &StopHow) -> Result<Acted, Failure> {
        if !self.runs().await? {
            return Ok(acted("does not run, as its status program says"));
        }
        succeed(&self.spec.stop, how.grace.max(ACT)).await?;
        self.until(false, how.grace.max(self.settle)).await?;
        Ok(acted("stopped by its program"))
    }

    /// Nothing is known of what it may have left.
    pub(super) fn clean(&self) -> Acted {
        acted("a control by commands has nothing to clean up with")
    }

    async fn until(&self, wanted: bool, within: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + within;
        while self.runs().await? != wanted {
            if Instant::now() >= deadline {
                let (did, says) = match wanted {
                    true => (&self.spec.start, "does not run"),
                    false => (&self.spec.stop, "still runs"),
                };
                let message = format!(
                    "{} ended with 0, and {} s later the status program {} says that it {says}",
                    name(did),
                    within.as_secs(),
                    name(&self.spec.status)
                );
                return Err(Failure::new(Reason::Timeout, message));
            }
            sleep(AGAIN).await;
        }
        Ok(())
    }

    async fn runs(&self) -> Result<bool, Failure> {
        let Some((program, arguments)) = self.spec.status.split_first() else {
            let message = "`status` names no program";
            return Err(Failure::new(Reason::Unsupported, message));
        };
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        match exec::look(&program.into(), &arguments, Haste::Now, STATUS).await {
            Ok(()) => Ok(true),
            Err(Refusal::Ended(status)) if status.code().is_some() => Ok(false),
            // One that was killed, or never began, says nothing.
            Err(refusal) => {
                let reason = match refusal {
                    Refusal::Deadline(_) => Reason::Timeout,
                    Refusal::Start(_) => Reason::Io,
                    Refusal::Ended(_) => Reason::Malformed,
                };
                let message = format!("status program {program} {refusal}");
                Err(Failure::new(reason, message))
            }
        }
    }
}

fn name(argv: &[String]) -> &str {
    argv.first().map_or("", String::as_str)
}

fn acted(words: &str) -> Acted {
    Acted {
        words: words.to_owned(),
        forced: false,
        after: Generation::Absent,
    }
}
