//! What there is here to repair: the targets of the local configuration, and which workers each
//! is about.
//!
//! A label of an alert selects one of these, or nothing. Nodes are not configured: those count
//! that warrener itself saw.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::model::Target;

/// The targets of this host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    workers: BTreeMap<String, Worker>,
    /// The queues that the configuration names, with the virtual host where it says one.
    queues: BTreeMap<String, Option<String>>,
    env_files: BTreeSet<String>,
    disks: BTreeSet<String>,
    globs: BTreeSet<String>,
    /// The broker's nodes that were seen.
    nodes: BTreeSet<String>,
    /// This host's own node, where it is known.
    local_node: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Worker {
    queues: BTreeSet<String>,
    env_file: Option<String>,
}

/// Whether something is this host's to repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// It is.
    Mine,
    /// It may be another agent's.
    NotMine,
    /// Nothing like it can be in any configuration.
    Unknown,
}

impl Targets {
    /// Those of `config`.
    pub fn of(config: &Config) -> Self {
        let path = |path: &std::path::Path| path.display().to_string();
        let workers: BTreeMap<_, _> = config
            .workers
            .iter()
            .map(|(name, worker)| {
                let worker = Worker {
                    queues: worker.queues.iter().cloned().collect(),
                    env_file: worker.env_file.as_deref().map(path),
                };
                (name.clone(), worker)
            })
            .collect();
        let consumed = workers.values().flat_map(|w| &w.queues);
        let mut queues: BTreeMap<_, _> = consumed.map(|queue| (queue.clone(), None)).collect();
        for (name, pinned) in &config.queues.pinned {
            queues.insert(name.clone(), pinned.vhost.clone());
        }
        let logs = config.files.logs.iter().map(|logs| logs.glob.clone());
        let backups = config.files.backups.iter().map(|b| b.glob.clone());
        Targets {
            workers,
            queues,
            env_files: config.env_files.iter().map(|f| path(&f.path)).collect(),
            disks: config.host.disks.iter().map(|disk| path(disk)).collect(),
            globs: logs.chain(backups).collect(),
            nodes: BTreeSet::new(),
            local_node: None,
        }
    }

    /// With the broker's nodes that were seen, and this host's own among them.
    #[must_use]
    pub fn with_nodes(
        self,
        nodes: impl IntoIterator<Item = String>,
        local_node: Option<String>,
    ) -> Self {
        Targets {
            nodes: nodes.into_iter().collect(),
            local_node,
            ..self
        }
    }

    /// Everything that is configured, sorted.
    pub fn all(&self) -> Vec<Target> {
        let workers = self.workers.keys();
        let mut all = vec![Target::Broker, Target::Host];
        all.extend(workers.map(|name| Target::Worker { name: name.clone() }));
        all.extend(self.queues.iter().map(|(name, vhost)| Target::Queue {
            vhost: vhost.clone().unwrap_or_else(|| "/".to_owned()),
            name: name.clone(),
        }));
        all.extend(
            self.env_files
                .iter()
                .map(|path| Target::EnvFile { path: path.clone() }),
        );
        all.extend(
            self.disks
                .iter()
                .map(|path| Target::Disk { path: path.clone() }),
        );
        all.extend(
            self.globs
                .iter()
                .map(|glob| Target::Glob { glob: glob.clone() }),
        );
        all.sort();
        all
    }

    /// Whether `target` is this host's.
    pub fn select(&self, target: &Target) -> Selected {
        let among = |there: bool| match there {
            true => Selected::Mine,
            false => Selected::NotMine,
        };
        if !could_be(target) {
            return Selected::Unknown;
        }
        match target {
            Target::Broker | Target::Host | Target::Probe { .. } => Selected::Mine,
            Target::Worker { name } => among(self.workers.contains_key(name)),
            Target::Queue { vhost, name } => among(
                self.queues
                    .get(name)
                    .is_some_and(|own| own.as_ref().is_none_or(|own| own == vhost)),
            ),
            Target::EnvFile { path } => among(self.env_files.contains(path)),
            Target::Disk { path } => among(self.disks.contains(path)),
            Target::Glob { glob } => among(self.globs.contains(glob)),
            Target::Node { name } => match &self.local_node {
                Some(own) => among(own == name),
                None if self.nodes.contains(name) => Selected::Unknown,
                None => Selected::NotMine,
            },
        }
    }

    /// The virtual host of a queue that the configuration names, where it says one.
    pub fn vhost_of(&self, queue: &str) -> Option<&str> {
        self.queues.get(queue)?.as_deref()
    }

    /// The workers that `target` is about, sorted: itself, a queue's consumers, an env file's
    /// users, all of them for the broker. None for what is no worker's.
    pub fn workers_of(&self, target: &Target) -> Vec<String> {
        let those = |fits: &dyn Fn(&String, &Worker) -> bool| {
            let fitting = self.workers.iter().filter(|(name, w)| fits(name, w));
            fitting.map(|(name, _)| name.clone()).collect()
        };
        match target {
            Target::Worker { name } => those(&|own, _| own == name),
            Target::Queue { name, .. } => those(&|_, worker| worker.queues.contains(name)),
            Target::EnvFile { path } => those(&|_, w| w.env_file.as_ref() == Some(path)),
            Target::Broker | Target::Node { .. } => those(&|_, _| true),
            Target::Disk { .. } | Target::Host | Target::Glob { .. } | Target::Probe { .. } => {
                Vec::new()
            }
        }
    }

    /// The queues that `worker` consumes.
    pub fn queues_of(&self, worker: &str) -> impl Iterator<Item = &String> {
        let queues = self.workers.get(worker).map(|w| &w.queues);
        queues.into_iter().flatten()
    }

    /// The env file that `worker` is started with.
    pub fn env_file_of(&self, worker: &str) -> Option<&str> {
        self.workers.get(worker)?.env_file.as_deref()
    }

    /// How many worker kinds there are.
    pub fn worker_kinds(&self) -> usize {
        self.workers.len()
    }
}

/// Longest name or path of a target, in bytes.
const MAX_NAME: usize = 4096;

/// Whether any configuration could name `target`.
fn could_be(target: &Target) -> bool {
    let text =
        |text: &str| (1..=MAX_NAME).contains(&text.len()) && !text.contains(char::is_control);
    match target {
        Target::Broker | Target::Host | Target::Probe { .. } => true,
        Target::Worker { name } => {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            text(name) && name.chars().all(legal)
        }
        Target::Queue { vhost, name } => text(vhost) && text(name),
        Target::Node { name } => text(name),
        Target::EnvFile { path } | Target::Disk { path } => text(path) && path.starts_with('/'),
        Target::Glob { glob } => text(glob) && glob.starts_with('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pinned;

    fn targets() -> Targets {
        let mut config = Config::default();
        let mut worker = crate::config::Worker {
            queues: vec!["tasks".into()],
            env_file: Some("/srv/.env".into()),
            ..Default::default()
        };
        config.workers.insert("task".into(), worker.clone());
        worker.queues.clear();
        config.workers.insert("mail".into(), worker);
        let pinned = Pinned {
            vhost: Some("shop".into()),
            ..Default::default()
        };
        config.queues.pinned.insert("orders".into(), pinned);
        Targets::of(&config).with_nodes(["rabbit@a".into()], Some("rabbit@a".into()))
    }

    fn select(key: &str) -> Selected {
        targets().select(&Target::from_key(key).unwrap())
    }

    #[test]
    fn only_what_is_configured_is_mine() {
        for key in [
            "broker",
            "worker:task",
            "queue:%2F:tasks",
            "queue:shop:orders",
            "node:rabbit@a",
        ] {
            assert_eq!(select(key), Selected::Mine, "{key}");
        }
        for key in [
            "worker:other",
            "queue:%2F:orders",
            "queue:%2F:x",
            "node:rabbit@b",
            "disk:/mnt",
        ] {
            assert_eq!(select(key), Selected::NotMine, "{key}");
        }
        for key in [
            "worker:$(reboot)",
            "worker:../x",
            "disk:relative",
            "worker:1\0",
            "worker:a b",
        ] {
            assert_eq!(select(key), Selected::Unknown, "{key:?}");
        }
    }

    #[test]
    fn the_own_node_is_never_guessed() {
        let nobody = targets().with_nodes(["rabbit@a".into()], None);
        let node = Target::from_key("node:rabbit@a").unwrap();
        assert_eq!(nobody.select(&node), Selected::Unknown);
    }

    #[test]
    fn a_target_names_its_workers() {
        let of = |key: &str| targets().workers_of(&Target::from_key(key).unwrap());
        assert_eq!(of("worker:task"), ["task"]);
        assert_eq!(of("queue:%2F:tasks"), ["task"]);
        assert_eq!(of("env_file:/srv/.env"), ["mail", "task"]);
        assert_eq!(of("broker"), ["mail", "task"]);
        assert!(of("disk:/").is_empty());
        assert!(of("worker:other").is_empty());
    }
}
