//! An open trouble: everything that asks about one code and target joins it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Target, Timestamp, TriggerCode};

/// A number the ledger gave an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

/// What an incident is known by. There is one open at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncidentKey {
    /// What is wrong, or asked for.
    pub code: TriggerCode,
    /// With what.
    pub target: Target,
}

impl fmt::Display for IncidentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.target)
    }
}

/// Something wrong that recovery is concerned with, from the first trigger to the evidence that
/// it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// What it is about.
    pub key: IncidentKey,
    /// When the first trigger came.
    pub opened_at: Timestamp,
    /// When evidence closed it.
    pub closed_at: Option<Timestamp>,
    /// The incident that it is a symptom of.
    pub cause: Option<IncidentId>,
}
