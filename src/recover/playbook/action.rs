//! The actions a step may name, with typed arguments and the risk of each.

use serde::Deserialize;

use crate::config::Signal;
use crate::config::units::Period;
use crate::model::Risk;

/// Declares the actions: variant, arguments, name in a playbook, risk (`None`: the step says it),
/// whether it starts or stops workers, meaning.
macro_rules! actions {
    ($($variant:ident($args:ty) $name:literal $risk:expr, $workers:literal, $meaning:literal)*) => {
        /// What a step does.
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        pub enum Action {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant($args),)*
        }

        impl Action {
            /// Every action: its name, its risk (`None`: the step says it), its meaning.
            pub const ALL: &[(&str, Option<Risk>, &str)] = &[$(($name, $risk, $meaning)),*];

            /// Its name in a playbook.
            pub fn name(&self) -> &'static str {
                match self { $(Action::$variant(_) => $name,)* }
            }

            /// Whether it starts, stops or disconnects workers.
            pub fn touches_workers(&self) -> bool {
                match self { $(Action::$variant(_) => $workers,)* }
            }

            fn own_risk(&self) -> Option<Risk> {
                match self { $(Action::$variant(_) => $risk,)* }
            }
        }
    };
}

actions! {
    ConfigValidate(Nothing) "config.validate" Some(Risk::Safe), false,
        "Checks the env file against its schema as it is now, and logs in with its values where the broker answers."
    ConfigRepair(Nothing) "config.repair" Some(Risk::Safe), false,
        "Gives broken keys the value of the last known good, `default_from` or `default`; checked and logged in with before the file is swapped."
    ConfigRollback(Nothing) "config.rollback" Some(Risk::Safe), false,
        "Puts the last known good file back, whole; not one that the broker refuses."
    ConfigImpact(Nothing) "config.impact" Some(Risk::Safe), false,
        "Finds out which workers are started with the env file, and which of them run with other values."
    BrokerRestart(Nothing) "broker.restart" Some(Risk::Drastic), false,
        "Restarts this host's broker node; only on evidence that the node itself is down or hung."
    BrokerWait(Nothing) "broker.wait" Some(Risk::Safe), false,
        "Waits until a message comes through the broker."
    WorkerStop(StopArgs) "worker.stop" Some(Risk::Disruptive), true,
        "Stops the processes concerned: the signal, the grace, then the whole group or cgroup by force."
    WorkerCleanup(Nothing) "worker.cleanup" Some(Risk::Disruptive), true,
        "Ends what stopped processes left behind in their group or cgroup, and waits for their broker connections to close."
    WorkerStart(Nothing) "worker.start" Some(Risk::Safe), true,
        "Starts the processes that are missing."
    WorkerCloseConnection(Nothing) "worker.close_connection" Some(Risk::Disruptive), true,
        "Closes the worker's connection at the broker."
    WorkersRestartStaged(RestartArgs) "workers.restart_staged" Some(Risk::Disruptive), true,
        "Restarts workers stage by stage, never below `min_healthy`, each verified before the next."
    LogsCleanup(Nothing) "logs.cleanup" Some(Risk::Safe), false,
        "Compresses logs over `max_size` to `NAME.TIME.gz` and removes those over `max_age`; what is open is cut, never removed."
    BackupsVerify(Nothing) "backups.verify" Some(Risk::Safe), false,
        "Checks that the newest backup is there, young and large enough, and whole."
    Notify(NotifyArgs) "notify" Some(Risk::Safe), false,
        "Tells the configured channels. As the last step of a rung it is told once the rung is verified, with how it ended, and `text` is what is to be done."
    Escalate(NotifyArgs) "escalate" Some(Risk::Safe), false,
        "Tells a person at once, with the evidence; what was tried did not help."
    CommandRun(CommandArgs) "command.run" None, false,
        "Runs a program of your own; no shell, no labels in its arguments. Its environment is `PATH` and the like, and `WARRENER_RUN`, the number of the run."
}

impl Action {
    /// What it may cost when it is wrong.
    pub fn risk(&self) -> Risk {
        match (self, self.own_risk()) {
            (_, Some(risk)) => risk,
            (Action::CommandRun(command), None) => command.risk.0,
            (_, None) => Risk::Drastic,
        }
    }
}

/// An action without arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

/// Arguments of `worker.stop`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StopArgs {
    /// Signal that asks; without it, the worker's `stop.signal`.
    pub signal: Option<Signal>,
    /// Time before force; without it, the worker's `stop.grace`.
    pub grace: Option<Period>,
}

/// Arguments of `workers.restart_staged`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestartArgs {
    /// Which workers.
    pub which: Which,
}

/// Which workers a staged restart is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those that use the keys that changed, or are started with the target's env file.
    #[default]
    Affected,
    /// Those that do not consume again by themselves.
    NotBack,
    /// All of this host.
    All,
}

/// Arguments of `notify` and `escalate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyArgs {
    /// What a person should know or do, added to what warrener says.
    pub text: Option<String>,
}

/// Arguments of `command.run`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandArgs {
    /// Program and arguments, as they are.
    pub argv: Vec<String>,
    /// What it may cost when it is wrong: `safe`, `disruptive`, `drastic`.
    #[serde(default)]
    pub risk: CommandRisk,
}

/// The risk of a command; drastic unless it says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct CommandRisk(pub Risk);

impl Default for CommandRisk {
    fn default() -> Self {
        CommandRisk(Risk::Drastic)
    }
}
