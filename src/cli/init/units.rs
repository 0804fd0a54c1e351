//! Names of systemd units: which may be a worker's control, and how instances fold into one.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::UnitName;

/// Units whose restart takes more than a worker with it.
const NOT_CONTROLLED: [&str; 12] = [
    "cron",
    "crond",
    "atd",
    "ssh",
    "sshd",
    "docker",
    "containerd",
    "podman",
    "supervisor",
    "supervisord",
    "rabbitmq-server",
    "warrener",
];

/// Whether warrener may be told to stop and start this unit for one worker's sake.
pub(super) fn may_be_controlled(unit: &str) -> bool {
    let stem = unit.strip_suffix(".service").unwrap_or(unit);
    let login = ["user@", "getty@", "serial-getty@", "systemd-"]
        .iter()
        .any(|p| stem.starts_with(p));
    // `{` has a meaning of its own in the configuration.
    let named = unit.parse::<UnitName>().is_ok() && !unit.contains('{');
    named && !login && !NOT_CONTROLLED.contains(&stem)
}

/// The unit's template where its instance is a number, as in `w@.service` of `w@3.service`; else
/// the unit itself.
pub(super) fn family(unit: &str) -> String {
    match instance(unit) {
        Some((template, _)) => format!("{template}@.service"),
        None => unit.to_owned(),
    }
}

/// Its name as people speak of it.
pub(super) fn short_name(family: &str) -> &str {
    let stem = family.strip_suffix(".service").unwrap_or(family);
    stem.strip_suffix('@').unwrap_or(stem)
}

/// A number without leading zeros: `{1..3}` counts so.
fn instance(unit: &str) -> Option<(&str, u32)> {
    let (template, instance) = unit.strip_suffix(".service")?.split_once('@')?;
    let number: u32 = instance.parse().ok()?;
    (number.to_string() == instance).then_some((template, number))
}

/// The units as the configuration writes them: consecutive instances in one.
pub(super) fn fold(units: &BTreeSet<&str>) -> Vec<String> {
    const LONGEST: u32 = 1000;
    let mut numbered: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    let mut folded = Vec::new();
    for unit in units {
        match instance(unit) {
            Some((template, number)) => {
                numbered.entry(template).or_default().insert(number);
            }
            None => folded.push((*unit).to_owned()),
        }
    }
    for (template, numbers) in numbered {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some((from, to)) if number - *to == 1 && number - *from < LONGEST => *to = number,
                _ => runs.push((number, number)),
            }
        }
        folded.extend(runs.into_iter().map(|(from, to)| match from == to {
            true => format!("{template}@{from}.service"),
            false => format!("{template}@{{{from}..{to}}}.service"),
        }));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_instances_fold() {
        let fold = |units: &[&str]| fold(&units.iter().copied().collect());
        assert_eq!(
            fold(&["w@1.service", "w@2.service", "w@3.service"]),
            ["w@{1..3}.service"]
        );
        assert_eq!(
            fold(&[
                "w@1.service",
                "w@3.service",
                "w@4.service",
                "w@01.service",
                "b.service"
            ]),
            [
                "b.service",
                "w@01.service",
                "w@1.service",
                "w@{3..4}.service"
            ]
        );
        for folded in fold(&["w@9.service", "w@10.service", "w@11.service"]) {
            assert_eq!(folded.parse::<UnitName>().unwrap().names().len(), 3);
        }
        assert_eq!(family("w@3.service"), "w@.service");
        assert_eq!(family("w@ocr.service"), "w@ocr.service");
        assert_eq!(short_name("w@.service"), "w");
    }

    #[test]
    fn what_holds_more_than_a_worker_is_not_controlled() {
        for unit in [
            "user@1000.service",
            "cron.service",
            "supervisor.service",
            "a b.service",
        ] {
            assert!(!may_be_controlled(unit), "{unit}");
        }
        assert!(may_be_controlled("task-worker@1.service"));
    }
}
