//! What asks for recovery: alerts, findings, people and the clock, all one type.
//!
//! Labels of an alert are kept for display alone. What is to be repaired is [`Trigger::target`],
//! which was picked out of the local configuration.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Code, Target, Timestamp};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSource {
    /// Alertmanager, by its webhook.
    Alertmanager,
    /// Alertmanager, asked by warrener what fires.
    Reconcile,
    /// A finding of warrener's own.
    Finding,
    /// A person at the command line.
    Command,
    /// A person on the status page.
    Page,
    /// The clock, by `recovery.housekeeping`.
    Clock,
}

impl TriggerSource {
    /// Every source.
    pub const ALL: [TriggerSource; 6] = [
        TriggerSource::Alertmanager,
        TriggerSource::Reconcile,
        TriggerSource::Finding,
        TriggerSource::Command,
        TriggerSource::Page,
        TriggerSource::Clock,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerSource::Alertmanager => "alertmanager",
            TriggerSource::Reconcile => "reconcile",
            TriggerSource::Finding => "finding",
            TriggerSource::Command => "command",
            TriggerSource::Page => "page",
            TriggerSource::Clock => "clock",
        }
    }

    /// A person asks: what they ask for needs no approval, and no finding that confirms it.
    pub fn is_a_person(self) -> bool {
        matches!(self, TriggerSource::Command | TriggerSource::Page)
    }

    /// An alert asks; warrener wants to see for itself.
    pub fn is_an_alert(self) -> bool {
        matches!(self, TriggerSource::Alertmanager | TriggerSource::Reconcile)
    }
}

/// What a trigger is about; with its target, what an incident is keyed by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TriggerCode {
    /// A finding, or the alert of its name.
    Finding(Code),
    /// An alert that no finding has the name of: `HealthCritical`, or a team's own.
    Alert(AlertName),
    /// A playbook that a person or the clock asks for by name; written `playbook:NAME`.
    Asked(String),
}

/// The word that a code asked for by name begins with.
const ASKED: &str = "playbook:";

impl TriggerCode {
    /// Of an alert's name; `None` when it is none.
    pub fn of_alert(name: &str) -> Option<Self> {
        match Code::ALL.iter().find(|code| code.as_str() == name) {
            Some(code) => Some(TriggerCode::Finding(*code)),
            None => AlertName::new(name).map(TriggerCode::Alert),
        }
    }

    /// Of its written form.
    pub fn from_text(text: &str) -> Option<Self> {
        match text.strip_prefix(ASKED) {
            Some(name) => is_name(name).then(|| TriggerCode::Asked(name.to_owned())),
            None => Self::of_alert(text),
        }
    }

    /// The finding, where it is one.
    pub fn finding(&self) -> Option<Code> {
        match self {
            TriggerCode::Finding(code) => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for TriggerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TriggerCode::Finding(code) => code.fmt(f),
            TriggerCode::Alert(name) => f.write_str(name.as_str()),
            TriggerCode::Asked(playbook) => write!(f, "{ASKED}{playbook}"),
        }
    }
}

impl Serialize for TriggerCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TriggerCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| de::Error::custom("not the name of an alert"))
    }
}

/// The name of an alert that is no finding's: letters, digits, `_`, `-`, `.`; at most 100.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertName(String);

impl AlertName {
    /// Checks `name`.
    pub fn new(name: &str) -> Option<Self> {
        is_name(name).then(|| AlertName(name.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Most characters of a name.
const MAX_NAME: usize = 100;

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=MAX_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(plain)
}

/// Whether what is asked about is the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerStatus {
    /// It is.
    Firing,
    /// It is said to be over: a hint, no evidence.
    Resolved,
}

impl TriggerStatus {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            TriggerStatus::Firing => "firing",
            TriggerStatus::Resolved => "resolved",
        }
    }

    /// The status of a label value.
    pub fn from_label(label: &str) -> Option<Self> {
        [TriggerStatus::Firing, TriggerStatus::Resolved]
            .into_iter()
            .find(|s| s.as_str() == label)
    }
}

/// A number the ledger gave a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerId(pub i64);

/// Something that asks for recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Who asks.
    pub source: TriggerSource,
    /// About what.
    pub code: TriggerCode,
    /// Of what.
    pub target: Target,
    /// Whether it is the case.
    pub status: TriggerStatus,
    /// Tells apart what asks: equal for every delivery of the same alert.
    pub fingerprint: String,
    /// When it began, as who asks says. Peers disagree on it: a hint.
    pub starts_at: Option<Timestamp>,
    /// Labels for people to read; bounded, and nothing is chosen by them.
    pub labels: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_written() {
        for text in ["WorkerDown", "HealthCritical", "playbook:housekeeping"] {
            assert_eq!(TriggerCode::from_text(text).unwrap().to_string(), text);
        }
        assert_eq!(
            TriggerCode::from_text("WorkerDown").unwrap().finding(),
            Some(Code::WorkerDown)
        );
    }

    #[test]
    fn what_is_no_name_is_no_code() {
        let long = "a".repeat(101);
        for text in [
            "",
            "$(reboot)",
            "../x",
            "a b",
            "playbook:",
            "a\0",
            "-x",
            &long,
        ] {
            assert_eq!(TriggerCode::from_text(text), None, "{text:?}");
        }
    }
}
