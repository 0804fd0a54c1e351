//! An end to order: `WARRENER_CRASH_AT=WHAT:POINT[:N]` ends warrener at that point as `kill -9` would,
//! so that anybody can try what the next one makes of it. WHAT is an action at the points of a step,
//! a playbook at those of a run; the N-th time that it is reached, from 1.
//!
//! Must not know: what is done after.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::platform::end;

/// The variable.
const VARIABLE: &str = "WARRENER_CRASH_AT";

/// Where it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Of a step: planned, and not written down.
    BeforeIntent,
    /// Written down, and not done.
    AfterIntent,
    /// Done, and not written down how it went.
    AfterAct,
    /// Written down how it went.
    AfterOutcome,
    /// Of a run: everything is done, and nothing is verified.
    Verifying,
    /// How it ended is written down, and nobody is told.
    Ended,
}

impl Point {
    const ALL: [Point; 6] = [
        Point::BeforeIntent,
        Point::AfterIntent,
        Point::AfterAct,
        Point::AfterOutcome,
        Point::Verifying,
        Point::Ended,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Point::BeforeIntent => "before_intent",
            Point::AfterIntent => "after_intent",
            Point::AfterAct => "after_act",
            Point::AfterOutcome => "after_outcome",
            Point::Verifying => "verifying",
            Point::Ended => "ended",
        }
    }
}

/// Where the end is ordered.
#[derive(Debug)]
struct Place {
    what: String,
    point: Point,
    /// Times that it is still to be reached.
    left: AtomicU32,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let points: Vec<_> = Point::ALL.iter().map(|point| point.as_str()).collect();
            format!(
                "{VARIABLE} is to be ACTION:POINT or PLAYBOOK:POINT, with :N for the N-th time; \
                 points are {}",
                points.join(", ")
            )
        };
        let mut parts = text.split(':');
        let what = parts.next().filter(|what| !what.is_empty());
        let point = parts.next().and_then(|word| {
            let mut all = Point::ALL.into_iter();
            all.find(|point| point.as_str() == word)
        });
        let times = parts.next().map_or(Ok(1), str::parse::<u32>);
        match (what, point, times, parts.next()) {
            (Some(what), Some(point), Ok(times @ 1..), None) => Ok(Place {
                what: what.to_owned(),
                point,
                left: AtomicU32::new(times),
            }),
            _ => Err(wrong()),
        }
    }
}

impl Place {
    /// Whether this is where, and the time has come.
    fn is_reached(&self, what: &str, point: Point) -> bool {
        self.point == point && self.what == what && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}

/// Ends warrener where it was ordered to; mostly nowhere.
#[derive(Debug, Default)]
pub(super) struct Crash(Option<Place>);

impl Crash {
    /// As the environment says, and says so in the log.
    pub(super) fn of_environment() -> Self {
        let Ok(text) = std::env::var(VARIABLE) else {
            return Crash::default();
        };
        match text.parse::<Place>() {
            Ok(place) => {
                tracing::warn!(
                    at = text,
                    "armed: it ends as by kill -9 when it comes to that"
                );
                Crash(Some(place))
            }
            Err(words) => {
                tracing::error!(words, "nothing is armed");
                Crash::default()
            }
        }
    }

    /// Ends warrener, if it is here.
    pub(super) fn here(&self, what: &str, point: Point) {
        let reached = |place: &&Place| place.is_reached(what, point);
        if self.0.as_ref().filter(reached).is_some() {
            tracing::warn!(what, point = point.as_str(), "ends here, as it was told");
            end::at_once();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_reached_at_its_point_the_time_it_was_told_and_once() {
        let place: Place = "worker.start:after_act:2".parse().unwrap();
        assert!(!place.is_reached("worker.stop", Point::AfterAct));
        assert!(!place.is_reached("worker.start", Point::AfterIntent));
        assert!(!place.is_reached("worker.start", Point::AfterAct));
        assert!(place.is_reached("worker.start", Point::AfterAct));
        assert!(!place.is_reached("worker.start", Point::AfterAct));
    }

    #[test]
    fn what_is_not_understood_arms_nothing_and_says_what_would_be() {
        for text in [
            "",
            "worker.start",
            ":after_act",
            "worker.start:later",
            "worker.start:after_act:0",
            "worker.start:after_act:x",
            "worker.start:after_act:1:1",
        ] {
            let words = text.parse::<Place>().unwrap_err();
            assert!(
                words.contains("before_intent, after_intent"),
                "{text}: {words}"
            );
        }
    }
}
