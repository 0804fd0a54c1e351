//! Runs the probes: schedules, times and fences each of them, and assembles what they read.
//!
//! Every probe has a loop of its own, so none waits for another. A loop never has two readings
//! under way, ends each at its deadline, turns a panic into a failure, and sends its section to
//! the assembler, the only writer of the snapshot.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Probe;
use crate::model::{Attention, Failure, Moment, ProbeName, Reason, Section, Snapshot};

/// This instant, read from both clocks.
pub fn now() -> Moment {
    Moment::new(Instant::now().into_std(), SystemTime::now())
}

/// How often a probe runs and how long a reading may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the start of one reading to the start of the next.
    pub every: Duration,
    /// When a reading is given up.
    pub deadline: Duration,
}

impl Pace {
    /// The interval after a reading that took `took`, of a probe that slowed itself down `slowed`
    /// times. One that costs so much that it did is never hurried.
    fn interval(self, slowed: u32, took: Duration, close: bool) -> Duration {
        let usual = self.every * slowed;
        if !close || slowed > 1 {
            return usual;
        }
        let closer = (self.every / CLOSER).max(SHORTEST).max(took * SHARE);
        closer.min(usual)
    }
}

/// How long after the event a reading that is brought forward begins: what happened to several at
/// once is seen in one.
const SOON: Duration = Duration::from_millis(200);

/// Under attention the intervals are so many times shorter.
const CLOSER: u32 = 2;
/// And never shorter than this: what is read does not change faster.
const SHORTEST: Duration = Duration::from_secs(1);
/// Nor so short that reading takes more than one part in so many of the time.
const SHARE: u32 = 10;

/// Enters something into the snapshot under construction.
type Entry = Box<dyn FnOnce(&mut Snapshot) + Send>;

/// The assembler: owns the snapshot, and publishes a new one after each entry.
#[derive(Debug)]
pub struct Assembler {
    entries: mpsc::Sender<Entry>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl Assembler {
    /// Starts with an empty snapshot. Ends when the assembler and every probe are gone.
    pub fn start() -> Self {
        let (entries, mut inbox) = mpsc::channel::<Entry>(64);
        let (publish, snapshots) = watch::channel(Arc::new(Snapshot::empty(now())));
        tokio::spawn(async move {
            let mut snapshot = Snapshot::clone(&publish.borrow());
            while let Some(entry) = inbox.recv().await {
                entry(&mut snapshot);
                while let Ok(more) = inbox.try_recv() {
                    more(&mut snapshot);
                }
                snapshot.at = now();
                publish.send_replace(Arc::new(snapshot.clone()));
            }
        });
        Assembler { entries, snapshots }
    }

    /// The snapshots, newest always at hand.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Enters something that no probe reads, such as what the configuration says of itself.
    pub async fn enter(&self, entry: impl FnOnce(&mut Snapshot) + Send + 'static) {
        // The assembler's task outlives its handle; a failed send means the runtime is going down.
        self.entries.send(Box::new(entry)).await.ok();
    }
}

/// The probes that run under one configuration. They end with it.
#[derive(Debug)]
pub struct Probes {
    tasks: JoinSet<()>,
    attention: watch::Receiver<Attention>,
}

impl Probes {
    /// None yet; they will run more often while `attention` says so.
    pub fn new(attention: watch::Receiver<Attention>) -> Self {
        Probes {
            tasks: JoinSet::new(),
            attention,
        }
    }

    /// Ends every probe; when this returns, nothing of theirs is still to be entered but what is
    /// before anything entered from now on.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Starts the loop of one probe. `make` builds it, again after a panic. `section` is the place
    /// of its facts in the snapshot.
    pub fn add<P, M>(
        &mut self,
        assembler: &Assembler,
        pace: Pace,
        make: M,
        section: fn(&mut Snapshot) -> &mut Section<P::Facts>,
    ) where
        P: Probe,
        M: Fn() -> P + Send + 'static,
    {
        let (entries, attention) = (assembler.entries.clone(), self.attention.clone());
        self.tasks.spawn(async move {
            // Scheduled from now on, so that nobody takes what was not tried for not wanted.
            let scheduled = Box::new(move |snapshot: &mut Snapshot| {
                section(snapshot).interval.get_or_insert(pace.every);
            });
            if entries.send(scheduled).await.is_ok() {
                run(entries, attention, pace, make, section).await;
            }
        });
    }
}

async fn run<P, M>(
    entries: mpsc::Sender<Entry>,
    mut attention: watch::Receiver<Attention>,
    pace: Pace,
    make: M,
    place: fn(&mut Snapshot) -> &mut Section<P::Facts>,
) where
    P: Probe,
    M: Fn() -> P + Send + 'static,
{
    let mut probe = make();
    let mut before = None;
    loop {
        let started = Instant::now();
        let (outcome, panicked) = read_once(&mut probe, pace.deadline).await;
        let took = started.elapsed();
        let reason = outcome.as_ref().err().map(|failure| failure.reason);
        log(P::NAME, &outcome, before.replace(reason), took);
        if panicked {
            probe = make();
        }
        let slowed = probe.slow_down().max(1);
        let at = now();
        let paid = *attention.borrow_and_update();
        let interval = pace.interval(slowed, took, paid.is_close(at));
        let entry = Box::new(move |snapshot: &mut Snapshot| {
            snapshot.attention = paid;
            let section = place(snapshot);
            section.pace(interval, pace.every * slowed);
            section.enter(outcome, at, took);
        });
        if entries.send(entry).await.is_err() {
            return;
        }
        let (ended, mut interval) = (Instant::now(), interval);
        loop {
            // A reading that took longer than its interval still leaves the world some rest.
            let due = (started + interval).max(ended + interval / 4);
            tokio::select! {
                () = sleep_until(due) => break,
                () = probe.woken() => {
                    sleep_until(due.min(Instant::now() + SOON)).await;
                    break;
                }
                paid = changed(&mut attention) => {
                    interval = pace.interval(slowed, took, paid.is_close(now()));
                }
            }
        }
    }
}

/// The attention, when it changes; where nobody pays any, never.
async fn changed(attention: &mut watch::Receiver<Attention>) -> Attention {
    match attention.changed().await {
        Ok(()) => *attention.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}

/// One reading under the deadline, its panic fenced. Says whether it panicked.
pub async fn read_once<P: Probe>(
    probe: &mut P,
    deadline: Duration,
) -> (Result<P::Facts, Failure>, bool) {
    let reading = AssertUnwindSafe(timeout(deadline, probe.read())).catch_unwind();
    match reading.await {
        Ok(Ok(outcome)) => (outcome, false),
        Ok(Err(_)) => {
            let message = format!("no answer within {:.1} s", deadline.as_secs_f64());
            (Err(Failure::new(Reason::Timeout, message)), false)
        }
        Err(panic) => {
            let said = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let message = format!("the {} probe panicked: {said}", P::NAME);
            (Err(Failure::new(Reason::Panic, message)), true)
        }
    }
}

/// A change is told once, at a level people see; what stays as it was is for debugging.
fn log<T>(
    probe: ProbeName,
    outcome: &Result<T, Failure>,
    before: Option<Option<Reason>>,
    took: Duration,
) {
    let seconds = took.as_secs_f64();
    match (outcome, before) {
        (Ok(_), Some(Some(_))) => tracing::info!(%probe, seconds, "probe succeeds again"),
        (Ok(_), _) => tracing::debug!(%probe, seconds, "probe succeeded"),
        (Err(failure), Some(Some(reason))) if reason == failure.reason => {
            tracing::debug!(%probe, seconds, %reason, error = %failure.message, "probe still fails");
        }
        (Err(Failure { reason, message }), _) => {
            tracing::warn!(%probe, seconds, %reason, error = %message, "probe failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attention_shortens_what_may_be_shortened() {
        let ms = Duration::from_millis;
        let told = |every, slowed, took, close| {
            let pace = Pace {
                every: ms(every),
                deadline: ms(5000),
            };
            pace.interval(slowed, ms(took), close).as_millis()
        };
        assert_eq!(told(5000, 1, 20, false), 5000);
        assert_eq!(told(5000, 1, 20, true), 2500);
        assert_eq!(told(15_000, 1, 20, true), 7500);
        // Never under a second, and never longer than usual.
        assert_eq!((told(1500, 1, 1, true), told(500, 1, 1, true)), (1000, 500));
        // What takes long is not read more than a tenth of the time.
        assert_eq!(
            (told(5000, 1, 400, true), told(5000, 1, 5000, true)),
            (4000, 5000)
        );
        // What costs the broker so much that it slowed itself down is left alone.
        assert_eq!(
            (told(5000, 3, 20, false), told(5000, 3, 20, true)),
            (15_000, 15_000)
        );
    }
}
