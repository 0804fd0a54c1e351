//! `queues`: which queues are measured one by one, and what is expected of the important ones.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::Regex;
use super::units::Period;

/// Which queues are measured one by one. What is left out still counts in the totals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Queues {
    /// Virtual hosts: a queue counts when its virtual host matches any of these expressions.
    pub vhosts: Vec<Regex>,
    /// A queue is measured when its name matches any of these expressions.
    pub include: Vec<Regex>,
    /// ...and none of these.
    pub exclude: Vec<Regex>,
    /// Series budget: at most so many queues have series of their own; pinned ones always do.
    pub per_queue_limit: usize,
    /// Whether this agent reports findings about queues; without it, the agent with
    /// `broker.control` does.
    pub report: Option<bool>,
    /// Important queues by name, with what is expected of each; measured even when they never
    /// existed.
    pub pinned: BTreeMap<String, Pinned>,
}

impl Default for Queues {
    fn default() -> Self {
        let regex = |text: &str| text.parse().into_iter().collect();
        Self {
            vhosts: regex(".*"),
            include: regex(".*"),
            exclude: regex(r"^amq\.gen-.*"),
            per_queue_limit: 2000,
            report: None,
            pinned: BTreeMap::new(),
        }
    }
}

/// What is expected of an important queue; a limit not given is not judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pinned {
    /// Virtual host; without it, that of the AMQP URL.
    pub vhost: Option<String>,
    /// Most messages ready before it counts as a backlog.
    pub max_ready: Option<u64>,
    /// Fewest consumers.
    pub min_consumers: Option<u32>,
    /// Longest time to drain what is ready at the present rate.
    pub max_drain: Option<Period>,
    /// Lowest rate of acknowledgements while messages wait, in messages a second.
    pub min_ack_rate: Option<f64>,
}
