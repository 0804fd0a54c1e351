//! What is never printed of a log: the values of secrets, and what looks like one.

use std::borrow::Cow;
use std::sync::LazyLock;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use regex::{Captures, Regex};
use url::Url;

use crate::config::{Config, Variables};
use crate::model::Secret;

/// As a [`Secret`] prints.
const REDACTED: &str = "[redacted]";
/// A shorter value is only looked for as a word of its own: it would take words apart.
const SHORT: usize = 4;

/// Keys that are declared nowhere, and whose name says enough.
static TELLING_KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)pass|secret|token|credential|private|api_?key").ok());
/// A password in a URL, a value behind a telling name, a header.
static TELLING_TEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)
        (?P<url> [a-z][a-z0-9+.-]* :// [^\s/:@]* : ) [^\s/@]+ (?P<at> @ )
        | (?P<name> \b (?: [a-z0-9_-]* (?: password | passwd | secret | token | api_?key )
            | [a-z0-9_]*_pass | pass | pwd ) ["']? \s* [=:] \s* ["']? ) [^\s"',;&)}\]]+
        | (?P<header> \b (?: bearer | basic ) \s+ ) [a-z0-9+/=._~-]{8,}"#,
    )
    .ok()
});

/// Takes secrets out of lines.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    known: Option<Regex>,
}

impl Redactor {
    /// For the secrets that `config` declares, with the values of now.
    pub(super) fn of(config: &Config) -> Self {
        let variables = Variables::read(|name| std::env::var(name).ok(), &config.env_files);
        let mut values: Vec<Secret> = Vec::new();
        for (declared, file) in config.env_files.iter().zip(&variables.files) {
            let is_secret = |name: &str| {
                let key = declared.keys.get(name);
                key.is_some_and(|key| key.is_secret())
                    || TELLING_KEY
                        .as_ref()
                        .is_none_or(|telling| telling.is_match(name))
            };
            let own = file.values.iter().filter(|(name, _)| is_secret(name));
            values.extend(own.map(|(_, value)| value.clone()));
            let names = declared.keys.keys().filter(|name| is_secret(name));
            values.extend(names.filter_map(|name| variables.get(name)));
            let keys = declared.keys.values().filter(|key| key.is_secret());
            values.extend(keys.filter_map(|key| key.default.clone()));
        }
        Self::new(&values)
    }

    pub(super) fn new(values: &[Secret]) -> Self {
        let mut forms: Vec<String> = values.iter().flat_map(forms).collect();
        // Of two that begin alike the longer one is meant.
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        let written: Vec<String> = forms.iter().map(|form| literal(form)).collect();
        let known = (!written.is_empty()).then(|| Regex::new(&written.join("|")));
        Redactor {
            known: known.and_then(Result::ok),
        }
    }

    /// The line without them.
    pub(super) fn redact<'a>(&self, line: &'a str) -> Cow<'a, str> {
        let known = match &self.known {
            Some(known) => known.replace_all(line, REDACTED),
            None => Cow::Borrowed(line),
        };
        let Some(telling) = TELLING_TEXT.as_ref().filter(|t| t.is_match(&known)) else {
            return known;
        };
        let put = |found: &Captures<'_>| {
            let part = |name| found.name(name).map_or("", |part| part.as_str());
            let before = [part("url"), part("name"), part("header")].concat();
            format!("{before}{REDACTED}{}", part("at"))
        };
        Cow::Owned(telling.replace_all(&known, put).into_owned())
    }
}

/// The value as it is, as it stands in a URL, and of a URL its password.
fn forms(value: &Secret) -> Vec<String> {
    let text = value.expose();
    let mut forms = vec![text.to_owned(), text.trim().to_owned()];
    forms.push(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
    if let Some(password) = Url::parse(text).ok().as_ref().and_then(Url::password) {
        forms.push(password.to_owned());
        let decoded = percent_decode_str(password).decode_utf8_lossy();
        forms.push(decoded.into_owned());
    }
    forms.retain(|form| !form.trim().is_empty());
    forms
}

fn literal(form: &str) -> String {
    let escaped = regex::escape(form);
    let word = form.chars().all(|c| c.is_alphanumeric() || c == '_');
    match word && form.chars().count() < SHORT {
        true => format!(r"\b{escaped}\b"),
        false => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_out_in_every_form() {
        let values = ["p@ss word/1", "amqp://ann:c4n%21ry@h:5672/v", "ab"].map(Secret::from);
        let redactor = Redactor::new(&values);
        for (line, told) in [
            (
                "login with p@ss word/1 failed",
                "login with [redacted] failed",
            ),
            ("amqp://ann:p%40ss%20word%2F1@h", "amqp://ann:[redacted]@h"),
            ("dsn amqp://ann:c4n%21ry@h:5672/v up", "dsn [redacted] up"),
            ("c4n!ry and c4n%21ry", "[redacted] and [redacted]"),
            ("cab ab", "cab [redacted]"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(redactor.redact(line), told);
        }
    }

    #[test]
    fn what_looks_like_one_goes_too() {
        let redactor = Redactor::default();
        for (line, told) in [
            (
                "amqp://ann:hunter2@h/v down",
                "amqp://ann:[redacted]@h/v down",
            ),
            (
                "password=hunter2, user=ann",
                "password=[redacted], user=ann",
            ),
            (
                r#"{"api_key": "abc", "n": 1}"#,
                r#"{"api_key": "[redacted]", "n": 1}"#,
            ),
            ("RABBITMQ_PASS=hunter2", "RABBITMQ_PASS=[redacted]"),
            (
                "Authorization: Bearer abcdef123456",
                "Authorization: Bearer [redacted]",
            ),
            ("passed: 12 of 13", "passed: 12 of 13"),
            ("http://h:15672/api down", "http://h:15672/api down"),
            (
                "at 10:00 ann@example.org wrote",
                "at 10:00 ann@example.org wrote",
            ),
        ] {
            assert_eq!(redactor.redact(line), told);
        }
    }
}
