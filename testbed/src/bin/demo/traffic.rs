//! Messages all the time: what the workers can do, and a queue that nobody reads. What the broker
//! confirmed is kept, so that it can be told afterwards whether each was worked on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{sleep, spawn};
use std::time::Duration;

use testbed::Broker;

use crate::fleet::{Fleet, KINDS, Kind};

/// Read by nobody.
pub(crate) const UNREAD: &str = "reports";

/// Messages under way; they stop when dropped.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    confirmed: Mutex<Vec<Vec<String>>>,
}

impl Traffic {
    /// Begins.
    pub(crate) fn begin(broker: &Arc<Broker>) -> Self {
        let traffic = Traffic::default();
        let (shared, broker) = (Arc::clone(&traffic.0), Arc::clone(broker));
        spawn(move || {
            while !shared.over.load(Ordering::Relaxed) {
                shared.send(&broker);
                sleep(Duration::from_secs(1));
            }
        });
        traffic
    }

    /// So many more for the first kind, now.
    pub(crate) fn burst(&self, broker: &Broker, n: usize) {
        self.0.publish(broker, 0, n);
    }

    /// How many messages the broker confirmed so far; of them those, by kind, that no worker worked
    /// on.
    pub(crate) fn missing(&self, fleet: &Fleet) -> (usize, Vec<(Kind, usize)>) {
        let confirmed = self.0.confirmed();
        let count = confirmed.iter().map(Vec::len).sum();
        let missing = KINDS.into_iter().zip(confirmed).map(|(kind, sent)| {
            let worked: BTreeSet<String> = fleet.worked(kind).into_iter().collect();
            let missing = sent.iter().filter(|id| !worked.contains(*id));
            (kind, missing.count())
        });
        (count, missing.filter(|(_, n)| *n > 0).collect())
    }

    /// No more.
    pub(crate) fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn confirmed(&self) -> Vec<Vec<String>> {
        let confirmed = self.confirmed.lock();
        confirmed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A broker that does not take them is part of the show.
    fn send(&self, broker: &Broker) {
        for (index, kind) in KINDS.iter().enumerate() {
            self.publish(broker, index, kind.rate);
        }
        drop(broker.publish(UNREAD, 1));
    }

    fn publish(&self, broker: &Broker, kind: usize, n: usize) {
        let Ok(sent) = broker.publish(KINDS[kind].queue, n) else {
            return;
        };
        let confirmed = self.confirmed.lock();
        let mut confirmed = confirmed.unwrap_or_else(PoisonError::into_inner);
        confirmed.resize(KINDS.len(), Vec::new());
        confirmed[kind].extend(sent);
    }
}
