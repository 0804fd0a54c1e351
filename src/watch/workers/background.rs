//! The broker's plane, read beside the probe: what takes long there delays nothing here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::model::{Failure, Moment, Reason};
use crate::watch::channels::{Channels, ChannelsReading};

/// The share of the time that the readings may take; those that take more are made less often.
const AFFORDABLE: u32 = 10;

/// Reads in a task of its own, one reading at a time.
pub(super) struct Background<C> {
    source: Arc<C>,
    every: Duration,
    now: fn() -> Moment,
    /// The newest reading, when it began, and how long it took.
    newest: watch::Sender<Option<(ChannelsReading, Moment, Duration)>>,
    task: Option<JoinHandle<()>>,
}

impl<C> Drop for Background<C> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl<C: Channels> Background<C> {
    /// `every` is how often it is asked for.
    pub(super) fn new(source: C, every: Duration, now: fn() -> Moment) -> Self {
        Background {
            source: Arc::new(source),
            every,
            now,
            newest: watch::Sender::new(None),
            task: None,
        }
    }

    /// Begins a reading, unless one is under way or the newest was so costly that it must do for a
    /// while.
    pub(super) fn begin(&mut self) {
        let now = (self.now)();
        let rests = match &*self.newest.borrow() {
            Some((_, began, took)) => now.since(*began) < self.pause(*took),
            None => false,
        };
        if rests || self.task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (source, newest, clock) = (Arc::clone(&self.source), self.newest.clone(), self.now);
        self.task = Some(tokio::spawn(async move {
            let began = clock();
            let reading = source.read().await;
            newest.send_replace(Some((reading, began, clock().since(began))));
        }));
    }

    /// From the beginning of one reading to that of the next, at least.
    fn pause(&self, took: Duration) -> Duration {
        // The probe may be woken at any time: the broker is not asked more often for that.
        (self.every / 2).max(took * AFFORDABLE)
    }

    /// The reading under way, if it ends within `patience`; else the newest, if it began at most
    /// `outdated` ago.
    pub(super) async fn newest(
        &mut self,
        patience: Duration,
        outdated: Duration,
    ) -> ChannelsReading {
        if let Some(task) = &mut self.task
            && let Ok(Err(panic)) = timeout(patience, &mut *task).await
        {
            tracing::error!(%panic, "the reading of the broker's channels ended");
        }
        if self.task.as_ref().is_some_and(JoinHandle::is_finished) {
            self.task = None;
        }
        let untold = |why: &str| ChannelsReading {
            broker: Vec::new(),
            open: Err(Failure::new(Reason::Timeout, why)),
        };
        match &*self.newest.borrow() {
            None => untold("the broker has not told its channels yet"),
            Some((reading, began, took)) => {
                let most = outdated.max(self.pause(*took) * 2);
                match (self.now)().since(*began) <= most {
                    true => reading.clone(),
                    false => untold("the broker did not tell its channels in time"),
                }
            }
        }
    }
}
