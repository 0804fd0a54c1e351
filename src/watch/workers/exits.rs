//! Notices that a process ends, by its pidfd, so that the next reading need not wait its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::task::Poll;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::model::facts::ProcessId;

/// Each costs a descriptor; further processes are noticed at the next reading.
const MOST: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Exits {
    watched: BTreeMap<ProcessId, AsyncFd<OwnedFd>>,
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
            let pid = i32::try_from(id.pid).ok().and_then(Pid::from_raw);
            let fd = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK).ok());
            if let Some(fd) = fd.and_then(registered) {
                self.watched.insert(*id, fd);
            }
        }
    }

    /// Ends when one of them ends; may be dropped at any time.
    pub(super) async fn next(&mut self) {
        let ended = poll_fn(|context| {
            for (id, fd) in &self.watched {
                if let Poll::Ready(Ok(_)) = fd.poll_read_ready(context) {
                    return Poll::Ready(*id);
                }
            }
            Poll::Pending
        });
        let id = ended.await;
        self.watched.remove(&id);
        self.ended.insert(id);
    }
}

#[expect(
    deprecated,
    reason = "what its unsafe successor asks of the caller, that the descriptor stays the same and \
              open, an `OwnedFd` guarantees"
)]
fn registered(fd: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE).ok()
}

#[cfg(test)]
mod tests {
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
        let quiet = tokio::time::timeout(std::time::Duration::from_millis(1), exits.next());
        assert!(quiet.await.is_err());
        // Whoever waits already is woken. Nobody has reaped it: it is a zombie, and was noticed.
        let pid = child.id();
        let (noticed, killed) = tokio::join!(exits.next(), async move {
            tokio::task::yield_now().await;
            tokio::process::Command::new("kill")
                .arg(pid.to_string())
                .status()
                .await
        });
        let () = noticed;
        assert!(killed.unwrap().success());
        exits.watch(&processes);
        assert!(exits.watched.is_empty());
        child.wait().unwrap();
        exits.watch(&BTreeSet::new());
        assert!(exits.ended.is_empty());
    }
}
