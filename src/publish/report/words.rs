//! Figures in words.

/// A size in its largest unit.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn bytes(value: Option<u64>) -> String {
    let Some(value) = value else {
        return "?".to_owned();
    };
    let mut size = value as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1024.0
        && let Some(larger) = units.next()
    {
        size /= 1024.0;
        unit = larger;
    }
    format!("{size:.0} {unit}")
}

/// How long, in its two largest units.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole seconds are shown"
)]
pub(super) fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A share of a whole, rounded against what it is compared with: 99.96 % is not 100 %.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent {
        100.0 => "100 %".to_owned(),
        near if near > 99.9 => "99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// `1 incident`, `2 incidents`.
pub(super) fn count(n: u64, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// A share of two counts; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn share(part: Option<u64>, whole: Option<u64>) -> Option<f64> {
    match (part, whole) {
        (Some(part), Some(whole @ 1..)) => Some(part as f64 / whole as f64),
        _ => None,
    }
}
