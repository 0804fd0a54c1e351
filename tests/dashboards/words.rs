//! The words and colours that mean the same on every dashboard.

use serde_json::{Value, json};

use crate::panel::{Colour, Step, mappings, steps};

pub(crate) const NORMAL: Colour = "green";
pub(crate) const CAUTION: Colour = "yellow";
pub(crate) const WARNING: Colour = "orange";
pub(crate) const CRITICAL: Colour = "red";
pub(crate) const INFORMATION: Colour = "blue";
/// What is said without judging it.
pub(crate) const PLAIN: Colour = "text";

/// The bands of the score (DESIGN section 7).
pub(crate) const BANDS: [Step; 4] = [
    (None, CRITICAL),
    (Some(50.0), WARNING),
    (Some(70.0), CAUTION),
    (Some(90.0), NORMAL),
];

/// Anything but none is critical.
pub(crate) const NONE_IS_NORMAL: [Step; 2] = [(None, NORMAL), (Some(1.0), CRITICAL)];

/// The levels in the order of their badness, as the queries number them.
pub(crate) const LEVELS: [(i64, &str, Colour); 4] = [
    (0, "normal", NORMAL),
    (1, "caution", CAUTION),
    (2, "warning", WARNING),
    (3, "critical", CRITICAL),
];

/// The severities in the order of their badness, as the queries number them.
pub(crate) const SEVERITIES: [(i64, &str, Colour); 4] = [
    (0, "information", INFORMATION),
    (1, "minor", CAUTION),
    (2, "major", WARNING),
    (3, "critical", CRITICAL),
];

pub(crate) const YES_IS_GOOD: [(i64, &str, Colour); 2] = [(0, "no", CRITICAL), (1, "yes", NORMAL)];
pub(crate) const YES_IS_BAD: [(i64, &str, Colour); 2] = [(0, "no", NORMAL), (1, "yes", CRITICAL)];
pub(crate) const UP: [(i64, &str, Colour); 2] = [(0, "down", CRITICAL), (1, "up", NORMAL)];

/// The number of the level that holds, by instance.
pub(crate) fn level() -> String {
    let each: Vec<String> = LEVELS
        .iter()
        .map(|(n, level, _)| format!("{n} * (warrener_health_level{{@,level=\"{level}\"}} == 1)"))
        .collect();
    format!("max by (instance) ({})", each.join(" or "))
}

/// The number of each finding's severity, with `more` chosen of the findings, by these labels.
pub(crate) fn severity(by: &str, more: &str) -> String {
    let each: Vec<String> = SEVERITIES
        .iter()
        .map(|(n, severity, _)| {
            format!("{n} * warrener_finding{{@,severity=\"{severity}\"{more}}}")
        })
        .collect();
    format!("max by ({by}) ({})", each.join(" or "))
}

/// A column of numbers with this unit.
pub(crate) fn number(unit: &str) -> Vec<(&'static str, Value)> {
    vec![("unit", json!(unit)), ("custom.align", json!("right"))]
}

/// A column of words for numbers, on their colours.
pub(crate) fn worded(words: &[(i64, &str, Colour)], width: u64) -> Vec<(&'static str, Value)> {
    vec![
        ("mappings", mappings(words)),
        // What has no word has no colour.
        (
            "thresholds",
            json!({"mode": "absolute", "steps": steps(&[(None, "transparent")])}),
        ),
        (
            "custom.cellOptions",
            json!({"type": "color-background", "mode": "basic"}),
        ),
        ("custom.align", json!("center")),
        ("custom.width", json!(width)),
    ]
}

/// A column that needs only so many pixels, so that the others have more.
pub(crate) fn narrow(width: u64) -> Vec<(&'static str, Value)> {
    vec![("custom.width", json!(width))]
}

/// Where a click on a cell leads.
pub(crate) fn leads(title: &str, url: &str, blank: bool) -> (&'static str, Value) {
    (
        "links",
        json!([{"title": title, "url": url, "targetBlank": blank}]),
    )
}
