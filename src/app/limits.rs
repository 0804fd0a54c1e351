//! What the configuration expects, as it is published.

use crate::config::Config;
use crate::publish::metrics::{BackupLimit, Limits, QueueLimit, WorkerLimit};

/// What `config` expects.
pub(super) fn of(config: &Config) -> Limits {
    let workers = config.workers.iter().map(|(name, worker)| WorkerLimit {
        worker: name.clone(),
        desired: worker.count.into(),
        min_healthy: worker.min_healthy.into(),
        no_ack_for: worker.hang.no_ack_for.get().as_secs_f64(),
        queues: worker.queues.clone(),
    });
    let queues = config
        .queues
        .pinned
        .iter()
        .map(|(name, pinned)| QueueLimit {
            vhost: pinned.vhost.clone(),
            queue: name.clone(),
            max_ready: pinned.max_ready,
            min_consumers: pinned.min_consumers.map(u64::from),
            max_drain: pinned.max_drain.map(|drain| drain.get().as_secs_f64()),
            min_ack_rate: pinned.min_ack_rate,
        });
    let backups = config.files.backups.iter().map(|backup| BackupLimit {
        glob: backup.glob.clone(),
        max_age: backup.max_age.map(|age| age.get().as_secs_f64()),
        min_size: backup.min_size.map(|size| size.bytes()),
    });
    let logs = config.files.logs.iter();
    Limits {
        workers: workers.collect(),
        queues: queues.collect(),
        min_disk_free: config.host.min_disk_free.get(),
        min_memory_available: config.host.min_memory_available.get(),
        logs: logs
            .map(|log| (log.glob.clone(), log.max_size.map(|size| size.bytes())))
            .collect(),
        backups: backups.collect(),
    }
}
