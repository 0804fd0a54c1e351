//! Trends: Theil-Sen slopes with an interval, and silence where nothing can be said.
//!
//! The slope is the median of the slopes between all pairs of points: a third of them may be
//! anything without moving it far. It is told only when the trend is beyond chance (Kendall's test
//! at [`CERTAIN`] standard deviations), larger than the scatter around it, and known within a factor
//! of [`WIDEST`].

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{Forecast, Forecasted, Moment, Target};

/// Fewer points tell no trend.
pub const FEWEST_POINTS: usize = 12;
/// Standard deviations of Kendall's statistic from which a trend is no chance: one in a thousand.
const CERTAIN: f64 = 3.29;
/// The interval holds the true slope nine times in ten.
const NINE_IN_TEN: f64 = 1.645;
/// The change from the first point to the last is so many times the scatter.
const CLEAR: f64 = 2.0;
/// The interval's ends may differ by this factor.
const WIDEST: f64 = 3.0;

/// A trend that can be told: change per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The likely one.
    pub likely: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval; both ends have the sign of `likely`.
    pub high: f64,
}

/// The trend of points (seconds, value), sorted by time; `None` when unsure, flat or too short.
pub fn theil_sen(points: &[(f64, f64)]) -> Option<Slope> {
    let n = points.len();
    if n < FEWEST_POINTS {
        return None;
    }
    let mut slopes = Vec::with_capacity(n * (n - 1) / 2);
    let mut concordance = 0.0;
    for (i, (t0, v0)) in points.iter().enumerate() {
        for (t1, v1) in &points[i + 1..] {
            if t1 > t0 {
                slopes.push((v1 - v0) / (t1 - t0));
                concordance += if v1 > v0 {
                    1.0
                } else if v1 < v0 {
                    -1.0
                } else {
                    0.0
                };
            }
        }
    }
    let count = super::words::float(n as u64);
    let deviation = (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
    if slopes.is_empty() || f64::abs(concordance) < CERTAIN * deviation {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let likely = median(&slopes);
    let half_width = NINE_IN_TEN * deviation / 2.0;
    let middle = super::words::float(slopes.len() as u64) / 2.0;
    let low = at(&slopes, middle - half_width);
    let high = at(&slopes, middle + half_width);
    let (inner, outer) = if likely > 0.0 {
        (low, high)
    } else {
        (-high, -low)
    };
    if inner <= 0.0
        || outer > inner * WIDEST
        || scatter(points, likely) * CLEAR > drift(points, likely)
    {
        return None;
    }
    Some(Slope { likely, low, high })
}

/// The change that the slope makes from the first point to the last.
fn drift(points: &[(f64, f64)], slope: f64) -> f64 {
    let span = points.last().map_or(0.0, |last| last.0) - points.first().map_or(0.0, |p| p.0);
    (slope * span).abs()
}

/// Four times the median distance of the points from the line: nearly all of their spread.
fn scatter(points: &[(f64, f64)], slope: f64) -> f64 {
    let mut rests: Vec<f64> = points.iter().map(|(t, v)| v - slope * t).collect();
    rests.sort_by(f64::total_cmp);
    let middle = median(&rests);
    let mut distances: Vec<f64> = rests.iter().map(|rest| (rest - middle).abs()).collect();
    distances.sort_by(f64::total_cmp);
    4.0 * median(&distances)
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        f64::midpoint(sorted[half - 1], sorted[half])
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "kept within the slice"
)]
fn at(sorted: &[f64], index: f64) -> f64 {
    sorted[(index.max(0.0).round() as usize).min(sorted.len() - 1)]
}

/// A value over time, thinned to a spacing, with its trend; bounded.
#[derive(Clone, Debug)]
pub struct Series {
    spacing: Duration,
    points: VecDeque<(Moment, f64)>,
    slope: Option<Slope>,
}

impl Series {
    /// The most points kept.
    pub const CAPACITY: usize = 60;

    /// A series that takes a point every `spacing`.
    pub fn every(spacing: Duration) -> Self {
        Series {
            spacing,
            points: VecDeque::new(),
            slope: None,
        }
    }

    /// Adds a point, unless the one before is nearer than the spacing.
    pub fn push(&mut self, at: Moment, value: f64) {
        if self
            .points
            .back()
            .is_some_and(|(before, _)| at.since(*before) < self.spacing)
        {
            return;
        }
        if self.points.len() == Self::CAPACITY {
            self.points.pop_front();
        }
        self.points.push_back((at, value));
        let first = self.points[0].0;
        let points: Vec<_> = self
            .points
            .iter()
            .map(|(at, value)| (at.since(first).as_secs_f64(), *value))
            .collect();
        self.slope = theil_sen(&points);
    }

    /// Its trend, where one can be told.
    pub fn slope(&self) -> Option<Slope> {
        self.slope
    }

    /// Its oldest point.
    pub fn first(&self) -> Option<(Moment, f64)> {
        self.points.front().copied()
    }

    /// From its first point to its last.
    pub fn span(&self) -> Duration {
        match (self.points.front(), self.points.back()) {
            (Some((first, _)), Some((last, _))) => last.since(*first),
            _ => Duration::ZERO,
        }
    }

    /// When `value`, the present one, comes to `limit`; `None` when unsure, when it goes the other
    /// way, or when it is there already.
    pub fn forecast(
        &self,
        what: Forecasted,
        target: Target,
        value: f64,
        limit: f64,
    ) -> Option<Forecast> {
        let Slope { likely, low, high } = self.slope?;
        let way = limit - value;
        if way == 0.0 || way.signum() != likely.signum() {
            return None;
        }
        let (slow, fast) = if likely > 0.0 {
            (low, high)
        } else {
            (high, low)
        };
        Some(Forecast {
            what,
            target,
            value,
            limit,
            per_second: (likely, low, high),
            seconds: way / likely,
            seconds_between: (way / fast, way / slow),
        })
    }
}
