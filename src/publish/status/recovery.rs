//! What would be done about a finding, and whether anything is done without a person. The one
//! place that says how far this version goes.

use serde::{Deserialize, Serialize};

use crate::model;

/// How far recovery may go by the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stance {
    /// Observes only.
    Off,
    /// Tells what it would do.
    #[default]
    Propose,
    /// Waits for a person.
    Approve,
    /// Acts.
    Auto,
}

impl Stance {
    /// The word of `recovery.mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Stance::Off => "off",
            Stance::Propose => "propose",
            Stance::Approve => "approve",
            Stance::Auto => "auto",
        }
    }
}

/// What is done without a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// `recovery.mode` of the configuration.
    pub mode: String,
    /// Whether a finding starts its playbook without a person.
    pub automatic: bool,
    /// The same for people, in a sentence without a full stop.
    pub words: String,
}

impl Recovery {
    pub(super) fn new(stance: Stance) -> Self {
        let mode = stance.as_str();
        let none = "no automatic recovery in this version";
        Recovery {
            mode: mode.to_owned(),
            automatic: false,
            words: match stance {
                Stance::Off => format!("{none}, and recovery.mode is off: observing only"),
                Stance::Propose => format!("{none}: propose only"),
                Stance::Approve | Stance::Auto => {
                    format!("{none}: propose only, although recovery.mode is {mode}")
                }
            },
        }
    }
}

/// What answers a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// `playbook`, `notify` or `escalate`.
    pub kind: String,
    /// The playbook's name, where it is one.
    pub playbook: Option<String>,
    /// What that does, for people.
    pub words: String,
    /// Whether it starts without a person.
    pub automatic: bool,
}

impl Remedy {
    pub(super) fn new(remedy: model::Remedy, recovery: &Recovery) -> Self {
        use model::Remedy as R;
        let playbook = remedy.playbook();
        let words = match remedy {
            R::BrokerDown => {
                "check and repair the configuration, restart the broker's node, wait for it, then \
                 the workers that do not come back"
            }
            R::WorkerUnhealthy => "stop the process, start it, verify that it consumes",
            R::ConfigInvalid => {
                "repair the env file, validate it, then restart the workers that use it, in stages"
            }
            R::Housekeeping => "clean up logs, verify the backups",
            R::Notify => "a person is told",
            R::Escalate => "a person is told at once: to repeat what was done would not help",
        };
        Remedy {
            kind: playbook.map_or(remedy.as_str(), |_| "playbook").to_owned(),
            playbook: playbook.map(str::to_owned),
            words: words.to_owned(),
            automatic: recovery.automatic && playbook.is_some(),
        }
    }
}
