//! When a line of a log says that it was written: the forms that logs commonly begin with. Pure.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A time stands this early in a line, in bytes; in a JSON object, a little later.
const HEAD: usize = 96;
const OBJECT_HEAD: usize = 1024;

/// What may stand before the time: brackets, and a level.
const BEFORE: &str = r"^[\s\[(<]*(?:(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|[TDIWEF])[\s:|\]\[-]+)?";
const DATE: &str = r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T ](?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?\s?(?P<zone>Z\b|UTC\b|[+-]\d\d:?\d\d\b)?";
const SYSLOG: &str = r"(?:<\d{1,3}>)?(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?";
const EPOCH: &str = r"(?P<epoch>\d{10})(?:(?P<millis>\d{3})|\.(?P<fraction>\d{1,9}))?(?:[^\d.]|$)";
/// The key that a JSON object or logfmt has it under.
const KEY: &str = r#"(?:^|[{,\s])"?(?:ts|time|timestamp|@timestamp|asctime)"?\s*[:=]\s*"?"#;

/// An expression that is written here; a mistake in one would show in every test.
fn expression(text: &str) -> Option<Regex> {
    Regex::new(&format!("(?-u){text}")).ok()
}

static PLAIN: LazyLock<[Option<Regex>; 3]> = LazyLock::new(|| {
    [DATE, SYSLOG, EPOCH].map(|form| expression(&format!("{BEFORE}(?P<all>{form})")))
});
static KEYED: LazyLock<[Option<Regex>; 2]> =
    LazyLock::new(|| [DATE, EPOCH].map(|form| expression(&format!("{KEY}(?P<all>{form})"))));

/// What times without a zone or a year are read by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The zone of this machine.
    pub(super) zone: UtcOffset,
    /// Now.
    pub(super) now: OffsetDateTime,
}

/// A line's time, in milliseconds since the Unix epoch, and where in the line it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) at: i64,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Clock {
    /// The time that the line begins with, if it does.
    pub(super) fn stamp(self, line: &[u8]) -> Option<Stamp> {
        let head = &line[..line.len().min(HEAD)];
        let plain = PLAIN.iter().flatten().find_map(|form| self.by(form, head));
        let keyed = || {
            let head = &line[..line.len().min(OBJECT_HEAD)];
            KEYED.iter().flatten().find_map(|form| self.by(form, head))
        };
        plain.or_else(keyed)
    }

    fn by(self, form: &Regex, head: &[u8]) -> Option<Stamp> {
        let found = form.captures(head)?;
        let all = found.name("all")?;
        let at = match found.name("epoch") {
            Some(_) => epoch(&found),
            None => self.dated(&found),
        };
        Some(Stamp {
            at: at?,
            from: all.start(),
            to: all.end(),
        })
    }

    fn dated(self, found: &Captures<'_>) -> Option<i64> {
        let part = |name| number(found, name).and_then(|n| u8::try_from(n).ok());
        let time = Time::from_hms(part("hour")?, part("minute")?, part("second")?.min(59)).ok()?;
        let day = part("day")?;
        let zone = found.name("zone").map(|zone| offset(zone.as_bytes()));
        let zone = zone.unwrap_or(Some(self.zone))?;
        let of_year = |year, month| {
            let date = Date::from_calendar_date(year, month, day).ok()?;
            let at = PrimitiveDateTime::new(date, time).assume_offset(zone);
            Some(at.unix_timestamp() * 1000 + fraction(found))
        };
        let Some(name) = found.name("name") else {
            let month = Month::try_from(part("month")?).ok()?;
            return of_year(i32::try_from(number(found, "year")?).ok()?, month);
        };
        let names = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let at = names
            .iter()
            .position(|known| known.as_bytes() == name.as_bytes())?;
        let month = Month::try_from(u8::try_from(at + 1).ok()?).ok()?;
        // Without a year it is the newest that is not to come; clocks may differ by a day.
        let now = self.now.unix_timestamp() * 1000;
        let year = self.now.to_offset(zone).year();
        let this = of_year(year, month);
        this.filter(|at| *at <= now + 86_400_000)
            .or_else(|| of_year(year - 1, month))
    }
}

fn number(found: &Captures<'_>, name: &str) -> Option<i64> {
    let digits = found.name(name)?.as_bytes();
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The first three digits of the fraction.
fn fraction(found: &Captures<'_>) -> i64 {
    let digits = found.name("fraction").map_or(&b""[..], |f| f.as_bytes());
    let digit = |at: usize| digits.get(at).map_or(0, |d| i64::from(d - b'0'));
    digit(0) * 100 + digit(1) * 10 + digit(2)
}

fn epoch(found: &Captures<'_>) -> Option<i64> {
    let millis = number(found, "millis").unwrap_or_else(|| fraction(found));
    Some(number(found, "epoch")? * 1000 + millis)
}

fn offset(zone: &[u8]) -> Option<UtcOffset> {
    let [sign @ (b'+' | b'-'), digits @ ..] = zone else {
        return Some(UtcOffset::UTC);
    };
    let digits: Vec<i8> = digits
        .iter()
        .filter(|b| b.is_ascii_digit())
        .map(|b| (b - b'0').cast_signed())
        .collect();
    let [a, b, c, d] = digits[..] else {
        return None;
    };
    let sign = if *sign == b'-' { -1 } else { 1 };
    UtcOffset::from_hms(sign * (a * 10 + b), sign * (c * 10 + d), 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock {
            zone: UtcOffset::from_hms(9, 0, 0).unwrap(),
            // 2027-01-15 08:00:00 UTC
            now: OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap(),
        }
    }

    fn at(line: &str) -> Option<i64> {
        clock().stamp(line.as_bytes()).map(|stamp| stamp.at)
    }

    #[test]
    fn the_common_forms_are_read() {
        let noon = 1_799_971_200_000; // 2027-01-15 00:00:00 UTC
        for line in [
            "2027-01-15T00:00:00Z up",
            "2027-01-15T09:00:00+09:00 up",
            "2027-01-14T19:00:00-0500 up",
            "2027-01-15 00:00:00.000000+00:00 [info] <0.9.0> up",
            "2027-01-15 09:00:00,000 INFO up",
            "2027-01-15 09:00:00 up",
            "2027/01/15 09:00:00 up",
            "[2027-01-15 09:00:00,000: INFO/MainProcess] up",
            "INFO 2027-01-15 09:00:00,000 views up",
            "Jan 15 09:00:00 host worker[7]: up",
            "<30>Jan 15 09:00:00 host up",
            "1799971200 up",
            "1799971200.000 up",
            "1799971200000 up",
            r#"{"level":"info","ts":1799971200.0,"msg":"up"}"#,
            r#"{"msg":"up","time":"2027-01-15T00:00:00Z"}"#,
            "level=info ts=2027-01-15T00:00:00Z msg=up",
        ] {
            assert_eq!(at(line), Some(noon), "{line}");
        }
        assert_eq!(at("2027-01-15 09:00:00,123 x"), Some(noon + 123));
        assert_eq!(at("2027-01-15T00:00:00.5Z x"), Some(noon + 500));
        assert_eq!(at("1799971200123 x"), Some(noon + 123));
        // Last year's: it would be to come in this one.
        assert_eq!(at("Dec 31 09:00:00 x"), Some(1_798_675_200_000));
    }

    #[test]
    fn what_only_looks_like_a_time_is_none() {
        for line in [
            "",
            "  File \"worker.py\", line 12, in run",
            "ValueError: no delivery before 2027-01-15 00:00:00",
            "retry at 2027-01-15 00:00:00",
            "2027-13-15 00:00:00 x",
            "2027-01-15 25:00:00 x",
            "12345 messages",
            "123456789012345 x",
            "Jan 15 soon",
            "2027-01-15T00:00:00+99:99 x",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }

    #[test]
    fn where_it_stands_is_told() {
        let line = b"INFO 2027-01-15 09:00:00,000 views up";
        let stamp = clock().stamp(line).unwrap();
        assert_eq!(&line[stamp.from..stamp.to], b"2027-01-15 09:00:00,000 ");
    }
}
