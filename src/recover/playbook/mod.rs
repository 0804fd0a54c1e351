//! Playbooks: which steps answer which triggers, with what verification.
//!
//! The shipped ones are compiled in from `playbooks/*.yml`; a team's own, from a folder, add to
//! them or replace one of the same name. A step names an action with typed arguments; there is no
//! place for a shell string, and none where a label could be put.
//!
//! Must not know: how an action is done, whether it may be done now ([`super::guard`]).

mod action;
mod check;
mod condition;
mod load;
mod matching;
mod name;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::Deserialize;

pub use action::{
    Action, CommandArgs, CommandRisk, Nothing, NotifyArgs, RestartArgs, StopArgs, Which,
};
pub use condition::{Condition, Verify};
pub use load::Playbooks;
pub use name::TriggerName;

use crate::config::RecoveryMode;
use crate::config::units::Period;
use crate::model::{Code, Risk, TriggerCode};

/// Which steps answer which triggers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Its name; also the name of its file, before `.yml`.
    #[serde(rename = "playbook")]
    pub name: String,
    /// Where it came from.
    #[serde(skip)]
    pub origin: Origin,
    /// What it is for, in a sentence.
    pub summary: String,
    /// The findings and alerts that it answers. None: it is run by name or by the clock.
    #[serde(default)]
    pub triggers: Vec<TriggerName>,
    /// Only for this worker kind; it goes before playbooks for all.
    #[serde(default, rename = "for")]
    pub only_for: Option<For>,
    /// How far it may go by itself at most. It may say less than the configuration, never more.
    #[serde(default = "auto")]
    pub mode: RecoveryMode,
    /// What must confirm an alert before it is acted on.
    #[serde(default)]
    pub confirm: Confirm,
    /// It is not run again on the same target for this long.
    #[serde(default = "cooldown")]
    pub cooldown: Period,
    /// A run that takes longer has failed.
    #[serde(default = "timeout")]
    pub timeout: Period,
    /// A run that nobody approves ends after this long.
    #[serde(default = "approval")]
    pub approval: Period,
    /// It has no ladder of its own and drives other playbooks.
    #[serde(default)]
    pub drives: Option<Drives>,
    /// What is done: rung by rung, gentle to drastic, until verification says that it helped.
    #[serde(default)]
    pub ladder: Vec<Rung>,
    /// When it helped; a rung may say otherwise.
    #[serde(default)]
    pub verify: Option<Verify>,
}

fn auto() -> RecoveryMode {
    RecoveryMode::Auto
}

fn cooldown() -> Period {
    Period::secs(60)
}

fn timeout() -> Period {
    Period::secs(600)
}

fn approval() -> Period {
    Period::secs(3600)
}

/// Where a playbook came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in.
    #[default]
    Shipped,
    /// A file of the team's own.
    Own(PathBuf),
}

/// What a playbook is limited to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct For {
    /// A worker kind of the configuration.
    pub worker: String,
}

/// What must confirm an alert before it is acted on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// A current finding of warrener's own.
    #[default]
    Finding,
    /// Nothing: the alert's word is enough.
    Alert,
}

/// What a playbook without a ladder drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drives {
    /// The playbooks of all open incidents, in the order configuration, broker, workers.
    OpenIncidents,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Its name, for people.
    #[serde(rename = "rung")]
    pub name: String,
    /// Only for these triggers; for others the ladder goes on to the next rung. Empty: for all.
    #[serde(default)]
    pub when: Vec<TriggerName>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// When this rung helped; without it, the playbook's `verify`.
    #[serde(default)]
    pub verify: Option<Verify>,
}

impl Rung {
    /// The highest risk of its steps.
    pub fn risk(&self) -> Risk {
        let risks = self.steps.iter().map(|step| step.action.risk());
        risks.max().unwrap_or(Risk::Safe)
    }

    /// Whether it is one for what `code` is about.
    pub fn is_for(&self, code: &TriggerCode) -> bool {
        self.when.is_empty() || self.when.iter().any(|when| when.0 == *code)
    }
}

/// One step of a rung.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The action and its arguments.
    #[serde(rename = "do")]
    pub action: Action,
    /// A step that takes longer has failed.
    #[serde(default = "step_timeout")]
    pub timeout: Period,
    /// How often it is tried again; only for what is safe.
    #[serde(default)]
    pub retries: u32,
    /// Time before the first retry; doubled for each one after.
    #[serde(default = "backoff")]
    pub backoff: Period,
}

fn step_timeout() -> Period {
    Period::secs(60)
}

fn backoff() -> Period {
    Period::secs(1)
}

impl Playbook {
    /// The rungs for what `code` is about, each with its number in the ladder.
    pub fn rungs_for(&self, code: &TriggerCode) -> impl Iterator<Item = (usize, &Rung)> {
        let rungs = self.ladder.iter().enumerate();
        rungs.filter(move |(_, rung)| rung.is_for(code))
    }

    /// Whether it answers `code`.
    pub fn answers(&self, code: &TriggerCode) -> bool {
        match code {
            TriggerCode::Asked(name) => *name == self.name,
            code => self.triggers.iter().any(|trigger| trigger.0 == *code),
        }
    }

    /// Of two that answer the same, the one of lower rank does.
    pub fn rank(&self) -> (bool, bool) {
        (self.only_for.is_none(), self.is_shipped())
    }

    /// Whether it is shipped.
    pub fn is_shipped(&self) -> bool {
        self.origin == Origin::Shipped
    }

    /// The findings that it answers.
    pub fn findings(&self) -> impl Iterator<Item = Code> {
        self.triggers.iter().filter_map(|t| t.0.finding())
    }
}
