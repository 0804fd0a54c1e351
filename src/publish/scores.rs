//! The health score over time, as versioned JSON: what `GET /api/v1/scores` answers. docs/API.md
//! describes the form.

use serde::{Deserialize, Serialize};

use super::status::Status;
use crate::model::{Level, ScoreSpan, Timestamp};
use crate::recover::learn::thinned;

/// The version of the form.
pub const VERSION: u32 = 1;

/// Points on the page.
const ON_PAGE: u32 = 240;
/// What is written down last may be so old, in seconds: a span of a minute that is not over yet.
const UNWRITTEN: f64 = 130.0;

/// The score between two instants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// [`VERSION`].
    pub version: u32,
    /// The beginning, in seconds since the Unix epoch.
    pub since: f64,
    /// The end.
    pub until: f64,
    /// Oldest first; a time that none covers was not seen.
    pub points: Vec<Point>,
}

/// The score over a short time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its beginning.
    pub since: f64,
    /// Its end.
    pub until: f64,
    /// The lowest score in it.
    pub low: u8,
    /// The mean.
    pub mean: f64,
    /// The worst level in it.
    pub level: Level,
}

impl Scores {
    /// Of these spans, in at most `points` pieces.
    pub fn new(spans: &[ScoreSpan], since: Timestamp, until: Timestamp, points: u32) -> Self {
        let point = |span: &ScoreSpan| Point {
            since: span.since.unix_seconds(),
            until: span.until.unix_seconds(),
            low: span.low,
            mean: (span.mean * 10.0).round() / 10.0,
            level: span.level,
        };
        Scores {
            version: VERSION,
            since: since.unix_seconds(),
            until: until.unix_seconds(),
            points: thinned(spans, since, until, points)
                .iter()
                .map(point)
                .collect(),
        }
    }
    /// For the page: what was written down, oldest first, and the score that holds now.
    pub fn until_now(mut spans: Vec<ScoreSpan>, status: &Status, now: Timestamp) -> Self {
        // Before everything was tried, what is well is only not seen yet.
        if status.probes.iter().all(|probe| probe.success.is_some()) {
            let kept = spans.last().map(|span| span.until);
            let joins = |until: &Timestamp| now.since(*until).as_secs_f64() < UNWRITTEN;
            let since = kept.filter(joins);
            spans.push(ScoreSpan {
                since: since
                    .unwrap_or(Timestamp::of_unix_seconds(status.at))
                    .min(now),
                until: now,
                low: status.score,
                mean: f64::from(status.score),
                level: status.level,
            });
        }
        let since = spans.first().map_or(now, |span| span.since);
        Scores::new(&spans, since, now, ON_PAGE)
    }
}
