//! Telling people: a message goes into the outbox of each channel that wants it, in the ledger, and
//! is sent from there until the channel took it.
//!
//! Must not know: why anything was done.

use crate::config::Config;
use crate::model::{Evidence, IncidentId, Level, Timestamp};
use crate::recover::ledger::{Handle, LedgerError};

/// What is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What kind of message it is.
    pub kind: Kind,
    /// The health level now.
    pub level: Level,
    /// The incident that it is about.
    pub incident: Option<IncidentId>,
    /// What broke, in a sentence without a full stop: `WorkerHung (worker task)`.
    pub what: String,
    /// What was done, line by line, in order; empty where nothing was.
    pub done: Vec<String>,
    /// What it stands on.
    pub evidence: Vec<Evidence>,
    /// Since when it is wrong.
    pub since: Option<Timestamp>,
    /// How long it took until it was verified or given up, in seconds.
    pub took: Option<f64>,
    /// What a person should do; `None`: nothing.
    pub todo: Option<String>,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Recovery acts, or acted: for information.
    Acting,
    /// It is over, verified.
    Recovered,
    /// Recovery did not help: a person has to.
    Escalated,
    /// Recovery would act, and something holds it.
    Held,
    /// Recovery waits for a person's word.
    AwaitingApproval,
    /// A plan is told; nothing is done.
    Proposed,
    /// Something about warrener itself: nothing can be recorded, no alert comes any more.
    Own,
}

/// Puts a message into the outbox of every channel of the configuration that wants it.
///
/// # Errors
/// [`LedgerError`]; nobody is told then.
pub async fn tell(
    _ledger: &Handle,
    _config: &Config,
    _message: Message,
    _now: Timestamp,
) -> Result<(), LedgerError> {
    Ok(())
}
