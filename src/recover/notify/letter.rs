//! A message as it stands in the outbox.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Message;
use super::words::one_line;
use crate::model::{Evidence, Timestamp};

/// The version of its form.
const VERSION: u32 = 1;
/// Most lines of a list; what is over it is counted.
const MOST_LINES: usize = 20;
/// Longest text, in characters.
const MOST_TEXT: usize = 500;

/// A message, bounded, with who tells it and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Letter {
    version: u32,
    /// This host's name.
    pub(super) identity: String,
    /// When it was told.
    pub(super) told_at: Timestamp,
    /// What.
    pub(super) message: Message,
}

impl Letter {
    pub(super) fn new(identity: &str, message: Message, told_at: Timestamp) -> Self {
        Letter {
            version: VERSION,
            identity: identity.to_owned(),
            told_at,
            message: bounded(message),
        }
    }

    /// As it is kept.
    pub(super) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As it was kept; `None` where another version wrote it in another form.
    pub(super) fn from_value(value: &Value) -> Option<Self> {
        let letter = Self::deserialize(value).ok()?;
        (letter.version == VERSION).then_some(letter)
    }

    /// Both say the same, whenever.
    pub(super) fn says_the_same(&self, other: &Letter) -> bool {
        let but_for_time = |letter: &Letter| Message {
            took: None,
            ..letter.message.clone()
        };
        but_for_time(self) == but_for_time(other)
    }
}

/// Whatever came along, a person can read it, and a channel takes it.
fn bounded(message: Message) -> Message {
    let text = |text: &str| one_line(text, MOST_TEXT);
    let mut done: Vec<_> = message.done.iter().map(|line| text(line)).collect();
    if let Some(over) = done.len().checked_sub(MOST_LINES).filter(|over| *over > 0) {
        // The last steps say how it ended.
        done.drain(..=over);
        done.insert(0, format!("{} steps before these", over + 1));
    }
    let evidence = message.evidence.iter().take(MOST_LINES);
    Message {
        what: text(&message.what),
        done,
        evidence: evidence
            .map(|one| Evidence {
                what: text(&one.what),
                value: text(&one.value),
                expected: one.expected.as_deref().map(text),
            })
            .collect(),
        todo: message.todo.as_deref().map(text),
        ..message
    }
}
