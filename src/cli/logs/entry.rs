//! From lines to entries: what belongs together, such as a message and its traceback, is one. Pure.

use std::collections::VecDeque;

use regex::bytes::Regex;

use super::instant::{Clock, Stamp};
use super::redact::Redactor;

/// Of an entry so many lines are kept from its beginning, and as many from its end.
const KEPT: usize = 20;
/// Of a line, in characters.
const LONGEST: usize = 500;

/// What was written at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// In milliseconds since the Unix epoch; `None` where nothing tells.
    pub(super) at: Option<i64>,
    /// It counts as an error.
    pub(super) error: bool,
    /// Its first line without the time.
    pub(super) head: String,
    /// What follows, without secrets.
    pub(super) first: Vec<String>,
    /// Lines left out here.
    pub(super) left_out: u64,
    /// The end of what follows.
    pub(super) last: VecDeque<String>,
    /// There is a traceback in it, whose last line says what it was.
    pub(super) raised: Option<String>,
}

/// Where the lines' times come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timed {
    /// They stand in the lines.
    Inside,
    /// They are told with the lines, or not at all: what belongs together is told by its form.
    Outside,
}

/// Where in a traceback a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trace {
    #[default]
    None,
    /// The next line that is not indented says what was raised.
    Frames,
    /// It was said; another traceback may follow.
    Said,
}

/// What an entry is an error by, and what is taken out of it.
pub(super) struct Reader<'a> {
    pub(super) clock: Clock,
    pub(super) error: &'a Regex,
    pub(super) redactor: &'a Redactor,
}

/// Joins the lines of one source.
pub(super) struct Joiner<'a> {
    reader: &'a Reader<'a>,
    timed: Timed,
    trace: Trace,
    open: Option<Entry>,
}

impl<'a> Joiner<'a> {
    pub(super) fn new(reader: &'a Reader<'a>, timed: Timed) -> Self {
        Joiner {
            reader,
            timed,
            trace: Trace::None,
            open: None,
        }
    }

    /// Takes in a line, whose time is `at` if something else than itself tells; gives the entry
    /// that ended before it.
    pub(super) fn line(&mut self, line: &[u8], at: Option<i64>, grave: bool) -> Option<Entry> {
        let line = trimmed(line);
        let stamp = match self.timed {
            Timed::Inside => self.reader.clock.stamp(line),
            Timed::Outside => None,
        };
        let error = grave || self.reader.error.is_match(line);
        let belongs = self.belongs(line, stamp);
        if belongs {
            self.more(line);
            return None;
        }
        self.follow(line, false);
        if line.is_empty() {
            return self.open.take();
        }
        // A traceback of nobody's has the time of what was written last.
        let before = self.open.as_ref().and_then(|open| open.at);
        let at = at.or(stamp.map(|stamp| stamp.at));
        let next = Entry {
            at: at.or(before.filter(|_| self.timed == Timed::Inside)),
            error,
            head: self.reader.shown(&without(line, stamp)),
            ..Entry::default()
        };
        self.open.replace(next)
    }

    /// Takes in a further line of the same message.
    pub(super) fn more(&mut self, line: &[u8]) {
        let line = trimmed(line);
        self.follow(line, true);
        if let Some(open) = &mut self.open {
            open.error |= self.reader.error.is_match(line);
            let text = self.reader.shown(line);
            if self.trace == Trace::Said && !text.is_empty() && !text.starts_with(' ') {
                open.raised = Some(text.clone());
            }
            open.add(text);
        }
    }

    /// The last entry.
    pub(super) fn end(self) -> Option<Entry> {
        self.open
    }

    fn belongs(&self, line: &[u8], stamp: Option<Stamp>) -> bool {
        let Some(open) = &self.open else { return false };
        if stamp.is_some() {
            return false;
        }
        if is_traceback(line) {
            // Of a message that is no error it is not told: it was written by itself.
            return self.trace == Trace::Said || (open.error && self.trace == Trace::None);
        }
        let indented = line.first().is_none_or(u8::is_ascii_whitespace);
        match (self.timed, self.trace) {
            (Timed::Inside, _) | (_, Trace::Frames) => true,
            (_, Trace::Said) if is_link(line) => true,
            _ => indented || line.starts_with(b"Caused by:") || line.starts_with(b"note: "),
        }
    }

    fn follow(&mut self, line: &[u8], belongs: bool) {
        let indented = line.first().is_none_or(u8::is_ascii_whitespace);
        let panics = line.ends_with(b":") && line.windows(11).any(|w| w == b"panicked at");
        self.trace = match self.trace {
            _ if is_traceback(line) || panics => Trace::Frames,
            Trace::Frames if belongs && !indented => Trace::Said,
            trace if belongs => trace,
            _ => Trace::None,
        };
    }
}

impl Reader<'_> {
    /// The line as it may be shown.
    fn shown(&self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        let text = self.redactor.redact(&text);
        let mut shown: String = text.trim_end().chars().take(LONGEST).collect();
        if text.chars().nth(LONGEST).is_some() {
            shown.push('…');
        }
        shown
    }
}

impl Entry {
    fn add(&mut self, line: String) {
        if self.first.len() < KEPT {
            self.first.push(line);
            return;
        }
        self.last.push_back(line);
        if self.last.len() > KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
    }

    /// What follows its first line, with a word on what was left out.
    pub(super) fn body(&self) -> Vec<String> {
        let left = (self.left_out > 0).then(|| format!("… {} lines left out …", self.left_out));
        let lines = self.first.iter().cloned().chain(left);
        let mut lines: Vec<_> = lines.chain(self.last.iter().cloned()).collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        lines
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn without(line: &[u8], stamp: Option<Stamp>) -> Vec<u8> {
    let Some(Stamp { from, to, .. }) = stamp else {
        return line.to_owned();
    };
    // In an object it is one field of many.
    if line.starts_with(b"{") {
        return line.to_owned();
    }
    let (before, after) = (&line[..from], &line[to..]);
    let skip = |b: &u8| matches!(b, b' ' | b'\t' | b':' | b'-' | b'|');
    let after = &after[after.iter().position(|b| !skip(b)).unwrap_or(after.len())..];
    let before = before.strip_suffix(b"[").unwrap_or(before);
    let after = match before.len() < from {
        true => after.strip_prefix(b"]").unwrap_or(after),
        false => after,
    };
    let after = &after[after.iter().position(|b| *b != b' ').unwrap_or(after.len())..];
    [before, after].concat()
}

fn is_traceback(line: &[u8]) -> bool {
    line.starts_with(b"Traceback (most recent call last)")
}

/// What stands between two tracebacks of one failure.
fn is_link(line: &[u8]) -> bool {
    line.is_empty()
        || line.starts_with(b"During handling of the above exception")
        || line.starts_with(b"The above exception was the direct cause")
}

#[cfg(test)]
mod tests;
