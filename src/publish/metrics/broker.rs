//! Families of the `broker` section. Everything per node carries its `node`: a counter summed over
//! nodes would fall when one of them dies.

use std::fmt;
use std::time::Duration;

use super::families::{Families, NONE, Reading};
use super::roundtrip::login_failure;
use crate::model::facts::{BrokerFacts, Capability, NodeFacts, Source};

pub(super) fn write(facts: &BrokerFacts, f: &mut Families<'_>) -> fmt::Result {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    f.gauge(
        "warrener_broker_info",
        "The broker's product version, Erlang version and cluster name; always 1.",
        [(
            [
                ("version", text(&facts.version)),
                ("erlang_version", text(&facts.erlang_version)),
                ("cluster_name", text(&facts.cluster)),
            ],
            Some(1u64),
        )],
    )?;
    f.gauge(
        "warrener_broker_source",
        "1 for the source that the broker's nodes are read from, 0 for the others.",
        Source::ALL.map(|s| ([("source", s.as_str())], Some(u64::from(s == facts.source)))),
    )?;
    f.gauge(
        "warrener_broker_capability",
        "1 for what this source can tell about the broker, 0 for what it can't.",
        Capability::BROKER.map(|c| {
            (
                [("capability", c.as_str())],
                Some(u64::from(facts.capabilities.contains(&c))),
            )
        }),
    )?;
    f.gauge(
        "warrener_broker_login_fallback",
        "1 while the login that last worked is used, because the configured one has no value or \
         is refused.",
        [(NONE, Some(u64::from(facts.fallback_login)))],
    )?;
    f.gauge(
        "warrener_broker_configured_login_failure",
        "1 with the reason why the configured login is not used, while the one that last worked \
         stands in for it.",
        login_failure(&facts.configured_failure),
    )?;
    f.gauge(
        "warrener_broker_lines_lost",
        "Lines of the broker's newest answers that could not be read and were left out.",
        [(NONE, Some(facts.lines_lost))],
    )?;
    nodes(&facts.nodes, f)
}

const GAUGES: [Reading<NodeFacts>; 16] = [
    (
        "warrener_broker_node_up",
        "1 for a node that runs and answers.",
        |n| Some(n.up.into()),
    ),
    (
        "warrener_broker_node_memory_alarm",
        "1 while the node's memory alarm is raised: publishers are blocked.",
        |n| n.memory_alarm.map(u64::from),
    ),
    (
        "warrener_broker_node_disk_alarm",
        "1 while the node's disk alarm is raised: publishers are blocked.",
        |n| n.disk_alarm.map(u64::from),
    ),
    (
        "warrener_broker_node_memory_used_bytes",
        "Memory the node uses, as it counts it for its alarm.",
        |n| n.memory_used,
    ),
    (
        "warrener_broker_node_memory_limit_bytes",
        "Memory use at which the node raises its alarm.",
        |n| n.memory_limit,
    ),
    (
        "warrener_broker_node_disk_free_bytes",
        "Free space on the disk of the node's data folder.",
        |n| n.disk_free,
    ),
    (
        "warrener_broker_node_disk_free_limit_bytes",
        "Free space below which the node raises its disk alarm.",
        |n| n.disk_free_limit,
    ),
    (
        "warrener_broker_node_fds_open",
        "File descriptors the node has open.",
        |n| n.fds_open,
    ),
    (
        "warrener_broker_node_fds_max",
        "File descriptors the node may open.",
        |n| n.fds_max,
    ),
    (
        "warrener_broker_node_processes",
        "Erlang processes of the node.",
        |n| n.processes,
    ),
    (
        "warrener_broker_node_processes_max",
        "Erlang processes the node may have.",
        |n| n.processes_max,
    ),
    (
        "warrener_broker_node_unreachable_peers",
        "Cluster peers that the node can't reach.",
        |n| n.unreachable_peers,
    ),
    (
        "warrener_broker_node_connections",
        "Client connections open at the node.",
        |n| n.connections,
    ),
    (
        "warrener_broker_node_channels",
        "Channels open at the node.",
        |n| n.channels,
    ),
    (
        "warrener_broker_node_consumers",
        "Consumers of the node's channels.",
        |n| n.consumers,
    ),
    (
        "warrener_broker_node_queues",
        "Queues that the node leads.",
        |n| n.queues,
    ),
];

const COUNTERS: [Reading<NodeFacts>; 11] = [
    (
        "warrener_broker_node_connections_opened",
        "Connections opened since node start.",
        |n| n.connections_opened,
    ),
    (
        "warrener_broker_node_connections_closed",
        "Connections closed since node start.",
        |n| n.connections_closed,
    ),
    (
        "warrener_broker_node_channels_opened",
        "Channels opened since node start.",
        |n| n.channels_opened,
    ),
    (
        "warrener_broker_node_channels_closed",
        "Channels closed since node start.",
        |n| n.channels_closed,
    ),
    (
        "warrener_broker_node_auth_failures",
        "Logins refused since node start.",
        |n| n.auth_failures,
    ),
    (
        "warrener_broker_node_messages_received",
        "Messages received from publishers since node start.",
        |n| n.messages_received,
    ),
    (
        "warrener_broker_node_messages_delivered",
        "Messages delivered to consumers since node start.",
        |n| n.messages_delivered,
    ),
    (
        "warrener_broker_node_messages_acked",
        "Messages acknowledged by consumers since node start.",
        |n| n.messages_acked,
    ),
    (
        "warrener_broker_node_messages_redelivered",
        "Messages delivered once more since node start.",
        |n| n.messages_redelivered,
    ),
    (
        "warrener_broker_node_messages_dead_lettered",
        "Messages dead-lettered since node start, for whatever reason.",
        |n| n.messages_dead_lettered,
    ),
    (
        "warrener_broker_node_messages_unroutable",
        "Messages that no queue took since node start: returned or dropped.",
        |n| n.messages_unroutable,
    ),
];

fn nodes(nodes: &[NodeFacts], f: &mut Families<'_>) -> fmt::Result {
    for (name, help, read) in GAUGES {
        f.gauge(
            name,
            help,
            nodes.iter().map(|n| ([("node", n.name.as_str())], read(n))),
        )?;
    }
    f.gauge(
        "warrener_broker_node_uptime_seconds",
        "Time since the node started.",
        nodes.iter().map(|n| {
            (
                [("node", n.name.as_str())],
                n.uptime.as_ref().map(Duration::as_secs_f64),
            )
        }),
    )?;
    for (name, help, read) in COUNTERS {
        f.counter(
            name,
            help,
            nodes.iter().map(|n| ([("node", n.name.as_str())], read(n))),
        )?;
    }
    Ok(())
}
