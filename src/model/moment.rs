//! One instant on both clocks, taken by whoever owns the clock and handed on as a value.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// An instant: monotonic for ages, wall for what is shown to people and Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Joins a reading of both clocks.
    pub fn new(monotonic: Instant, wall: SystemTime) -> Self {
        Moment { monotonic, wall }
    }

    /// How long `earlier` lies back; zero when it lies ahead.
    pub fn since(&self, earlier: Moment) -> Duration {
        self.monotonic.saturating_duration_since(earlier.monotonic)
    }

    /// The instant `by` later, on both clocks.
    pub fn after(&self, by: Duration) -> Self {
        Moment {
            monotonic: self.monotonic + by,
            wall: self.wall + by,
        }
    }

    /// Seconds since the Unix epoch; 0 before it.
    pub fn unix_seconds(&self) -> f64 {
        self.wall
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |d| d.as_secs_f64())
    }
}

/// As seconds since the Unix epoch.
impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.unix_seconds())
    }
}
