//! What keeps a tree from being the type asked for: serde's error, in the words of the file.

use std::fmt::{self, Display};

use serde::de;

use super::error::Position;
use super::node::Entry;
use super::path::{KeyPath, Step};

/// What keeps a tree from being the type asked for.
#[derive(Debug)]
pub(super) struct Fault {
    pub at: Option<Position>,
    /// The steps, the last one first while the fault is on its way up.
    pub steps: Vec<Step>,
    pub problem: String,
    pub remedy: String,
    /// A key that must be there is not: the fault has no node of its own.
    pub missing: bool,
    /// Only follows from a fault told before.
    pub echo: bool,
    /// An unknown key: the keys known beside it.
    pub known: Option<&'static [&'static str]>,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (problem, remedy) = (problem.into(), remedy.into());
        Self {
            at: None,
            steps: Vec::new(),
            problem,
            remedy,
            missing: false,
            echo: false,
            known: None,
        }
    }

    /// The way from the root.
    pub(super) fn path(&self) -> KeyPath {
        KeyPath(self.steps.iter().rev().cloned().collect())
    }

    pub(super) fn under(mut self, step: Step, at: Position) -> Self {
        self.at.get_or_insert(at);
        self.steps.push(step);
        self
    }

    pub(super) fn under_entry(self, entry: &Entry) -> Self {
        let at = if self.missing {
            entry.at
        } else {
            entry.value.at
        };
        self.under(Step::Key(entry.key.clone()), at)
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path(), self.problem)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    /// Takes a `Malformed` apart again.
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        match message.split_once('\u{1f}') {
            Some((problem, remedy)) => Self::new(problem, remedy),
            None => Self::new(message, "see docs/CONFIG.md"),
        }
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("must be {expected}"), "see docs/CONFIG.md")
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new("unknown value", format!("one of: {}", known.join(", ")))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self {
            known: Some(known),
            ..Self::new("unknown key", "")
        }
    }

    fn missing_field(key: &'static str) -> Self {
        let remedy = format!("give `{key}`; it has no default");
        let mut fault = Self::new("missing", remedy);
        fault.missing = true;
        fault.steps.push(Step::Key(key.to_owned()));
        fault
    }
}
