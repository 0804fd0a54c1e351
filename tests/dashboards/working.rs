//! What the workers do and what they use, for their dashboard.

use crate::board::beside;
use crate::panel::{Colour, Panel};
use crate::words::{CAUTION, CRITICAL, INFORMATION, NORMAL, WARNING, leads};
use crate::workers::{EACH, each, rate};

const VERDICTS: [(&str, Colour); 11] = [
    ("healthy", NORMAL),
    ("idle", INFORMATION),
    ("slow", CAUTION),
    ("unknown", "text"),
    ("disconnected", "light-orange"),
    ("deaf", WARNING),
    ("stopped", "semi-dark-orange"),
    ("uninterruptible", "dark-orange"),
    ("stalled", "light-red"),
    ("spinning", CRITICAL),
    ("zombie", "semi-dark-red"),
];

pub(crate) fn working() -> [Panel; 6] {
    let verdicts = Panel::stack(
        "Verdicts",
        "How many processes work, wait or hang? Broker and operating system must agree in two \
         windows before one counts as hung.",
    )
    .query(
        "sum by (verdict) (warrener_worker_verdicts{@,worker=~\"$worker\"}) > 0",
        "{{verdict}}",
    )
    .decimals(0)
    .size(8, 8);
    let verdicts = VERDICTS.iter().fold(verdicts, |panel, (name, colour)| {
        panel.series(&format!("^{name}$"), colour)
    });
    [
        verdicts,
        Panel::lines(
            "Acknowledged",
            "Who gets work done, and how fast? From each worker's own channels, so that a healthy \
             sibling does not hide a hung one.",
        )
        .query(&rate("messages_acked"), EACH)
        .unit("mps")
        .size(8, 8),
        Panel::lines(
            "Unacked",
            "Who holds messages without finishing them? A worker that holds its whole prefetch and \
             acknowledges nothing hangs.",
        )
        .query(&each("warrener_worker_messages_unacked"), EACH)
        .unit("short")
        .size(8, 8),
        Panel::lines(
            "Connected and consuming",
            "Did a worker lose its connection or its consumer while it lives?",
        )
        .query(
            &each("warrener_worker_broker_connections"),
            &format!("connected  {EACH}"),
        )
        .query(
            &each("warrener_worker_consumers"),
            &format!("consumers  {EACH}"),
        )
        .decimals(0)
        .size(8, 8),
        Panel::table(
            "Whose queue is whose",
            "Which worker reads which queue, and what waits there? Follow a long queue to its \
             worker, or a hung worker to its queue.",
        )
        .query(
            "max by (worker, queue) (warrener_worker_queue_info{@,worker=~\"$worker\"}) \
             * on (queue) group_left () max by (queue) (warrener_queue_messages_ready{@})",
            "",
        )
        .query(
            "max by (worker, queue) (warrener_worker_queue_info{@,worker=~\"$worker\"}) \
             * on (queue) group_left () max by (queue) (warrener_queue_messages_unacked{@})",
            "",
        )
        .query(
            "max by (worker, queue) (warrener_worker_queue_info{@,worker=~\"$worker\"}) \
             * on (queue) group_left () max by (queue) (warrener_queue_consumers{@})",
            "",
        )
        .columns(&[
            ("worker", "Worker"),
            ("queue", "Queue"),
            ("Value #A", "Ready"),
            ("Value #B", "Unacked"),
            ("Value #C", "Consumers"),
        ])
        .unit("short")
        .column(
            "Queue",
            vec![leads(
                "This queue",
                &beside("warrener-broker", "&var-queue=${__value.raw}"),
                false,
            )],
        )
        .sorted("Ready", true)
        .no_value("No worker is configured with queues.")
        .size(10, 8),
        Panel::bars(
            "Patience",
            "How long may a worker hold messages without acknowledging one before it counts as \
             hung?",
        )
        .query(&each("warrener_worker_no_ack_limit_seconds"), EACH)
        .unit("s")
        .colour(INFORMATION)
        .size(6, 8),
    ]
}

pub(crate) fn using() -> [Panel; 6] {
    [
        Panel::lines(
            "Processors",
            "Does a worker burn a processor, or none at all? Processors in use, all processes of a \
             kind together.",
        )
        .query(&rate("cpu_seconds"), EACH)
        .size(8, 7),
        Panel::lines("Memory", "Does a worker's memory grow without end?")
            .query(&each("warrener_worker_resident_memory_bytes"), EACH)
            .unit("bytes")
            .size(8, 7),
        Panel::lines(
            "File descriptors",
            "Will a worker soon be unable to open a file or a connection? Used share of the \
             smallest limit of its processes.",
        )
        .query(
            &format!(
                "{} / {}",
                each("warrener_worker_fds_open"),
                each("warrener_worker_fds_max")
            ),
            EACH,
        )
        .unit("percentunit")
        .thresholds(&[(None, NORMAL), (Some(0.9), CRITICAL)])
        .size(8, 7),
        Panel::lines("Threads", "Does a worker gather threads?")
            .query(&each("warrener_worker_threads"), EACH)
            .unit("short")
            .size(8, 7),
        Panel::lines(
            "Context switches",
            "Does a worker move at all? One without a switch does nothing; many involuntary ones \
             mean too little processor.",
        )
        .query(
            "sum by (worker, kind) (rate(warrener_worker_context_switches_total\
             {@,worker=~\"$worker\"}[$__rate_interval]))",
            "{{worker}}  {{kind}}",
        )
        .unit("cps")
        .size(8, 7),
        Panel::lines(
            "Age of the oldest process",
            "When was each worker last started? A drop to zero is a start.",
        )
        .query(
            &format!(
                "time() - {}",
                each("warrener_worker_oldest_start_timestamp_seconds")
            ),
            EACH,
        )
        .unit("s")
        .size(8, 7),
    ]
}
