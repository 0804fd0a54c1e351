//! Every family that warrener can expose, read off expositions; the rules that its names keep; and
//! `docs/METRICS.md`, made from them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::world::{everything, failing, idle, limits, nothing, now, observing, standing, untold};
use crate::model::{Assessment, ProbeName, Snapshot, Standing};
use crate::publish::metrics::{Local, Publisher, Reload};
use crate::publish::{Encoding, Format};

/// What an exposition says of a family.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Family {
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) help: String,
    pub(super) labels: BTreeSet<String>,
}

pub(super) type Families = BTreeMap<String, Family>;

/// The families of one world, by their name without `_total`; `guarded`: with a web configuration.
fn families(
    (snapshot, assessment): (Snapshot, Assessment),
    standing: &Standing,
    guarded: bool,
) -> Families {
    let local = Arc::new(Local::default());
    local.answered("/metrics".into(), 200);
    local.reloaded(Reload {
        accepted: true,
        in_force_since: now(),
    });
    if guarded {
        local.web().read(Reload {
            accepted: true,
            in_force_since: now(),
        });
    }
    let mut publisher = Publisher::new(Arc::clone(&local));
    let exposition = publisher.publish(&snapshot, &assessment, &limits(), standing);
    let parts = exposition.serve(
        &local.encode(now()),
        Format::OpenMetrics,
        Encoding::Identity,
    );
    let text: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
    parse(&String::from_utf8(text).unwrap())
}

fn parse(text: &str) -> Families {
    let mut families = Families::new();
    let mut newest = String::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("#"), Some("EOF"), _) => {}
            (Some("#"), Some(about), Some(name)) => {
                name.clone_into(&mut newest);
                let family = families.entry(name.to_owned()).or_default();
                let said = words.next().unwrap_or_default().to_owned();
                match about {
                    "TYPE" => family.kind = said,
                    "UNIT" => family.unit = said,
                    "HELP" => family.help = said,
                    other => panic!("{other}"),
                }
            }
            _ => {
                assert!(line.starts_with(&newest), "{line} after {newest}");
                let family = families.get_mut(&newest).unwrap();
                family.labels.extend(labels(line));
            }
        }
    }
    families
}

/// The label names of a sample; no value in these worlds has a quote or a brace in it.
fn labels(line: &str) -> Vec<String> {
    let Some((_, rest)) = line.split_once('{') else {
        return Vec::new();
    };
    let (list, _) = rest.split_once('}').unwrap();
    let names = list.split("\",").filter_map(|pair| pair.split_once("=\""));
    names
        .map(|(name, _)| name.to_owned())
        .filter(|name| name != "le")
        .collect()
}

/// A family and the worlds in which it is missing.
pub(super) struct Known {
    pub(super) family: Family,
    /// Probes whose failure takes it away.
    pub(super) needs: Vec<ProbeName>,
    /// Missing where nothing fails: it tells of failures.
    pub(super) of_failures: bool,
    /// Missing where who should tell it does not.
    pub(super) may_be_untold: bool,
    /// Missing where there is nobody to tell of.
    pub(super) may_be_none: bool,
}

/// Every family, by name.
pub(super) fn all() -> BTreeMap<String, Known> {
    let standing = standing(now());
    let full = families(everything(), &standing, true);
    let untold = families(untold(), &standing, true);
    let nothing = families(nothing(), &idle(), false);
    let failing: Vec<_> = ProbeName::ALL
        .into_iter()
        .map(|probe| (probe, families(failing(probe), &observing(now()), true)))
        .collect();
    let mut seen = full.clone();
    for (_, world) in &failing {
        for (name, family) in world {
            seen.entry(name.clone()).or_insert_with(|| family.clone());
        }
    }
    let known = |name: &String, family| Known {
        family,
        needs: failing
            .iter()
            .filter(|(_, world)| full.contains_key(name) && !world.contains_key(name))
            .map(|(probe, _)| *probe)
            .collect(),
        of_failures: !full.contains_key(name),
        may_be_untold: !untold.contains_key(name),
        may_be_none: !nothing.contains_key(name),
    };
    seen.iter()
        .map(|(name, family)| (name.clone(), known(name, family.clone())))
        .collect()
}

/// Name endings of units that are no base units.
const NO_BASE_UNIT: [&str; 14] = [
    "_ms",
    "_millis",
    "_milliseconds",
    "_us",
    "_ns",
    "_minutes",
    "_hours",
    "_days",
    "_kb",
    "_kib",
    "_mb",
    "_mib",
    "_percent",
    "_pct",
];

/// Labels that Prometheus or its users attach themselves, or that say nothing.
const NOT_OURS: [&str; 8] = [
    "cluster", "service", "env", "type", "instance", "job", "name", "le",
];

#[test]
fn names_helps_and_labels_keep_the_rules() {
    let mut wrong = Vec::new();
    for (name, Known { family, .. }) in all() {
        let mut rule = |holds: bool, rule: &str| {
            if !holds {
                wrong.push(format!("{name}: {rule}: {family:?}"));
            }
        };
        let ours = name.starts_with("warrener_") || name.starts_with("process_");
        rule(ours, "starts with warrener_ or process_");
        rule(family.help.ends_with('.'), "its help ends in a full stop");
        rule(
            family
                .help
                .starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
                || family.help.starts_with("warrener"),
            "its help begins as a sentence",
        );
        rule(!family.kind.is_empty(), "has a type");
        rule(
            !name.ends_with("_total"),
            "_total is added to counters alone",
        );
        rule(
            !NO_BASE_UNIT.iter().any(|unit| name.ends_with(unit)),
            "is in base units",
        );
        for unit in ["seconds", "bytes", "ratio"] {
            let ends = name.ends_with(&format!("_{unit}"));
            rule(
                ends || !name.contains(&format!("_{unit}_")) || name.ends_with("_ratio_min"),
                "its unit is its ending",
            );
            if unit != "ratio" {
                rule(ends == (family.unit == unit), "its unit is declared");
            }
        }
        rule(
            !name.contains("_timestamp") || name.ends_with("_timestamp_seconds"),
            "a timestamp is in seconds",
        );
        for label in &family.labels {
            rule(
                !NOT_OURS.contains(&label.as_str()),
                "has no label that is not ours",
            );
            let lower = |c: char| c.is_ascii_lowercase() || c == '_';
            rule(label.chars().all(lower), "labels are in lower case");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is told of a section goes when the section fails, and nothing else does.
#[test]
fn a_failing_probe_takes_its_families_and_no_others() {
    let takes = |probe: ProbeName| -> Vec<String> {
        all()
            .into_iter()
            .filter(|(_, known)| known.needs.contains(&probe))
            .map(|(name, _)| name)
            .collect()
    };
    assert!(
        takes(ProbeName::Broker)
            .iter()
            .all(|n| n.starts_with("warrener_broker_"))
    );
    assert!(
        takes(ProbeName::Queues)
            .iter()
            .all(|n| n.starts_with("warrener_queue"))
    );
    assert!(!takes(ProbeName::Broker).is_empty() && !takes(ProbeName::Host).is_empty());
    for (name, known) in all() {
        assert!(known.needs.len() < 2, "{name} goes with {:?}", known.needs);
    }
}
