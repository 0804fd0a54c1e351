//! Values in words, for a terminal and for the page. What is unknown is `?`, never 0.

use std::time::Duration;

use super::status::Target;

/// `?` for what is unknown.
pub(crate) fn or_unknown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "?".into(), |v| v.to_string())
}

/// A size in its largest unit.
pub(crate) fn bytes(value: Option<u64>) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let Some(value) = value else {
        return "?".into();
    };
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = value as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 || size >= 100.0 {
        format!("{size:.0} {}", UNITS[unit])
    } else {
        format!("{size:.1} {}", UNITS[unit])
    }
}

/// A duration in its two largest units.
pub(crate) fn time(value: Duration) -> String {
    let seconds = value.as_secs();
    match seconds {
        0 => format!("{:.1} ms", value.as_secs_f64() * 1000.0),
        1..60 => format!("{:.1} s", value.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// How long something lasts, in whole seconds: `3 min 12 s`.
pub(crate) fn span(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    match seconds.as_secs() {
        short @ 0..60 => format!("{short} s"),
        longer => time(Duration::from_secs(longer)),
    }
}

/// How long ago something was, in its largest unit: `3 min`.
pub(crate) fn rough(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    match seconds.as_secs() {
        short @ 0..60 => format!("{short} s"),
        minutes @ 60..3600 => format!("{} min", minutes / 60),
        hours @ 3600..86_400 => format!("{} h", hours / 3600),
        days => format!("{} d", days / 86_400),
    }
}

/// An instant in seconds since the Unix epoch: `2026-11-24 10:00:01 UTC`.
pub(crate) fn instant(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds are shown")]
    let whole = seconds.floor() as i64;
    match time::OffsetDateTime::from_unix_timestamp(whole) {
        Ok(at) => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        ),
        Err(_) => "?".to_owned(),
    }
}

/// The time of day of an instant: `10:00:01 UTC`.
pub(crate) fn clock_of(seconds: f64) -> String {
    let whole = instant(seconds);
    let time = whole.split_once(' ').map(|(_, time)| time.to_owned());
    time.unwrap_or(whole)
}

/// A number with its thousands apart: `12,345`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Marks that are not seen, and change how what is around them is shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A name in one line: control characters would spoil the terminal, and marks that turn the
/// direction of writing make one name look like another.
pub(crate) fn printable(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_control() || is_invisible(c) {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// `env file .env`; `the broker`.
pub(crate) fn target(target: &Target) -> String {
    let kind = target.kind.replace('_', " ");
    let words = match target.name.as_str() {
        "" => format!("the {kind}"),
        name => format!("{kind} {name}"),
    };
    printable(&words)
}

/// `Words.` of `words`.
pub(crate) fn sentence(words: &str) -> String {
    let words = printable(words);
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(bytes(Some(512)), "512 B");
        assert_eq!(bytes(Some(1536)), "1.5 KiB");
        assert_eq!(bytes(Some(152_293_376)), "145 MiB");
        assert_eq!(bytes(None), "?");
        assert_eq!(time(Duration::from_micros(1500)), "1.5 ms");
        assert_eq!(time(Duration::from_secs(3725)), "1 h 2 min");
        assert_eq!((span(0.4), span(12.9)), ("0 s".into(), "12 s".into()));
        assert_eq!(
            (span(192.0), span(-3.0)),
            ("3 min 12 s".into(), "0 s".into())
        );
        assert_eq!(
            (count(999), count(1_234_567)),
            ("999".into(), "1,234,567".into())
        );
    }

    #[test]
    fn rough_times_have_one_unit() {
        let told = [-1.0, 59.9, 60.0, 7199.0, 200_000.0].map(rough);
        assert_eq!(told, ["0 s", "59 s", "1 min", "1 h", "2 d"]);
    }

    #[test]
    fn instants_are_told_with_their_zone() {
        assert_eq!(instant(1_800_000_000.9), "2027-01-15 08:00:00 UTC");
        assert_eq!(instant(f64::MAX), "?");
    }

    #[test]
    fn names_can_not_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(printable("☃"), "☃");
    }
}
