//! Work that may hang in the kernel: a dead network mount, a file on it.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

/// Runs such work in a thread of its own, one at a time, and waits only so long for it. A hanging
/// thread is left alone until it ends; meanwhile nothing new is begun. It is no thread of tokio's
/// pool: the end of the process does not wait for it.
#[derive(Debug)]
pub(crate) struct Patient<T> {
    in_flight: Option<InFlight<T>>,
}

#[derive(Debug)]
struct InFlight<T> {
    since: Instant,
    outcome: oneshot::Receiver<T>,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDone {
    /// It has not ended.
    #[error("still waiting for the operating system, since {:.1} s", .0.as_secs_f64())]
    Waiting(Duration),
    /// It could not begin.
    #[error("no thread to wait in: {0}")]
    Thread(#[from] io::Error),
    /// It panicked.
    #[error("reading it panicked")]
    Panicked,
}

impl<T> Default for Patient<T> {
    fn default() -> Self {
        Patient { in_flight: None }
    }
}

impl<T: Send + 'static> Patient<T> {
    /// The outcome of `work`, begun now; what was begun earlier and has ended meanwhile is
    /// forgotten as outdated. May be dropped while it waits.
    ///
    /// # Errors
    /// [`NotDone`]; `Waiting` at once while earlier work hangs.
    pub(crate) async fn run(
        &mut self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        if let Some(earlier) = &mut self.in_flight
            && let Err(oneshot::error::TryRecvError::Empty) = earlier.outcome.try_recv()
        {
            return Err(NotDone::Waiting(earlier.since.elapsed()));
        }
        let (sender, outcome) = oneshot::channel();
        std::thread::Builder::new()
            .name("patient".to_owned())
            .spawn(move || drop(sender.send(work())))?;
        let since = Instant::now();
        let flight = self.in_flight.insert(InFlight { since, outcome });
        let outcome = match timeout(patience, &mut flight.outcome).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) => Err(NotDone::Panicked),
            Err(_) => return Err(NotDone::Waiting(since.elapsed())),
        };
        self.in_flight = None;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn what_hangs_is_begun_once_and_waited_for_again() {
        let (release, gate) = mpsc::channel::<()>();
        let mut patient = Patient::default();
        let hang = move || {
            gate.recv().ok();
        };
        let brief = Duration::from_millis(20);
        let first = patient.run(brief, hang).await;
        assert!(matches!(first, Err(NotDone::Waiting(_))));
        for _ in 0..3 {
            let again = patient.run(brief, || panic!("begun twice")).await;
            assert!(matches!(again, Err(NotDone::Waiting(since)) if since >= brief));
        }
        drop(release);
        let long = Duration::from_secs(10);
        while patient.run(long, || ()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_panic_is_told() {
        let mut patient = Patient::<()>::default();
        let outcome = patient.run(Duration::from_secs(10), || panic!("x")).await;
        assert!(matches!(outcome, Err(NotDone::Panicked)));
        assert!(patient.run(Duration::from_secs(10), || ()).await.is_ok());
    }
}
