//! The health score into spans: what is written down of it, and what is told of a stretch of time.

use std::time::Duration;

use crate::model::{Level, ScoreSpan, Timestamp};

/// A span ends after this long.
const LONGEST: Duration = Duration::from_secs(60);
/// A score is taken to last until the next one, but no longer than this: what nobody looked at is
/// not known.
const HOLDS: Duration = Duration::from_secs(60);

/// Makes spans of scores as they come.
#[derive(Debug, Default)]
pub struct ScoreLog {
    last: Option<(Timestamp, u8, Level)>,
    open: Option<ScoreSpan>,
}

impl ScoreLog {
    /// The score at `at`; the spans that ended with it. One ends when the level changes, when nobody
    /// looked for long, and after a minute.
    pub fn push(&mut self, at: Timestamp, score: u8, level: Level) -> Vec<ScoreSpan> {
        let mut ended = Vec::new();
        let last = self.last.replace((at, score, level));
        let Some((since, score, level_before)) = last.filter(|(since, ..)| *since <= at) else {
            // The first, or the clock was set back.
            ended.extend(self.open.take());
            return ended;
        };
        let until = at.min(since.after(HOLDS));
        let new = ScoreSpan {
            since,
            until,
            low: score,
            mean: f64::from(score),
            level: level_before,
        };
        let open = match self.open.take() {
            Some(open) if open.until == since && open.level == level_before => joined(open, new),
            before => {
                ended.extend(before);
                new
            }
        };
        let over = level != level_before || open.until < at;
        if over || open.until.since(open.since) >= LONGEST {
            ended.push(open);
        } else {
            self.open = Some(open);
        }
        ended.retain(|span| span.until > span.since);
        ended
    }
}

/// Of two spans, one after the other.
fn joined(first: ScoreSpan, then: ScoreSpan) -> ScoreSpan {
    let (one, other) = (first.seconds(), then.seconds());
    let mean = if one + other > 0.0 && first.mean != then.mean {
        (first.mean * one + then.mean * other) / (one + other)
    } else {
        first.mean
    };
    ScoreSpan {
        since: first.since,
        until: then.until,
        low: first.low.min(then.low),
        mean,
        level: first.level.max(then.level),
    }
}

/// Spans cut into at most `points` pieces of equal length, each summed up: the lowest score, the mean,
/// the worst level. Pieces of which nothing is known are left out.
pub fn thinned(
    spans: &[ScoreSpan],
    since: Timestamp,
    until: Timestamp,
    points: u32,
) -> Vec<ScoreSpan> {
    let whole = until.0.saturating_sub(since.0).max(1);
    let piece = (whole / i64::from(points.max(1)) + 1).max(1);
    let mut all: Vec<(i64, ScoreSpan, f64)> = Vec::new();
    for span in spans {
        let (mut from, end) = (span.since.max(since), span.until.min(until));
        while from < end {
            let at = (from.0 - since.0) / piece;
            let to = end.min(Timestamp(since.0 + (at + 1) * piece));
            let part = ScoreSpan {
                since: from,
                until: to,
                ..*span
            };
            match all.last_mut() {
                Some((piece, sum, seconds)) if *piece == at => {
                    let total = *seconds + part.seconds();
                    let mean = (sum.mean * *seconds + part.mean * part.seconds()) / total;
                    *sum = ScoreSpan {
                        mean,
                        ..joined(*sum, part)
                    };
                    *seconds = total;
                }
                _ => all.push((at, part, part.seconds())),
            }
            from = to;
        }
    }
    all.into_iter().map(|(_, span, _)| span).collect()
}

/// How a stretch of time was, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Held {
    /// Seconds of which the score is known.
    pub seen: f64,
    /// Of them, those at level normal: 90 or more.
    pub normal: f64,
    /// The lowest score; `None` where nothing was seen.
    pub low: Option<u8>,
    /// The mean over the time that was seen.
    pub mean: Option<f64>,
    /// How often the level left normal.
    pub falls: u64,
}

/// Sums up spans.
pub fn held(spans: &[ScoreSpan]) -> Held {
    let mut held = Held::default();
    let (mut weighted, mut before) = (0.0, None);
    for span in spans {
        let seconds = span.seconds();
        held.seen += seconds;
        weighted += span.mean * seconds;
        if span.level == Level::Normal {
            held.normal += seconds;
        }
        if span.level > Level::Normal && before.is_none_or(|level| level == Level::Normal) {
            held.falls += 1;
        }
        before = Some(span.level);
        held.low = Some(held.low.map_or(span.low, |low| low.min(span.low)));
    }
    held.mean = (held.seen > 0.0).then(|| weighted / held.seen);
    held
}
