//! One step of a run: what was meant, what was done, and what it was done to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::ProcessId;
use super::{RunId, Target, Timestamp};

/// What an action may cost when it is wrong; from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nothing that works is disturbed.
    Safe,
    /// Work in hand is interrupted: a process is stopped.
    Disruptive,
    /// Everything is interrupted: the broker's node is restarted.
    Drastic,
}

impl Risk {
    /// Every risk, from least to most.
    pub const ALL: [Risk; 3] = [Risk::Safe, Risk::Disruptive, Risk::Drastic];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Safe => "safe",
            Risk::Disruptive => "disruptive",
            Risk::Drastic => "drastic",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What something was at one time, so that it can be told afterwards whether it was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Generation {
    /// A process, of this boot.
    Process {
        /// Pid and start.
        process: ProcessId,
        /// The kernel's id of the boot.
        boot_id: String,
    },
    /// A systemd unit.
    Unit {
        /// Its name.
        unit: String,
        /// Its `InvocationID`; empty while it never ran.
        invocation_id: String,
    },
    /// A container.
    Container {
        /// Its id.
        id: String,
        /// Its start, as the engine writes it.
        started_at: String,
    },
    /// A file.
    File {
        /// Its path.
        path: String,
        /// Keyed hash of its content, in hexadecimal; `None` when there is no file.
        hash: Option<String>,
    },
    /// There was none.
    Absent,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// Done.
    Done,
    /// There was nothing to do.
    Needless,
    /// It went wrong.
    Failed,
    /// Done, and undone again.
    Undone,
    /// Done, and undoing it went wrong: a state of its own, for a person.
    UndoFailed,
    /// warrener ended in between; the world shows that it was done.
    ObservedDone,
    /// warrener ended in between; the world shows that it was not done.
    ObservedNotDone,
    /// warrener ended in between, and nothing shows whether it was done.
    Unknown,
}

impl StepResult {
    /// Every result.
    pub const ALL: [StepResult; 8] = [
        StepResult::Done,
        StepResult::Needless,
        StepResult::Failed,
        StepResult::Undone,
        StepResult::UndoFailed,
        StepResult::ObservedDone,
        StepResult::ObservedNotDone,
        StepResult::Unknown,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            StepResult::Done => "done",
            StepResult::Needless => "needless",
            StepResult::Failed => "failed",
            StepResult::Undone => "undone",
            StepResult::UndoFailed => "undo_failed",
            StepResult::ObservedDone => "observed_done",
            StepResult::ObservedNotDone => "observed_not_done",
            StepResult::Unknown => "unknown",
        }
    }
}

/// What is about to be done: written down before it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The rung it is of, counted from 0.
    pub rung: u32,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// The action: `worker.stop`.
    pub action: String,
    /// Its risk.
    pub risk: Risk,
    /// What it is done to.
    pub target: Target,
    /// Exactly what will be done, for people; no secrets.
    pub plan: String,
    /// What is there before.
    pub before: Vec<Generation>,
}

/// How what was written to a file is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The env file, as the configuration names it.
    pub file: String,
    /// Where its content of before is kept.
    pub backup: String,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// When the act itself was made; `None` when it never was, or that can't be told.
    pub acted_at: Option<Timestamp>,
    /// The result.
    pub result: StepResult,
    /// In words, for people; no secrets.
    pub words: String,
    /// What is there after.
    pub after: Vec<Generation>,
    /// How it is taken back, where that can be done.
    #[serde(default)]
    pub undo: Option<Undo>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its run.
    pub run: RunId,
    /// Its number within the run, counted from 1.
    pub number: u32,
    /// What was meant.
    pub intent: Intent,
    /// When the intent was written down.
    pub intended_at: Timestamp,
    /// How it went; `None` while it is under way, or when warrener ended in between.
    pub done: Option<Done>,
    /// When that was written down.
    pub done_at: Option<Timestamp>,
}
