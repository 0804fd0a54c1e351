//! Where recovery stands, as versioned JSON: what `GET /api/v1/recovery` answers. docs/API.md
//! describes the form; its rules are those of [`super::runs`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::runs::{Incident, Run, Step, VERSION, instant};
use super::status::Pause;
use crate::model;

/// Where recovery stands at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// [`VERSION`].
    pub version: u32,
    /// `recovery.mode`: how far any playbook may go.
    pub mode: String,
    /// Findings start recovery without Alertmanager.
    pub reflex: bool,
    /// Why nothing can be recorded, and so nothing is done; `null` while that is not so.
    pub observe_only: Option<ObserveOnly>,
    /// The pauses in force.
    pub pauses: Vec<Pause>,
    /// The open incidents, oldest first.
    pub incidents: Vec<Incident>,
    /// The runs that are not over, oldest first.
    pub runs: Vec<Active>,
    /// Some runs that are over, newest first.
    pub ended: Vec<Run>,
    /// By playbook and outcome: runs that are kept.
    pub outcomes: BTreeMap<String, BTreeMap<String, u64>>,
    /// By playbook: how fast its verified runs were.
    pub times: BTreeMap<String, Times>,
    /// Holds since warrener began, by reason.
    pub holds: BTreeMap<String, u64>,
    /// Runs that the host's budget still has room for now.
    pub budget_left: u64,
    /// Triggers that nobody took up yet.
    pub pending_triggers: u64,
    /// Notices that wait to be sent.
    pub outbox: Outbox,
    /// By channel: notices since warrener began.
    pub notices: BTreeMap<String, Notices>,
    /// When a `Watchdog` alert came last; `null`: never.
    pub watchdog_at: Option<f64>,
    /// When Alertmanager was last asked what fires.
    pub reconciled_at: Option<f64>,
    /// Alerts since warrener began, by what became of them: `trigger`, `quarantined`, `heartbeat`,
    /// `for_people`, `not_mine`.
    pub alerts: BTreeMap<String, u64>,
    /// The newest alerts that were put aside, newest first.
    pub quarantined: Vec<Quarantined>,
}

/// Why nothing can be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserveOnly {
    /// `read_only`, `full`, `held`, `corrupt`, `newer` or `io`.
    pub reason: String,
    /// In words, with the file.
    pub words: String,
}

/// A run that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Active {
    /// The run.
    pub run: Run,
    /// Its steps up to now, in order.
    pub steps: Vec<Step>,
}

/// How fast the verified runs of a playbook were, since warrener began. Seconds from when the
/// trouble began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// How many runs.
    pub runs: u64,
    /// To the first act.
    pub to_act: Spread,
    /// To the verified end.
    pub to_recover: Spread,
}

/// Times at a glance; `null` where there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle one.
    pub median_seconds: Option<f64>,
    /// The longest.
    pub longest_seconds: Option<f64>,
}

impl Spread {
    fn of(times: &[f64]) -> Self {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        Spread {
            median_seconds: times.get(times.len() / 2).copied(),
            longest_seconds: times.last().copied(),
        }
    }
}

/// Notices that wait to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    /// How many.
    pub waiting: u64,
    /// Since when the oldest does.
    pub since: Option<f64>,
}

/// What became of a channel's notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    /// Sent.
    pub sent: u64,
    /// Refused for good, or put off.
    pub failed: u64,
}

/// An alert that was put aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// When it came.
    pub at: f64,
    /// `malformed`, `too_large`, `bad_name` or `unknown_target`.
    pub reason: String,
    /// In words.
    pub words: String,
}

impl From<&model::Standing> for Standing {
    fn from(standing: &model::Standing) -> Self {
        let outcomes = standing.outcomes.iter().map(|(playbook, outcomes)| {
            let by_word = outcomes.iter().map(|(o, n)| (o.as_str().to_owned(), *n));
            (playbook.clone(), by_word.collect())
        });
        let times = standing.times.iter().map(|(playbook, times)| {
            let times = Times {
                runs: times.to_recover.len() as u64,
                to_act: Spread::of(&times.to_act),
                to_recover: Spread::of(&times.to_recover),
            };
            (playbook.clone(), times)
        });
        let holds = standing.holds.iter();
        let notices = standing.notices.iter().map(|(channel, (sent, failed))| {
            let (sent, failed) = (*sent, *failed);
            (channel.clone(), Notices { sent, failed })
        });
        let quarantined = standing
            .quarantined
            .iter()
            .map(|(at, reason, words)| Quarantined {
                at: at.unix_seconds(),
                reason: reason.clone(),
                words: words.clone(),
            });
        let (waiting, since) = standing.outbox;
        Standing {
            version: VERSION,
            mode: standing.mode.as_str().to_owned(),
            reflex: standing.reflex,
            observe_only: standing
                .observe_only
                .as_ref()
                .map(|(reason, words)| ObserveOnly {
                    reason: reason.clone(),
                    words: words.clone(),
                }),
            pauses: standing.pauses.iter().map(Pause::from).collect(),
            incidents: standing.incidents.iter().map(Incident::from).collect(),
            runs: (standing.runs.iter())
                .map(|(run, steps)| Active {
                    run: Run::from(run),
                    steps: steps.iter().map(Step::from).collect(),
                })
                .collect(),
            ended: standing.ended.iter().map(Run::from).collect(),
            outcomes: outcomes.collect(),
            times: times.collect(),
            holds: holds.map(|(r, n)| (r.as_str().to_owned(), *n)).collect(),
            budget_left: standing.budget_left,
            pending_triggers: standing.pending_triggers,
            outbox: Outbox {
                waiting,
                since: instant(since),
            },
            notices: notices.collect(),
            watchdog_at: instant(standing.watchdog_at),
            reconciled_at: instant(standing.reconciled_at),
            alerts: (standing.alerts.iter())
                .map(|(what, n)| ((*what).to_owned(), *n))
                .collect(),
            quarantined: quarantined.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HoldReason, Outcome, RunMode, Timestamp};

    #[test]
    fn what_stands_is_told_in_words_and_seconds() {
        let mut standing = model::Standing::unknown(RunMode::Auto, true);
        let at = Timestamp(1_800_000_000_500);
        standing.pauses.push(model::Pause {
            target: model::Target::from_key("worker:mail"),
            since: at,
            until: None,
            reason: "a deployment".into(),
        });
        standing.observe_only = Some(("full".into(), "ledger.db: the disk is full".into()));
        standing.outbox = (2, Some(at));
        standing.holds.insert(HoldReason::Budget, 3);
        standing.alerts.insert("quarantined", 1);
        standing.notices.insert("slack".into(), (5, 1));
        let reason = ("unknown_target".to_owned(), "no such target".to_owned());
        standing.quarantined.push((at, reason.0, reason.1));
        let outcomes = [(Outcome::RolledBack, 1)].into();
        standing.outcomes.insert("config-invalid".into(), outcomes);
        let times = model::Times {
            to_act: vec![],
            to_recover: vec![9.0, 1.0, 5.0],
        };
        standing.times.insert("config-invalid".into(), times);
        let told = serde_json::to_value(Standing::from(&standing)).unwrap();
        assert_eq!(told["mode"], "auto");
        assert_eq!(told["pauses"][0]["target"]["key"], "worker:mail");
        assert_eq!(told["pauses"][0]["since"], 1_800_000_000.5);
        assert_eq!(told["observe_only"]["reason"], "full");
        assert_eq!(told["outbox"]["waiting"], 2);
        assert_eq!(told["holds"]["budget"], 3);
        assert_eq!(told["alerts"]["quarantined"], 1);
        assert_eq!(told["notices"]["slack"]["failed"], 1);
        assert_eq!(told["quarantined"][0]["reason"], "unknown_target");
        assert_eq!(told["outcomes"]["config-invalid"]["rolled_back"], 1);
        let times = &told["times"]["config-invalid"];
        assert_eq!(times["to_recover"]["median_seconds"], 5.0);
        assert_eq!(times["to_recover"]["longest_seconds"], 9.0);
        assert_eq!(times["to_act"]["median_seconds"], serde_json::Value::Null);
    }
}
