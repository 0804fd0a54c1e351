//! Alerts that can't be acted on, and why: kept to be shown, never guessed at.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an alert was put aside. [`QuarantineReason::as_str`] is the `reason` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// It is not shaped like an alert.
    Malformed,
    /// It has a label too long, or too many of them.
    TooLarge,
    /// Its `alertname` is missing or no name.
    BadName,
    /// No label selects anything that could be in a configuration, or they contradict each other.
    UnknownTarget,
}

impl QuarantineReason {
    /// Every reason.
    pub const ALL: [QuarantineReason; 4] = [
        QuarantineReason::Malformed,
        QuarantineReason::TooLarge,
        QuarantineReason::BadName,
        QuarantineReason::UnknownTarget,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            QuarantineReason::Malformed => "malformed",
            QuarantineReason::TooLarge => "too_large",
            QuarantineReason::BadName => "bad_name",
            QuarantineReason::UnknownTarget => "unknown_target",
        }
    }
}

impl fmt::Display for QuarantineReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An alert that was put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its place in the body, counted from 0.
    pub index: u32,
    /// Why.
    pub reason: QuarantineReason,
    /// In words, for people.
    pub words: String,
    /// How it begins: printable, bounded.
    pub excerpt: String,
}

/// Longest excerpt, in characters.
const MAX_EXCERPT: usize = 200;

impl Quarantined {
    pub(super) fn new(
        index: usize,
        reason: QuarantineReason,
        words: impl Into<String>,
        raw: &str,
    ) -> Self {
        Quarantined {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            reason,
            words: words.into(),
            excerpt: printable(raw, MAX_EXCERPT),
        }
    }
}

/// At most `most` characters of `text`, none of them a control.
pub(super) fn printable(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(most).map(shown).collect()
}
