//! Regular expressions, compiled when the file is read.

use std::fmt;
use std::str::FromStr;

use super::scalar::{Malformed, scalar};

/// A regular expression (the `regex` crate's syntax), compiled, matching anywhere in the text
/// unless anchored.
#[derive(Debug, Clone)]
pub struct Regex(regex::Regex);

/// What one compiled expression may weigh, in bytes.
const REGEX_SIZE_LIMIT: usize = 1 << 20;

impl std::ops::Deref for Regex {
    type Target = regex::Regex;

    fn deref(&self) -> &regex::Regex {
        &self.0
    }
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl FromStr for Regex {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        compile(text, text).map(Self)
    }
}

/// A regular expression that the whole of a value must match.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    whole: regex::Regex,
}

impl Pattern {
    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        self.whole.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl FromStr for Pattern {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        // First by itself: `)(` is only right between the brackets added below.
        compile(text, text)?;
        let whole = compile(&format!(r"\A(?:{text})\z"), text)?;
        Ok(Self {
            text: text.to_owned(),
            whole,
        })
    }
}

impl fmt::Display for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn compile(expression: &str, written: &str) -> Result<regex::Regex, Malformed> {
    let built = regex::RegexBuilder::new(expression)
        .size_limit(REGEX_SIZE_LIMIT)
        .build();
    built.map_err(|error| {
        // The crate draws a picture over several lines; its last one says what is wrong.
        let said = error.to_string();
        let why = said
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        Malformed::new(
            format!("`{written}` is not a regular expression: {why}"),
            "a literal `.`, `(`, `[` or `*` takes a backslash; single quotes in YAML keep it",
        )
    })
}

scalar!(Regex, "a regular expression", {"type": "string", "x-kind": "regex"});
scalar!(Pattern, "a regular expression", {"type": "string", "x-kind": "regex"});
