//! What is done without a person, what is under way and what was done last; and what would be done
//! about a finding. The one place that says so in words.

use serde::{Deserialize, Serialize};

use super::bounded;
use super::runs::{self, Incident, Pause, Run};
use crate::model::{self, RunMode, Standing};

/// Most open incidents that are told of.
const INCIDENTS: usize = 100;
/// Most open runs that are told of.
const RUNS: usize = 50;
/// Most ended runs that are told of.
const ENDED: usize = 10;

/// What is done without a person, what is under way and what was done last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// `recovery.mode` of the configuration.
    pub mode: String,
    /// Whether an alert or a finding starts its playbook without a person.
    pub automatic: bool,
    /// The same for people, in a sentence without a full stop.
    pub words: String,
    /// Findings start recovery without Alertmanager too: `recovery.reflex`.
    #[serde(default)]
    pub reflex: bool,
    /// Why nothing can be recorded, and so nothing is done.
    #[serde(default)]
    pub observe_only: Option<ObserveOnly>,
    /// Runs that the host's budget still has room for; `null` before the ledger was read.
    #[serde(default)]
    pub budget_left: Option<u64>,
    /// The pauses in force.
    #[serde(default)]
    pub pauses: Vec<Pause>,
    /// The open incidents, oldest first.
    #[serde(default)]
    pub incidents: Vec<Incident>,
    /// Open incidents that are not among them.
    #[serde(default)]
    pub incidents_left_out: u64,
    /// The runs that are not over, oldest first.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Open runs that are not among them.
    #[serde(default)]
    pub runs_left_out: u64,
    /// The newest runs that are over, newest first, without their steps.
    #[serde(default)]
    pub ended: Vec<Run>,
    /// What the clock asks for: `recovery.housekeeping`.
    #[serde(default)]
    pub scheduled: Vec<Scheduled>,
}

/// A playbook that is run by the clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scheduled {
    /// When, as configured.
    pub cron: String,
    /// The playbook's name.
    pub playbook: String,
    /// The time zone that it is read in.
    pub zone: String,
    /// The planned time that was done last; before the first, when it was first seen.
    pub last: f64,
    /// The next planned time; `null`: never.
    pub next: Option<f64>,
}

impl From<&model::Scheduled> for Scheduled {
    fn from(line: &model::Scheduled) -> Self {
        Scheduled {
            cron: line.cron.clone(),
            playbook: line.playbook.clone(),
            zone: line.zone.clone(),
            last: line.last.unix_seconds(),
            next: line.next.map(model::Timestamp::unix_seconds),
        }
    }
}

/// Why nothing can be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserveOnly {
    /// One word.
    pub reason: String,
    /// For people.
    pub words: String,
}

impl Recovery {
    pub(in crate::publish) fn new(standing: &Standing) -> Self {
        let observe_only = standing.observe_only.as_ref();
        let (incidents, incidents_left_out) =
            bounded(INCIDENTS, standing.incidents.iter().map(Incident::from));
        let open = standing.runs.iter();
        let (runs, runs_left_out) = bounded(RUNS, open.map(|(run, steps)| runs::run(run, steps)));
        let ended = standing.ended.iter().take(ENDED);
        Recovery {
            mode: standing.mode.as_str().to_owned(),
            automatic: acts(standing) && !paused_whole(standing),
            words: words(standing),
            reflex: standing.reflex,
            observe_only: observe_only.map(|(reason, words)| ObserveOnly {
                reason: reason.clone(),
                words: words.clone(),
            }),
            budget_left: standing.is_known().then_some(standing.budget_left),
            pauses: standing.pauses.iter().map(Pause::from).collect(),
            incidents,
            incidents_left_out,
            runs,
            runs_left_out,
            ended: ended.map(|run| runs::run(run, &[])).collect(),
            scheduled: standing.scheduled.iter().map(Scheduled::from).collect(),
        }
    }
}

/// Whether playbooks start without a person, where nothing is paused.
fn acts(standing: &Standing) -> bool {
    standing.mode == RunMode::Auto && standing.observe_only.is_none()
}

fn paused_whole(standing: &Standing) -> bool {
    standing.pauses.iter().any(|pause| pause.target.is_none())
}

/// What really happens now.
fn words(standing: &Standing) -> String {
    if let Some((_, why)) = &standing.observe_only {
        return format!("observing only: {why}");
    }
    let words = match standing.mode {
        RunMode::Off => return "observing only: recovery.mode is off".to_owned(),
        RunMode::Propose => "proposing only: plans are told, nothing is done",
        RunMode::Approve => "what is to be done waits for a person: warrener runs approve",
        RunMode::Auto if standing.reflex => "acting by itself, on alerts and on findings",
        RunMode::Auto => "acting by itself, on alerts",
    };
    if let Some(whole) = standing.pauses.iter().find(|pause| pause.target.is_none()) {
        return format!("paused, nothing is done by itself: {}", whole.reason);
    }
    let single = standing.pauses.iter().filter_map(|p| p.target.as_ref());
    match single.collect::<Vec<_>>().as_slice() {
        [] => words.to_owned(),
        [one] => format!("{words}; {one} is paused"),
        more => format!("{words}; {} targets are paused", more.len()),
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
    /// How far it may go by itself, with all limits on it: `off`, `propose`, `approve` or `auto`;
    /// `null` where it is no playbook.
    #[serde(default)]
    pub mode: Option<String>,
    /// Whether it starts without a person: in mode `auto`, with nothing against it now.
    pub automatic: bool,
}

impl Remedy {
    /// What answers `code` of `target`.
    pub(super) fn new(code: model::Code, target: &model::Target, standing: &Standing) -> Self {
        let answer = standing.answer(code, target);
        let usual = code.remedy();
        let own = answer.and_then(|answer| answer.summary.as_deref());
        // Before the playbooks were read the shipped ones are meant, as far as all may go.
        let (playbook, mode) = match answer {
            Some(answer) => (Some(&*answer.playbook), answer.mode),
            None if standing.answers.is_empty() => (usual.playbook(), standing.mode),
            None => (None, RunMode::Off),
        };
        let kind = match (playbook, usual.playbook()) {
            (Some(_), _) => "playbook",
            (None, Some(_)) => model::Remedy::Notify.as_str(),
            (None, None) => usual.as_str(),
        };
        let words = match (playbook, usual.playbook()) {
            (None, Some(_)) => does(model::Remedy::Notify),
            _ => own.unwrap_or_else(|| does(usual)),
        };
        let free = standing.observe_only.is_none() && !standing.is_paused(target);
        Remedy {
            kind: kind.to_owned(),
            playbook: playbook.map(str::to_owned),
            words: words.to_owned(),
            mode: playbook.map(|_| mode.as_str().to_owned()),
            automatic: playbook.is_some() && mode == RunMode::Auto && free,
        }
    }

    /// Who begins it; empty where it is no playbook.
    pub fn begun(&self) -> &'static str {
        match (self.automatic, self.mode.as_deref()) {
            (_, None) => "",
            (true, _) => "warrener begins it by itself",
            (false, Some("approve")) => "it waits for a person to approve it",
            (false, Some("propose")) => "it is only proposed, a person begins it",
            (false, _) => "it does not begin by itself",
        }
    }
}

/// What a remedy does, for people.
fn does(remedy: model::Remedy) -> &'static str {
    use model::Remedy as R;
    match remedy {
        R::BrokerDown => {
            "check and repair the configuration, restart the broker's node, wait for it, then the \
             workers that do not come back"
        }
        R::WorkerUnhealthy => "stop the process, start it, verify that it consumes",
        R::ConfigInvalid => {
            "repair the env file, validate it, then restart the workers that use it, in stages"
        }
        R::Housekeeping => "clean up logs, verify the backups",
        R::Notify => "a person is told",
        R::Escalate => "a person is told at once: to repeat what was done would not help",
    }
}
