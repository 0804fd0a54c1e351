//! Starting and stopping units.
//!
//! Whoever asks systemd to stop a unit looks like a person to the observing half (`unit.rs`), and
//! would for ever if warrener ended before it started the unit again. So a stop never is a job here:
//! the unit's processes get the signal, and for systemd they ended by themselves, before the unit
//! left `active`. It runs the unit's `ExecStop=`, ends what is left in the cgroup, and starts anew
//! what has `Restart=always`: that is told, and is no failure. A restart is one job, in which the
//! unit is never down for longer than systemd needs; should its second half fail, the unit ended
//! while it was starting, which is no person's doing either.

mod hand;

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use self::hand::{Hand, LONGEST, waits};
use super::{Systemd, object_path};
use crate::model::{Failure, Reason};
use crate::platform::act::{Acted, StopHow, StopSignal};
use crate::platform::observe::{Instance, InstanceState};

/// For one answer: polkit may be asked first.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long SIGKILL may take: only what the kernel holds needs more.
const FORCE: Duration = Duration::from_secs(5);
/// systemd says nothing of a cgroup that empties: it is asked.
const AGAIN: Duration = Duration::from_millis(50);

/// Units that are started and stopped.
#[derive(Debug)]
pub(in crate::platform) struct Units {
    systemd: Systemd,
}

impl Units {
    /// Of these names, at the bus of this address or the system's.
    pub(in crate::platform) fn new(units: Vec<String>, address: Option<String>) -> Self {
        let mut systemd = Systemd::new(units);
        systemd.address = address;
        systemd.patience = PATIENCE;
        systemd.deadline = PATIENCE;
        Units { systemd }
    }

    pub(in crate::platform) async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        self.systemd.instances().await
    }

    pub(in crate::platform) async fn start(&mut self, name: &str) -> Result<Acted, Failure> {
        let hand = self.hand(name).await?;
        let before = hand.unit().await?;
        match before.state() {
            InstanceState::Running => return Ok(hand.acted("runs already", false, &before)),
            InstanceState::Unknown => return Err(hand.unknown()),
            _ => {}
        }
        if before.active_state == "failed" {
            hand.manager::<_, ()>("ResetFailedUnit", &(name,)).await?;
        }
        // A start waits for the time at which systemd would start it by itself.
        let job = if waits(&before) {
            "RestartUnit"
        } else {
            "StartUnit"
        };
        let longest = hand.settings().await?.start;
        hand.job(job, longest, None).await?;
        let after = hand.settled(&before).await?;
        Ok(hand.acted("started", false, &after))
    }

    pub(in crate::platform) async fn stop(
        &mut self,
        name: &str,
        how: &StopHow,
    ) -> Result<Acted, Failure> {
        let hand = self.hand(name).await?;
        let before = hand.unit().await?;
        match before.state() {
            InstanceState::Running | InstanceState::Starting | InstanceState::Stopping => {}
            InstanceState::Unknown => return Err(hand.unknown()),
            InstanceState::Stopped | InstanceState::Failed => {
                return Ok(hand.acted("does not run", false, &before));
            }
        }
        if waits(&before) {
            let words = "has no process; systemd starts it again by itself";
            return Ok(hand.acted(words, false, &before));
        }
        let mut gone = None;
        if how.signal != StopSignal::Kill {
            let whom = hand.settings().await?.whom;
            hand.kill(whom, how.signal.number()).await?;
            // What is stopped can't act on a signal; to all others this says nothing.
            hand.kill(whom, Signal::CONT).await?;
            gone = hand.gone(&before, how.grace).await?;
        }
        let forced = gone.is_none();
        if forced {
            hand.kill("all", Signal::KILL).await?;
            gone = hand.gone(&before, FORCE).await?;
        }
        let Some(after) = gone else {
            return Err(hand.still_there(&hand.unit().await?));
        };
        let done = if forced { "killed" } else { "stopped" };
        let words = match after.state() {
            InstanceState::Running | InstanceState::Starting => {
                format!("{done}; systemd starts it again by itself")
            }
            _ => done.to_owned(),
        };
        Ok(hand.acted(&words, forced, &after))
    }

    pub(in crate::platform) async fn restart(
        &mut self,
        name: &str,
        how: &StopHow,
    ) -> Result<Acted, Failure> {
        let hand = self.hand(name).await?;
        let before = hand.unit().await?;
        if before.state() == InstanceState::Unknown {
            return Err(hand.unknown());
        }
        if before.active_state == "failed" {
            hand.manager::<_, ()>("ResetFailedUnit", &(name,)).await?;
        }
        let settings = hand.settings().await?;
        let longest = settings.start.saturating_add(settings.stop).min(LONGEST);
        let forced = hand
            .job("RestartUnit", longest, Some((&before, how)))
            .await?;
        let after = hand.settled(&before).await?;
        Ok(hand.acted("restarted", forced, &after))
    }

    pub(in crate::platform) async fn clean(&mut self, name: &str) -> Result<Acted, Failure> {
        let hand = self.hand(name).await?;
        let unit = hand.unit().await?;
        match unit.state() {
            InstanceState::Stopped | InstanceState::Failed => {}
            _ => return Ok(hand.acted("is not down and is left alone", false, &unit)),
        }
        let left = hand.processes(&unit).await?;
        if left.is_empty() {
            return Ok(hand.acted("left nothing behind", false, &unit));
        }
        hand.kill("all", Signal::KILL).await?;
        let deadline = Instant::now() + FORCE;
        while !hand.processes(&hand.unit().await?).await?.is_empty() {
            if Instant::now() >= deadline {
                return Err(hand.still_there(&hand.unit().await?));
            }
            sleep(AGAIN).await;
        }
        let words = format!("left {} processes behind, killed", left.len());
        Ok(hand.acted(&words, true, &unit))
    }

    /// A unit of ours, over a connection that works.
    async fn hand(&mut self, name: &str) -> Result<Hand<'_>, Failure> {
        if !self.systemd.units.iter().any(|unit| unit == name) {
            let message = format!("{name} is none of the units of this control");
            return Err(Failure::new(Reason::Unsupported, message));
        }
        // It connects where it has to, and tells why it can't.
        self.systemd.instances().await?;
        let address = self.systemd.address.as_deref();
        let lost = || Failure::new(Reason::Closed, "the connection to systemd was lost");
        let session = self.systemd.session.as_ref().ok_or_else(lost)?;
        Ok(Hand {
            session,
            address,
            name: name.to_owned(),
            path: object_path(name),
        })
    }
}
