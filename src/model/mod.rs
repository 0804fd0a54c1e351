//! What the rooms hand each other: facts, snapshots, findings, assessments, failures, secrets.
//!
//! Values only. No I/O, no async, no clock of its own, and nothing of the rest of the crate.

mod assessment;
mod attention;
mod code;
pub mod facts;
mod failure;
mod finding;
mod hold;
mod incident;
mod moment;
mod past;
mod pause;
pub mod ratio;
mod run;
pub mod secret;
mod snapshot;
mod standing;
mod step;
mod target_key;
mod timestamp;
mod trigger;

pub use assessment::{
    Assessment, Cap, ComponentScore, Coverage, Forecast, Forecasted, Level, Penalty,
    ProcessVerdict, Unknown, Verdict,
};
pub use attention::Attention;
pub use code::{Code, Component, Remedy};
pub use failure::{Failure, Reason};
pub use finding::{Evidence, Finding, FindingKey, Severity, Target};
pub use hold::{Hold, HoldReason};
pub use incident::{Incident, IncidentId, IncidentKey};
pub use moment::Moment;
pub use past::{ForecastEnd, Past, PastAlert, PastForecast, PastRun, PastStep, ScoreSpan};
pub use pause::Pause;
pub use run::{Outcome, Run, RunId, RunMode, RunState, Unfinished};
pub use secret::Secret;
pub use snapshot::{ProbeName, Section, Snapshot, Tally};
pub use standing::{Answer, Scheduled, Standing, Times};
pub use step::{Done, Generation, Intent, Risk, Step, StepResult, Undo};
pub use timestamp::Timestamp;
pub use trigger::{AlertName, Trigger, TriggerCode, TriggerId, TriggerSource, TriggerStatus};
