//! How long each endpoint of several is waited for, and what the answers cost.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::http::Endpoint;
use crate::model::{Failure, Reason};

/// How long an endpoint is waited for that did not answer in time before, while others do: a hung
/// node must not make the news of its peers old.
const IMPATIENT: Duration = Duration::from_secs(1);

/// Every so many readings it is waited for in full again: it may be slow and not hung.
const FULL_WAIT_EVERY: u32 = 4;

/// The longest pause after costly answers that were given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Which endpoints hang, and the time that the slowest good answer took.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Timeouts in a row, by `host:port`.
    hung: HashMap<String, u32>,
    cost: Duration,
    /// Costly answers in a row that were given up.
    given_up: u32,
    /// The newest of them is of this reading.
    backing_off: bool,
}

/// An outcome with the time it took.
pub(super) type Timed<T> = (Result<T, Failure>, Duration);

/// Times `reading`.
pub(super) async fn timed<T>(reading: impl Future<Output = Result<T, Failure>>) -> Timed<T> {
    let start = Instant::now();
    let outcome = reading.await;
    (outcome, start.elapsed())
}

impl Patience {
    /// Begins a reading.
    pub(super) fn begin(&mut self) {
        self.cost = Duration::ZERO;
        self.backing_off = false;
    }

    /// Until when `endpoint`, one of `count`, is waited for.
    pub(super) fn until(&self, endpoint: &Endpoint, count: usize, deadline: Instant) -> Instant {
        let timeouts = self.hung.get(&endpoint.authority()).copied().unwrap_or(0);
        let others_answer = self.hung.len() < count;
        match others_answer && !timeouts.is_multiple_of(FULL_WAIT_EVERY) {
            true => deadline.min(Instant::now() + IMPATIENT),
            false => deadline,
        }
    }

    /// Learns from an outcome.
    pub(super) fn learn<T>(
        &mut self,
        endpoint: &Endpoint,
        (outcome, took): Timed<T>,
    ) -> Result<T, Failure> {
        match &outcome {
            Ok(_) => {
                self.spent(took);
                self.hung.remove(&endpoint.authority());
            }
            Err(failure) if failure.reason == Reason::Timeout => {
                *self.hung.entry(endpoint.authority()).or_default() += 1;
            }
            Err(_) => {
                self.hung.remove(&endpoint.authority());
            }
        }
        outcome
    }

    /// Enters the time that one more good answer took.
    pub(super) fn spent(&mut self, took: Duration) {
        self.cost = self.cost.max(took);
        self.given_up = 0;
    }

    /// Enters that a costly answer was given up: the broker may be at work on it still, and what
    /// it costs is not known.
    pub(super) fn gave_up(&mut self) {
        self.given_up = self.given_up.saturating_add(1);
        self.backing_off = true;
    }

    /// How many times `every` to leave the broker alone after this reading: twice as long after
    /// each costly answer that was given up, [`LONGEST_PAUSE`] at most.
    pub(super) fn backoff(&self, every: Duration) -> u32 {
        if !self.backing_off {
            return 1;
        }
        let most = LONGEST_PAUSE.as_secs_f64() / every.as_secs_f64().max(0.001);
        (1 << self.given_up.min(16)).clamp(1, (most as u32).max(1))
    }

    /// What the reading cost the broker, by the slowest good answer: time spent waiting for a node
    /// that is down is no reason to ask less often.
    pub(super) fn cost(&self) -> Duration {
        self.cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_what_was_given_up_the_broker_is_left_alone_longer_each_time() {
        let every = Duration::from_secs(5);
        let mut patience = Patience::default();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            patience.begin();
            patience.gave_up();
            pauses.push(patience.backoff(every));
        }
        assert_eq!(pauses, [2, 4, 8, 12, 12, 12]);
        assert_eq!(patience.backoff(Duration::from_secs(3600)), 1);
        patience.begin();
        assert_eq!(patience.backoff(every), 1, "nothing costly was asked for");
        patience.gave_up();
        assert_eq!(patience.backoff(every), 12, "it goes on");
        patience.begin();
        patience.spent(Duration::ZERO);
        patience.gave_up();
        assert_eq!(patience.backoff(every), 2);
    }

    fn endpoint(host: &str) -> Endpoint {
        Endpoint::parse(&format!("http://{host}:1")).unwrap()
    }

    #[tokio::test]
    async fn a_hung_endpoint_is_waited_for_less_while_others_answer() {
        let (a, b) = (endpoint("a"), endpoint("b"));
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut patience = Patience::default();
        let timeout = || Err::<(), _>(Failure::new(Reason::Timeout, ""));
        let learn =
            |p: &mut Patience, e, outcome| p.learn(e, (outcome, Duration::from_secs(4))).is_ok();
        patience.begin();
        assert_eq!(patience.until(&a, 2, deadline), deadline);
        learn(&mut patience, &a, timeout());
        assert_eq!(
            patience.cost(),
            Duration::ZERO,
            "waiting costs the broker nothing"
        );
        learn(&mut patience, &b, Ok(()));
        assert_eq!(patience.cost(), Duration::from_secs(4));
        assert!(patience.until(&a, 2, deadline) < deadline);
        assert_eq!(patience.until(&b, 2, deadline), deadline);
        assert_eq!(
            patience.until(&a, 1, deadline),
            deadline,
            "nobody else answers"
        );
        for _ in 0..3 {
            learn(&mut patience, &a, timeout());
        }
        assert_eq!(
            patience.until(&a, 2, deadline),
            deadline,
            "it may only be slow"
        );
        learn(&mut patience, &a, Ok(()));
        assert_eq!(patience.until(&a, 2, deadline), deadline);
    }
}
