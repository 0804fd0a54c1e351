//! Families of what the configuration expects: thresholds as metrics, so that rules are static and
//! `warrener.yml` is what a team tunes. They are there whatever the probes say.

use std::fmt;

use super::families::{Families, NONE};

/// What the configuration expects, in base units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// The worker kinds.
    pub workers: Vec<WorkerLimit>,
    /// The pinned queues.
    pub queues: Vec<QueueLimit>,
    /// Least share of a disk that must be free; 0-1.
    pub min_disk_free: f64,
    /// Least share of memory that must be available; 0-1.
    pub min_memory_available: f64,
    /// The log globs, with the largest size of one file in bytes.
    pub logs: Vec<(String, Option<u64>)>,
    /// The backup globs.
    pub backups: Vec<BackupLimit>,
}

/// What is expected of a worker kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerLimit {
    /// Its name.
    pub worker: String,
    /// Processes there should be.
    pub desired: u64,
    /// Processes there must be at any moment.
    pub min_healthy: u64,
    /// Seconds without acknowledgement from which it may count as hung.
    pub no_ack_for: f64,
    /// The queues that it consumes.
    pub queues: Vec<String>,
}

/// What is expected of a queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueLimit {
    /// Its virtual host; `None`: that of the AMQP URL, wherever the probe found the queue.
    pub vhost: Option<String>,
    /// Its name.
    pub queue: String,
    /// Most messages ready.
    pub max_ready: Option<u64>,
    /// Fewest consumers.
    pub min_consumers: Option<u64>,
    /// Seconds that working off what is ready may take.
    pub max_drain: Option<f64>,
    /// Least acknowledgements a second while messages wait.
    pub min_ack_rate: Option<f64>,
}

/// What is expected of a backup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupLimit {
    /// The glob.
    pub glob: String,
    /// Seconds; the newest must be younger.
    pub max_age: Option<f64>,
    /// Bytes that the newest must have.
    pub min_size: Option<u64>,
}

/// A number expected of a queue: name, help, reading.
type OfQueue = (&'static str, &'static str, fn(&QueueLimit) -> Option<f64>);

const OF_QUEUES: [OfQueue; 4] = [
    (
        "warrener_queue_messages_ready_limit",
        "Most messages that may wait in a pinned queue (`queues.pinned.*.max_ready`).",
        |q| float(q.max_ready),
    ),
    (
        "warrener_queue_consumers_min",
        "Fewest consumers that a pinned queue must have (`min_consumers`).",
        |q| float(q.min_consumers),
    ),
    (
        "warrener_queue_drain_limit_seconds",
        "Longest time that working off what waits in a pinned queue may take (`max_drain`).",
        |q| q.max_drain,
    ),
    (
        "warrener_queue_ack_rate_min",
        "Fewest acknowledgements a second that a pinned queue must have while messages wait \
         (`min_ack_rate`).",
        |q| q.min_ack_rate,
    ),
];

/// `vhost_of` says where a pinned queue without a virtual host was found.
pub(super) fn write(
    limits: &Limits,
    vhost_of: &dyn Fn(&str) -> Option<String>,
    f: &mut Families<'_>,
) -> fmt::Result {
    workers(&limits.workers, f)?;
    for (name, help, read) in OF_QUEUES {
        f.gauge(
            name,
            help,
            limits.queues.iter().map(|q| {
                let vhost = q.vhost.clone().or_else(|| vhost_of(&q.queue));
                let vhost = vhost.unwrap_or_else(|| "/".to_owned());
                ([("vhost", vhost), ("queue", q.queue.clone())], read(q))
            }),
        )?;
    }
    f.gauge(
        "warrener_host_disk_available_ratio_min",
        "Least share of each disk that must be free (`host.min_disk_free`).",
        [(NONE, Some(limits.min_disk_free))],
    )?;
    f.gauge(
        "warrener_host_memory_available_ratio_min",
        "Least share of memory that must be available (`host.min_memory_available`).",
        [(NONE, Some(limits.min_memory_available))],
    )?;
    f.gauge(
        "warrener_log_size_limit_bytes",
        "Largest size that one log of a glob may have (`files.logs[].max_size`).",
        limits
            .logs
            .iter()
            .map(|(glob, most)| ([("glob", glob.as_str())], *most)),
    )?;
    f.gauge(
        "warrener_backup_age_limit_seconds",
        "Age from which the newest backup of a glob is too old (`files.backups[].max_age`).",
        limits
            .backups
            .iter()
            .map(|b| ([("glob", b.glob.as_str())], b.max_age)),
    )?;
    f.gauge(
        "warrener_backup_size_min_bytes",
        "Least size of the newest backup of a glob (`files.backups[].min_size`).",
        limits
            .backups
            .iter()
            .map(|b| ([("glob", b.glob.as_str())], b.min_size)),
    )
}

fn workers(workers: &[WorkerLimit], f: &mut Families<'_>) -> fmt::Result {
    let label = |w: &WorkerLimit| [("worker", w.worker.clone())];
    f.gauge(
        "warrener_worker_processes_desired",
        "Processes of a kind that there should be (`workers.*.count`).",
        workers.iter().map(|w| (label(w), Some(w.desired))),
    )?;
    f.gauge(
        "warrener_worker_processes_min_healthy",
        "Processes of a kind that there must be at any moment (`workers.*.min_healthy`).",
        workers.iter().map(|w| (label(w), Some(w.min_healthy))),
    )?;
    f.gauge(
        "warrener_worker_no_ack_limit_seconds",
        "How long a process that holds messages may acknowledge none before it can count as hung \
         (`workers.*.hang.no_ack_for`).",
        workers.iter().map(|w| (label(w), Some(w.no_ack_for))),
    )?;
    f.gauge(
        "warrener_worker_queue_info",
        "Always 1: joins a kind to the queues that it is configured to consume.",
        workers.iter().flat_map(|w| {
            let of = move |queue: &String| {
                (
                    [("worker", w.worker.clone()), ("queue", queue.clone())],
                    Some(1u64),
                )
            };
            w.queues.iter().map(of)
        }),
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a limit beyond 2^53 is no limit"
)]
fn float(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}
