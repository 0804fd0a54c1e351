//! The unit tests of the rules, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::complete::{WITHOUT_TARGET, is_of_recovery};
use crate::pack::{ROOT, alerts, parse, source, yaml};

#[derive(Deserialize)]
struct TestFile {
    tests: Vec<TestGroup>,
}

#[derive(Deserialize)]
struct TestGroup {
    name: String,
    #[serde(default)]
    input_series: Vec<serde_json::Value>,
    alert_rule_test: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    alertname: String,
    #[serde(default)]
    exp_alerts: Vec<Fires>,
}

#[derive(Deserialize)]
struct Fires {
    exp_labels: BTreeMap<String, String>,
}

/// Three for each: one that fires, one that does not, one without its series; and what fires says
/// what it is about.
#[test]
fn every_alert_has_its_three_unit_tests() {
    let mut seen: BTreeSet<(String, String, &str)> = BTreeSet::new();
    for path in yaml(&Path::new(ROOT).join("rules/tests")) {
        for group in parse::<TestFile>(&path).tests {
            let (about, kind) = group.name.split_once(": ").unwrap();
            let Some((_, severity)) = about.split_once(' ') else {
                continue;
            };
            for asked in &group.alert_rule_test {
                let fires = asked
                    .exp_alerts
                    .iter()
                    .any(|f| f.exp_labels["severity"] == severity);
                let kind = match kind {
                    "fires" if fires => "fires",
                    "fires" => continue,
                    "series missing" => {
                        assert!(group.input_series.is_empty(), "{}", group.name);
                        // What tells that nothing is told fires then.
                        assert_eq!(
                            fires,
                            WITHOUT_TARGET.contains(&about.split(' ').next().unwrap())
                        );
                        "series missing"
                    }
                    _ => {
                        assert!(
                            kind.starts_with("does not fire") && !fires,
                            "{}",
                            group.name
                        );
                        assert!(!group.input_series.is_empty(), "{}", group.name);
                        "does not fire"
                    }
                };
                seen.insert((asked.alertname.clone(), severity.to_owned(), kind));
                for alert in &asked.exp_alerts {
                    let name = about.split(' ').next().unwrap();
                    let untold = WITHOUT_TARGET.contains(&name) || is_of_recovery(name);
                    assert!(
                        untold || alert.exp_labels.contains_key("target"),
                        "{}",
                        group.name
                    );
                }
            }
        }
    }
    let mut count = 0;
    for rule in alerts(&source()) {
        for kind in ["fires", "does not fire", "series missing"] {
            if rule.name() == "Watchdog" && kind == "does not fire" {
                continue;
            }
            let key = (rule.name().to_owned(), rule.severity().to_owned(), kind);
            assert!(seen.contains(&key), "no unit test: {key:?}");
            count += 1;
        }
    }
    assert_eq!(seen.len(), count);
    println!(
        "{count} unit tests for {} alert rules",
        alerts(&source()).count()
    );
}
