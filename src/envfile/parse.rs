//! Bytes to pieces and back: `print(parse(bytes)) == bytes`, whatever the bytes.
//!
//! The dialect is the one workers' own dotenv libraries agree on: `KEY=value`, an optional
//! `export`, no interpolation; `#` starts a comment at the beginning of a line and after white
//! space; single quotes know `\'` and `\\`, double quotes also `\n \r \t \" \$`; both may span
//! lines. The last assignment of a key counts.

use std::fmt;
use std::ops::Range;

use crate::model::Secret;

/// An env file, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    pub(super) pieces: Vec<Piece>,
}

/// One line, or the lines of one quoted value.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its first line, counted from 1.
    pub line: usize,
    /// What it is.
    pub kind: Kind,
    pub(super) raw: Vec<u8>,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but white space.
    Blank,
    /// A comment.
    Comment,
    /// A key and its value.
    Assignment(Assignment),
    /// Something else; kept as it is, and told.
    Faulty(Fault),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The key.
    pub key: String,
    /// The value, quotes and escapes undone.
    pub value: Secret,
    /// How it is quoted.
    pub quote: Quote,
    /// Whether it begins with `export`.
    pub export: bool,
    /// Where its value stands in the piece, quotes included; empty behind a lone `=`.
    pub(super) span: Range<usize>,
}

/// How a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Not at all.
    None,
    /// `'...'`
    Single,
    /// `"..."`
    Double,
}

/// Why a line is no assignment. The line itself is not in it: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes that are not UTF-8.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// A NUL byte, which no environment can hold.
    #[error("holds a NUL byte")]
    Nul,
    /// No `=`.
    #[error("has no `=`")]
    NoEquals,
    /// What stands before the `=` is not the name of a variable.
    #[error("has no variable's name before its `=`")]
    BadKey,
    /// A quote is opened and never closed.
    #[error("opens a quote that is never closed")]
    UnclosedQuote,
    /// Something other than a comment follows the closing quote.
    #[error("goes on after its closing quote")]
    AfterQuote,
}

pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

impl Document {
    /// Takes `bytes` apart. Never fails: what is no assignment is kept as [`Kind::Faulty`].
    pub fn parse(bytes: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let (mut at, mut line) = (0, 1);
        while at < bytes.len() {
            let mark = if at == 0 && bytes.starts_with(BOM) {
                BOM.len()
            } else {
                0
            };
            let (length, mut kind) = piece(&bytes[at + mark..]);
            if let Kind::Assignment(Assignment { span, .. }) = &mut kind {
                *span = span.start + mark..span.end + mark;
            }
            let raw = &bytes[at..at + mark + length];
            pieces.push(Piece {
                line,
                kind,
                raw: raw.to_vec(),
            });
            line += raw.iter().filter(|b| **b == b'\n').count();
            at += raw.len();
        }
        Self { pieces }
    }

    /// The bytes it was parsed from.
    pub fn print(&self) -> Vec<u8> {
        self.pieces
            .iter()
            .flat_map(|piece| piece.raw.iter().copied())
            .collect()
    }

    /// Its pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Its assignments, in order; the last of a key counts.
    pub fn assignments(&self) -> impl DoubleEndedIterator<Item = &Assignment> {
        self.pieces.iter().filter_map(|piece| match &piece.kind {
            Kind::Assignment(assignment) => Some(assignment),
            _ => None,
        })
    }

    /// The value of `key`, which may be empty.
    pub fn get(&self, key: &str) -> Option<&Secret> {
        self.assignments()
            .rev()
            .find(|a| a.key == key)
            .map(|a| &a.value)
    }

    /// The line of the assignment of `key` that counts.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let at = self.counting(key)?;
        Some(self.pieces[at].line)
    }

    /// The bytes of the value of `key` as they are written, quotes included.
    pub fn written(&self, key: &str) -> Option<&[u8]> {
        let piece = &self.pieces[self.counting(key)?];
        match &piece.kind {
            Kind::Assignment(assignment) => Some(&piece.raw[assignment.span.clone()]),
            _ => None,
        }
    }

    /// The piece of the assignment of `key` that counts: the last.
    pub(super) fn counting(&self, key: &str) -> Option<usize> {
        self.pieces
            .iter()
            .rposition(|piece| matches!(&piece.kind, Kind::Assignment(a) if a.key == key))
    }

    /// The lines that are no assignment, each with its number.
    pub fn faults(&self) -> impl Iterator<Item = (usize, Fault)> {
        self.pieces.iter().filter_map(|piece| match &piece.kind {
            Kind::Faulty(fault) => Some((piece.line, *fault)),
            _ => None,
        })
    }
}

/// Shows no bytes: they may hold a secret.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.pieces).finish()
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.line, self.kind)
    }
}

/// The length of the piece `bytes` begin with, line ending included, and what it is.
fn piece(bytes: &[u8]) -> (usize, Kind) {
    let line_length = bytes
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    let line = bytes[..line_length].trim_ascii();
    match line.first() {
        None => return (line_length, Kind::Blank),
        Some(b'#') => return (line_length, Kind::Comment),
        Some(_) => {}
    }
    match assignment(bytes, line_length) {
        Ok((length, assignment)) => (length, Kind::Assignment(assignment)),
        Err(fault) => (line_length, Kind::Faulty(fault)),
    }
}

fn assignment(bytes: &[u8], line_length: usize) -> Result<(usize, Assignment), Fault> {
    let line = &bytes[..line_length];
    let equals = line
        .iter()
        .position(|b| *b == b'=')
        .ok_or(Fault::NoEquals)?;
    let name = std::str::from_utf8(&line[..equals])
        .map_err(|_| Fault::NotUtf8)?
        .trim();
    let unexported = name
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']));
    let key = unexported.unwrap_or(name).trim_start();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) || !key.chars().all(legal) {
        return Err(Fault::BadKey);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = equals + 1 + line[equals + 1..].iter().take_while(|b| blank(b)).count();
    let (quote, length, value, span) = match bytes.get(start) {
        Some(mark @ (b'\'' | b'"')) => {
            let inside = &bytes[start + 1..];
            let close = closing(inside, *mark).ok_or(Fault::UnclosedQuote)?;
            let after = start + 1 + close + 1;
            let tail = bytes[after..].iter().position(|b| *b == b'\n');
            let length = tail.map_or(bytes.len(), |at| after + at + 1);
            let tail = bytes[after..length].trim_ascii();
            if !tail.is_empty() && !tail.starts_with(b"#") {
                return Err(Fault::AfterQuote);
            }
            let quote = if *mark == b'"' {
                Quote::Double
            } else {
                Quote::Single
            };
            let value = unescape(text(&inside[..close])?, quote);
            (quote, length, value, start..after)
        }
        _ => {
            let value = unquoted(text(&line[start..])?);
            let span = if value.is_empty() {
                // `A=  # comment`: a value goes right behind the `=`; `A = ` has a blank there.
                let spaced = blank(&line[equals.saturating_sub(1)]) && start > equals + 1;
                let at = equals + 1 + usize::from(spaced);
                at..at
            } else {
                start..start + value.len()
            };
            (Quote::None, line_length, value.to_owned(), span)
        }
    };
    let export = unexported.is_some();
    Ok((
        length,
        Assignment {
            key: key.to_owned(),
            value: value.into(),
            quote,
            export,
            span,
        },
    ))
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotUtf8)?;
    if text.contains('\0') {
        Err(Fault::Nul)
    } else {
        Ok(text)
    }
}

/// Where the quote that `bytes` follow is closed.
fn closing(bytes: &[u8], mark: u8) -> Option<usize> {
    let mut escaped = false;
    bytes.iter().position(|b| {
        let closes = *b == mark && !escaped;
        escaped = *b == b'\\' && !escaped;
        closes
    })
}

/// Up to the end of the line, or to a `#` after white space.
fn unquoted(text: &str) -> &str {
    let comment = text
        .char_indices()
        .find(|(at, c)| *c == '#' && (*at == 0 || text[..*at].ends_with([' ', '\t'])));
    text[..comment.map_or(text.len(), |(at, _)| at)].trim_end()
}

fn unescape(text: &str, quote: Quote) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let double = quote == Quote::Double;
        match chars.next() {
            Some('\\') => plain.push('\\'),
            Some('\'') if !double => plain.push('\''),
            Some('"') if double => plain.push('"'),
            Some('$') if double => plain.push('$'),
            Some('n') if double => plain.push('\n'),
            Some('r') if double => plain.push('\r'),
            Some('t') if double => plain.push('\t'),
            // No escape: both stand for themselves.
            other => {
                plain.push('\\');
                plain.extend(other);
            }
        }
    }
    plain
}
