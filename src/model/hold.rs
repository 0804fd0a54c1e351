//! Why a run does not go on: one enum for the log field, the metric label and the words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Evidence, Timestamp};

/// Declares the reasons in the order in which they are asked: name, label, meaning.
macro_rules! reasons {
    ($($name:ident $label:literal $meaning:literal)*) => {
        /// The named reason of a hold. [`HoldReason::as_str`] is the `reason` label and log field.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum HoldReason {
            $(#[doc = $meaning] $name,)*
        }

        impl HoldReason {
            /// Every reason, in the order in which they are asked.
            pub const ALL: &[HoldReason] = &[$(HoldReason::$name),*];

            /// The label value.
            pub fn as_str(self) -> &'static str {
                match self { $(HoldReason::$name => $label,)* }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(HoldReason::$name => $meaning,)* }
            }
        }
    };
}

reasons! {
    NotMine "not_mine" "The target is none of this host's configuration; another agent's, if anybody's."
    Mode "mode" "The mode does not let warrener act by itself, or it can only observe."
    Paused "paused" "A person paused it."
    StoppedByOperator "stopped_by_operator" "A person stopped it on purpose."
    StaleSnapshot "stale_snapshot" "What is known of it is too old to act on."
    UnknownTarget "unknown_target" "No target, or one that can't be told."
    Unconfirmed "unconfirmed" "warrener itself does not see what is claimed."
    Level "level" "The health level does not allow anything so drastic."
    Silenced "silenced" "Alertmanager has a silence for it."
    CauseFirst "cause_first" "What causes it must be repaired first."
    Locked "locked" "Another run works on the same target."
    Cooldown "cooldown" "The same was done a moment ago."
    BlastRadius "blast_radius" "Too little would be left running, or too much fails alike."
    MessageSafety "message_safety" "Messages could be lost, or are the fault themselves."
    Budget "budget" "Too many runs in too short a time."
}

impl HoldReason {
    /// Nobody is told: it is another agent's.
    pub fn is_silent(self) -> bool {
        self == HoldReason::NotMine
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A run that waits, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The named reason.
    pub reason: HoldReason,
    /// One sentence for people, without a full stop.
    pub words: String,
    /// What it stands on.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// When it ends by itself, where that is known.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl Hold {
    /// For `reason`, in words.
    pub fn new(reason: HoldReason, words: impl Into<String>) -> Self {
        Hold {
            reason,
            words: words.into(),
            evidence: Vec::new(),
            until: None,
        }
    }

    /// With one more piece of evidence.
    #[must_use]
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Ending by itself.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        Hold { until, ..self }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.words, self.reason)
    }
}
