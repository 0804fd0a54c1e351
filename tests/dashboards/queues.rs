//! The queues of the broker's dashboard, and one message's way through the broker.

use serde_json::json;

use crate::board::beside;
use crate::panel::Panel;
use crate::words::{CAUTION, INFORMATION, NORMAL, PLAIN, WARNING, leads, number};

/// `metric` of the chosen queues, the largest that any agent tells.
fn queue(metric: &str) -> String {
    format!("max by (vhost, queue) ({metric}{{@,vhost=~\"$vhost\",queue=~\"$queue\"}})")
}

/// Acknowledgements a second of the chosen queues.
fn acks() -> String {
    "max by (vhost, queue) (rate(warrener_queue_messages_acked_total\
     {@,vhost=~\"$vhost\",queue=~\"$queue\"}[$__rate_interval]))"
        .to_owned()
}

/// Seconds until the queue is empty at the present rate: endless where nothing is acknowledged,
/// nothing where nothing waits.
fn drain() -> String {
    format!(
        "{} / {} >= 0",
        queue("warrener_queue_messages_ready"),
        acks()
    )
}

pub(crate) fn queues() -> Vec<Panel> {
    vec![
        Panel::table(
            "Queues",
            "Which queue waits, for whom, and how long until it is empty? Longest first. Drain time \
             is what waits divided by what is acknowledged now; endless where nothing is. RabbitMQ before 4.0 tells \
             acknowledgements by queue only through the management API.",
        )
        .query(&queue("warrener_queue_messages_ready"), "")
        .query(&queue("warrener_queue_messages_ready_limit"), "")
        .query(
            &format!(
                "{} / {}",
                queue("warrener_queue_messages_ready"),
                queue("warrener_queue_messages_ready_limit")
            ),
            "",
        )
        .query(&queue("warrener_queue_messages_unacked"), "")
        .query(&queue("warrener_queue_consumers"), "")
        .query(&queue("warrener_queue_consumers_min"), "")
        .query(&acks(), "")
        .query(&queue("warrener_queue_ack_rate_min"), "")
        .query(&drain(), "")
        .query(&queue("warrener_queue_drain_limit_seconds"), "")
        .columns(&[
            ("vhost", "Virtual host"),
            ("queue", "Queue"),
            ("Value #A", "Ready"),
            ("Value #B", "Limit"),
            ("Value #C", "Of limit"),
            ("Value #D", "Unacked"),
            ("Value #E", "Consumers"),
            ("Value #F", "Wanted"),
            ("Value #G", "Acked"),
            ("Value #H", "At least"),
            ("Value #I", "Drain time"),
            ("Value #J", "At most"),
        ])
        .unit("short")
        .column(
            "Queue",
            vec![leads(
                "Its workers",
                &beside("warrener-workers", ""),
                false,
            )],
        )
        .thresholds(&[(None, PLAIN), (Some(1.0), CAUTION), (Some(5.0), WARNING)])
        .column(
            "Of limit",
            vec![
                ("unit", json!("percentunit")),
                ("custom.align", json!("right")),
                ("custom.cellOptions", json!({"type": "color-text"})),
            ],
        )
        .column("Acked", number("mps"))
        .column("At least", number("mps"))
        .column("Drain time", number("s"))
        .column("At most", number("s"))
        .sorted("Ready", true)
        .size(24, 9),
        Panel::bars(
            "Longest queues now",
            "Where do the most messages wait?",
        )
        .query(
            &format!("topk(10, {})", queue("warrener_queue_messages_ready")),
            "{{queue}}",
        )
        .unit("short")
        .colour(INFORMATION)
        .size(8, 8),
        Panel::lines("Ready", "Which queue grows? Messages that wait to be delivered.")
            .query(&queue("warrener_queue_messages_ready"), "{{queue}}")
            .unit("short")
            .size(8, 8),
        Panel::lines(
            "Unacked",
            "Is work taken and not finished? Messages delivered and not yet acknowledged.",
        )
        .query(&queue("warrener_queue_messages_unacked"), "{{queue}}")
        .unit("short")
        .size(8, 8),
        Panel::lines(
            "Acknowledged",
            "Which queue is worked off, and how fast?",
        )
        .query(&acks(), "{{queue}}")
        .unit("mps")
        .size(8, 7),
        Panel::lines(
            "Redelivered",
            "Which queue holds messages that fail again and again?",
        )
        .query(
            &acks().replace("messages_acked", "messages_redelivered"),
            "{{queue}}",
        )
        .unit("mps")
        .size(8, 7),
        Panel::lines(
            "Consumers",
            "Does every queue have someone who reads it?",
        )
        .query(&queue("warrener_queue_consumers"), "{{queue}}")
        .decimals(0)
        .size(8, 7),
        Panel::number(
            "Wanted queues that are not there",
            "Does the broker lack a queue that the configuration names?",
        )
        .query(
            "sum(max by (vhost, queue) (warrener_queue_exists{@}) == bool 0)",
            "missing",
        )
        .thresholds(&[(None, NORMAL), (Some(1.0), WARNING)])
        .no_value("none is named")
        .size(6, 5),
        Panel::number(
            "Queues seen and left out",
            "How many queues does the broker have, and how many of them are shown here?",
        )
        .query("max(warrener_queues_seen{@})", "seen")
        .query(
            "max by (reason) (warrener_queues_left_out{@})",
            "left out by {{reason}}",
        )
        .thresholds(&[(None, PLAIN)])
        .option("colorMode", "value")
        .option("textMode", "value_and_name")
        .unit("short")
        .size(8, 5),
        Panel::lines(
            "In queues left out",
            "Does something pile up where no single queue is shown? Sums over the queues that a \
             filter or the series budget leaves out.",
        )
        .query(
            "max by (reason) (warrener_queues_left_out_messages_ready{@})",
            "ready, left out by {{reason}}",
        )
        .query(
            "max by (reason) (warrener_queues_left_out_messages_unacked{@})",
            "unacked, left out by {{reason}}",
        )
        .query(
            "max by (reason) (warrener_queues_left_out_consumers{@})",
            "consumers, left out by {{reason}}",
        )
        .unit("short")
        .size(10, 5),
    ]
}

pub(crate) fn roundtrip() -> [Panel; 4] {
    [
        Panel::lines(
            "Round trip",
            "Is the broker slower than it was? The newest round trip of one message at each time.",
        )
        .query(
            "max by (instance) (warrener_roundtrip_seconds{@})",
            "{{instance}}",
        )
        .unit("s")
        .size(8, 8),
        Panel::stack(
            "Where the time goes",
            "Which phase makes it slow? Mean time of each phase.",
        )
        .query(
            "sum by (phase) (rate(warrener_roundtrip_phase_seconds_sum{@}[$__rate_interval])) \
             / sum by (phase) (rate(warrener_roundtrip_phase_seconds_count{@}[$__rate_interval]))",
            "{{phase}}",
        )
        .unit("s")
        .size(8, 8),
        Panel::lines(
            "Slowest of twenty",
            "How slow does each phase get at times? The time that 95 % of the round trips stay \
             below.",
        )
        .query(
            "histogram_quantile(0.95, sum by (le, phase) \
             (rate(warrener_roundtrip_phase_seconds_bucket{@}[$__rate_interval])))",
            "{{phase}}",
        )
        .unit("s")
        .size(8, 8),
        Panel::heatmap(
            "From publish to consume",
            "Is a slow message the exception or the rule? How many messages took how long from \
             being published to being delivered.",
        )
        .query(
            "sum by (le) (increase(warrener_roundtrip_phase_seconds_bucket\
             {@,phase=\"consume\"}[$__rate_interval]))",
            "{{le}}",
        )
        .unit("short")
        .size(24, 8),
    ]
}
