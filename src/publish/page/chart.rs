//! The score over time, drawn as steps.

use maud::{Markup, html};

use super::parts::{ago, text};
use super::{View, top};
use crate::publish::scores::Point;
use crate::publish::words::{clock_of, rough};

/// The drawing's width: it is stretched to the page's.
const WIDTH: f64 = 600.0;
/// Its height: a point of the score each.
const HEIGHT: f64 = 100.0;
/// A time without a score that breaks the line, in seconds.
const GAP: f64 = 1.0;
/// The levels' lower ends.
const LEVELS: [(&str, u8); 3] = [("warning", 50), ("caution", 70), ("normal", 90)];

/// The chart, or why there is none.
pub(super) fn scores(view: &View<'_>) -> Markup {
    let scores = match view.scores {
        Ok(scores) => scores,
        Err(why) => {
            return html! { p .aside { "What the score was can't be told: " (text(why)) "." } };
        }
    };
    let points = &scores.points;
    let worst = points.iter().min_by_key(|point| point.low);
    let (Some(first), Some(last), Some(worst)) = (points.first(), points.last(), worst) else {
        return html! { p .aside { "No score was kept yet." } };
    };
    let over = rough(scores.until - first.since);
    let words = format!(
        "Score over the last {over}: lowest {} at {}, now {}",
        worst.low,
        clock_of(worst.since),
        last.low
    );
    let observes = view.status.recovery.observe_only.as_ref();
    html! {
        figure {
            figcaption { "Score over the last " (over) }
            div .chart {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                    aria-label=(words) {
                    @for (name, from) in LEVELS {
                        line .{ "band " (name) } x1="0" x2=(WIDTH) y1=(y(from)) y2=(y(from)) {}
                    }
                    path .line d=(path(points, first.since, scores.until)) {}
                }
                ol .scale aria-hidden="true" {
                    @for mark in ["100", "90", "70", "50", "0"] { li .{ "at-" (mark) } { (mark) } }
                }
            }
            p .axis { span { (ago(first.since, view.now)) } span { "now" } }
            p .aside {
                (top::worst(worst.since, worst.low)) "."
                @if let Some(why) = observes { " Not written down now: " (text(&why.words)) "." }
            }
        }
    }
}

fn y(score: u8) -> f64 {
    HEIGHT - f64::from(score)
}

/// Steps; of a time that nobody looked at there is no line.
fn path(points: &[Point], from: f64, until: f64) -> String {
    use std::fmt::Write as _;
    let x = |at: f64| ((at - from) / (until - from).max(1.0) * WIDTH).clamp(0.0, WIDTH);
    let goes_on = |one: &Point, next: &Point| next.since - one.until <= GAP;
    let mut path = String::new();
    let mut end = f64::NEG_INFINITY;
    // What stays the same is one step.
    for level in points.chunk_by(|one, next| goes_on(one, next) && one.low == next.low) {
        let (Some(first), Some(last)) = (level.first(), level.last()) else {
            continue;
        };
        let begins = if first.since - end > GAP { 'M' } else { 'L' };
        end = last.until;
        // Nothing fails that is written into a string.
        let _written = write!(
            path,
            "{begins}{:.1} {} L{:.1} {}",
            x(first.since),
            y(first.low),
            x(end),
            y(first.low)
        );
    }
    path
}
