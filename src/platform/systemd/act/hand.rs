//! One unit in the hand: what it is now, its jobs, its signals, and what went wrong in words.

use std::pin::pin;
use std::time::Duration;

use rustix::process::Signal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use zbus::{DynamicType, Error, OwnedObjectPath, fdo};

use super::super::failure::{failure, is_about_the_unit};
use super::super::session::Session;
use super::super::unit::{Unit, hex};
use super::PATIENCE;
use crate::model::{Failure, Generation, Reason};
use crate::platform::act::{Acted, StopHow};
use crate::platform::observe::InstanceState;

/// The longest job that is waited for, of a unit that may take for ever.
pub(super) const LONGEST: Duration = Duration::from_secs(15 * 60);
/// What ends sooner after its start has not started.
const SETTLE: Duration = Duration::from_millis(300);

const SERVICE: &str = "org.freedesktop.systemd1.Service";

/// How a unit is set up.
pub(super) struct Settings {
    /// The longest that its start may take.
    pub(super) start: Duration,
    /// The longest that its stop may take.
    pub(super) stop: Duration,
    /// Which of its processes are asked to stop: `all` or `main`.
    pub(super) whom: &'static str,
}

/// Holds one unit.
pub(super) struct Hand<'a> {
    pub(super) session: &'a Session,
    pub(super) address: Option<&'a str>,
    pub(super) name: String,
    pub(super) path: String,
}

impl Hand<'_> {
    /// As it is now.
    pub(super) async fn unit(&self) -> Result<Unit, Failure> {
        let read = self.session.unit(&self.path).await;
        read.map(|(unit, _)| unit)
            .map_err(|error| self.told(&error))
    }

    pub(super) async fn settings(&self) -> Result<Settings, Failure> {
        let read = self.session.properties(&self.path, SERVICE).await;
        let read = read.map_err(|error| self.told(&error))?;
        let time = |name: &str| {
            let micros = read.get(name).and_then(|value| u64::try_from(value).ok());
            Duration::from_micros(micros.unwrap_or(u64::MAX)).min(LONGEST)
        };
        let mode = read.get("KillMode").and_then(|v| <&str>::try_from(v).ok());
        let alone = matches!(mode, Some("mixed" | "process" | "none"));
        Ok(Settings {
            start: time("TimeoutStartUSec"),
            stop: time("TimeoutStopUSec"),
            whom: if alone { "main" } else { "all" },
        })
    }

    /// Has a job done. Where it stops something first, what is still there after the grace is killed;
    /// whether it was.
    pub(super) async fn job(
        &self,
        method: &str,
        longest: Duration,
        stopping: Option<(&Unit, &StopHow)>,
    ) -> Result<bool, Failure> {
        // First the ear, then the word.
        let jobs = self.session.jobs().await;
        let mut jobs = jobs.map_err(|error| self.told(&error))?;
        let begun = Instant::now();
        let job: OwnedObjectPath = self
            .manager(method, &(self.name.as_str(), "replace"))
            .await?;
        let mut result = pin!(jobs.result(job.as_str()));
        let deadline = begun + longest.saturating_add(PATIENCE);
        let mut grace = stopping.map(|(_, how)| begun + how.grace);
        let mut forced = false;
        let result = loop {
            match timeout_at(grace.unwrap_or(deadline), &mut result).await {
                Ok(result) => break result,
                Err(_) if grace.take().is_some() => {
                    let now = self.unit().await?;
                    let before = stopping.map(|(before, _)| before.main_pid);
                    let lives = now.main_pid != 0 && Some(now.main_pid) == before;
                    if lives || now.state() == InstanceState::Stopping {
                        self.kill("all", Signal::KILL).await?;
                        forced = true;
                    }
                }
                Err(_) => {
                    let message = format!(
                        "{}: systemd has not done {method} within {} s, and goes on with it",
                        self.name,
                        longest.as_secs()
                    );
                    return Err(Failure::new(Reason::Timeout, message));
                }
            }
        };
        match result.as_deref() {
            Some("done") => Ok(forced),
            Some(result) => {
                let message = format!("{method} ended as `{result}`");
                Err(self.failed(&message, &self.unit().await?))
            }
            None => {
                let message = format!(
                    "{}: the connection to systemd was lost; it goes on with {method}",
                    self.name
                );
                Err(Failure::new(Reason::Closed, message))
            }
        }
    }

    /// The unit, once it has been up for a moment, in another life than `before`.
    pub(super) async fn settled(&self, before: &Unit) -> Result<Unit, Failure> {
        let deadline = Instant::now() + SETTLE;
        loop {
            self.session.caught_up();
            let unit = self.unit().await?;
            let up = unit.state() == InstanceState::Running && !waits(&unit);
            if !up {
                return Err(self.failed("it did not stay up", &unit));
            }
            if unit.invocation == before.invocation {
                let message = format!("{}: systemd calls it done, and it is as before", self.name);
                return Err(Failure::new(Reason::Malformed, message));
            }
            if timeout_at(deadline, self.session.changed()).await.is_err() {
                return Ok(unit);
            }
        }
    }

    /// The unit, once the life that it had `before` is over; `None` when the time is.
    pub(super) async fn gone(
        &self,
        before: &Unit,
        within: Duration,
    ) -> Result<Option<Unit>, Failure> {
        let deadline = Instant::now() + within;
        loop {
            self.session.caught_up();
            let unit = self.unit().await?;
            let down = matches!(unit.state(), InstanceState::Stopped | InstanceState::Failed);
            if down || waits(&unit) || unit.main_started > before.main_started {
                return Ok(Some(unit));
            }
            if timeout_at(deadline, self.session.changed()).await.is_err() {
                return Ok(None);
            }
        }
    }

    pub(super) async fn processes(&self, unit: &Unit) -> Result<Vec<u32>, Failure> {
        if unit.control_group.is_empty() {
            return Ok(Vec::new());
        }
        match self.session.processes(&self.name).await {
            Err(error) if is_about_the_unit(&error) => Ok(Vec::new()),
            read => read.map_err(|error| self.told(&error)),
        }
    }

    /// No process to kill is no error.
    pub(super) async fn kill(&self, whom: &str, signal: Signal) -> Result<(), Failure> {
        let body = (self.name.as_str(), whom, signal.as_raw());
        match self.session.manager("KillUnit", &body).await {
            Err(Error::MethodError(name, ..)) if name.as_str().ends_with(".NoSuchProcess") => {
                Ok(())
            }
            // It ended, and systemd forgot it.
            Err(error) if is_about_the_unit(&error) => Ok(()),
            done => done.map_err(|error| self.told(&error)),
        }
    }

    pub(super) async fn manager<B: Serialize + DynamicType, T: DeserializeOwned + zbus::Type>(
        &self,
        method: &str,
        body: &B,
    ) -> Result<T, Failure> {
        let done = self.session.manager(method, body).await;
        done.map_err(|error| self.told(&error))
    }

    pub(super) fn acted(&self, what: &str, forced: bool, unit: &Unit) -> Acted {
        Acted {
            words: format!("{} {what}", self.name),
            forced,
            after: Generation::Unit {
                unit: self.name.clone(),
                invocation_id: hex(&unit.invocation),
            },
        }
    }

    pub(super) fn told(&self, error: &Error) -> Failure {
        let refused = match error {
            Error::FDO(error) => matches!(
                **error,
                fdo::Error::AccessDenied(_) | fdo::Error::InteractiveAuthorizationRequired(_)
            ),
            _ => false,
        };
        if refused {
            let message = format!(
                "{}: polkit does not allow it to this user; deploy/polkit/warrener.rules, with the                  unit in its list, in /etc/polkit-1/rules.d/ would",
                self.name
            );
            return Failure::new(Reason::Access, message);
        }
        let Failure { reason, message } = failure(error, self.address);
        Failure::new(reason, format!("{}: {message}", self.name))
    }

    pub(super) fn unknown(&self) -> Failure {
        let message = format!("systemd knows no unit {}", self.name);
        Failure::new(Reason::Unsupported, message)
    }

    pub(super) fn failed(&self, what: &str, unit: &Unit) -> Failure {
        let how = match (unit.result.as_str(), unit.last_exit()) {
            ("start-limit-hit", _) => "it was started too often (StartLimitBurst=)".to_owned(),
            (_, Some(code @ ..0)) => format!("its process was ended by signal {}", -code),
            ("success" | "", Some(code)) => format!("its process ended with {code}"),
            (result, Some(code)) => format!("its process ended with {code} ({result})"),
            (result, None) => format!("its process was not started, its result is `{result}`"),
        };
        let message = format!(
            "{0}: {what}: {how}; `journalctl --unit={0}` says why",
            self.name
        );
        Failure::new(Reason::Io, message)
    }

    pub(super) fn still_there(&self, unit: &Unit) -> Failure {
        let message = format!(
            "{} still is {} after SIGKILL, and nothing may take its place: a process that waits in              the kernel (state D) is reached by no signal",
            self.name, unit.sub_state
        );
        Failure::new(Reason::Timeout, message)
    }
}

/// Down, and systemd will start it again.
pub(super) fn waits(unit: &Unit) -> bool {
    unit.sub_state.starts_with("auto-restart")
}
