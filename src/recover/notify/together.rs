//! The same trouble again within a minute is one notice: repeats are dropped, and what says more
//! waits, the newest word in the place of the one before it. Nothing that calls a person waits.

use std::time::Duration;

use super::letter::Letter;
use super::{Kind, Message};
use crate::config::Level;
use crate::model::{self, IncidentId, Timestamp};
use crate::recover::ledger::{Ledger, LedgerError, Notice, NoticeId, Noticed};

/// How long one notice about the same keeps the next one waiting.
const TOGETHER: Duration = Duration::from_secs(60);

/// What becomes of a letter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was told already.
    Told,
    /// It takes the place of one that waits.
    InsteadOf(NoticeId),
    /// It is a notice of its own, to be sent at this time.
    Own(Timestamp),
}

/// Puts a letter into the outbox of a channel, if it is to have it.
pub(super) fn put(
    ledger: &mut Ledger,
    channel: &str,
    levels: &[Level],
    letter: &Letter,
) -> Result<(), LedgerError> {
    let (message, now) = (&letter.message, letter.told_at);
    let wanted = message.kind.always()
        || levels.contains(&word(message.level))
        || is_the_end_of_what_was_told(ledger, channel, message)?;
    if !wanted {
        return Ok(());
    }
    // One may have been put in a minute before it was due.
    let since = now.before(2 * TOGETHER);
    let before = ledger.noticed(channel, message.incident, since)?;
    match place(letter, &before) {
        Place::Told => Ok(()),
        Place::InsteadOf(id) => ledger.reword(id, &letter.to_value()),
        Place::Own(at) => {
            let notice = Notice {
                incident: message.incident,
                channel: channel.to_owned(),
                body: letter.to_value(),
            };
            ledger.queue_for(&notice, now, at).map(drop)
        }
    }
}

/// Who heard that it began hears that it is over: the level is a good one by then.
fn is_the_end_of_what_was_told(
    ledger: &Ledger,
    channel: &str,
    message: &Message,
) -> Result<bool, LedgerError> {
    if message.kind != Kind::Recovered || message.incident.is_none() {
        return Ok(false);
    }
    let told = ledger.noticed(channel, message.incident, Timestamp(0))?;
    Ok(!told.is_empty())
}

/// Whether the channel was told anything of this kind about an incident since then.
pub(super) fn was_told(
    ledger: &Ledger,
    channel: &str,
    (kind, incident): (Kind, IncidentId),
    since: Timestamp,
) -> Result<bool, LedgerError> {
    // In the same millisecond is since then.
    let since = since.before(Duration::from_millis(1));
    let told = ledger.noticed(channel, Some(incident), since)?;
    let mut kinds = told
        .iter()
        .filter_map(|one| Some(Letter::from_value(&one.body)?.message.kind));
    Ok(kinds.any(|told| told == kind))
}

/// What becomes of `letter`, of what the channel was lately told about the same incident, newest
/// first.
pub(super) fn place(letter: &Letter, before: &[Noticed]) -> Place {
    let (message, now) = (&letter.message, letter.told_at);
    let same: Vec<_> = before
        .iter()
        .filter(|one| told_at(one) > now.before(TOGETHER))
        .filter_map(|one| Some((one, Letter::from_value(&one.body)?)))
        .filter(|(_, old)| old.message.kind == message.kind)
        .filter(|(_, old)| message.incident.is_some() || old.message.what == message.what)
        .collect();
    let Some((newest, last)) = same.first() else {
        return Place::Own(now);
    };
    if letter.says_the_same(last) {
        return Place::Told;
    }
    if message.kind == Kind::Escalated {
        return Place::Own(now);
    }
    // One that is due may be on its way already.
    match same.iter().find(|(one, _)| !one.over && one.next_at > now) {
        Some((waiting, _)) => Place::InsteadOf(waiting.id),
        None => Place::Own(told_at(newest).after(TOGETHER)),
    }
}

/// When it was told, or is to be.
fn told_at(one: &Noticed) -> Timestamp {
    one.next_at.max(one.created_at)
}

fn word(level: model::Level) -> Level {
    match level {
        model::Level::Normal => Level::Normal,
        model::Level::Caution => Level::Caution,
        model::Level::Warning => Level::Warning,
        model::Level::Critical => Level::Critical,
    }
}
