//! Telling people: a message goes into the outbox of each channel that wants it, in the ledger, and
//! is sent from there until the channel took it.
//!
//! ```text
//! tell ─> together (the same again is one notice) ─> outbox ─> sender ─> parcel (a flood is one
//!   └──> log                                                    │         notice) ─> slack, webhook
//!                                                               └─ refused: put off, told later
//! ```
//!
//! A channel may get a notice twice, when warrener ends between its answer and the ledger; none is
//! lost but what was refused for a day.
//!
//! Must not know: why anything was done.

mod channel;
mod counts;
mod letter;
mod log;
mod parcel;
mod sender;
mod slack;
#[cfg(test)]
mod tests;
mod together;
mod webhook;
mod words;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::model::{Evidence, IncidentId, Level, Timestamp};
use crate::recover::ledger::{Handle, LedgerError, Notice};
use letter::Letter;

pub use counts::NoticeCounts;
pub use sender::{Sender, tell_unrecorded};

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Health is critical: recovery is at work, and a person should know at once.
    Emergency,
    /// Something about warrener itself: nothing can be recorded, no alert comes any more.
    Own,
    /// A checklist that was worked through by the clock.
    Report,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Acting,
        Kind::Recovered,
        Kind::Escalated,
        Kind::Held,
        Kind::AwaitingApproval,
        Kind::Proposed,
        Kind::Emergency,
        Kind::Own,
        Kind::Report,
    ];

    /// The word in a document and a log line.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Acting => "acting",
            Kind::Recovered => "recovered",
            Kind::Escalated => "escalated",
            Kind::Held => "held",
            Kind::AwaitingApproval => "awaiting_approval",
            Kind::Proposed => "proposed",
            Kind::Emergency => "emergency",
            Kind::Own => "own",
            Kind::Report => "report",
        }
    }

    /// In words, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Kind::Acting => "warrener is repairing it",
            Kind::Recovered => "It is over, and that was verified",
            Kind::Escalated => "A person is needed: warrener could not repair it",
            Kind::Held => "warrener would repair it, and is held back",
            Kind::AwaitingApproval => "warrener waits for your approval",
            Kind::Proposed => "warrener proposes a repair; nothing is done",
            Kind::Emergency => "Health is critical, and warrener is at work",
            Kind::Own => "This is about warrener itself",
            Kind::Report => "The checklist, worked through; nothing is done because of it",
        }
    }

    /// It goes to every channel, whatever the level.
    fn always(self) -> bool {
        matches!(
            self,
            Kind::Escalated | Kind::Emergency | Kind::Own | Kind::Report
        )
    }
}

/// A message that is in the log, and on its way to the channels of the configuration that want it: by
/// its level, whatever the level when a person is needed, and, when it is over, whoever heard that it
/// began.
#[derive(Clone, Debug)]
pub struct Letters {
    channels: Vec<(&'static str, Vec<crate::config::Level>)>,
    letter: Letter,
}

/// Writes a line into the log; what is to be put into the outbox.
pub fn letters(config: &Config, message: Message, now: Timestamp) -> Letters {
    log::line(&config.identity, &message);
    Letters {
        channels: channel::configured(config),
        letter: Letter::new(&config.identity, message, now),
    }
}

impl Letters {
    /// Puts the message into the outbox of every channel that wants it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn put(&self, ledger: &mut super::ledger::Ledger) -> Result<(), LedgerError> {
        let mut each = self.channels.iter();
        each.try_for_each(|(channel, levels)| together::put(ledger, channel, levels, &self.letter))
    }
}

/// Whether a person was called about an incident, as far back as notices are kept.
///
/// # Errors
/// [`LedgerError`].
pub fn called(
    ledger: &super::ledger::Ledger,
    incident: crate::model::IncidentId,
) -> Result<bool, LedgerError> {
    let told = ledger.told(incident)?;
    let mut letters = told.iter().filter_map(Letter::from_value);
    Ok(letters.any(|letter| letter.message.kind == Kind::Escalated))
}

/// A message for every channel of the configuration, whatever the level, to be put into the outbox
/// by whoever must not do so twice.
pub fn notices(config: &Config, message: &Message, now: Timestamp) -> Vec<Notice> {
    let letter = Letter::new(&config.identity, message.clone(), now);
    let channels = channel::configured(config).into_iter();
    let notice = |channel: &str| Notice {
        incident: message.incident,
        channel: channel.to_owned(),
        body: letter.to_value(),
    };
    channels.map(|(channel, _)| notice(channel)).collect()
}

/// Writes a line into the log, and puts the message into the outbox of every channel of the
/// configuration that wants it: by its level, whatever the level when a person is needed, and, when
/// it is over, whoever heard that it began.
///
/// # Errors
/// [`LedgerError`]; only the log has it then.
pub async fn tell(
    ledger: &Handle,
    config: &Config,
    message: Message,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let letters = letters(config, message, now);
    if letters.channels.is_empty() {
        return Ok(());
    }
    ledger.write(move |ledger| letters.put(ledger)).await
}

/// Whether people were told anything of this kind about an incident since then.
///
/// # Errors
/// [`LedgerError`].
pub async fn was_told(
    ledger: &Handle,
    config: &Config,
    (kind, incident): (Kind, IncidentId),
    since: Timestamp,
) -> Result<bool, LedgerError> {
    let channels = channel::configured(config);
    let told = ledger.read(move |ledger| {
        for (channel, _) in &channels {
            if together::was_told(ledger, channel, (kind, incident), since)? {
                return Ok(true);
            }
        }
        Ok(false)
    });
    told.await
}
