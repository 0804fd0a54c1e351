//! A time table in the five fields of `crontab(5)`: minute, hour, day of month, month, day of
//! week. Parsed here rather than by a crate: the ones at hand count in seconds first.

use std::fmt;
use std::str::FromStr;

use super::scalar::{Malformed, scalar};

/// A cron expression of five fields, checked; also `@hourly`, `@daily`, `@weekly`, `@monthly`.
///
/// Each field is a set of bits, bit *n* for value *n*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// Minutes 0 to 59.
    pub minutes: u64,
    /// Hours 0 to 23.
    pub hours: u64,
    /// Days of the month 1 to 31.
    pub days: u64,
    /// Months 1 to 12.
    pub months: u64,
    /// Days of the week, 0 (Sunday) to 6; 7 was folded into 0.
    pub weekdays: u64,
    /// Both day fields were given: a day that matches either one counts, as in `crontab(5)`.
    pub either_day: bool,
}

struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Field; 5] = [
    Field {
        name: "a minute",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        name: "an hour",
        low: 0,
        high: 23,
        names: &[],
    },
    Field {
        name: "a day of month",
        low: 1,
        high: 31,
        names: &[],
    },
    Field {
        name: "a month",
        low: 1,
        high: 12,
        names: &MONTHS,
    },
    Field {
        name: "a day of week",
        low: 0,
        high: 7,
        names: &WEEKDAYS,
    },
];
const REMEDY: &str =
    "write minute, hour, day of month, month, day of week, as in `0 3 * * *` (daily at 03:00)";

impl Field {
    fn value(&self, text: &str) -> Option<u32> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        match named {
            Some(at) => Some(self.low + at as u32),
            None => text
                .parse()
                .ok()
                .filter(|n| (self.low..=self.high).contains(n)),
        }
    }

    fn bits(&self, text: &str) -> Option<u64> {
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse().ok().filter(|n| *n > 0)?),
                None => (part, 1),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (self.low, self.high),
                Some((from, to)) => (self.value(from)?, self.value(to)?),
                None if part.contains('/') => (self.value(range)?, self.high),
                None => (self.value(range)?, self.value(range)?),
            };
            if from > to {
                return None;
            }
            for n in (from..=to).step_by(step) {
                bits |= 1 << n;
            }
        }
        Some(bits)
    }
}

impl FromStr for Cron {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let spelled = match text {
            "@hourly" => "0 * * * *",
            "@daily" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            other => other,
        };
        let fields: Vec<&str> = spelled.split_whitespace().collect();
        let [_, _, day, _, weekday] = fields[..] else {
            let problem = format!("`{text}` has {} fields, not five", fields.len());
            return Err(Malformed::new(problem, REMEDY));
        };
        let mut bits = [0; 5];
        for (at, (field, written)) in FIELDS.iter().zip(&fields).enumerate() {
            bits[at] = field.bits(written).ok_or_else(|| {
                let Field {
                    name, low, high, ..
                } = field;
                let problem = format!("`{written}` is not {name} from {low} to {high}");
                Malformed::new(problem, REMEDY)
            })?;
        }
        let [minutes, hours, days, months, weekdays] = bits;
        Ok(Self {
            text: text.to_owned(),
            minutes,
            hours,
            days,
            months,
            weekdays: (weekdays | weekdays >> 7) & 0x7f,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

scalar!(Cron, "a cron expression", {"type": "string", "x-kind": "cron"});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_sets() {
        let cron: Cron = "*/20 3,4 1-5/2 jan sun,7".parse().unwrap();
        assert_eq!(cron.minutes, 1 | 1 << 20 | 1 << 40);
        assert_eq!(cron.hours, 1 << 3 | 1 << 4);
        assert_eq!(cron.days, 1 << 1 | 1 << 3 | 1 << 5);
        assert_eq!((cron.months, cron.weekdays, cron.either_day), (2, 1, true));
        assert_eq!("@daily".parse::<Cron>().unwrap().hours, 1);
    }

    #[test]
    fn out_of_range_is_refused() {
        for bad in [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
        ] {
            assert!(bad.parse::<Cron>().is_err(), "{bad}");
        }
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "*/0 * * * *",
            "a * * * *",
            "1- * * * *",
        ] {
            assert!(bad.parse::<Cron>().is_err(), "{bad}");
        }
    }
}
