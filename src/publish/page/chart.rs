//! The score over time, drawn as steps.

use maud::{Markup, html};

use super::parts::ago;
use super::{View, top};
use crate::publish::recent_scores::{RecentScores, Span};
use crate::publish::words::{clock_of, rough};

/// The drawing's width: it is stretched to the page's.
const WIDTH: f64 = 600.0;
/// Its height: a point of the score each.
const HEIGHT: f64 = 100.0;
/// The levels' lower ends.
const LEVELS: [(&str, u8); 3] = [("warning", 50), ("caution", 70), ("normal", 90)];

/// The chart, or why there is none.
pub(super) fn scores(view: &View<'_>) -> Markup {
    let (first, last, worst) = match ends(view.scores) {
        Some(ends) => ends,
        None => return html! { p .aside { "No score was kept yet." } },
    };
    let until = view.now.max(last.from + view.scores.length());
    let words = format!(
        "Score over the last {}: lowest {} at {}, now {}",
        rough(until - first.from),
        worst.worst,
        clock_of(worst.from),
        last.newest
    );
    html! {
        figure {
            figcaption { "Score over the last " (rough(until - first.from)) }
            div .chart {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                    aria-label=(words) {
                    @for (name, from) in LEVELS {
                        line .{ "band " (name) } x1="0" x2=(WIDTH) y1=(y(from)) y2=(y(from)) {}
                    }
                    path .line d=(path(view.scores, first.from, until)) {}
                }
                ol .scale aria-hidden="true" {
                    @for mark in ["100", "90", "70", "50", "0"] { li .{ "at-" (mark) } { (mark) } }
                }
            }
            p .axis { span { (ago(first.from, view.now)) } span { "now" } }
            p .aside {
                (top::worst(worst.from, worst.worst)) ". Kept in memory since warrener began"
                @if let Some(since) = view.scores.since { ", " (ago(since, view.now)) }
                "; each point is the lowest of " (rough(view.scores.length())) "."
            }
        }
    }
}

fn ends(scores: &RecentScores) -> Option<(Span, Span, Span)> {
    let first = scores.spans().next()?;
    let last = scores.spans().last()?;
    let worst = scores.spans().min_by_key(|span| span.worst)?;
    Some((first, last, worst))
}

fn y(score: u8) -> f64 {
    HEIGHT - f64::from(score)
}

/// Steps; where nothing was assessed, there is no line.
fn path(scores: &RecentScores, from: f64, until: f64) -> String {
    use std::fmt::Write as _;
    let x = |at: f64| ((at - from) / (until - from).max(1.0) * WIDTH).clamp(0.0, WIDTH);
    let mut path = String::new();
    let mut end = f64::NEG_INFINITY;
    for span in scores.spans() {
        // A span may begin late: an assessment comes with a reading, not with the clock.
        let begins = if span.from - end > scores.length() * 6.0 {
            'M'
        } else {
            'L'
        };
        end = span.from + scores.length();
        // Nothing fails that is written into a string.
        let _written = write!(
            path,
            "{begins}{:.1} {} L{:.1} {}",
            x(span.from),
            y(span.worst),
            x(end),
            y(span.worst)
        );
    }
    path
}
