//! A wall-clock instant that outlives the process: what is written down and compared later.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Moment;

/// Milliseconds since the Unix epoch.
///
/// Wall clocks can be set back; whoever compares two of them counts what lies in the future as
/// having just happened.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `by` later; the last there is when that is beyond it.
    pub fn after(self, by: Duration) -> Self {
        Timestamp(self.0.saturating_add(millis(by)))
    }

    /// The instant `by` earlier.
    pub fn before(self, by: Duration) -> Self {
        Timestamp(self.0.saturating_sub(millis(by)))
    }

    /// How long `earlier` lies back; zero when it lies ahead.
    pub fn since(self, earlier: Timestamp) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// So many seconds after the Unix epoch.
    pub fn of_unix_seconds(seconds: f64) -> Self {
        Timestamp((seconds * 1000.0) as i64)
    }

    /// Seconds since the Unix epoch.
    pub fn unix_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Its wall-clock half.
impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        Timestamp::of_unix_seconds(moment.unix_seconds())
    }
}

/// Of the wall clock; before the epoch, the epoch.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        Timestamp(millis(since.unwrap_or_default()))
    }
}

/// Seconds since the Unix epoch with three decimals.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.unix_seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_ahead_has_just_happened() {
        let now = Timestamp(10_000);
        assert_eq!(now.since(Timestamp(20_000)), Duration::ZERO);
        assert_eq!(now.since(Timestamp(9_000)), Duration::from_secs(1));
        assert_eq!(now.after(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(now.before(Duration::from_secs(1)), Timestamp(9_000));
    }
}
