//! What must be seen, and stay so, before a run counts as a success.

use serde::Deserialize;

use crate::config::units::Period;

/// When a rung helped: all of the conditions, on later snapshots, for as long as they must.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// What must be seen.
    pub all: Vec<Condition>,
    /// How long it may take until it is first seen.
    #[serde(default = "within")]
    pub within: Period,
    /// How long it must then stay so.
    #[serde(default = "stable_for")]
    pub stable_for: Period,
}

fn within() -> Period {
    Period::secs(60)
}

fn stable_for() -> Period {
    Period::secs(15)
}

/// Declares the conditions: variant, word in a playbook, meaning.
macro_rules! conditions {
    ($($variant:ident $word:literal $meaning:literal)*) => {
        /// Something to be seen in a snapshot. What can't be looked at is not seen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        pub enum Condition {
            $(#[doc = $meaning] #[serde(rename = $word)] $variant,)*
            /// The health score is at least this; 0-100.
            #[serde(rename = "score_at_least")]
            ScoreAtLeast(u8),
        }

        impl Condition {
            /// Every condition and its meaning.
            pub const ALL: &[(&str, &str)] = &[
                $(($word, $meaning),)*
                ("score_at_least: N", "The health score is at least N."),
            ];
        }
    };
}

conditions! {
    SymptomGone "symptom_gone" "The finding of the trigger is gone."
    BrokerReachable "broker_reachable" "The broker answers."
    RoundtripSucceeds "roundtrip_succeeds" "A message comes through the broker."
    ConfigValid "config_valid" "The env file keeps to its schema."
    LoginSucceeds "login_succeeds" "A login with the env file's values succeeds."
    WorkersRunning "workers_running" "As many processes run as configured."
    WorkersConsuming "workers_consuming" "Each process has a consumer."
    WorkersAcking "workers_acking" "Where messages wait, they are acknowledged."
    NoDrift "no_drift" "No process runs with another configuration than its env file's."
}
