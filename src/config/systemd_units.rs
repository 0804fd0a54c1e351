//! Names of systemd units, several in one with `{1..3}`.

use std::fmt;
use std::str::FromStr;

use super::scalar::{Malformed, scalar};

/// A service unit's name, or several: `task-worker@{1..3}.service`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitName {
    text: String,
    names: Vec<String>,
}

/// More than one pattern may stand for would be a mistake of writing.
const MAX_UNITS: u32 = 1000;
const REMEDY: &str =
    "name a service unit, as in `rabbitmq-server.service` or `task-worker@{1..3}.service`";

impl UnitName {
    /// The units meant, `{1..3}` counted out.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl FromStr for UnitName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bad = |why: &str| Malformed::new(format!("`{text}` {why}"), REMEDY);
        let names = match text.split_once('{') {
            None => vec![text.to_owned()],
            Some((before, rest)) => {
                let (range, after) = rest
                    .split_once('}')
                    .ok_or_else(|| bad("has a `{` without its `}`"))?;
                let range = range.split_once("..").and_then(|(from, to)| {
                    Some(from.parse::<u32>().ok()?..=to.parse::<u32>().ok()?)
                });
                let range = range
                    .filter(|r| !r.is_empty() && r.end() - r.start() < MAX_UNITS)
                    .ok_or_else(|| bad("has no range as `{1..3}`"))?;
                range.map(|n| format!("{before}{n}{after}")).collect()
            }
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || "@:-_.\\".contains(c);
        let well_named = |name: &String| {
            name.strip_suffix(".service")
                .is_some_and(|stem| !stem.is_empty() && name.len() < 256)
                && name.chars().all(legal)
        };
        if !names.iter().all(well_named) {
            return Err(bad("is not the name of a service unit"));
        }
        Ok(Self {
            text: text.to_owned(),
            names,
        })
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

scalar!(UnitName, "a unit name", {"type": "string", "x-kind": "systemd unit"});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_out() {
        let unit: UnitName = "w@{2..4}.service".parse().unwrap();
        assert_eq!(unit.names(), ["w@2.service", "w@3.service", "w@4.service"]);
        assert_eq!(
            "a.service".parse::<UnitName>().unwrap().names(),
            ["a.service"]
        );
    }

    #[test]
    fn other_names_are_refused() {
        for bad in [
            "",
            "a",
            ".service",
            "a b.service",
            "a@{3..1}.service",
            "a@{1..}.service",
        ] {
            assert!(bad.parse::<UnitName>().is_err(), "{bad}");
        }
        for bad in [
            "a@{1..9999999}.service",
            "a@{1.service",
            "a@{1..2}{1..2}.service",
            "a.timer",
        ] {
            assert!(bad.parse::<UnitName>().is_err(), "{bad}");
        }
    }
}
