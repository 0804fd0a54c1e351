//! The broker: its nodes, its queues that matter, and the newest message through it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{About, Failure, bounded, seconds};
use crate::model::facts::{BrokerFacts, NodeFacts, QueueFacts, QueuesFacts, RoundtripFacts};
use crate::model::{Finding, Target};

/// Nodes shown at most.
const NODES: usize = 100;
/// Queues shown at most.
const QUEUES: usize = 500;

/// The broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Broker {
    /// `prometheus`, `management` or `passive`.
    pub source: String,
    /// RabbitMQ's version.
    pub version: Option<String>,
    /// Erlang's version.
    pub erlang_version: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// The login that last worked is used, for the configured one does not.
    pub fallback_login: bool,
    /// Why the configured one does not.
    pub configured_failure: Option<Failure>,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Nodes that are not among them.
    pub nodes_left_out: u64,
}

impl From<&BrokerFacts> for Broker {
    fn from(facts: &BrokerFacts) -> Self {
        let (nodes, nodes_left_out) = bounded(NODES, facts.nodes.iter().map(Node::from));
        Broker {
            source: facts.source.as_str().to_owned(),
            version: facts.version.clone(),
            erlang_version: facts.erlang_version.clone(),
            cluster: facts.cluster.clone(),
            fallback_login: facts.fallback_login,
            configured_failure: facts.configured_failure.as_ref().map(Failure::from),
            nodes,
            nodes_left_out,
        }
    }
}

/// One node of the broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its Erlang name.
    pub name: String,
    /// It runs and answers.
    pub up: bool,
    /// Since its start.
    pub uptime_seconds: Option<f64>,
    /// Its memory alarm is raised.
    pub memory_alarm: Option<bool>,
    /// Its disk alarm is raised.
    pub disk_alarm: Option<bool>,
    /// Memory, as it counts it for its alarm.
    pub memory_used_bytes: Option<u64>,
    /// Where the memory alarm is raised.
    pub memory_limit_bytes: Option<u64>,
    /// Room on its data disk.
    pub disk_free_bytes: Option<u64>,
    /// Where the disk alarm is raised.
    pub disk_free_limit_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds_open: Option<u64>,
    /// The most it may open.
    pub fds_max: Option<u64>,
    /// Client connections.
    pub connections: Option<u64>,
    /// Channels.
    pub channels: Option<u64>,
    /// Consumers.
    pub consumers: Option<u64>,
    /// Queues that it leads.
    pub queues: Option<u64>,
}

impl From<&NodeFacts> for Node {
    fn from(node: &NodeFacts) -> Self {
        Node {
            name: node.name.clone(),
            up: node.up,
            uptime_seconds: node.uptime.map(seconds),
            memory_alarm: node.memory_alarm,
            disk_alarm: node.disk_alarm,
            memory_used_bytes: node.memory_used,
            memory_limit_bytes: node.memory_limit,
            disk_free_bytes: node.disk_free,
            disk_free_limit_bytes: node.disk_free_limit,
            fds_open: node.fds_open,
            fds_max: node.fds_max,
            connections: node.connections,
            channels: node.channels,
            consumers: node.consumers,
            queues: node.queues,
        }
    }
}

/// The queues that are pinned or have a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queues {
    /// `prometheus`, `management` or `passive`.
    pub source: String,
    /// Queues that the broker showed, before any filter.
    pub seen: u64,
    /// Those that are pinned or have a finding.
    pub shown: Vec<Queue>,
    /// Such queues that are not among them.
    pub left_out: u64,
}

impl Queues {
    pub(super) fn new(facts: &QueuesFacts, findings: &[Finding], about: &About) -> Self {
        let found: BTreeSet<(&str, &str)> = findings
            .iter()
            .filter_map(|finding| match &finding.target {
                Target::Queue { vhost, name } => Some((vhost.as_str(), name.as_str())),
                _ => None,
            })
            .collect();
        let matters =
            |q: &&QueueFacts| q.pinned || found.contains(&(q.vhost.as_str(), q.name.as_str()));
        // Those with a finding first, so that the bound never hides them.
        let (bad, good): (Vec<_>, Vec<_>) = facts
            .queues
            .iter()
            .filter(matters)
            .partition(|q| found.contains(&(q.vhost.as_str(), q.name.as_str())));
        let all = bad.into_iter().chain(good);
        let (shown, left_out) = bounded(QUEUES, all.map(|q| Queue::new(q, about)));
        Queues {
            source: facts.source.as_str().to_owned(),
            seen: facts.seen,
            shown,
            left_out,
        }
    }
}

/// One queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Its virtual host.
    pub vhost: String,
    /// Its name.
    pub name: String,
    /// The configuration names it.
    pub pinned: bool,
    /// The broker knows it; `null` where not every node could be asked.
    pub exists: Option<bool>,
    /// Messages waiting.
    pub ready: Option<u64>,
    /// Messages delivered and not yet acknowledged.
    pub unacked: Option<u64>,
    /// Its consumers.
    pub consumers: Option<u64>,
    /// `running`, `idle`, `down`, ...
    pub state: Option<String>,
    /// What the configuration expects of it.
    pub limits: Option<QueueLimits>,
}

impl Queue {
    fn new(queue: &QueueFacts, about: &About) -> Self {
        let fits = |vhost: &Option<String>| vhost.as_ref().is_none_or(|of| *of == queue.vhost);
        let limits = about
            .queues
            .iter()
            .find(|(vhost, name, _)| *name == queue.name && fits(vhost));
        Queue {
            vhost: queue.vhost.clone(),
            name: queue.name.clone(),
            pinned: queue.pinned,
            exists: queue.exists,
            ready: queue.ready,
            unacked: queue.unacked,
            consumers: queue.consumers,
            state: queue.state.clone(),
            limits: limits.map(|(_, _, limits)| limits.clone()),
        }
    }
}

/// What the configuration expects of a queue; `null` where it expects nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueLimits {
    /// Most messages ready.
    pub max_ready: Option<u64>,
    /// Fewest consumers.
    pub min_consumers: Option<u32>,
    /// Longest time to work off what is ready.
    pub max_drain_seconds: Option<f64>,
    /// Least acknowledgements a second while messages wait.
    pub min_ack_rate: Option<f64>,
}

/// The newest round trip of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Roundtrip {
    /// All of it.
    pub total_seconds: f64,
    /// Its phases, in order.
    pub phases: Vec<Phase>,
}

/// One phase of a round trip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// `connect`, `login`, `declare`, `publish`, `consume`, `ack` or `close`.
    pub phase: String,
    /// How long it took, to the microsecond.
    pub seconds: f64,
}

impl From<&RoundtripFacts> for Roundtrip {
    fn from(facts: &RoundtripFacts) -> Self {
        let micros = |seconds: f64| (seconds * 1e6).round() / 1e6;
        Roundtrip {
            total_seconds: micros(facts.total().as_secs_f64()),
            phases: facts
                .phases
                .iter()
                .map(|(phase, time)| Phase {
                    phase: phase.as_str().to_owned(),
                    seconds: micros(time.as_secs_f64()),
                })
                .collect(),
        }
    }
}
