//! The written forms of `warrener.yml`: `5s`, `500MiB`, `0.1`, `'0640'`, `3 per 15m`. Each is a type of its own, so that what has been parsed is known to be right.
//!
//! Knows nothing of YAML: every type parses from a `&str` and says in words what was wrong.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::scalar::{Malformed, scalar};

/// A length of time: `500ms`, `5s`, `10m`, `26h`, `14d`, `2w`, or several parts as `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(Duration);

const PERIOD_UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
const PERIOD_REMEDY: &str =
    "write a number and a unit (ms, s, m, h, d, w), as in `5s`, `10m` or `1h30m`";
/// Ten years: longer than anything a fleet measures.
const PERIOD_MAX_MS: u64 = 10 * 366 * 86_400_000;

impl Period {
    /// `n` seconds.
    pub const fn secs(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }

    /// As the standard library counts it.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Period {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bad = || Malformed::new(format!("`{text}` is not a duration"), PERIOD_REMEDY);
        let mut total: u64 = 0;
        let mut rest = text;
        let mut last_unit = u64::MAX;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let (number, tail) = rest.split_at(digits);
            let end = tail
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(end);
            let number: u64 = number.parse().map_err(|_| bad())?;
            let (_, ms) = PERIOD_UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or_else(bad)?;
            if *ms >= last_unit {
                return Err(bad());
            }
            last_unit = *ms;
            total = number
                .checked_mul(*ms)
                .and_then(|n| total.checked_add(n))
                .ok_or_else(bad)?;
            rest = tail;
        }
        match total {
            0 if text.is_empty() => Err(bad()),
            0 => Err(Malformed::new("must be longer than zero", PERIOD_REMEDY)),
            ms if ms > PERIOD_MAX_MS => Err(Malformed::new(
                format!("`{text}` is longer than ten years"),
                PERIOD_REMEDY,
            )),
            ms => Ok(Self(Duration::from_millis(ms))),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        for (name, ms) in PERIOD_UNITS.iter().skip(1) {
            if left / ms > 0 {
                write!(f, "{}{name}", left / ms)?;
                left %= ms;
            }
        }
        Ok(())
    }
}

scalar!(Period, "a duration", {"type": "string", "x-kind": "duration", "pattern": "^([0-9]+(ms|s|m|h|d|w))+$"});

/// A number of bytes: `500MiB`, `1GB`, or a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

const SIZE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];
const SIZE_REMEDY: &str = "write a whole number of bytes, or one with a unit: kB, MB, GB, TB (1000s), KiB, MiB, GiB, TiB (1024s)";

impl ByteSize {
    /// `n` times 1,048,576 bytes.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bad = || Malformed::new(format!("`{text}` is not a size"), SIZE_REMEDY);
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let unit = unit.trim_start();
        let factor = match unit {
            "" => 1,
            _ => {
                let known = |(name, _): &&(&str, u64)| name.eq_ignore_ascii_case(unit);
                SIZE_UNITS.iter().find(known).ok_or_else(bad)?.1
            }
        };
        number.checked_mul(factor).map(Self).ok_or_else(bad)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, n): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*n);
        match SIZE_UNITS.iter().find(whole) {
            Some((name, n)) if *n > 1 => write!(f, "{}{name}", self.0 / n),
            _ => write!(f, "{}", self.0),
        }
    }
}

scalar!(ByteSize, "a size", {"type": ["string", "integer"], "x-kind": "size", "pattern": "^[0-9]+ ?([kKmMgGtT][iI]?)?[bB]?$", "minimum": 0});

/// A share of a whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// A tenth, a half: `n` of a hundred.
    pub(crate) const fn percent(n: u8) -> Self {
        Self(n as f64 / 100.0)
    }

    /// From 0.0 to 1.0.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.parse::<f64>() {
            Ok(n) if (0.0..=1.0).contains(&n) => Ok(Self(n)),
            _ => Err(Malformed::new(
                format!("`{text}` is not a ratio"),
                "write a number from 0 to 1; ten per cent is `0.10`",
            )),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl JsonSchema for Ratio {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ratio".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "x-kind": "ratio", "minimum": 0, "maximum": 1})
    }
}

/// The permission bits of a file, written in octal: `'0640'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u32);

impl Mode {
    /// The twelve permission bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl FromStr for Mode {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let octal =
            (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        match u32::from_str_radix(text, 8) {
            Ok(bits) if octal => Ok(Self(bits)),
            _ => Err(Malformed::new(
                format!("`{text}` is not a file mode"),
                "write three or four octal digits in quotes, as in `'0640'`",
            )),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

scalar!(Mode, "a file mode", {"type": "string", "x-kind": "mode", "pattern": "^[0-7]{3,4}$"});

/// At most so many in such a time: `3 per 15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many; at least 1.
    pub count: u32,
    /// Within how long, counted back from now.
    pub window: Period,
}

impl FromStr for Budget {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bad = || {
            Malformed::new(
                format!("`{text}` is not a budget"),
                "write how many in what time, as in `3 per 15m`",
            )
        };
        let (count, window) = text.split_once(" per ").ok_or_else(bad)?;
        let count: u32 = count.trim().parse().map_err(|_| bad())?;
        let window = window.trim().parse().map_err(|_| bad())?;
        if count == 0 {
            return Err(Malformed::new(
                "a budget of none is never spent",
                "to forbid runs, set `recovery.mode: propose` or `off`",
            ));
        }
        Ok(Self { count, window })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.count, self.window)
    }
}

scalar!(Budget, "a budget", {"type": "string", "x-kind": "budget", "pattern": "^[0-9]+ per ([0-9]+(ms|s|m|h|d|w))+$"});
