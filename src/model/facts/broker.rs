//! The broker: its nodes, their alarms and resources, and how much of it this source can tell.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::Failure;

/// Where the broker's facts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The `rabbitmq_prometheus` plugin: `/metrics` and `/metrics/detailed`.
    Prometheus,
    /// The management API.
    Management,
    /// AMQP alone: a login, and passive declares of the pinned queues.
    Passive,
}

impl Source {
    /// Every source, cheapest first.
    pub const ALL: [Source; 3] = [Source::Prometheus, Source::Management, Source::Passive];

    /// The label value, and the word in `warrener.yml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Prometheus => "prometheus",
            Source::Management => "management",
            Source::Passive => "passive",
        }
    }
}

/// Something a source can or can't tell. Missing ones are exported as 0, so that a panel without
/// data explains itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Memory, disk, file descriptors and uptime of the nodes.
    NodeResources,
    /// The memory and disk alarms.
    Alarms,
    /// Names and state of cluster nodes that do not answer themselves.
    ClusterMembers,
    /// How many peers a node can't reach.
    UnreachablePeers,
    /// Connections, channels and their churn.
    Connections,
    /// Broker-wide message counters.
    MessageCounters,
    /// Every queue, not only the pinned ones.
    AllQueues,
    /// Unacknowledged messages per queue.
    QueueUnacked,
    /// Consumers per queue.
    QueueConsumers,
    /// Acknowledgements and redeliveries per queue.
    QueueAcks,
    /// Type and state per queue (pinned queues only, or all).
    QueueState,
}

impl Capability {
    /// Those that concern the broker and its nodes.
    pub const BROKER: [Capability; 6] = [
        Capability::NodeResources,
        Capability::Alarms,
        Capability::ClusterMembers,
        Capability::UnreachablePeers,
        Capability::Connections,
        Capability::MessageCounters,
    ];

    /// Those that concern queues.
    pub const QUEUES: [Capability; 5] = [
        Capability::AllQueues,
        Capability::QueueUnacked,
        Capability::QueueConsumers,
        Capability::QueueAcks,
        Capability::QueueState,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Capability::NodeResources => "node_resources",
            Capability::Alarms => "alarms",
            Capability::ClusterMembers => "cluster_members",
            Capability::UnreachablePeers => "unreachable_peers",
            Capability::Connections => "connections",
            Capability::MessageCounters => "message_counters",
            Capability::AllQueues => "all_queues",
            Capability::QueueUnacked => "queue_unacked",
            Capability::QueueConsumers => "queue_consumers",
            Capability::QueueAcks => "queue_acks",
            Capability::QueueState => "queue_state",
        }
    }
}

/// What the `broker` probe read.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerFacts {
    /// The source that was used for the nodes.
    pub source: Source,
    /// What this source can tell, of the capabilities that concern the broker.
    pub capabilities: BTreeSet<Capability>,
    /// RabbitMQ's version.
    pub version: Option<String>,
    /// Erlang's version.
    pub erlang_version: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// True when the login used was the one that last worked, because the configured one did not
    /// resolve or was refused.
    pub fallback_login: bool,
    /// Why the configured login was not used, when the one that last worked was.
    pub configured_failure: Option<Failure>,
    /// The cluster's nodes, sorted by name; those that are down too, as far as they are known.
    pub nodes: Vec<NodeFacts>,
    /// Lines of the answers that could not be read and were left out.
    pub lines_lost: u64,
}

/// One node of the broker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeFacts {
    /// The Erlang node name (`rabbit@host`), or the endpoint while the name was never seen.
    pub name: String,
    /// Whether it runs and answers.
    pub up: bool,
    /// Since its start.
    pub uptime: Option<Duration>,
    /// The memory alarm is raised on this node.
    pub memory_alarm: Option<bool>,
    /// The disk alarm is raised on this node.
    pub disk_alarm: Option<bool>,
    /// Bytes used, as the broker counts them for its alarm.
    pub memory_used: Option<u64>,
    /// Bytes at which the memory alarm is raised.
    pub memory_limit: Option<u64>,
    /// Bytes free on the disk of its data folder.
    pub disk_free: Option<u64>,
    /// Bytes below which the disk alarm is raised.
    pub disk_free_limit: Option<u64>,
    /// Open file descriptors.
    pub fds_open: Option<u64>,
    /// The most it may open.
    pub fds_max: Option<u64>,
    /// Erlang processes.
    pub processes: Option<u64>,
    /// The most Erlang processes there may be.
    pub processes_max: Option<u64>,
    /// Cluster peers that it can't reach.
    pub unreachable_peers: Option<u64>,
    /// Open client connections.
    pub connections: Option<u64>,
    /// Open channels.
    pub channels: Option<u64>,
    /// Consumers.
    pub consumers: Option<u64>,
    /// Queues that it leads.
    pub queues: Option<u64>,
    /// Connections opened since its start.
    pub connections_opened: Option<u64>,
    /// Connections closed since its start.
    pub connections_closed: Option<u64>,
    /// Channels opened since its start.
    pub channels_opened: Option<u64>,
    /// Channels closed since its start.
    pub channels_closed: Option<u64>,
    /// Logins refused since its start.
    pub auth_failures: Option<u64>,
    /// Messages received from publishers since its start.
    pub messages_received: Option<u64>,
    /// Messages delivered to consumers since its start.
    pub messages_delivered: Option<u64>,
    /// Messages acknowledged by consumers since its start.
    pub messages_acked: Option<u64>,
    /// Messages delivered again since its start.
    pub messages_redelivered: Option<u64>,
    /// Messages dead-lettered since its start, every reason.
    pub messages_dead_lettered: Option<u64>,
    /// Messages that no queue took since its start: returned or dropped.
    pub messages_unroutable: Option<u64>,
}
