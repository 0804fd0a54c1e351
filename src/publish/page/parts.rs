//! What every part of the page is made of. Whatever comes from outside goes through [`text`].

use maud::{Markup, html};

use crate::model::{Level, Severity};
use crate::publish::status::Target;
use crate::publish::words;

/// A word from outside in one line: what can't be seen, or turns the direction of writing, is told.
pub(super) fn text(from_outside: &str) -> String {
    words::printable(from_outside)
}

/// `env file .env`
pub(super) fn target(target: &Target) -> String {
    words::target(target)
}

/// `ConfigInvalid of env file .env`
pub(super) fn of(code: &str, target: &Target) -> String {
    format!("{} of {}", text(code), words::target(target))
}

/// `?` for what is unknown.
pub(super) fn number(value: Option<u64>) -> String {
    words::or_unknown(value.map(words::count))
}

/// `1 finding`, `2 findings`
pub(super) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", words::count(count))
}

/// An underscore is no word.
pub(super) fn spaced(word: &str) -> String {
    text(&word.replace('_', " "))
}

/// A sentence with its full stop.
pub(super) fn sentence(words: &str) -> String {
    words::sentence(words)
}

/// The instant, for machines: `2026-11-24T10:00:01Z`.
fn iso(at: f64) -> String {
    words::instant(at)
        .replacen(' ', "T", 1)
        .replace(" UTC", "Z")
}

/// An instant: how far from now in words, the whole of it in its title.
fn instant(at: f64, words: &str) -> Markup {
    html! { time datetime=(iso(at)) title=(words::instant(at)) { (words) } }
}

/// `3 min ago`
pub(super) fn ago(at: f64, now: f64) -> Markup {
    if now - at < 1.0 {
        return instant(at, "just now");
    }
    instant(at, &format!("{} ago", words::rough(now - at)))
}

/// `3 min 12 s`, since then.
pub(super) fn lasting(since: f64, now: f64) -> Markup {
    instant(since, &words::span(now - since))
}

/// `in 3 min`, or what is past.
pub(super) fn until(at: f64, now: f64) -> Markup {
    if at <= now {
        return ago(at, now);
    }
    instant(at, &format!("in {}", words::rough(at - now)))
}

/// `10:00:01 UTC`, with the day in its title.
pub(super) fn clock(at: f64) -> Markup {
    instant(at, &words::clock_of(at))
}

/// A level's shape: colour alone would mean nothing to some.
pub(super) fn shape(level: Level) -> &'static str {
    match level {
        Level::Normal => "●",
        Level::Caution => "▲",
        Level::Warning => "◆",
        Level::Critical => "■",
    }
}

/// The level that a finding of this severity leads to.
pub(super) fn level(severity: Severity) -> Level {
    match severity {
        Severity::Information => Level::Normal,
        Severity::Minor => Level::Caution,
        Severity::Major => Level::Warning,
        Severity::Critical => Level::Critical,
    }
}

/// A word with its shape in its colour.
pub(super) fn mark(level: Level, word: &str) -> Markup {
    html! {
        span class={ "mark " (level.as_str()) } {
            span aria-hidden="true" { (shape(level)) } " " (word)
        }
    }
}

/// How a run or a step went, with its shape.
pub(super) fn went(word: &str) -> Markup {
    let level = match word {
        "recovered" | "self_resolved" | "done" | "needless" | "observed_done" | "undone" => {
            Level::Normal
        }
        "failed" | "undo_failed" | "unknown" => Level::Critical,
        "rolled_back" | "held" | "cancelled" | "observed_not_done" => Level::Caution,
        _ => return html! { span .mark { (spaced(word)) } },
    };
    mark(level, &spaced(word))
}

/// What a table says of itself: a caption that is seen by those who can't see the heading.
pub(super) fn head(caption: &str, columns: &[&str]) -> Markup {
    html! {
        caption .unseen { (caption) }
        thead role="rowgroup" {
            tr role="row" {
                @for column in columns { th scope="col" role="columnheader" { (column) } }
            }
        }
    }
}

/// A cell. On a phone, where rows are cards, it names its column.
pub(super) fn cell(column: &str, content: impl maud::Render) -> Markup {
    html! { td role="cell" data-column=(column) { (content) } }
}

/// The first cell of a row, which names it.
pub(super) fn row_head(content: impl maud::Render) -> Markup {
    html! { th scope="row" role="rowheader" { (content) } }
}

/// What can be typed; a line breaks between its words alone.
pub(super) fn typed(command: &str) -> Markup {
    html! {
        code {
            @for (at, word) in command.split(' ').enumerate() {
                @if at > 0 { " " } span .word { (word) }
            }
        }
    }
}

/// How many entries a list has no room for.
pub(super) fn left_out(more: u64) -> Markup {
    html! { @if more > 0 { p .aside { "and " (words::count(more)) " more" } } }
}

/// An id for what is named from outside.
pub(super) fn id(kind: &str, key: &str) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(key.as_bytes());
    format!("{kind}-{:08x}", crc.sum())
}
