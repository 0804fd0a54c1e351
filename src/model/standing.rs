//! Where recovery stands: the ledger's read view for the status, the page and the metrics.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, HoldReason, Incident, Outcome, Pause, Run, RunMode, Step, Target, Timestamp};

/// Where recovery stands at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// How far any playbook may go.
    pub mode: RunMode,
    /// Findings start recovery without Alertmanager.
    pub reflex: bool,
    /// What answers findings; the first that is for one answers it. None before the playbooks were
    /// read.
    pub answers: Vec<Answer>,
    /// Why nothing can be recorded, and so nothing may be done: the error's kind and its words.
    pub observe_only: Option<(String, String)>,
    /// The open incidents, oldest first.
    pub incidents: Vec<Incident>,
    /// The runs that are not over, oldest first, each with its steps.
    pub runs: Vec<(Run, Vec<Step>)>,
    /// The newest runs that are over, newest first; some ten.
    pub ended: Vec<Run>,
    /// How often each playbook ended how, of the runs that are kept; of every playbook there is.
    pub outcomes: BTreeMap<String, BTreeMap<Outcome, u64>>,
    /// By playbook, of verified runs: seconds from when the trouble began to the run's first act, and
    /// to its verified end.
    pub times: BTreeMap<String, Times>,
    /// Holds since warrener began, by reason.
    pub holds: BTreeMap<HoldReason, u64>,
    /// The pauses in force.
    pub pauses: Vec<Pause>,
    /// Runs that the host's budget still has room for now.
    pub budget_left: u64,
    /// Triggers that nobody took up yet.
    pub pending_triggers: u64,
    /// Notices that wait, and since when the oldest does.
    pub outbox: (u64, Option<Timestamp>),
    /// Notices since warrener began, by channel: sent, and refused for good or put off.
    pub notices: BTreeMap<String, (u64, u64)>,
    /// When a `Watchdog` alert came last; `None`: never.
    pub watchdog_at: Option<Timestamp>,
    /// When Alertmanager was last asked what fires.
    pub reconciled_at: Option<Timestamp>,
    /// Alerts since warrener began, by what became of them: `trigger`, `quarantined`, `heartbeat`,
    /// `for_people`, `not_mine`.
    pub alerts: BTreeMap<&'static str, u64>,
    /// The newest alerts that were put aside: when, why (the reason's word) and in which words.
    pub quarantined: Vec<(Timestamp, String, String)>,
    /// What the clock asks for, in the configuration's order.
    pub scheduled: Vec<Scheduled>,
}

/// A playbook, and the findings that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name.
    pub playbook: String,
    /// What it is for, in a sentence without a full stop; `None` for a shipped one.
    pub summary: Option<String>,
    /// The findings' codes.
    pub codes: Vec<Code>,
    /// Only of these targets; `None`: of all.
    pub only: Option<BTreeSet<Target>>,
    /// How far it may go by itself, with all limits on it.
    pub mode: RunMode,
}

/// A playbook that is run by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// When, as configured.
    pub cron: String,
    /// The playbook's name.
    pub playbook: String,
    /// The time zone that it is read in.
    pub zone: String,
    /// The planned time that was done last; before the first, when it was first seen.
    pub last: Timestamp,
    /// The next planned time; `None`: never.
    pub next: Option<Timestamp>,
}

/// Seconds from a trouble's beginning, of a playbook's verified runs since warrener began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// To the first act of its run.
    pub to_act: Vec<f64>,
    /// To the verified end.
    pub to_recover: Vec<f64>,
}

impl Standing {
    /// Of a warrener that has not looked at its ledger yet.
    pub fn unknown(mode: RunMode, reflex: bool) -> Self {
        Standing {
            mode,
            reflex,
            answers: Vec::new(),
            observe_only: None,
            incidents: Vec::new(),
            runs: Vec::new(),
            ended: Vec::new(),
            outcomes: BTreeMap::new(),
            times: BTreeMap::new(),
            holds: BTreeMap::new(),
            pauses: Vec::new(),
            budget_left: 0,
            pending_triggers: 0,
            outbox: (0, None),
            notices: BTreeMap::new(),
            watchdog_at: None,
            reconciled_at: None,
            alerts: BTreeMap::new(),
            quarantined: Vec::new(),
            scheduled: Vec::new(),
        }
    }

    /// Whether the ledger was read: it names every playbook then.
    pub fn is_known(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// What answers a finding, where playbooks were read.
    pub fn answer(&self, code: Code, target: &Target) -> Option<&Answer> {
        let of_it = |answer: &&Answer| {
            let only = answer.only.as_ref();
            answer.codes.contains(&code) && only.is_none_or(|only| only.contains(target))
        };
        self.answers.iter().find(of_it)
    }

    /// Whether everything, or this target, is paused.
    pub fn is_paused(&self, target: &Target) -> bool {
        self.pauses.iter().any(|pause| pause.covers(target))
    }
}
