//! When something was last acknowledged while there was something to do, and how long that
//! usually takes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Moment;

/// Stretches remembered.
const REMEMBERED: usize = 20;

/// Watches a counter of acknowledgements.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    acked: Option<u64>,
    /// Since when there is work without a break.
    working_since: Option<Moment>,
    last: Option<Moment>,
    /// The newest stretches of work that ended in an acknowledgement.
    stretches: VecDeque<Duration>,
}

impl Progress {
    /// A reading: the counter, and whether there is something to acknowledge or to wait for.
    pub(super) fn observe(&mut self, at: Moment, acked: u64, working: bool) {
        let moved = self.acked.is_some_and(|before| before != acked);
        if moved {
            if let Some(since) = self.working_since {
                let since = self.last.map_or(since, |last| later(last, since));
                if self.stretches.len() == REMEMBERED {
                    self.stretches.pop_front();
                }
                self.stretches.push_back(at.since(since));
            }
            self.last = Some(at);
        }
        self.acked = Some(acked);
        if !working {
            self.working_since = None;
        } else if self.working_since.is_none() {
            self.working_since = Some(at);
        }
    }

    /// How long there has been work, and nothing was acknowledged.
    pub(super) fn without(&self, now: Moment) -> Duration {
        let Some(since) = self.working_since else {
            return Duration::ZERO;
        };
        now.since(self.last.map_or(since, |last| later(last, since)))
    }

    /// The longest of the newest stretches between acknowledgements while there was work: no
    /// processing took longer. `None` while none was seen.
    pub(super) fn usual(&self) -> Option<Duration> {
        self.stretches.iter().max().copied()
    }

    /// How long nothing may be acknowledged: three times the usual, and never less than
    /// `configured`.
    pub(super) fn window(&self, configured: Duration) -> Duration {
        self.usual()
            .map_or(configured, |usual| (usual * 3).max(configured))
    }
}

fn later(a: Moment, b: Moment) -> Moment {
    if a.since(b) > Duration::ZERO { a } else { b }
}
