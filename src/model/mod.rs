//! What the rooms hand each other: facts, snapshots, findings, assessments, failures, secrets.
//!
//! Values only. No I/O, no async, no clock of its own, and nothing of the rest of the crate.

mod assessment;
mod code;
pub mod facts;
mod failure;
mod finding;
mod moment;
pub mod secret;
mod snapshot;

pub use assessment::{
    Assessment, Cap, ComponentScore, Coverage, Forecast, Forecasted, Level, Penalty,
    ProcessVerdict, Unknown, Verdict,
};
pub use code::{Code, Component, Remedy};
pub use failure::{Failure, Reason};
pub use finding::{Evidence, Finding, FindingKey, Severity, Target};
pub use moment::Moment;
pub use secret::Secret;
pub use snapshot::{ProbeName, Section, Snapshot, Tally};
