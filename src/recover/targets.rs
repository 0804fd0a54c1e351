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

    /// Everything that is this host's for certain.
    pub fn all(&self) -> Vec<Target> {
        let named = |names: &BTreeSet<String>, target: fn(String) -> Target| -> Vec<Target> {
            names.iter().cloned().map(target).collect()
        };
        let mut all = vec![Target::Broker, Target::Host];
        all.extend(self.local_node.clone().map(|name| Target::Node { name }));
        let workers = self.workers.keys().cloned();
        all.extend(workers.map(|name| Target::Worker { name }));
        let queues = self.queues.iter().map(|(name, vhost)| Target::Queue {
            vhost: vhost.clone().unwrap_or_else(|| "/".to_owned()),
            name: name.clone(),
        });
        all.extend(queues);
        all.extend(named(&self.env_files, |path| Target::EnvFile { path }));
        all.extend(named(&self.disks, |path| Target::Disk { path }));
        all.extend(named(&self.globs, |glob| Target::Glob { glob }));
        all
    }

    /// The target that a person means: by its key (`worker:mail`), or by its name alone where
    /// nothing else has it.
    ///
    /// # Errors
    /// In words, with what there is.
    pub fn meant(&self, text: &str) -> Result<Target, String> {
        if let Some(target) = Target::from_key(text)
            && self.select(&target) == Selected::Mine
        {
            return Ok(target);
        }
        let all = self.all();
        let keys = |targets: &[Target]| {
            let keys = targets.iter().take(MAX_LISTED).map(Target::key);
            let more = targets.len().saturating_sub(MAX_LISTED);
            let more = (more > 0).then(|| format!("{more} more"));
            keys.chain(more).collect::<Vec<_>>().join(", ")
        };
        let fits = |target: &&Target| target.name() == text || ends_in(target, text);
        let fitting: Vec<Target> = all.iter().filter(fits).cloned().collect();
        match fitting.as_slice() {
            [] => Err(format!(
                "there is no such target here; there are: {}",
                keys(&all)
            )),
            [one] => Ok(one.clone()),
            several => Err(format!(
                "the target is not clear; it is one of: {}",
                keys(several)
            )),
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

/// Most targets that are listed for a person who named none of them.
const MAX_LISTED: usize = 30;

/// Whether `text` is the file name of an env file.
fn ends_in(target: &Target, text: &str) -> bool {
    match target {
        Target::EnvFile { path } => {
            let name = std::path::Path::new(path).file_name();
            name.is_some_and(|name| name == text)
        }
        _ => false,
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
    fn a_person_may_leave_out_what_is_clear() {
        let meant = |text: &str| targets().meant(text).map(|target| target.key());
        assert_eq!(meant("task").unwrap(), "worker:task");
        assert_eq!(meant("worker:task").unwrap(), "worker:task");
        assert_eq!(meant("broker").unwrap(), "broker");
        assert_eq!(meant("tasks").unwrap(), "queue:%2F:tasks");
        assert_eq!(meant("queue:x:tasks").unwrap(), "queue:x:tasks");
        let none = meant("nobody").unwrap_err();
        assert!(none.contains("worker:mail, worker:task"), "{none}");
        for text in ["", "worker:nobody", "$(reboot)", "disk:/mnt"] {
            assert!(meant(text).is_err(), "{text}");
        }
        let mut config = Config::default();
        config.workers.insert("mail".into(), Default::default());
        config
            .queues
            .pinned
            .insert("mail".into(), Pinned::default());
        let both = Targets::of(&config).meant("mail").unwrap_err();
        assert!(both.contains("worker:mail, queue:%2F:mail"), "{both}");
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
