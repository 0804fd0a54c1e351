//! Giving a key a value: the bytes of that value change, and no other.
//!
//! Each way of writing a value is tried on a copy and read back: what does not give the value, or
//! changes what any other line says, is not written. So no edit can lose a line, whatever the file
//! holds.

use std::fmt;

use super::parse::{Assignment, BOM, Document, Kind, Piece, Quote};
use crate::model::Secret;

/// A value can't be written so that every reader reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// It is not the name of a variable.
    #[error("is not the name of a variable")]
    Key,
    /// No environment can hold a NUL byte.
    #[error("holds a NUL byte")]
    Nul,
    /// It needs single quotes and would end them, and a shell would run what it holds in double
    /// ones.
    #[error("holds quotes and backticks that no common reader agrees on")]
    Quoting,
    /// An open quote further up would swallow it.
    #[error("can't stand there: an open quote further up in the file would swallow it")]
    Swallowed,
}

impl Document {
    /// This file with `value` for `key`, in its last assignment, which is the one that counts; at
    /// the end where it has none. `written` is how another file that people can read writes this
    /// value; it goes first, then the line's own quotes.
    ///
    /// Values are written so that python-dotenv, systemd, compose and shells read the same, as far
    /// as they agree at all.
    ///
    /// # Errors
    /// [`Unwritable`]; the file stays as it was.
    pub fn with(
        &self,
        key: &str,
        value: &Secret,
        written: Option<&[u8]>,
    ) -> Result<Self, Unwritable> {
        if value.expose().contains('\0') {
            return Err(Unwritable::Nul);
        }
        if self.get(key) == Some(value) {
            return Ok(self.clone());
        }
        let quote = self
            .assignments()
            .rev()
            .find(|a| a.key == key)
            .map(|a| a.quote);
        let styles = quote
            .into_iter()
            .chain([Quote::None, Quote::Single, Quote::Double]);
        let encoded: Vec<Vec<u8>> = styles
            .filter_map(|quote| encode(value.expose(), quote).map(String::into_bytes))
            .collect();
        let mut why = if encoded.is_empty() && written.is_none() {
            Unwritable::Quoting
        } else {
            Unwritable::Swallowed
        };
        for text in written.map(<[u8]>::to_vec).into_iter().chain(encoded) {
            match self.attempt(key, value, &text) {
                Ok(document) => return Ok(document),
                Err(Unwritable::Key) => why = Unwritable::Key,
                Err(_) => {}
            }
        }
        Err(why)
    }

    /// With `text` as the value's bytes, if that says `value` and changes nothing else.
    fn attempt(&self, key: &str, value: &Secret, text: &[u8]) -> Result<Self, Unwritable> {
        let mut wanted: Vec<Vec<u8>> = self.pieces.iter().map(|p| p.raw.clone()).collect();
        let edited = match self.counting(key) {
            Some(at) => {
                wanted[at] = replaced(&self.pieces[at], text);
                at
            }
            None => {
                let ending = self.ending();
                let line = [key.as_bytes(), b"=", text, ending].concat();
                match wanted.last_mut() {
                    // Nothing but the byte order mark: the line goes behind it.
                    Some(last) if last.as_slice() == BOM => last.extend_from_slice(&line),
                    Some(last) => {
                        if !last.ends_with(b"\n") {
                            last.extend_from_slice(ending);
                        }
                        wanted.push(line);
                    }
                    None => wanted.push(line),
                }
                wanted.len() - 1
            }
        };
        let found = Document::parse(&wanted.concat());
        let same = found.pieces.len() == wanted.len()
            && found
                .pieces
                .iter()
                .zip(&wanted)
                .all(|(p, raw)| p.raw == *raw);
        let others = self.pieces.iter().zip(&found.pieces).enumerate();
        let untouched = |(at, (before, after)): (usize, (&Piece, &Piece))| {
            at == edited || before.kind == after.kind
        };
        match found.pieces.get(edited).map(|piece| &piece.kind) {
            Some(Kind::Assignment(a)) if a.key == key && a.value == *value => {}
            Some(Kind::Faulty(super::Fault::BadKey)) => return Err(Unwritable::Key),
            _ => return Err(Unwritable::Swallowed),
        }
        if same && others.into_iter().all(untouched) {
            Ok(found)
        } else {
            Err(Unwritable::Swallowed)
        }
    }

    /// The line ending of the last line that has one.
    fn ending(&self) -> &'static [u8] {
        let ended = self.pieces.iter().rev().find(|p| p.raw.ends_with(b"\n"));
        match ended {
            Some(piece) if piece.raw.ends_with(b"\r\n") => b"\r\n",
            _ => b"\n",
        }
    }
}

/// The piece's bytes with another value; a comment behind it stays one.
fn replaced(piece: &Piece, text: &[u8]) -> Vec<u8> {
    let Kind::Assignment(Assignment { span, .. }) = &piece.kind else {
        return piece.raw.clone();
    };
    let (before, after) = (&piece.raw[..span.start], &piece.raw[span.end..]);
    let gap: &[u8] = if after.starts_with(b"#") { b" " } else { b"" };
    [before, text, gap, after].concat()
}

/// `value` written with `quote`; `None` where readers would disagree on it.
fn encode(value: &str, quote: Quote) -> Option<String> {
    match quote {
        Quote::None => {
            // What no shell, systemd or dotenv library takes for more than itself.
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
            value.chars().all(plain).then(|| value.to_owned())
        }
        Quote::Single => {
            // A backslash stands for itself, unless what follows makes an escape of it.
            let escapes = value.ends_with('\\') || value.contains("\\\\");
            let plain = !value.contains(['\'', '\r']) && !escapes;
            plain.then(|| format!("'{value}'"))
        }
        Quote::Double => {
            // A shell runs what stands between backticks, and ours knows no escape for them.
            if value.contains('`') {
                return None;
            }
            let mut text = String::with_capacity(value.len() + 2);
            for c in value.chars() {
                match c {
                    '"' | '\\' | '$' => text.extend(['\\', c]),
                    '\r' => text.push_str("\\r"),
                    c => text.push(c),
                }
            }
            Some(format!("\"{text}\""))
        }
    }
}

/// How a line is shown to people: its key, and its value only where `shown` allows it.
pub struct Shown<'a> {
    /// The key.
    pub key: &'a str,
    /// Its value.
    pub value: &'a Secret,
    /// Whether the value may be seen.
    pub open: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { key, value, open } = self;
        match (value.is_empty(), open) {
            (true, _) => write!(f, "{key}="),
            (false, true) => write!(f, "{key}={}", value.expose().escape_debug()),
            (false, false) => write!(f, "{key}={value}"),
        }
    }
}

#[cfg(test)]
mod tests;
