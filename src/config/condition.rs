//! The `when` of an env file's rule.

use std::fmt;
use std::str::FromStr;

use super::scalar::{Malformed, scalar};

/// `KEY == value`, `KEY != value`, or `KEY` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The key asked about.
    pub key: String,
    /// What is asked of its value.
    pub test: Test,
}

/// What a condition asks of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// There is one, and it is not empty.
    Given,
    /// It is this text.
    Is(String),
    /// It is another text, or there is none.
    IsNot(String),
}

/// Whether `name` can be the name of an environment variable.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl FromStr for Condition {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (key, test) = match (text.split_once("=="), text.split_once("!=")) {
            (Some((key, value)), _) => (key, Test::Is(value.trim().to_owned())),
            (None, Some((key, value))) => (key, Test::IsNot(value.trim().to_owned())),
            (None, None) => (text, Test::Given),
        };
        let key = key.trim();
        if !is_variable_name(key) {
            return Err(Malformed::new(
                format!("`{text}` is not a condition"),
                "write `KEY == value`, `KEY != value`, or `KEY` alone (it has a value)",
            ));
        }
        Ok(Self {
            key: key.to_owned(),
            test,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Test::Given => write!(f, "{}", self.key),
            Test::Is(value) => write!(f, "{} == {value}", self.key),
            Test::IsNot(value) => write!(f, "{} != {value}", self.key),
        }
    }
}

scalar!(Condition, "a condition", {"type": "string", "x-kind": "condition"});
