//! Notices that a process ends, so that the next reading need not wait its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::Poll;

use crate::model::facts::ProcessId;
use crate::platform::pidfd::Ending;

/// Each costs a descriptor; further processes are noticed at the next reading.
const MOST: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Exits {
    watched: BTreeMap<ProcessId, Ending>,
    /// Ended, and still in the process table: their parent has not taken notice.
    ended: BTreeSet<ProcessId>,
}

impl Exits {
    /// Watches these and no others. A pid that was given to another process meanwhile is watched
    /// in vain at worst: the next reading tells.
    pub(super) fn watch(&mut self, processes: &BTreeSet<ProcessId>) {
        self.watched.retain(|id, _| processes.contains(id));
        self.ended.retain(|id| processes.contains(id));
        for id in processes {
            let known = self.watched.contains_key(id) || self.ended.contains(id);
            if known || self.watched.len() >= MOST {
                continue;
            }
            if let Some(ending) = Ending::of(id.pid) {
                self.watched.insert(*id, ending);
            }
        }
    }

    /// Ends when one of them ends; may be dropped at any time.
    pub(super) async fn next(&mut self) {
        let ended = poll_fn(|context| {
            let mut watched = self.watched.iter();
            let ended = watched.find(|(_, ending)| ending.poll_ended(context).is_ready());
            ended.map_or(Poll::Pending, |(id, _)| Poll::Ready(*id))
        });
        let id = ended.await;
        self.watched.remove(&id);
        self.ended.insert(id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "a child to look at, and what ends it"
    )]

    use super::*;

    #[tokio::test]
    async fn an_end_is_noticed_once() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let id = ProcessId {
            pid: child.id(),
            start_ticks: 1,
        };
        let processes = BTreeSet::from([id]);
        let mut exits = Exits::default();
        exits.watch(&processes);
        // Whoever waits already is woken. Nobody has reaped it: it is a zombie, and was noticed.
        let pid = child.id().to_string();
        let ((), killed) = tokio::join!(exits.next(), async {
            tokio::task::yield_now().await;
            tokio::process::Command::new("kill").arg(pid).status().await
        });
        assert!(killed.unwrap().success());
        exits.watch(&processes);
        assert!(exits.watched.is_empty());
        child.wait().unwrap();
        exits.watch(&BTreeSet::new());
        assert!(exits.ended.is_empty());
    }
}
