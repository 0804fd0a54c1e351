//! The half that changes something: starts, stops and restarts what a control names. Only `recover`
//! holds it.
//!
//! An instance is named as its control names it in [`super::observe::Instance::name`]: a unit, a
//! container, `WORKER.INDEX`. Nothing here is called with a name, a path or a pid that did not come
//! out of the local configuration or out of what the control itself says of it.
//!
//! Must not know: brokers, playbooks, whether it may be done.

mod blocking;
mod command;
mod group;
mod one;
mod process;
pub mod program;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

pub use self::one::stop_process;

use self::command::Programs;
use self::process::Processes;
use super::docker::Containers;
use super::docker::act::Hands;
use super::observe::{Instance, InstanceState};
use super::systemd::act::Units;
use crate::model::facts::ProcessId;
use crate::model::{Failure, Generation, Secret};

/// What is controlled, and by what.
#[derive(Clone, Debug)]
pub enum Controlled {
    /// Processes that warrener starts itself.
    Process(ProcessSpec),
    /// systemd units, by their names.
    Systemd(Vec<String>),
    /// Docker containers.
    Docker(Containers),
    /// Programs of the configuration: one instance, named [`COMMAND`].
    Command(CommandSpec),
}

/// The name of the one instance of a `command` control.
pub const COMMAND: &str = "command";

/// Processes that warrener starts itself.
#[derive(Clone, Debug)]
pub struct ProcessSpec {
    /// The worker's name in the configuration.
    pub worker: String,
    /// Program and arguments; no shell.
    pub command: Vec<String>,
    /// Working folder.
    pub cwd: PathBuf,
    /// File that standard output and error are appended to; without it they are dropped.
    pub log: Option<PathBuf>,
    /// How many there should be: instances `WORKER.0` to `WORKER.(count - 1)`.
    pub count: u32,
    /// The state directory, in which the records are.
    pub state: PathBuf,
}

/// Programs that start, stop and tell.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// Starts it.
    pub start: Vec<String>,
    /// Stops it.
    pub stop: Vec<String>,
    /// Ends with 0 when it runs.
    pub status: Vec<String>,
}

/// Signal that asks a process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM.
    Term,
    /// SIGINT.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
    /// SIGKILL; no grace.
    Kill,
}

/// How something is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopHow {
    /// What asks first.
    pub signal: StopSignal,
    /// Time before force.
    pub grace: Duration,
}

/// How something is started.
#[derive(Clone, Debug, Default)]
pub struct StartHow {
    /// Variables on top of warrener's own environment; for `process` alone, the others have theirs
    /// from unit or container.
    pub environment: Vec<(String, Secret)>,
    /// Made anew with the configuration of now, not merely started again: a container keeps the
    /// environment that it was made with.
    pub anew: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acted {
    /// In words, for people, without a full stop; no secrets.
    pub words: String,
    /// It had to be forced.
    pub forced: bool,
    /// What is there now.
    pub after: Generation,
}

/// Starts and stops what is controlled.
#[derive(Debug)]
pub struct Actor {
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Process(Processes),
    Systemd(Box<Units>),
    Docker(Box<Hands>),
    Command(Programs),
}

impl Actor {
    /// Of this.
    pub fn new(controlled: Controlled) -> Self {
        Self::at(controlled, None)
    }

    /// Of this, at another system bus or Docker engine than this machine's.
    pub fn at(controlled: Controlled, address: Option<String>) -> Self {
        let backend = match controlled {
            Controlled::Systemd(units) => Backend::Systemd(Box::new(Units::new(units, address))),
            Controlled::Process(spec) => Backend::Process(Processes::new(spec)),
            Controlled::Command(spec) => Backend::Command(Programs::new(spec)),
            Controlled::Docker(containers) => {
                Backend::Docker(Box::new(Hands::new(containers, address)))
            }
        };
        Actor { backend }
    }

    /// Every instance there should be, in the order of the configuration, as it is now; changes
    /// nothing but that the lost record of a process is written again.
    ///
    /// # Errors
    /// Why the control can't be asked.
    pub async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        match &mut self.backend {
            Backend::Process(processes) => processes.instances().await,
            Backend::Systemd(units) => units.instances().await,
            Backend::Docker(containers) => containers.instances().await,
            Backend::Command(programs) => programs.instances().await,
        }
    }

    /// Whether it hears what happens between two questions, and so knows more of who stopped what.
    pub fn watches(&self) -> bool {
        matches!(self.backend, Backend::Systemd(_) | Backend::Docker(_))
    }

    /// Starts an instance that does not run; one that runs is left alone and told so. Returns when
    /// the control says that it runs.
    ///
    /// # Errors
    /// Why it does not run.
    pub async fn start(&mut self, instance: &str, how: &StartHow) -> Result<Acted, Failure> {
        match &mut self.backend {
            Backend::Process(processes) => processes.start(instance, how).await,
            Backend::Systemd(units) => units.start(instance).await,
            Backend::Docker(containers) => containers.start(instance, how).await,
            Backend::Command(programs) => programs.start().await,
        }
    }

    /// Stops an instance whole, its group or cgroup: asks, waits for the grace, forces, and returns
    /// when nothing of it is left and it is reaped. One that does not run is left alone.
    ///
    /// # Errors
    /// Why it still runs.
    pub async fn stop(&mut self, instance: &str, how: &StopHow) -> Result<Acted, Failure> {
        match &mut self.backend {
            Backend::Process(processes) => processes.stop(instance, how).await,
            Backend::Systemd(units) => units.stop(instance, how).await,
            Backend::Docker(containers) => containers.stop(instance, how).await,
            Backend::Command(programs) => programs.stop(how).await,
        }
    }

    /// Stops and starts an instance, in one job where the control has one; `anew` as [`Self::start`]
    /// takes it.
    ///
    /// # Errors
    /// Why it does not run anew.
    pub async fn restart(
        &mut self,
        instance: &str,
        how: &StopHow,
        anew: &StartHow,
    ) -> Result<Acted, Failure> {
        if let Backend::Systemd(units) = &mut self.backend {
            return units.restart(instance, how).await;
        }
        let stopped = self.stop(instance, how).await?;
        let started = self.start(instance, anew).await?;
        Ok(Acted {
            words: format!("{}, then {}", stopped.words, started.words),
            forced: stopped.forced,
            after: started.after,
        })
    }

    /// Ends what a stopped instance left behind in its group or cgroup. One that runs is left alone.
    ///
    /// # Errors
    /// What is still there, and why.
    pub async fn clean(&mut self, instance: &str) -> Result<Acted, Failure> {
        match &mut self.backend {
            Backend::Process(processes) => processes.clean(instance).await,
            Backend::Systemd(units) => units.clean(instance).await,
            Backend::Docker(containers) => containers.clean(instance).await,
            Backend::Command(programs) => Ok(programs.clean()),
        }
    }
}

/// What an instance is, so that it can be told later whether it was replaced. `boot_id` is that of
/// this boot. A unit or a container that is down is still what it last was; a process that is gone is
/// none.
pub fn generation(instance: &Instance, boot_id: &str) -> Generation {
    let life = instance.generation.as_deref().unwrap_or_default();
    if let Some(unit) = &instance.unit {
        return Generation::Unit {
            unit: unit.clone(),
            invocation_id: life.to_owned(),
        };
    }
    if let Some(id) = &instance.container {
        let started_at = life.strip_prefix(id.as_str()).unwrap_or_default();
        return Generation::Container {
            id: id.clone(),
            started_at: started_at.trim_start().to_owned(),
        };
    }
    let process = instance.main_pid.and_then(|pid| {
        let ticks = life.strip_prefix(&format!("{boot_id}:{pid}:"))?;
        let start_ticks = ticks.parse().ok()?;
        Some(ProcessId { pid, start_ticks })
    });
    process.map_or(Generation::Absent, |process| Generation::Process {
        process,
        boot_id: boot_id.to_owned(),
    })
}

/// Whether an instance runs or is on its way there.
pub fn is_up(instance: &Instance) -> bool {
    matches!(
        instance.state,
        InstanceState::Running | InstanceState::Starting
    )
}
