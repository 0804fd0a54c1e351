//! The broker's nodes, its traffic, its queues, and one message's way through it.

use serde_json::{Value, json};

use crate::board::Board;
use crate::panel::Panel;
use crate::queues;
use crate::words::{CAUTION, CRITICAL, INFORMATION, NORMAL, PLAIN, UP, WARNING, YES_IS_BAD};

pub(crate) fn build() -> (&'static str, Value) {
    Board::new(
        "warrener-broker",
        "Does the broker work, does it have room, and do messages get through? Several agents \
         that watch one broker are shown as one; choose the instances of one broker at a time.",
    )
    .variable(
        "vhost",
        "Virtual host",
        "label_values(warrener_queue_consumers{@}, vhost)",
    )
    .variable(
        "queue",
        "Queue",
        "label_values(warrener_queue_consumers{@,vhost=~\"$vhost\"}, queue)",
    )
    .row("", now())
    .row("Room", room())
    .row("Traffic", traffic())
    .row("Queues", queues::queues())
    .row("One message's way through the broker", queues::roundtrip())
    .build()
}

fn now() -> Vec<Panel> {
    vec![
        Panel::number("Nodes", "Which node of the broker is down?")
            .query("max by (node) (warrener_broker_node_up{@})", "{{node}}")
            .words(&UP)
            .option("textMode", "value_and_name")
            .size(4, 5),
        Panel::number(
            "Publishers blocked",
            "Are publishers blocked, and by which alarm? A node over its memory limit or short of \
             disk takes no more messages.",
        )
        .query("max(warrener_broker_node_memory_alarm{@})", "by memory")
        .query("max(warrener_broker_node_disk_alarm{@})", "by disk")
        .words(&YES_IS_BAD)
        .option("textMode", "value_and_name")
        .size(5, 5),
        Panel::number(
            "Round trip now",
            "Does a message get through right now, and how long does it take? From connecting to \
             closing, the slowest of the chosen instances.",
        )
        .query("max(warrener_roundtrip_seconds{@})", "newest")
        .unit("s")
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION), (Some(5.0), CRITICAL)])
        .size(4, 5),
        Panel::number(
            "Logged in with",
            "Does warrener use the login that is configured, or the one that last worked because \
             the configured one is empty or refused?",
        )
        .query("max(warrener_broker_login_fallback{@})", "nodes")
        .query("max(warrener_queues_login_fallback{@})", "queues")
        .query("max(warrener_roundtrip_login_fallback{@})", "round trip")
        .words(&[(0, "configured", NORMAL), (1, "last good", WARNING)])
        .option("textMode", "value_and_name")
        .size(6, 5),
        Panel::states(
            "Nodes over time",
            "When was a node down? A gap means that the broker told nothing.",
        )
        .query("max by (node) (warrener_broker_node_up{@})", "{{node}}")
        .words(&UP)
        .option("showValue", "never")
        .size(5, 5),
        Panel::table(
            "Nodes in detail",
            "Which version runs, since when, with how much on it?",
        )
        .query("max by (node) (warrener_broker_node_uptime_seconds{@})", "")
        .query("max by (node) (warrener_broker_node_queues{@})", "")
        .query("max by (node) (warrener_broker_node_connections{@})", "")
        .query("max by (node) (warrener_broker_node_channels{@})", "")
        .query("max by (node) (warrener_broker_node_consumers{@})", "")
        .query(
            "max by (node) (warrener_broker_node_unreachable_peers{@})",
            "",
        )
        .columns(&[
            ("node", "Node"),
            ("Value #A", "Up for"),
            ("Value #B", "Queues led"),
            ("Value #C", "Connections"),
            ("Value #D", "Channels"),
            ("Value #E", "Consumers"),
            ("Value #F", "Peers out of reach"),
        ])
        .column("Up for", vec![("unit", json!("s")), ("decimals", json!(1))])
        .size(17, 4),
        Panel::number("Version", "Which RabbitMQ and Erlang run?")
            .query(
                "max by (version, erlang_version, cluster_name) (warrener_broker_info{@})",
                "RabbitMQ {{version}}, Erlang {{erlang_version}}, cluster {{cluster_name}}",
            )
            .option("textMode", "name")
            .option("colorMode", "value")
            .thresholds(&[(None, PLAIN)])
            .size(7, 4),
    ]
}

fn room() -> [Panel; 4] {
    [
        Panel::lines(
            "Memory",
            "How far is each node from blocking publishers for want of memory?",
        )
        .query(
            "max by (node) (warrener_broker_node_memory_used_bytes{@})",
            "used  {{node}}",
        )
        .query(
            "min by (node) (warrener_broker_node_memory_limit_bytes{@})",
            "limit  {{node}}",
        )
        .unit("bytes")
        .limit("^limit", CRITICAL)
        .size(6, 7),
        Panel::lines(
            "Disk",
            "How far is each node from blocking publishers for want of disk?",
        )
        .query(
            "min by (node) (warrener_broker_node_disk_free_bytes{@})",
            "free  {{node}}",
        )
        .query(
            "max by (node) (warrener_broker_node_disk_free_limit_bytes{@})",
            "limit  {{node}}",
        )
        .unit("bytes")
        .limit("^limit", CRITICAL)
        .size(6, 7),
        Panel::lines(
            "File descriptors and Erlang processes",
            "Will the node soon be unable to take another connection? Used shares of what it may \
             have.",
        )
        .query(
            "max by (node) (warrener_broker_node_fds_open{@} / warrener_broker_node_fds_max{@})",
            "file descriptors  {{node}}",
        )
        .query(
            "max by (node) (warrener_broker_node_processes{@} \
             / warrener_broker_node_processes_max{@})",
            "processes  {{node}}",
        )
        .unit("percentunit")
        .thresholds(&[(None, NORMAL), (Some(0.9), CRITICAL)])
        .threshold_lines()
        .size(6, 7),
        Panel::lines(
            "Connections and channels",
            "Do clients pile up, or have they gone?",
        )
        .query(
            "sum(max by (node) (warrener_broker_node_connections{@}))",
            "connections",
        )
        .query(
            "sum(max by (node) (warrener_broker_node_channels{@}))",
            "channels",
        )
        .query(
            "sum(max by (node) (warrener_broker_node_consumers{@}))",
            "consumers",
        )
        .unit("short")
        .size(6, 7),
    ]
}

/// The rate of a counter of every node, counted once however many agents tell it.
fn rate(counter: &str) -> String {
    format!(
        "sum(max by (node) (rate(warrener_broker_node_{counter}_total{{@}}[$__rate_interval])))"
    )
}

fn traffic() -> [Panel; 3] {
    [
        Panel::lines(
            "Messages",
            "Is as much worked off as comes in? The broker's own counters over all queues.",
        )
        .query(&rate("messages_received"), "received")
        .query(&rate("messages_delivered"), "delivered")
        .query(&rate("messages_acked"), "acknowledged")
        .unit("mps")
        .series("^received$", INFORMATION)
        .series("^delivered$", "purple")
        .series("^acknowledged$", NORMAL)
        .size(8, 7),
        Panel::lines(
            "Messages in trouble",
            "Are messages delivered again, dead-lettered, or sent where no queue takes them?",
        )
        .query(&rate("messages_redelivered"), "redelivered")
        .query(&rate("messages_dead_lettered"), "dead-lettered")
        .query(&rate("messages_unroutable"), "unroutable")
        .unit("mps")
        .series("^redelivered$", CAUTION)
        .series("^dead-lettered$", WARNING)
        .series("^unroutable$", "purple")
        .size(8, 7),
        Panel::lines(
            "Coming and going",
            "Do clients connect again and again instead of staying? Connections and channels \
             opened and closed, and logins refused.",
        )
        .query(&rate("connections_opened"), "connections opened")
        .query(&rate("connections_closed"), "connections closed")
        .query(&rate("channels_opened"), "channels opened")
        .query(&rate("channels_closed"), "channels closed")
        .query(&rate("auth_failures"), "logins refused")
        .unit("cps")
        .series("^logins refused$", CRITICAL)
        .size(8, 7),
    ]
}
