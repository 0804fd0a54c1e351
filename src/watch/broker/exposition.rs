//! A streaming reader of the Prometheus text format 0.0.4, line by line over chunks.
//!
//! It never holds more than one line. A line that can't be read is lost and counted, the rest is
//! kept: one odd queue name must not hide ten thousand queues.

use std::borrow::Cow;

use super::labels;
pub use super::labels::Labels;

/// The longest line that is read, in bytes. A queue name and a virtual host have at most 255 bytes
/// each; everything of RabbitMQ's that is longer is nothing we read.
pub const LINE_CAP: usize = 16 * 1024;

/// How label values of queues are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// As the format asks: `\\`, `\"`, `\n`.
    Standard,
    /// As they are: RabbitMQ wrote queue labels unescaped before 3.11.28 and 3.12.11
    /// (rabbitmq-server #9648, #10196).
    Raw,
}

impl Escaping {
    /// How RabbitMQ `version` writes queue labels. A version that can't be read counts as new.
    pub fn of_version(version: &str) -> Self {
        let mut numbers = version
            .split(|c: char| !c.is_ascii_digit())
            .map(|part| part.parse::<u32>().ok());
        let mut number = || numbers.next().flatten();
        let (Some(major), Some(minor)) = (number(), number()) else {
            return Escaping::Standard;
        };
        let patch = number().unwrap_or(0);
        match (major, minor, patch) {
            (0..=2, _, _) | (3, 0..=10, _) | (3, 11, 0..=27) | (3, 12, 0..=10) => Escaping::Raw,
            _ => Escaping::Standard,
        }
    }
}

/// One sample line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// The metric's name.
    pub name: &'a str,
    /// Its labels.
    pub labels: Labels<'a>,
    /// Its value; may be NaN or infinite.
    pub value: f64,
}

impl<'a> Sample<'a> {
    /// The value of label `name`.
    pub fn label(&self, name: &str) -> Option<Cow<'a, str>> {
        self.labels.get(name)
    }

    /// The value as a count or a number of bytes: `None` when negative or not finite.
    pub fn count(&self) -> Option<u64> {
        (self.value.is_finite() && self.value >= 0.0).then_some(self.value as u64)
    }
}

/// The reader. Feed it chunks, then [`Reader::finish`].
#[derive(Debug)]
pub struct Reader {
    escaping: Escaping,
    /// The unfinished line at the end of the last chunk.
    partial: Vec<u8>,
    /// The unfinished line is longer than the cap and is being thrown away.
    skipping: bool,
    lost: u64,
}

impl Reader {
    /// A reader for an exposition whose queue labels are written as `escaping` says.
    pub fn new(escaping: Escaping) -> Self {
        Reader {
            escaping,
            partial: Vec::new(),
            skipping: false,
            lost: 0,
        }
    }

    /// Lines lost so far.
    pub fn lines_lost(&self) -> u64 {
        self.lost
    }

    /// Reads on; hands every complete sample to `each`.
    pub fn feed(&mut self, mut chunk: &[u8], mut each: impl FnMut(Sample<'_>)) {
        while let Some(end) = chunk.iter().position(|b| *b == b'\n') {
            let (head, rest) = (&chunk[..end], &chunk[end + 1..]);
            chunk = rest;
            if self.skipping {
                self.skipping = false;
            } else if self.partial.len() + head.len() > LINE_CAP {
                self.lost += 1;
            } else if self.partial.is_empty() {
                self.line(head, &mut each);
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(head);
                self.line(&line, &mut each);
                self.partial = line;
            }
            self.partial.clear();
        }
        if self.skipping {
            return;
        }
        if self.partial.len() + chunk.len() > LINE_CAP {
            self.skipping = true;
            self.lost += 1;
            self.partial = Vec::new();
        } else {
            self.partial.extend_from_slice(chunk);
        }
    }

    /// Ends the reading and returns the lines lost. A last line without a line feed may have been
    /// cut in the middle of its number, so it is lost.
    pub fn finish(mut self) -> u64 {
        if !self.partial.is_empty() && !self.skipping {
            self.lost += 1;
        }
        self.lost
    }

    fn line(&mut self, line: &[u8], each: &mut impl FnMut(Sample<'_>)) {
        let line = line.trim_ascii();
        if line.is_empty() || line[0] == b'#' {
            return;
        }
        let sample = std::str::from_utf8(line)
            .ok()
            .and_then(|line| sample(line, self.escaping));
        match sample {
            Some(sample) => each(sample),
            None => self.lost += 1,
        }
    }
}

/// One line, without its line feed.
fn sample(line: &str, escaping: Escaping) -> Option<Sample<'_>> {
    let end = line
        .bytes()
        .position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b':'))
        .filter(|end| *end > 0)?;
    let (name, rest) = line.split_at(end);
    if name.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(body) => labels::parse(body, escaping)?,
        None => (Labels::default(), rest),
    };
    let mut fields = rest.split_ascii_whitespace();
    let value = number(fields.next()?)?;
    if let Some(timestamp) = fields.next() {
        timestamp.parse::<i64>().ok()?;
    }
    match fields.next() {
        Some(_) => None,
        None => Some(Sample {
            name,
            labels,
            value,
        }),
    }
}

/// A sample's value, as Go's `ParseFloat` reads it without its hexadecimal and underscored forms.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
