//! Colours. They only repeat what a word says.

use anstyle::{AnsiColor, Style};

use crate::model::{Level, Severity};

/// Headings.
pub(super) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(super) const DIM: Style = Style::new().dimmed();

const GOOD: Style = AnsiColor::Green.on_default();
const NOTICE: Style = AnsiColor::Cyan.on_default();
const POOR: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const WORST: Style = AnsiColor::Red.on_default().bold();

/// `text` in a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub(super) fn level(level: Level) -> Style {
    match level {
        Level::Normal => GOOD,
        Level::Caution => POOR,
        Level::Warning => BAD,
        Level::Critical => WORST,
    }
}

/// A component's score by the band that it would lie in.
pub(super) fn score(score: u8) -> Style {
    level(Level::of_score(score))
}

pub(super) fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Information => NOTICE,
        Severity::Minor => POOR,
        Severity::Major => BAD,
        Severity::Critical => WORST,
    }
}

/// A verdict's word.
pub(super) fn verdict(verdict: &str) -> Style {
    match verdict {
        "healthy" | "idle" => GOOD,
        "slow" | "unknown" => POOR,
        _ => BAD,
    }
}

/// The word for where a run is, or how it ended.
pub(super) fn run(word: &str) -> Style {
    match word {
        "recovered" | "self_resolved" => GOOD,
        "awaiting_approval" | "held" | "cancelled" => POOR,
        "failed" | "rolled_back" | "unknown" => BAD,
        _ => NOTICE,
    }
}

/// The word for how a step ended.
pub(super) fn step(word: &str) -> Style {
    match word {
        "done" | "needless" | "observed done" => GOOD,
        "undone" | "observed not done" => POOR,
        _ => BAD,
    }
}
