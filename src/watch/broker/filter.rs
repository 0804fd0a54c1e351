//! Which queues may have a series of their own: by name and virtual host, while they stream by.

use std::collections::{HashMap, HashSet};

use regex::Regex;

use super::{load, roundtrip};

/// A queue named in `queues.pinned`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinnedName {
    /// Its virtual host.
    pub vhost: String,
    /// Its name.
    pub name: String,
}

/// The patterns of names and virtual hosts, and the pinned queues. Without a pattern every virtual
/// host passes: a series carries its own, and hiding one would hide a broken worker's queue.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    vhosts: Vec<Regex>,
    include: Vec<Regex>,
    exclude: Vec<Regex>,
    pinned: HashMap<String, HashSet<String>>,
    order: Vec<PinnedName>,
}

impl Filter {
    /// Queues whose name matches one of `include` (none given: every name) and none of `exclude`.
    /// Pinned queues always pass.
    pub fn new(include: Vec<Regex>, exclude: Vec<Regex>, pinned: Vec<PinnedName>) -> Self {
        let mut order = pinned;
        order.sort();
        order.dedup();
        let mut pinned: HashMap<String, HashSet<String>> = HashMap::new();
        for queue in &order {
            let names = pinned.entry(queue.vhost.clone()).or_default();
            names.insert(queue.name.clone());
        }
        Filter {
            vhosts: Vec::new(),
            include,
            exclude,
            pinned,
            order,
        }
    }

    /// The same, for virtual hosts that match one of `vhosts` alone (none given: every one).
    pub fn within(self, vhosts: Vec<Regex>) -> Self {
        Filter { vhosts, ..self }
    }

    /// Whether `name` in `vhost` is pinned.
    pub fn is_pinned(&self, vhost: &str, name: &str) -> bool {
        self.pinned.get(vhost).is_some_and(|n| n.contains(name))
    }

    /// Whether it is one of the round trip's or the load's own: there for moments, and yet some brokers go
    /// on telling of it for a while. It is nobody's queue, and counts nowhere.
    pub fn is_own(&self, vhost: &str, name: &str) -> bool {
        let own = [roundtrip::QUEUE_PREFIX, load::QUEUE_PREFIX];
        own.iter().any(|own| name.starts_with(own)) && !self.is_pinned(vhost, name)
    }

    /// Whether `name` in `vhost` passes.
    pub fn passes(&self, vhost: &str, name: &str) -> bool {
        self.is_pinned(vhost, name)
            || !self.is_own(vhost, name)
                && (self.vhosts.is_empty() || self.vhosts.iter().any(|r| r.is_match(vhost)))
                && (self.include.is_empty() || self.include.iter().any(|r| r.is_match(name)))
                && !self.exclude.iter().any(|r| r.is_match(name))
    }

    /// The pinned queues, sorted, each once.
    pub fn pinned(&self) -> &[PinnedName] {
        &self.order
    }
}
