//! Which metric of the plugin's `/metrics` is which fact of a node.

use std::time::Duration;

use super::exposition::Sample;
use crate::model::facts::NodeFacts;

/// Enters one sample; a metric that is no fact is passed over. What the plugin omits stays `None`:
/// it leaves the alarms out when collecting them took longer than 500 ms.
pub(super) fn enter(node: &mut NodeFacts, sample: &Sample<'_>) {
    let Some(metric) = sample.name.strip_prefix("rabbitmq_") else {
        return;
    };
    if let Some(slot) = gauge(node, metric) {
        *slot = sample.count().or(*slot);
    } else if let Some(slot) = counter(node, metric) {
        // One line per protocol and queue type.
        if let Some(count) = sample.count() {
            *slot = Some(slot.unwrap_or(0).saturating_add(count));
        }
    } else if let Some(slot) = alarm(node, metric) {
        *slot = Some(sample.value > 0.0);
    } else if metric == "erlang_uptime_seconds" {
        node.uptime = Duration::try_from_secs_f64(sample.value).ok();
    }
}

fn alarm<'a>(node: &'a mut NodeFacts, metric: &str) -> Option<&'a mut Option<bool>> {
    Some(match metric {
        "alarms_memory_used_watermark" => &mut node.memory_alarm,
        "alarms_free_disk_space_watermark" => &mut node.disk_alarm,
        _ => return None,
    })
}

fn gauge<'a>(node: &'a mut NodeFacts, metric: &str) -> Option<&'a mut Option<u64>> {
    Some(match metric {
        "process_resident_memory_bytes" => &mut node.memory_used,
        "resident_memory_limit_bytes" => &mut node.memory_limit,
        "disk_space_available_bytes" => &mut node.disk_free,
        "disk_space_available_limit_bytes" => &mut node.disk_free_limit,
        "process_open_fds" => &mut node.fds_open,
        "process_max_fds" => &mut node.fds_max,
        "erlang_processes_used" => &mut node.processes,
        "erlang_processes_limit" => &mut node.processes_max,
        "unreachable_cluster_peers_count" => &mut node.unreachable_peers,
        "connections" => &mut node.connections,
        "channels" => &mut node.channels,
        "consumers" => &mut node.consumers,
        "queues" => &mut node.queues,
        _ => return None,
    })
}

fn counter<'a>(node: &'a mut NodeFacts, metric: &str) -> Option<&'a mut Option<u64>> {
    Some(match metric {
        "connections_opened_total" => &mut node.connections_opened,
        "connections_closed_total" => &mut node.connections_closed,
        "channels_opened_total" => &mut node.channels_opened,
        "channels_closed_total" => &mut node.channels_closed,
        "auth_attempts_failed_total" => &mut node.auth_failures,
        "global_messages_received_total" => &mut node.messages_received,
        "global_messages_delivered_total" => &mut node.messages_delivered,
        "global_messages_acknowledged_total" => &mut node.messages_acked,
        "global_messages_redelivered_total" => &mut node.messages_redelivered,
        "global_messages_unroutable_dropped_total"
        | "global_messages_unroutable_returned_total" => &mut node.messages_unroutable,
        // Not `_confirmed`: those are counted under their reason already.
        "global_messages_dead_lettered_delivery_limit_total"
        | "global_messages_dead_lettered_expired_total"
        | "global_messages_dead_lettered_maxlen_total"
        | "global_messages_dead_lettered_rejected_total" => &mut node.messages_dead_lettered,
        _ => return None,
    })
}
