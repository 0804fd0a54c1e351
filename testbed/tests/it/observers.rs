//! Prometheus and Alertmanager, and their tools.

use serde_json::json;
use testbed::{Alertmanager, Prometheus, PrometheusConfig, promtool, tool, wait_until};

use crate::support::{SOON, releases};

const ROUTE: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
const RULE: &str =
    "groups: [{name: g, rules: [{alert: Always, expr: vector(1), labels: {severity: info}}]}]";

#[test]
fn every_release_scrapes_judges_and_tells() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("always.yml");
    std::fs::write(&rules, RULE).unwrap();
    for root in releases() {
        let alertmanager = Alertmanager::start_in(root.clone(), ROUTE).unwrap();
        let prometheus = Prometheus::start(&PrometheusConfig {
            rule_files: vec![rules.clone()],
            alertmanagers: vec![alertmanager.address()],
            flags: vec!["--rules.alert.resend-delay=1s".to_owned()],
            root: root.clone(),
            ..PrometheusConfig::scraping("alertmanager", &alertmanager.address())
        })
        .unwrap();
        wait_until("a scrape", SOON, || {
            let up = prometheus.value("up{job=\"alertmanager\"}").ok()??;
            (up == 1.0).then_some(())
        })
        .unwrap();
        assert_eq!(prometheus.targets().unwrap()[0]["health"], "up");
        wait_until("the alert", SOON, || {
            let alerts = alertmanager.alerts().map_err(|error| error.to_string())?;
            let there = alerts[0]["labels"]["alertname"] == "Always";
            let log = || format!("{root:?}: {alerts}, {}", prometheus.log());
            there.then_some(()).ok_or_else(log)
        })
        .unwrap();
        alertmanager
            .send(&json!([{"labels": {"alertname": "Sent"}}]))
            .unwrap();
        assert!(
            prometheus
                .query("no such(")
                .unwrap_err()
                .to_string()
                .contains("parse error")
        );
    }
}

#[test]
fn promtool_of_every_release_reads_standard_input() {
    let good = "# HELP good_total Things.\n# TYPE good_total counter\ngood_total 1\n";
    promtool(&["check", "metrics"], good).unwrap();
    for root in releases() {
        tool(root.as_ref(), "promtool", &["check", "metrics"], good).unwrap();
        let bad = tool(root.as_ref(), "promtool", &["check", "metrics"], "bad{\n").unwrap_err();
        assert!(bad.to_string().contains("promtool"), "{bad}");
    }
}
