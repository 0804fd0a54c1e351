//! The broker, its nodes, the newest message through it, and the queues that matter.

use std::time::Duration;

use maud::{Markup, html};

use super::View;
use super::parts::{cell, head, left_out, mark, number, row_head, text};
use crate::model::Level;
use crate::publish::status::{Broker, Node, Queue, QueueLimits, Roundtrip};
use crate::publish::words::{self, bytes, count, or_unknown, span};

/// The broker and its nodes.
pub(super) fn section(view: &View<'_>) -> Markup {
    html! {
        section #broker aria-labelledby="broker-head" {
            h2 #broker-head { "Broker" }
            @match &view.status.broker {
                Some(broker) => { (self::broker(broker)) },
                None => { (super::probes::unread(view, "broker")) },
            }
            @if let Some(trip) = &view.status.roundtrip { (roundtrip(trip)) }
        }
    }
}

fn broker(broker: &Broker) -> Markup {
    let told = |value: &Option<String>| text(&or_unknown(value.as_deref()));
    html! {
        p {
            "RabbitMQ " (told(&broker.version)) " on Erlang " (told(&broker.erlang_version))
            ", cluster " (told(&broker.cluster)) ", read from " (text(&broker.source)) "."
        }
        @if broker.fallback_login {
            p {
                (mark(Level::Caution, "Another login")) ": the one that last worked is used, not the "
                "configured one"
                @if let Some(why) = &broker.configured_failure { ": " (text(&why.message)) }
                "."
            }
        }
        table .cards role="table" {
            (head("Nodes", &["Node", "State", "Memory", "Disk free", "Connections", "Files"]))
            tbody role="rowgroup" { @for node in &broker.nodes { (self::node(node)) } }
        }
        (left_out(broker.nodes_left_out))
    }
}

fn node(node: &Node) -> Markup {
    html! {
        tr role="row" {
            (row_head(text(&node.name)))
            (cell("State", html! {
                @if node.up {
                    (mark(Level::Normal, "up"))
                    @if let Some(up) = node.uptime_seconds { " " span .aside { (span(up)) } }
                } @else { (mark(Level::Critical, "down")) }
            }))
            (cell("Memory", limited(node.memory_used_bytes, "of", node.memory_limit_bytes, node.memory_alarm)))
            (cell("Disk free", limited(node.disk_free_bytes, "alarm under", node.disk_free_limit_bytes, node.disk_alarm)))
            (cell("Connections", number(node.connections)))
            (cell("Files", html! { (number(node.fds_open)) " of " (number(node.fds_max)) }))
        }
    }
}

fn limited(value: Option<u64>, of: &str, limit: Option<u64>, alarm: Option<bool>) -> Markup {
    html! {
        (bytes(value)) " " span .aside { (of) " " (bytes(limit)) }
        @match alarm {
            Some(true) => { " " (mark(Level::Critical, "alarm")) },
            Some(false) => {},
            None => { " " span .aside { "alarm unknown" } },
        }
    }
}

/// A short time, down to milliseconds.
pub(super) fn short(seconds: f64) -> String {
    words::time(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn roundtrip(trip: &Roundtrip) -> Markup {
    html! {
        details #roundtrip {
            summary { "A message makes the round trip in " (short(trip.total_seconds)) }
            dl .evidence {
                @for phase in &trip.phases {
                    div { dt { (text(&phase.phase)) } dd { (short(phase.seconds)) } }
                }
            }
        }
    }
}

/// The queues.
pub(super) fn queues(view: &View<'_>) -> Markup {
    html! {
        section #queues aria-labelledby="queues-head" {
            h2 #queues-head { "Queues" }
            @match &view.status.queues {
                None => { (super::probes::unread(view, "queues")) },
                Some(queues) => {
                    p {
                        (count(queues.seen)) " seen, read from " (text(&queues.source))
                        ". Shown are those that warrener.yml names or that have a finding."
                    }
                    @if !queues.shown.is_empty() {
                        table .cards role="table" {
                            (head("Queues", &["Queue", "Ready", "Unacked", "Consumers", "State", "Should have"]))
                            tbody role="rowgroup" { @for queue in &queues.shown { (self::queue(queue)) } }
                        }
                    }
                    (left_out(queues.left_out))
                },
            }
        }
    }
}

fn queue(queue: &Queue) -> Markup {
    let name = match queue.vhost.as_str() {
        "/" => text(&queue.name),
        vhost => text(&format!("{vhost}/{}", queue.name)),
    };
    html! {
        tr role="row" {
            (row_head(name))
            (cell("Ready", number(queue.ready)))
            (cell("Unacked", number(queue.unacked)))
            (cell("Consumers", number(queue.consumers)))
            (cell("State", html! {
                @match queue.exists {
                    Some(true) => { (text(queue.state.as_deref().unwrap_or("there"))) },
                    Some(false) => { (mark(Level::Critical, "missing")) },
                    None => { "?" },
                }
            }))
            (cell("Should have", limits(queue.limits.as_ref())))
        }
    }
}

fn limits(limits: Option<&QueueLimits>) -> String {
    let limits = limits.cloned().unwrap_or_default();
    let words = [
        limits
            .max_ready
            .map(|n| format!("at most {} ready", count(n))),
        limits
            .min_consumers
            .map(|n| format!("at least {}", super::parts::counted(n.into(), "consumer"))),
        limits
            .max_drain_seconds
            .map(|s| format!("at most {} to drain", span(s))),
        limits
            .min_ack_rate
            .map(|rate| format!("at least {rate} acks/s")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    match words.is_empty() {
        true => "–".to_owned(),
        false => words.join(", "),
    }
}
