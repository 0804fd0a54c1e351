//! Every limit there is.

use crate::publish::metrics::{BackupLimit, Limits, QueueLimit, WorkerLimit};

pub(in crate::publish) fn limits() -> Limits {
    Limits {
        workers: vec![WorkerLimit {
            worker: "task-worker".into(),
            desired: 2,
            min_healthy: 1,
            no_ack_for: 120.0,
            queues: vec!["ai_tasks".into()],
        }],
        queues: vec![QueueLimit {
            vhost: None,
            queue: "ai_tasks".into(),
            max_ready: Some(1000),
            min_consumers: Some(2),
            max_drain: Some(600.0),
            min_ack_rate: Some(0.1),
        }],
        min_disk_free: 0.1,
        min_memory_available: 0.1,
        logs: vec![("logs/*.log".into(), Some(500 << 20))],
        backups: vec![BackupLimit {
            glob: "backups/*".into(),
            max_age: Some(93_600.0),
            min_size: Some(1 << 20),
        }],
    }
}
