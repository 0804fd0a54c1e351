//! What the judges hold the facts against: plain values of one configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Config, Pinned};
use crate::model::Component;

/// The part of a configuration that an assessment depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssessConfig {
    /// Weight of each component, and whether there is anything configured for it to judge.
    pub weights: Vec<Weight>,
    /// The worker kinds.
    pub workers: BTreeMap<String, WorkerLimits>,
    /// The pinned queues.
    pub queues: Vec<QueueLimits>,
    /// Queues that the configuration does not name are judged too.
    pub every_queue: bool,
    /// The env files, in the configuration's order.
    pub env_files: Vec<EnvFileLimits>,
    /// Least share of a disk that must be free; 0-1.
    pub min_disk_free: f64,
    /// Least share of memory that must be available; 0-1.
    pub min_memory_available: f64,
    /// The log globs: largest size of one file in bytes.
    pub logs: BTreeMap<String, Option<u64>>,
    /// The backup globs.
    pub backups: BTreeMap<String, BackupLimits>,
}

/// A component's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Which component.
    pub component: Component,
    /// Only proportions matter.
    pub weight: u32,
    /// Something is configured for it.
    pub configured: bool,
}

/// What is expected of a worker kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerLimits {
    /// Queues it consumes, by name.
    pub queues: Vec<String>,
    /// Path of its env file, as in the facts.
    pub env_file: Option<String>,
    /// Shortest window without acknowledgement that counts against it.
    pub no_ack_for: Duration,
    /// Share of a core from which it counts as spinning; 0-1.
    pub cpu_spin: f64,
}

/// What is expected of a pinned queue; a limit not given is not judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueLimits {
    /// Its virtual host; `None`: that of the AMQP URL.
    pub vhost: Option<String>,
    /// Its name.
    pub name: String,
    /// Most messages ready.
    pub max_ready: Option<u64>,
    /// Fewest consumers.
    pub min_consumers: Option<u32>,
    /// Longest time to work off what is ready.
    pub max_drain: Option<Duration>,
    /// Least acknowledgements a second while messages wait.
    pub min_ack_rate: Option<f64>,
}

/// What is expected of an env file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvFileLimits {
    /// Its path, as in the facts.
    pub path: String,
    /// It must be there: it has a required key, or a worker is started with it.
    pub expected: bool,
}

/// What is expected of a backup.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackupLimits {
    /// The newest must be younger.
    pub max_age: Option<Duration>,
    /// The newest must have so many bytes.
    pub min_size: Option<u64>,
    /// A program looks at the newest.
    pub verified: bool,
}

impl AssessConfig {
    /// What `config` says.
    pub fn new(config: &Config) -> Self {
        let workers: BTreeMap<_, _> = config
            .workers
            .iter()
            .map(|(name, worker)| {
                let limits = WorkerLimits {
                    queues: worker.queues.clone(),
                    env_file: worker
                        .env_file
                        .as_ref()
                        .map(|path| path.display().to_string()),
                    no_ack_for: worker.hang.no_ack_for.get(),
                    cpu_spin: worker.hang.cpu_spin.get(),
                };
                (name.clone(), limits)
            })
            .collect();
        let env_files = config.env_files.iter().map(|file| {
            let path = file.path.display().to_string();
            let used = workers.values().any(|w| w.env_file.as_ref() == Some(&path));
            let expected = used || file.keys.values().any(|key| key.required);
            EnvFileLimits { path, expected }
        });
        let files = &config.files;
        let backups = files.backups.iter().map(|backup| {
            let limits = BackupLimits {
                max_age: backup.max_age.map(|age| age.get()),
                min_size: backup.min_size.map(|size| size.bytes()),
                verified: backup.verify.is_some(),
            };
            (backup.glob.clone(), limits)
        });
        let queues = config.queues.pinned.iter();
        AssessConfig {
            weights: weights(config),
            queues: queues
                .map(|(name, pinned)| QueueLimits::new(name, pinned))
                .collect(),
            every_queue: config
                .queues
                .report
                .unwrap_or(config.broker.control.is_some()),
            env_files: env_files.collect(),
            min_disk_free: config.host.min_disk_free.get(),
            min_memory_available: config.host.min_memory_available.get(),
            logs: files
                .logs
                .iter()
                .map(|log| (log.glob.clone(), log.max_size.map(|size| size.bytes())))
                .collect(),
            backups: backups.collect(),
            workers,
        }
    }

    /// What is expected of the pinned queue of this name; one without a virtual host is meant
    /// wherever the probe found the pinned one.
    pub fn pinned(&self, vhost: &str, name: &str) -> Option<&QueueLimits> {
        self.queues
            .iter()
            .find(|q| q.name == name && q.vhost.as_deref().is_none_or(|of| of == vhost))
    }

    /// The workers that consume the queue of this name.
    pub fn workers_of(&self, queue: &str) -> impl Iterator<Item = (&str, &WorkerLimits)> {
        self.workers
            .iter()
            .filter(move |(_, w)| w.queues.iter().any(|q| q == queue))
            .map(|(name, limits)| (name.as_str(), limits))
    }
}

impl QueueLimits {
    fn new(name: &str, pinned: &Pinned) -> Self {
        QueueLimits {
            vhost: pinned.vhost.clone(),
            name: name.to_owned(),
            max_ready: pinned.max_ready,
            min_consumers: pinned.min_consumers,
            max_drain: pinned.max_drain.map(|drain| drain.get()),
            min_ack_rate: pinned.min_ack_rate,
        }
    }
}

fn weights(config: &Config) -> Vec<Weight> {
    let weights = &config.health.weights;
    let queues = !config.queues.pinned.is_empty();
    Component::ALL
        .into_iter()
        .map(|component| {
            let (weight, configured) = match component {
                Component::Broker => (weights.broker, true),
                Component::Workers => (weights.workers, queues || !config.workers.is_empty()),
                Component::Resources => (weights.resources, true),
                Component::Config => (weights.config, !config.env_files.is_empty()),
            };
            Weight {
                component,
                weight,
                configured,
            }
        })
        .collect()
}
