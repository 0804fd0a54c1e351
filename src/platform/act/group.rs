//! The processes of one instance: the group of its first process, and what carries its mark.
//!
//! Process ids are reused, so nothing is signalled that is not known to be the instance's:
//!
//! - A process is held by a pidfd, and its start is looked at after that was opened.
//! - While any process of the group is there, a zombie too, the kernel gives the group's number to
//!   nobody else. So a list of the group is the instance's if, *after* it was made, a process is still
//!   in it that was known before: the first one, or one of an earlier list. Otherwise the mark in
//!   its environment tells.
//! - The group as such is signalled only while its first process is there and is not reaped: what
//!   warrener started itself it reaps under [`REAPING`]. What another parent reaps would have to
//!   end with its whole group, and its number go round once, between two system calls.
//! - All others are signalled one by one, through their pidfds.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, pidfd_send_signal};
use tokio::time::{Instant, timeout_at};

use super::blocking::blocking;
use super::{StopHow, StopSignal};
use crate::model::facts::{ProcessId, ProcessState};
use crate::model::{Failure, Reason};
use crate::platform::observe::ObserveProcesses;
use crate::platform::pidfd::Ending;
use crate::platform::proc::{Kin, Proc};

/// How long SIGKILL may take: only what the kernel holds needs more.
const FORCE: Duration = Duration::from_secs(5);
/// Until it is looked for newly born ones again.
const ROUND: Duration = Duration::from_millis(500);

static REAPING: Mutex<()> = Mutex::new(());

/// Nothing that warrener started is reaped while this is held.
pub(super) fn reaping() -> MutexGuard<'static, ()> {
    REAPING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StopSignal {
    pub(in crate::platform) fn number(self) -> Signal {
        match self {
            StopSignal::Term => Signal::TERM,
            StopSignal::Int => Signal::INT,
            StopSignal::Quit => Signal::QUIT,
            StopSignal::Hup => Signal::HUP,
            StopSignal::Usr1 => Signal::USR1,
            StopSignal::Usr2 => Signal::USR2,
            StopSignal::Kill => Signal::KILL,
        }
    }
}

/// The processes of one instance.
#[derive(Debug)]
pub(super) struct Group {
    /// What they are called in errors.
    name: String,
    /// The first process; its id is the group's. It may be gone.
    leader: ProcessId,
    /// A variable of the environment that all of them were born with, and its value.
    mark: (&'static str, String),
    members: Vec<Member>,
}

/// A process that is known to be the instance's.
#[derive(Debug)]
struct Member {
    kin: Kin,
    ending: Ending,
}

impl Group {
    pub(super) fn new(name: &str, leader: ProcessId, mark: (&'static str, String)) -> Self {
        Group {
            name: name.to_owned(),
            leader,
            mark,
            members: Vec::new(),
        }
    }

    /// Ends all of it: asks, waits for the grace, forces. Whether it had to be forced.
    pub(super) async fn end(&mut self, how: &StopHow) -> Result<bool, Failure> {
        if how.signal != StopSignal::Kill {
            self.look().await?;
            self.signal(how.signal.number())?;
            // What is stopped can't act on a signal; to all others this says nothing.
            self.signal(Signal::CONT)?;
            if self.gone_by(Instant::now() + how.grace).await? {
                return Ok(false);
            }
        }
        self.force().await?;
        Ok(true)
    }

    /// Kills all of it.
    async fn force(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + FORCE;
        self.look().await?;
        while !self.members.is_empty() {
            if Instant::now() >= deadline {
                return Err(self.still_there());
            }
            self.signal(Signal::KILL)?;
            let round = Instant::now() + ROUND;
            self.gone_by(round.min(deadline)).await?;
        }
        Ok(())
    }

    /// Ends what is left of it, and tells how many there were.
    pub(super) async fn sweep(&mut self) -> Result<usize, Failure> {
        self.look().await?;
        let there = self.members.len();
        self.force().await?;
        Ok(there)
    }

    /// Waits until all of it is gone; false when the time is over.
    async fn gone_by(&mut self, deadline: Instant) -> Result<bool, Failure> {
        loop {
            for member in &self.members {
                if timeout_at(deadline, member.ending.ended()).await.is_err() {
                    self.look().await?;
                    return Ok(self.members.is_empty());
                }
            }
            self.look().await?;
            if self.members.is_empty() {
                return Ok(true);
            }
        }
    }

    /// To all that are known, each once: a second SIGTERM means haste to some workers.
    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let whole = self.signal_group(signal)?;
        let apart = |member: &&Member| !whole || member.kin.group != self.leader.pid;
        for member in self.members.iter().filter(apart) {
            match pidfd_send_signal(&member.ending, signal) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => return Err(self.refused(member.kin.id.pid, error)),
            }
        }
        Ok(())
    }

    /// To the group as such; false where its first process is gone.
    fn signal_group(&self, signal: Signal) -> Result<bool, Failure> {
        let group = i32::try_from(self.leader.pid).ok().and_then(Pid::from_raw);
        let _not_reaped = reaping();
        let there = Proc::default().kin(self.leader.pid);
        let leads = there.is_some_and(|kin| kin.id == self.leader && kin.group == kin.id.pid);
        let Some(group) = group.filter(|_| leads) else {
            return Ok(false);
        };
        match kill_process_group(group, signal) {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(self.refused(self.leader.pid, error)),
        }
    }

    fn refused(&self, pid: u32, error: Errno) -> Failure {
        let (reason, remedy) = match error {
            Errno::PERM => (
                Reason::Access,
                "; warrener must run as its user, or with CAP_KILL",
            ),
            _ => (Reason::Io, ""),
        };
        let message = format!(
            "{}: process {pid} can't be signalled: {error}{remedy}",
            self.name
        );
        Failure::new(reason, message)
    }

    fn still_there(&self) -> Failure {
        let tell = |member: &Member| match member.kin.state {
            Some(ProcessState::Uninterruptible) => {
                format!(
                    "{} waits in the kernel (state D), where no signal reaches it",
                    member.kin.id.pid
                )
            }
            Some(state) => format!("{} is {}", member.kin.id.pid, state.as_str()),
            None => member.kin.id.pid.to_string(),
        };
        let told: Vec<_> = self.members.iter().map(tell).collect();
        let message = format!(
            "{} still runs after SIGKILL, and nothing may take its place: process {}",
            self.name,
            told.join(", process ")
        );
        Failure::new(Reason::Timeout, message)
    }

    /// Learns which processes there are now; those that have ended are left out.
    async fn look(&mut self) -> Result<(), Failure> {
        let leader = self.leader;
        let mark = self.mark.clone();
        let known: Vec<_> = self.members.iter().map(|member| member.kin.id).collect();
        let found = blocking("/proc", move || found(leader, &mark, &known)).await?;
        let mut before = std::mem::take(&mut self.members);
        for kin in found {
            let at = before.iter().position(|member| member.kin.id == kin.id);
            let ending = match at {
                Some(at) => Some(before.swap_remove(at).ending),
                None => hold(kin.id).map_err(|error| {
                    let message = format!("{}: process {}: {error}", self.name, kin.id.pid);
                    Failure::new(Reason::Io, message)
                })?,
            };
            if let Some(ending) = ending.filter(|ending| !ending.has_ended()) {
                self.members.push(Member { kin, ending });
            }
        }
        Ok(())
    }
}

/// Holds a process; `None` when it is gone.
pub(super) fn hold(id: ProcessId) -> io::Result<Option<Ending>> {
    let gone = |error: &io::Error| error.raw_os_error() == Some(Errno::SRCH.raw_os_error());
    let ending = match Ending::open(id.pid) {
        Err(error) if gone(&error) => return Ok(None),
        opened => opened?,
    };
    // Only now is its number its own for as long as it is held.
    let same = Proc::default().kin(id.pid).is_some_and(|kin| kin.id == id);
    Ok(same.then_some(ending))
}

/// The processes that are the instance's.
fn found(
    leader: ProcessId,
    mark: &(&str, String),
    known: &[ProcessId],
) -> Result<Vec<Kin>, Failure> {
    let machine = Proc::default();
    let all = machine
        .all_kin()
        .map_err(|why| Failure::new(Reason::Io, why))?;
    let anchored = known.iter().chain([&leader]).any(|id| {
        let there = machine.kin(id.pid);
        there.is_some_and(|kin| kin.id == *id && kin.group == leader.pid)
    });
    let ours = |kin: &Kin| {
        (anchored && kin.group == leader.pid) || known.contains(&kin.id) || {
            // Nothing of it is older than its first process.
            kin.id.start_ticks >= leader.start_ticks && carries(&machine, kin.id.pid, mark)
        }
    };
    Ok(all.into_iter().filter(ours).collect())
}

/// Whether a process of warrener's own user was born with the mark; warrener itself is none.
pub(super) fn carries(machine: &Proc, pid: u32, (name, value): &(&str, String)) -> bool {
    let own = rustix::process::geteuid().as_raw();
    if pid == std::process::id() || machine.user(pid) != Some(own) {
        return false;
    }
    let born_with = machine.environment(pid).unwrap_or_default();
    born_with
        .iter()
        .any(|(n, v)| n == name && v.expose() == value)
}
