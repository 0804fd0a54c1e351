//! The log: one line for each message, at once, also while nothing can be recorded.

use super::{Kind, Message};
use crate::model::Level;

pub(super) fn line(identity: &str, message: &Message) {
    let Message {
        kind, level, what, ..
    } = message;
    let incident = message.incident.map(|incident| incident.0);
    let done = (!message.done.is_empty()).then(|| message.done.join("; "));
    let todo = message.todo.as_deref();
    let (kind_word, level_word, meaning) = (kind.as_str(), level.as_str(), kind.meaning());
    // The macro's level is part of its code.
    if matches!(kind, Kind::Escalated | Kind::Emergency | Kind::Own) || *level >= Level::Warning {
        tracing::warn!(
            identity,
            kind = kind_word,
            level = level_word,
            incident,
            what,
            done,
            todo,
            "{meaning}"
        );
    } else {
        tracing::info!(
            identity,
            kind = kind_word,
            level = level_word,
            incident,
            what,
            done,
            todo,
            "{meaning}"
        );
    }
}
