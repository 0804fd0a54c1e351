//! The labels of one exposition line, read in place.

use std::borrow::Cow;

use super::exposition::Escaping;

/// What stands between the two values in RabbitMQ's layout of a queue.
const SEPARATOR: &str = "\",queue=\"";

/// A line's labels. Borrows the line; a value is copied only when it holds escapes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Labels<'a>(Form<'a>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form<'a> {
    /// The text between the braces, checked.
    Standard(&'a str),
    /// RabbitMQ's unescaped layout of a queue.
    Queue { vhost: &'a str, queue: &'a str },
}

impl Default for Labels<'_> {
    fn default() -> Self {
        Labels(Form::Standard(""))
    }
}

impl<'a> Labels<'a> {
    /// The value of label `name`.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// Every label with its unescaped value, in the line's order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let (text, raw) = match self.0 {
            Form::Standard(text) => (text, None),
            Form::Queue { vhost, queue } => ("", Some([("vhost", vhost), ("queue", queue)])),
        };
        let standard = Standard { rest: text };
        let raw = raw.into_iter().flatten();
        standard.chain(raw.map(|(name, value)| (name, Cow::Borrowed(value))))
    }
}

/// Reads the labels that follow an opening brace; returns them and what follows the closing one.
pub(super) fn parse(body: &str, escaping: Escaping) -> Option<(Labels<'_>, &str)> {
    if escaping == Escaping::Raw && body.starts_with("vhost=\"") && body.contains(SEPARATOR) {
        return raw_queue(body);
    }
    let mut rest = body;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if let Some(after) = rest.strip_prefix('}') {
            let labels = &body[..body.len() - rest.len()];
            return Some((Labels(Form::Standard(labels)), after));
        }
        let (_, value) = split_name(rest)?;
        let end = closing_quote(value)?;
        rest = value[end + 1..].trim_start_matches([' ', '\t']);
        match rest.as_bytes().first()? {
            b',' => rest = &rest[1..],
            b'}' => {}
            _ => return None,
        }
    }
}

/// `vhost="V",queue="Q"} N` with V and Q as they are. The number can't hold a quote, so the last
/// `"}` ends the labels; between V and Q there must be only one place that can be the separator.
fn raw_queue(body: &str) -> Option<(Labels<'_>, &str)> {
    let end = body.rfind("\"}")?;
    let inner = &body["vhost=\"".len()..end.max("vhost=\"".len())];
    let at = inner.find(SEPARATOR)?;
    // Overlapping occurrences too: the separator begins with the quote that it ends with.
    if inner[at + 1..].contains(SEPARATOR) {
        return None;
    }
    let labels = Form::Queue {
        vhost: &inner[..at],
        queue: &inner[at + SEPARATOR.len()..],
    };
    Some((Labels(labels), &body[end + 2..]))
}

/// `name = "` taken off the front: the name, and what follows the opening quote.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_end_matches([' ', '\t']);
    let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() || !name.bytes().all(valid) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '\t']).strip_prefix('"')?;
    Some((name, rest))
}

/// Where the quote is that ends the value at the front of `text`.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| match b {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        b => b == b'"',
    })
}

/// Walks labels that [`parse`] has checked.
struct Standard<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Standard<'a> {
    type Item = (&'a str, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.trim_start_matches([' ', '\t', ',']);
        let (name, value) = split_name(text)?;
        let end = closing_quote(value)?;
        self.rest = &value[end + 1..];
        Some((name, unescape(&value[..end])))
    }
}

fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some(other @ ('\\' | '"')) => out.push(other),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    Cow::Owned(out)
}
