//! Slack's incoming webhook: a text that a person reads on a telephone.

use std::time::Duration;

use serde_json::{Value, json};

use super::letter::Letter;
use super::parcel::{Parcel, Sum};
use super::words::span;
use crate::model::{Evidence, Level, Timestamp};

/// From when on it is said that a notice comes late.
const LATE: Duration = Duration::from_secs(120);

/// The document that is posted.
pub(super) fn body(parcel: &Parcel, now: Timestamp) -> Value {
    let text = match parcel {
        Parcel::One(due) => one(&due.letter, now),
        Parcel::Many(all) => many(&Sum::of(all), &all[0].letter.identity, now),
    };
    json!({"text": text, "unfurl_links": false})
}

fn one(letter: &Letter, now: Timestamp) -> String {
    let message = &letter.message;
    let mut lines = vec![
        headline(message.level, &letter.identity, &message.what),
        format!("{}.", message.kind.meaning()),
    ];
    if let Some(todo) = &message.todo {
        lines.push(format!("*What to do:* {}", escaped(todo)));
    }
    let list = |title: &str, items: Vec<String>| {
        let title = (!items.is_empty()).then(|| format!("*{title}*"));
        let items = items.into_iter().map(|item| format!("• {item}"));
        title.into_iter().chain(items).collect::<Vec<_>>()
    };
    let done = message.done.iter().map(|line| escaped(line)).collect();
    lines.extend(list("Done", done));
    lines.extend(list("Seen", message.evidence.iter().map(seen).collect()));
    let times = [
        message
            .since
            .map(|since| format!("wrong for {}", span(letter.told_at.since(since)))),
        message
            .took
            .map(|took| format!("recovery took {}", span(seconds(took)))),
        message.incident.map(|id| format!("incident {}", id.0)),
        late(letter.told_at, now),
    ];
    let times: Vec<_> = times.into_iter().flatten().collect();
    if !times.is_empty() {
        lines.push(format!("_{}_", times.join(" · ")));
    }
    lines.join("\n")
}

fn many(sum: &Sum, identity: &str, now: Timestamp) -> String {
    let what = format!("and {} more", sum.count);
    let mut lines = vec![headline(sum.level, identity, &what)];
    lines.extend(sum.what.iter().map(|(what, kind, times)| {
        let times = match times {
            1 => String::new(),
            times => format!(" ({times} times)"),
        };
        format!(
            "• {}: {}{times}",
            escaped(what),
            kind.as_str().replace('_', " ")
        )
    }));
    if sum.more > 0 {
        lines.push(format!("• {} others", sum.more));
    }
    lines.push("All of it: `warrener runs`".to_owned());
    if let Some(late) = late(sum.first_at, now) {
        lines.push(format!("_{late}_"));
    }
    lines.join("\n")
}

/// What a telephone shows before the message is opened.
fn headline(level: Level, identity: &str, what: &str) -> String {
    let mark = match level {
        Level::Normal => ":large_green_circle:",
        Level::Caution => ":large_yellow_circle:",
        Level::Warning => ":large_orange_circle:",
        Level::Critical => ":red_circle:",
    };
    let (identity, what) = (escaped(identity), escaped(what));
    format!("{mark} *{level}* on {identity}: *{what}*")
}

fn seen(evidence: &Evidence) -> String {
    let (what, value) = (escaped(&evidence.what), escaped(&evidence.value));
    match &evidence.expected {
        Some(expected) => format!("{what}: {value} (should be {})", escaped(expected)),
        None => format!("{what}: {value}"),
    }
}

fn late(told_at: Timestamp, now: Timestamp) -> Option<String> {
    let age = now.since(told_at);
    (age >= LATE).then(|| format!("told late: this was {} ago", span(age)))
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()
}

/// The three characters that mean something else in Slack's text; so nobody is called by name, and
/// no link is made.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
