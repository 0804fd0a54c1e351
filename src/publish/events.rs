//! What a listener of `GET /api/v1/events` is told: each assessment in short, and every change of a
//! run. docs/API.md describes the events.
//!
//! Each event is whole by itself: one who missed some knows everything again with the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::runs::{Run, Step, VERSION};
use super::status::Status;
use crate::model::{self, Level, RunId, Standing};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `snapshot`, `recovery` or `run`.
    pub name: &'static str,
    /// JSON.
    pub data: String,
}

impl Event {
    fn new(name: &'static str, data: &impl Serialize) -> Self {
        // Nothing in it can fail to be written.
        let data = serde_json::to_string(data).unwrap_or_default();
        Event { name, data }
    }
}

/// `snapshot`: something was read and assessed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessed {
    /// [`VERSION`].
    pub version: u32,
    /// When, in seconds since the Unix epoch.
    pub at: f64,
    /// 0-100.
    pub score: u8,
    /// How far things are.
    pub level: Level,
    /// How many findings there are.
    pub findings: usize,
}

/// `recovery`: how much of it there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stands {
    /// [`VERSION`].
    pub version: u32,
    /// `recovery.mode`.
    pub mode: String,
    /// Something keeps everything from being recorded, and so from being done.
    pub observe_only: bool,
    /// The pauses in force.
    pub pauses: usize,
    /// The open incidents.
    pub incidents: usize,
    /// The runs that are not over.
    pub runs: usize,
}

/// `run`: a run began, went on or ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunChange {
    /// [`VERSION`].
    pub version: u32,
    /// The run.
    pub run: Run,
    /// Its steps up to now, in order; `null` of one that is over: `GET /api/v1/runs/{id}` has them.
    pub steps: Option<Vec<Step>>,
}

/// What one listener knows already.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    standing: Option<Arc<Standing>>,
    newest: i64,
}

impl Listener {
    /// What there is to say of an assessment.
    pub fn assessed(&self, status: &Status) -> Event {
        let told = Assessed {
            version: VERSION,
            at: status.at,
            score: status.score,
            level: status.level,
            findings: status.findings.len(),
        };
        Event::new("snapshot", &told)
    }

    /// What is new in where recovery stands. The first time: what there is, without what is over.
    pub fn stands(&mut self, standing: &Arc<Standing>) -> Vec<Event> {
        let first = self.standing.is_none();
        let before = self.standing.replace(Arc::clone(standing));
        let mut events = Vec::new();
        let now = stands(standing);
        if before.as_deref().map(stands).as_ref() != Some(&now) {
            events.push(Event::new("recovery", &now));
        }
        let known: BTreeMap<RunId, _> = (before.iter())
            .flat_map(|before| &before.runs)
            .map(|(run, steps)| (run.id, (run, steps)))
            .collect();
        for (run, steps) in &standing.runs {
            if known.get(&run.id) != Some(&(run, steps)) {
                events.push(change(run, Some(steps)));
            }
        }
        let over = |run: &&model::Run| known.contains_key(&run.id) || run.id.0 > self.newest;
        if !first {
            let ended = standing.ended.iter().rev().filter(over);
            events.extend(ended.map(|run| change(run, None)));
        }
        let all = standing.runs.iter().map(|(run, _)| run);
        let newest = all.chain(&standing.ended).map(|run| run.id.0).max();
        self.newest = self.newest.max(newest.unwrap_or(0));
        events
    }
}

fn stands(standing: &Standing) -> Stands {
    Stands {
        version: VERSION,
        mode: standing.mode.as_str().to_owned(),
        observe_only: standing.observe_only.is_some(),
        pauses: standing.pauses.len(),
        incidents: standing.incidents.len(),
        runs: standing.runs.len(),
    }
}

fn change(run: &model::Run, steps: Option<&Vec<model::Step>>) -> Event {
    let told = RunChange {
        version: VERSION,
        run: Run::from(run),
        steps: steps.map(|steps| steps.iter().map(Step::from).collect()),
    };
    Event::new("run", &told)
}
