//! The name of a finding or an alert as it stands in a playbook.

use std::fmt;
use std::str::FromStr;

use crate::config::{Malformed, scalar};
use crate::model::TriggerCode;

/// What a playbook answers: a finding or an alert by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerName(pub TriggerCode);

impl FromStr for TriggerName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        TriggerCode::of_alert(text).map(TriggerName).ok_or_else(|| {
            Malformed::new(
                format!("`{text}` is not the name of an alert"),
                "letters, digits, `_`, `-`, `.`, at most 100, as in `WorkerDown`",
            )
        })
    }
}

impl fmt::Display for TriggerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

scalar!(TriggerName, "the name of an alert", {"type": "string"});
