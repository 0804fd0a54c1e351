//! The queues: those shown one by one, and the sum of what was left out.

use std::collections::BTreeSet;

use super::broker::{Capability, Source};
use crate::model::Failure;

/// What the `queues` probe read.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuesFacts {
    /// The source that was used.
    pub source: Source,
    /// True when the login used was the one that last worked, because the configured one did not
    /// resolve or was refused.
    pub fallback_login: bool,
    /// Why the configured login was not used, when the one that last worked was.
    pub configured_failure: Option<Failure>,
    /// What this source can tell, of the capabilities that concern queues.
    pub capabilities: BTreeSet<Capability>,
    /// Queues within the series budget, sorted by vhost and name; pinned ones always, also those
    /// that do not exist.
    pub queues: Vec<QueueFacts>,
    /// Queues that the source showed, before any filter.
    pub seen: u64,
    /// What the include and exclude filters left out.
    pub filtered: LeftOut,
    /// What passed the filters and did not fit into the budget.
    pub over_budget: LeftOut,
    /// Lines or entries that could not be read and were left out.
    pub lines_lost: u64,
}

/// One queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFacts {
    /// Its virtual host.
    pub vhost: String,
    /// Its name.
    pub name: String,
    /// Named in `queues.pinned`.
    pub pinned: bool,
    /// False for a pinned queue that the broker does not know; `None` for a pinned queue that was
    /// not found while not every node of the cluster could be asked.
    pub exists: Option<bool>,
    /// Messages waiting.
    pub ready: Option<u64>,
    /// Messages delivered and not yet acknowledged.
    pub unacked: Option<u64>,
    /// Consumers.
    pub consumers: Option<u64>,
    /// Acknowledgements since it was declared or its node started.
    pub acked: Option<u64>,
    /// Redeliveries since it was declared or its node started.
    pub redelivered: Option<u64>,
    /// `classic`, `quorum`, `stream`, ...
    pub queue_type: Option<String>,
    /// `running`, `idle`, `down`, `crashed`, ...
    pub state: Option<String>,
}

/// The sum of queues that have no series of their own. A sum over queues of which some did not
/// say is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeftOut {
    /// How many.
    pub queues: u64,
    /// Their waiting messages.
    pub ready: Option<u64>,
    /// Their unacknowledged messages.
    pub unacked: Option<u64>,
    /// Their consumers.
    pub consumers: Option<u64>,
}
