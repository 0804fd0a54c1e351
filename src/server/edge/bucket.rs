//! `rate_limit`: a bucket of requests that fills by one every interval.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::web_file::RateLimit;

pub(super) struct Bucket {
    interval: Duration,
    burst: f64,
    level: Mutex<(f64, Option<Instant>)>,
}

impl Bucket {
    /// None where nothing is limited.
    pub(super) fn new(limit: &RateLimit) -> Option<Self> {
        let interval = limit.interval.get();
        let burst = f64::from(limit.burst);
        let level = Mutex::new((burst, None));
        (!interval.is_zero()).then_some(Bucket {
            interval,
            burst,
            level,
        })
    }

    /// Takes one out, if there is one.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, since) = *level;
        let passed = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let held = (held + passed.as_secs_f64() / self.interval.as_secs_f64()).min(self.burst);
        let granted = held >= 1.0;
        *level = (if granted { held - 1.0 } else { held }, Some(now));
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_every_interval() {
        let limit = RateLimit {
            interval: "1s".parse().unwrap(),
            burst: 2,
        };
        let (bucket, now) = (Bucket::new(&limit).unwrap(), Instant::now());
        let at = |millis| bucket.take(now + Duration::from_millis(millis));
        assert!(at(0) && at(0) && !at(0) && !at(900) && at(1000) && !at(1001));
        assert!(at(9000) && at(9000) && !at(9000));
        assert!(Bucket::new(&RateLimit::default()).is_none());
    }
}
