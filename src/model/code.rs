//! The codes of findings: the names of the alerts, and what each belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The parts of the health score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// The broker, its nodes and alarms.
    Broker,
    /// Workers and queues.
    Workers,
    /// Disks, memory, logs, backups.
    Resources,
    /// Env files and drift.
    Config,
}

impl Component {
    /// Every component, in the order they are shown.
    pub const ALL: [Component; 4] = [
        Component::Broker,
        Component::Workers,
        Component::Resources,
        Component::Config,
    ];

    /// The label value, and the key of its weight in `health.weights`.
    pub fn as_str(self) -> &'static str {
        match self {
            Component::Broker => "broker",
            Component::Workers => "workers",
            Component::Resources => "resources",
            Component::Config => "config",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What answers a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Playbook `broker-down`.
    BrokerDown,
    /// Playbook `worker-unhealthy`.
    WorkerUnhealthy,
    /// Playbook `config-invalid`.
    ConfigInvalid,
    /// Playbook `housekeeping`.
    Housekeeping,
    /// A person is told.
    Notify,
    /// A person is told at once: repeating what was done would not help.
    Escalate,
}

impl Remedy {
    /// The label value: the playbook's name, `notify` or `escalate`.
    pub fn as_str(self) -> &'static str {
        match self {
            Remedy::BrokerDown => "broker-down",
            Remedy::WorkerUnhealthy => "worker-unhealthy",
            Remedy::ConfigInvalid => "config-invalid",
            Remedy::Housekeeping => "housekeeping",
            Remedy::Notify => "notify",
            Remedy::Escalate => "escalate",
        }
    }

    /// The playbook's name, where it is one.
    pub fn playbook(self) -> Option<&'static str> {
        (!matches!(self, Remedy::Notify | Remedy::Escalate)).then(|| self.as_str())
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Declares the codes: name, component (`None`: that of the target's probe), remedy, meaning.
macro_rules! codes {
    ($($name:ident $component:ident $remedy:ident $meaning:literal)*) => {
        /// What can be wrong. [`Code::as_str`] is the alert's name too.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The alert's name.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => stringify!($name),)* }
            }

            /// The component that it counts against; `ProbeFailing` counts against that of its
            /// probe instead.
            pub fn component(self) -> Component {
                match self { $(Code::$name => Component::$component,)* }
            }

            /// What answers it.
            pub fn remedy(self) -> Remedy {
                match self { $(Code::$name => Remedy::$remedy,)* }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    BrokerUnreachable Broker BrokerDown "The broker does not answer."
    BrokerRoundtripFailing Broker BrokerDown "The broker answers, but no message comes through it."
    BrokerAuthFailed Broker ConfigInvalid "The broker refuses warrener's login."
    BrokerNodeDown Broker BrokerDown "A node of the broker is down."
    BrokerMemoryAlarm Broker Notify "A node is over its memory limit; publishers are blocked."
    BrokerDiskAlarm Broker Notify "A node is short of disk; publishers are blocked."
    QueueStuck Workers WorkerUnhealthy "Messages wait, consumers are there, and nothing is acknowledged."
    QueueWithoutConsumers Workers WorkerUnhealthy "A queue has fewer consumers than expected."
    QueueBacklog Workers Notify "More messages wait than the queue's limit."
    QueueGrowing Workers Notify "A queue grows towards its limit."
    QueueSlow Workers Notify "A queue is worked off too slowly."
    QueueRedelivering Workers Notify "Messages of a queue are delivered again and again."
    DeadLettersArriving Workers Notify "Messages arrive in a dead-letter queue."
    WorkerDown Workers WorkerUnhealthy "None of a worker's processes runs."
    WorkerMissing Workers WorkerUnhealthy "Fewer of a worker's processes run than configured."
    WorkerHung Workers WorkerUnhealthy "A worker's process lives and does nothing with its messages."
    WorkerDisconnected Workers WorkerUnhealthy "A worker's process lives and consumes nothing."
    WorkerFlapping Workers Escalate "A worker's processes start again and again."
    WorkerMemoryGrowing Workers Notify "A worker's memory grows without an end in sight."
    WorkerConfigDrift Config ConfigInvalid "A worker runs with another configuration than its env file's."
    ConfigInvalid Config ConfigInvalid "An env file breaks its schema, or a login with its values fails."
    ConfigInsecure Config Notify "An env file lets others in."
    ConfigChanged Config Notify "An env file was changed."
    DiskLow Resources Housekeeping "A disk is nearly full."
    MemoryLow Resources Housekeeping "Memory is nearly used up."
    DiskWillFill Resources Housekeeping "A disk will be full soon at the present rate."
    LogOversized Resources Housekeeping "A log is larger than its limit."
    LogErrors Resources Notify "A log receives many error lines."
    BackupStale Resources Notify "The newest backup is too old, or there is none."
    BackupBroken Resources Notify "The newest backup is not whole."
    ProbeFailing Broker Notify "warrener can't read a part of the world."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
