//! What waits for what, in both profiles.

use std::fs;

use crate::complete::is_of_recovery;
use crate::pack::{Rule, alerts, profiles, yaml};

/// A code of two severities has two rules; while a trouble worsens or betters, one of them fires.
#[test]
fn two_severities_never_fire_together() {
    for written in profiles() {
        let rules = written.rules();
        for rule in alerts(&rules) {
            for other in alerts(&rules).filter(|o| o.name() == rule.name()) {
                if other.severity() != rule.severity() {
                    assert!(
                        other.keeps() <= rule.waits(),
                        "{}: {} is kept while {} begins",
                        rule.name(),
                        other.severity(),
                        rule.severity()
                    );
                }
            }
        }
    }
}

#[test]
fn pages_are_later_than_recovery_and_causes_not_later_than_symptoms() {
    for written in profiles() {
        let rules = written.rules();
        let of_recovery = |rule: &&Rule| is_of_recovery(rule.name());
        for page in alerts(&rules).filter(of_recovery) {
            assert!(page.keeps() > 0, "{}", page.name());
        }
        let pages = alerts(&rules).filter(|r| r.is_page() && !of_recovery(r));
        let pages: Vec<&Rule> = pages.collect();
        for page in &pages {
            let name = page.name();
            let twin = alerts(&rules)
                .find(|r| r.name() == page.code() && r.severity() == page.severity())
                .unwrap();
            assert!(page.waits() >= 60 && page.waits() > twin.waits(), "{name}");
            assert!(
                page.keeps() > 0,
                "{name}: a failed scrape would be an all-clear"
            );
            let by_finding = page.expr.contains("warrener_finding");
            let own = ["HealthCriticalPage", "WarrenerDownPage"].contains(&name);
            assert!(by_finding || own, "{name} can't know its cause");
        }
        let waits = |severity: &str, names: &[&str]| {
            let of = |p: &&&Rule| {
                p.severity() == severity && names.iter().any(|n| p.name().starts_with(n))
            };
            let waits: Vec<_> = pages.iter().filter(of).map(|p| p.waits()).collect();
            assert!(!waits.is_empty(), "{severity} {names:?}");
            waits
        };
        for severity in ["critical", "warning"] {
            let causes = waits(severity, &["Broker", "ConfigInvalid"]);
            let symptoms = waits(
                severity,
                &["Worker", "Queue", "ProbeFailing", "HealthCritical"],
            );
            assert!(causes.iter().max() <= symptoms.iter().min(), "{severity}");
        }
    }
}

#[test]
fn the_fast_profile_is_fast_and_every_time_has_its_reason() {
    let [standard, fast] = profiles();
    assert_eq!(standard.rules().len(), fast.rules().len());
    for rule in alerts(&fast.rules()).filter(|r| !r.is_page()) {
        let most = if rule.name() == "WarrenerDown" {
            30
        } else {
            15
        };
        assert!(
            rule.waits() <= most,
            "{} waits {}",
            rule.name(),
            rule.waits()
        );
    }
    for path in yaml(&standard.dir().join("rules")) {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let word = line.trim_start();
            if word.starts_with("for:") || word.starts_with("keep_firing_for:") {
                assert!(line.contains(" # "), "{}: {line}", path.display());
            }
        }
    }
    for path in yaml(&fast.dir().join("rules")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("interval: 5s\n") && !text.contains("# fast:"),
            "{path:?}"
        );
    }
}
