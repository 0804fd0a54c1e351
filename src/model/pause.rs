//! A person's word that nothing is to be done by itself.

use serde::{Deserialize, Serialize};

use super::{Target, Timestamp};

/// No automatic action, for all or for one target, until it ends or is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What is left alone; `None`: everything.
    pub target: Option<Target>,
    /// When it began.
    pub since: Timestamp,
    /// When it ends by itself; `None`: when it is taken back.
    pub until: Option<Timestamp>,
    /// Who, and why, for people.
    pub reason: String,
}

impl Pause {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether it is about `target`.
    pub fn covers(&self, target: &Target) -> bool {
        self.target.as_ref().is_none_or(|own| own == target)
    }
}
