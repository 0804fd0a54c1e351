//! What the ledger remembers of a stretch of time, for whoever draws conclusions from it.

use serde::{Deserialize, Serialize};

use super::{
    Code, Incident, IncidentId, Level, Run, StepResult, Target, Timestamp, TriggerCode,
    TriggerSource,
};

/// What happened in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The incidents that were opened in it, oldest first.
    pub incidents: Vec<Incident>,
    /// The runs that were made in it, oldest first.
    pub runs: Vec<PastRun>,
    /// The alerts that began to fire in it, oldest first.
    pub alerts: Vec<PastAlert>,
    /// The health score, oldest first.
    pub scores: Vec<ScoreSpan>,
    /// The forecasts that were made in it, oldest first.
    pub forecasts: Vec<PastForecast>,
}

/// A run, what it was about, and what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct PastRun {
    /// The run.
    pub run: Run,
    /// What its incident was about.
    pub code: TriggerCode,
    /// What it did, in order.
    pub steps: Vec<PastStep>,
}

/// A step in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastStep {
    /// Its rung, counted from 0.
    pub rung: u32,
    /// The action: `worker.stop`.
    pub action: String,
    /// How it ended; `None`: that was not written down.
    pub result: Option<StepResult>,
}

impl PastStep {
    /// It did something, or may have.
    pub fn acted(&self) -> bool {
        // What only looks, or only tells, mends nothing.
        let idle = [
            "config.validate",
            "config.impact",
            "backups.verify",
            "broker.wait",
            "notify",
            "escalate",
        ];
        let nothing = matches!(
            self.result,
            Some(StepResult::Needless | StepResult::ObservedNotDone)
        );
        !nothing && !idle.contains(&self.action.as_str())
    }
}

/// An alert from when it began to fire to when it was said to be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAlert {
    /// Its name.
    pub code: TriggerCode,
    /// Its target.
    pub target: Target,
    /// Who told of it.
    pub source: TriggerSource,
    /// When it came.
    pub fired_at: Timestamp,
    /// When it was said to be over; `None`: not yet.
    pub cleared_at: Option<Timestamp>,
    /// The incident that it opened or joined.
    pub incident: Option<IncidentId>,
}

/// The health score over a stretch of time in which the level was one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreSpan {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The lowest score in it.
    pub low: u8,
    /// The mean over its time.
    pub mean: f64,
    /// The level.
    pub level: Level,
}

impl ScoreSpan {
    /// How long it is, in seconds.
    pub fn seconds(&self) -> f64 {
        self.until.since(self.since).as_secs_f64()
    }

    /// The score did not change in it.
    pub fn is_even(&self) -> bool {
        (self.mean - f64::from(self.low)).abs() < 1e-9
    }
}

/// A forecast that was told as a finding, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastForecast {
    /// The number the ledger gave it.
    pub id: i64,
    /// The finding.
    pub code: Code,
    /// Of what.
    pub target: Target,
    /// When it was told first.
    pub made_at: Timestamp,
    /// Until when it was to come true.
    pub due_at: Timestamp,
    /// When that was decided, and how; `None`: not yet.
    pub end: Option<(Timestamp, ForecastEnd)>,
}

/// What became of a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastEnd {
    /// What it warned of came, in time.
    CameTrue,
    /// It did not come, and nothing was done about it.
    DidNot,
    /// It did not come, and something was done about it: whether it would have can't be told.
    Acted,
    /// Nobody looked when it was due.
    Unseen,
}

impl ForecastEnd {
    /// Every end.
    pub const ALL: [ForecastEnd; 4] = [
        ForecastEnd::CameTrue,
        ForecastEnd::DidNot,
        ForecastEnd::Acted,
        ForecastEnd::Unseen,
    ];

    /// The word that is written down.
    pub fn as_str(self) -> &'static str {
        match self {
            ForecastEnd::CameTrue => "came_true",
            ForecastEnd::DidNot => "did_not",
            ForecastEnd::Acted => "acted",
            ForecastEnd::Unseen => "unseen",
        }
    }
}
