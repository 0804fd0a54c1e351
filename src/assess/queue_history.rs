//! What a queue's judges compare with: bounded windows of its figures.

use std::collections::VecDeque;
use std::time::Duration;

use super::forecast::Series;
use super::progress::Progress;
use crate::model::Moment;
use crate::model::facts::QueueFacts;

/// How far rates look back.
pub(super) const RATES: Duration = Duration::from_secs(300);
/// The finest spacing of the samples behind rates.
const SPACING: Duration = Duration::from_secs(4);
/// Spacing of the points behind the trend of the depth.
const TREND_SPACING: Duration = Duration::from_secs(10);

/// One queue's past.
#[derive(Clone, Debug)]
pub(super) struct QueueHistory {
    pub(super) progress: Progress,
    pub(super) trend: Series,
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Moment,
    ready: Option<u64>,
    acked: Option<u64>,
    redelivered: Option<u64>,
}

impl Default for QueueHistory {
    fn default() -> Self {
        QueueHistory {
            progress: Progress::default(),
            trend: Series::every(TREND_SPACING),
            samples: VecDeque::new(),
        }
    }
}

impl QueueHistory {
    /// A reading. Rates and trends are kept of queues that someone expects something of.
    pub(super) fn observe(&mut self, at: Moment, queue: &QueueFacts, rates: bool) {
        let waiting = queue.ready.is_some_and(|n| n > 0) && queue.consumers.is_some_and(|n| n > 0);
        if let (Some(acked), true) = (queue.acked, queue.ready.is_some()) {
            self.progress.observe(at, acked, waiting);
        }
        if !rates {
            return;
        }
        if let Some(ready) = queue.ready {
            self.trend.push(at, super::words::float(ready));
        }
        if self
            .samples
            .back()
            .is_some_and(|before| at.since(before.at) < SPACING)
        {
            return;
        }
        while self
            .samples
            .front()
            .is_some_and(|first| at.since(first.at) > RATES)
        {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample {
            at,
            ready: queue.ready,
            acked: queue.acked,
            redelivered: queue.redelivered,
        });
    }

    /// Acknowledgements a second over the newest `window` at least, while messages waited all
    /// along; `None` when that can't be told.
    pub(super) fn ack_rate(&self, window: Duration) -> Option<f64> {
        let newest = self.samples.back()?;
        let mut from = None;
        for sample in self.samples.iter().rev() {
            sample.ready.filter(|ready| *ready > 0)?;
            if newest.at.since(sample.at) >= window {
                from = Some(sample);
                break;
            }
        }
        let from = from?;
        let acks = newest.acked?.checked_sub(from.acked?)?;
        Some(super::words::float(acks) / newest.at.since(from.at).as_secs_f64())
    }

    /// Redeliveries and acknowledgements within [`RATES`], and in how many of its minutes there
    /// were redeliveries.
    pub(super) fn redeliveries(&self) -> Option<(u64, Option<u64>, usize)> {
        let (first, newest) = (self.samples.front()?, self.samples.back()?);
        let redelivered = newest.redelivered?.checked_sub(first.redelivered?)?;
        let acked = newest
            .acked
            .zip(first.acked)
            .and_then(|(n, f)| n.checked_sub(f));
        let mut minutes: Vec<u64> = Vec::new();
        for (a, b) in self.samples.iter().zip(self.samples.iter().skip(1)) {
            if b.redelivered > a.redelivered {
                minutes.push(b.at.since(first.at).as_secs() / 60);
            }
        }
        minutes.dedup();
        Some((redelivered, acked, minutes.len()))
    }

    /// Messages that came on top of the fewest that were ready within [`RATES`].
    pub(super) fn arrived(&self) -> Option<u64> {
        let newest = self.samples.back()?.ready?;
        let fewest = self.samples.iter().filter_map(|s| s.ready).min()?;
        Some(newest - fewest)
    }
}
