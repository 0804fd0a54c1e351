//! One execution of a playbook for one target: its states, and which may follow which.
//!
//! ```text
//! proposed ──> awaiting_approval ──> running ──> verifying ──> ended(recovered)
//!     │  └────────────┬──> held <──────┘  ^          │  └────> ended(failed, rolled_back, unknown)
//!     │               └──────────────────>│<─────────┘ the next rung
//!     └──> ended(self_resolved, held, cancelled)
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Hold, HoldReason, IncidentId, Step, Target, Timestamp, TriggerSource};

/// A number the ledger gave a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

/// How far a run may go by itself; from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// It is not made at all.
    Off,
    /// Its plan is told, nothing more.
    Propose,
    /// It waits for a person.
    Approve,
    /// It acts.
    Auto,
}

impl RunMode {
    /// Every mode, from least to most.
    pub const ALL: [RunMode; 4] = [
        RunMode::Off,
        RunMode::Propose,
        RunMode::Approve,
        RunMode::Auto,
    ];

    /// The word in `warrener.yml`, and the label value.
    pub fn as_str(self) -> &'static str {
        match self {
            RunMode::Off => "off",
            RunMode::Propose => "propose",
            RunMode::Approve => "approve",
            RunMode::Auto => "auto",
        }
    }
}

impl fmt::Display for RunMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Verified: the symptom is gone, and was still so after the stability window.
    Recovered,
    /// Everything was tried, and it is still wrong.
    Failed,
    /// It did not help, and what was changed is as it was before.
    RolledBack,
    /// It was over before anything was disturbed.
    SelfResolved,
    /// It never came to act, or not to the end: a hold outlived it.
    Held,
    /// A person, or the end of its trigger, called it off.
    Cancelled,
    /// What was done can't be told: warrener ended in between, and nothing shows it.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 7] = [
        Outcome::Recovered,
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::SelfResolved,
        Outcome::Held,
        Outcome::Cancelled,
        Outcome::Unknown,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Recovered => "recovered",
            Outcome::Failed => "failed",
            Outcome::RolledBack => "rolled_back",
            Outcome::SelfResolved => "self_resolved",
            Outcome::Held => "held",
            Outcome::Cancelled => "cancelled",
            Outcome::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Planned, nothing done.
    Proposed,
    /// Waits for a person.
    AwaitingApproval,
    /// Waits for a reason to go away; before the first step, or between two.
    Held(HoldReason),
    /// Acts.
    Running,
    /// Everything of a rung is done; waits for evidence on later snapshots.
    Verifying,
    /// Over.
    Ended(Outcome),
}

/// A state without what it carries: a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Proposed,
    Awaiting,
    Held,
    Running,
    Verifying,
    Ended,
}

/// What may follow each state but the same one again: other states, and the outcomes it may end
/// with. Only verification recovers; what acted can't have resolved itself unseen.
const TRANSITIONS: [(Phase, &[Phase], &[Outcome]); 6] = {
    use Outcome::{Cancelled, Failed, Held, Recovered, RolledBack, SelfResolved, Unknown};
    [
        (
            Phase::Proposed,
            &[Phase::Awaiting, Phase::Held, Phase::Running],
            &[SelfResolved, Held, Cancelled],
        ),
        (
            Phase::Awaiting,
            &[Phase::Held, Phase::Running],
            &[SelfResolved, Held, Cancelled],
        ),
        (
            Phase::Held,
            &[
                Phase::Proposed,
                Phase::Awaiting,
                Phase::Held,
                Phase::Running,
            ],
            &[SelfResolved, Held, Cancelled, Failed, RolledBack, Unknown],
        ),
        (
            Phase::Running,
            &[Phase::Held, Phase::Verifying],
            &[Failed, RolledBack, SelfResolved, Cancelled, Unknown],
        ),
        (
            Phase::Verifying,
            &[Phase::Running, Phase::Held],
            &[Recovered, Failed, RolledBack, Cancelled, Unknown],
        ),
        (Phase::Ended, &[], &[]),
    ]
};

impl RunState {
    fn phase(self) -> Phase {
        match self {
            RunState::Proposed => Phase::Proposed,
            RunState::AwaitingApproval => Phase::Awaiting,
            RunState::Held(_) => Phase::Held,
            RunState::Running => Phase::Running,
            RunState::Verifying => Phase::Verifying,
            RunState::Ended(_) => Phase::Ended,
        }
    }

    /// Whether `next` may follow.
    pub fn may_become(self, next: RunState) -> bool {
        TRANSITIONS
            .iter()
            .filter(|(from, _, _)| *from == self.phase())
            .any(|(_, states, outcomes)| match next {
                RunState::Ended(outcome) => outcomes.contains(&outcome),
                next => states.contains(&next.phase()),
            })
    }

    /// Nothing follows any more.
    pub fn is_over(self) -> bool {
        matches!(self, RunState::Ended(_))
    }

    /// The label value; reasons and outcomes have labels of their own.
    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Proposed => "proposed",
            RunState::AwaitingApproval => "awaiting_approval",
            RunState::Held(_) => "held",
            RunState::Running => "running",
            RunState::Verifying => "verifying",
            RunState::Ended(_) => "ended",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunState::Held(reason) => write!(f, "held ({reason})"),
            RunState::Ended(outcome) => write!(f, "ended ({outcome})"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// One execution of a playbook for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The incident it belongs to.
    pub incident: IncidentId,
    /// The playbook's name.
    pub playbook: String,
    /// What it is to repair.
    pub target: Target,
    /// What it may disturb, its target among it: no other run may at the same time.
    pub touches: Vec<Target>,
    /// Who asked for it.
    pub source: TriggerSource,
    /// How far it may go by itself.
    pub mode: RunMode,
    /// Where it is.
    pub state: RunState,
    /// The rung of the ladder it is on, counted from 0.
    pub rung: u32,
    /// Why it waits or waited last.
    pub hold: Option<Hold>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it first acted; `None` for one that never did.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Run {
    /// It acts, or acted and is not over: what it touches is its own.
    pub fn is_at_work(&self) -> bool {
        let acts = matches!(self.state, RunState::Running | RunState::Verifying);
        acts || (self.started_at.is_some() && !self.state.is_over())
    }
}

/// A run that was not over when warrener last ended, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The run.
    pub run: Run,
    /// Its newest step; without an outcome, whether it was done must be looked up in the world,
    /// never repeated blindly.
    pub last_step: Option<Step>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<RunState> {
        let mut states = vec![
            RunState::Proposed,
            RunState::AwaitingApproval,
            RunState::Held(HoldReason::Paused),
            RunState::Running,
            RunState::Verifying,
        ];
        states.extend(Outcome::ALL.map(RunState::Ended));
        states
    }

    #[test]
    fn the_table_of_transitions() {
        let told: Vec<String> = every()
            .into_iter()
            .map(|from| {
                let next = every().into_iter().filter(|next| from.may_become(*next));
                let next: Vec<_> = next.map(|state| state.to_string()).collect();
                format!("{from} -> {}", next.join(", "))
            })
            .collect();
        let expected = [
            "proposed -> awaiting_approval, held (paused), running, ended (self_resolved), ended (held), ended (cancelled)",
            "awaiting_approval -> held (paused), running, ended (self_resolved), ended (held), ended (cancelled)",
            "held (paused) -> proposed, awaiting_approval, held (paused), running, ended (failed), ended (rolled_back), ended (self_resolved), ended (held), ended (cancelled), ended (unknown)",
            "running -> held (paused), verifying, ended (failed), ended (rolled_back), ended (self_resolved), ended (cancelled), ended (unknown)",
            "verifying -> held (paused), running, ended (recovered), ended (failed), ended (rolled_back), ended (cancelled), ended (unknown)",
            "ended (recovered) -> ",
            "ended (failed) -> ",
            "ended (rolled_back) -> ",
            "ended (self_resolved) -> ",
            "ended (held) -> ",
            "ended (cancelled) -> ",
            "ended (unknown) -> ",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn every_state_reaches_an_end_and_only_verification_recovers() {
        for from in every().into_iter().filter(|state| !state.is_over()) {
            assert!(
                from.may_become(RunState::Ended(Outcome::Cancelled)),
                "{from}"
            );
            let recovers = from.may_become(RunState::Ended(Outcome::Recovered));
            assert_eq!(recovers, from == RunState::Verifying, "{from}");
        }
    }
}
