//! Every query of the shipped dashboards, asked of a real Prometheus that scrapes real warreners.

mod look;
mod stage;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use testbed::{Prometheus, wait_until};

use crate::support::PATIENCE;
use stage::Stage;

/// What may be empty here, and why.
const MAY_BE_EMPTY: &[(&str, &str)] = &[
    (
        "warrener_forecast_exhaustion_seconds",
        "there is none while nothing is about to run out",
    ),
    (
        "warrener_broker_node_unreachable_peers",
        "RabbitMQ tells it from 3.12.5 on",
    ),
    (
        "warrener_worker_control_available",
        "these workers have no control",
    ),
    (
        "warrener_worker_stopped_by_operator",
        "only a control tells it, and these workers have none",
    ),
    (
        "warrener_queues_left_out_messages_unacked",
        "the cheap sources don't tell it",
    ),
    ("warrener_recovery_run_", "no run is open"),
    ("warrener_recovery_incident_opened_", "none is open"),
    ("warrener_recovery_open_runs{", "no run is open"),
    ("warrener_recovery_held_runs{", "nothing holds anything"),
    ("warrener_recovery_runs_total", "none ended"),
    ("warrener_recovery_holds_total", "nothing held anything"),
    ("warrener_recovery_success_", "no run ended"),
    ("warrener_recovery_time_to_", "nothing recovered"),
    (
        "warrener_watchdog_last_",
        "this Prometheus has no Alertmanager",
    ),
    (
        "warrener_reconcile_last_",
        "this Prometheus has no Alertmanager",
    ),
    ("warrener_outbox_oldest_", "nothing is told"),
    ("warrener_notices_total", "nothing is told"),
    (
        "warrener_queues_left_out_consumers",
        "the cheap sources don't tell it",
    ),
];

struct Query {
    at: String,
    expr: String,
    range: bool,
}

impl Query {
    /// The query as Grafana sends it, with everything chosen.
    fn new(at: String, expr: &str, range: bool) -> Self {
        let expr = expr
            .replace("$__rate_interval", "1m")
            .replace("$__range", "1h");
        let expr = ["job", "instance", "vhost", "queue", "worker", "path"]
            .iter()
            .fold(expr, |expr, name| {
                expr.replace(&format!("\"${name}\""), "\".+\"")
            });
        assert!(!expr.contains('$'), "{at}: {expr}");
        Query { at, expr, range }
    }

    fn has(&self, prometheus: &Prometheus) -> bool {
        let found = if self.range {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let now = now.as_secs();
            let text: String = self
                .expr
                .bytes()
                .map(|byte| format!("%{byte:02X}"))
                .collect();
            let path = format!(
                "/api/v1/query_range?query={text}&start={}&end={now}&step=1",
                now - 60
            );
            prometheus.api(&path).map(|mut data| data["result"].take())
        } else {
            prometheus.query(&self.expr)
        };
        let found = found.unwrap_or_else(|e| panic!("{}: {}\n{e}", self.at, self.expr));
        !found.as_array().unwrap().is_empty()
    }

    fn may_be_empty(&self) -> bool {
        let named = |name: &&str| self.expr.contains(*name);
        MAY_BE_EMPTY.iter().any(|(name, _)| named(name))
    }
}

/// Every query of panels, annotations and variables.
fn queries() -> Vec<Query> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/dashboards");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let board = fs::read_to_string(entry.unwrap().path()).unwrap();
        let board: Value = serde_json::from_str(&board).unwrap();
        let uid = board["uid"].as_str().unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let at = format!("{uid}: {} {}", panel["title"], target["refId"]);
                let expr = target["expr"].as_str().unwrap();
                found.push(Query::new(at, expr, target["range"] == true));
            }
        }
        for annotation in board["annotations"]["list"].as_array().unwrap() {
            let at = format!("{uid}: annotation {}", annotation["name"]);
            found.push(Query::new(at, annotation["expr"].as_str().unwrap(), true));
        }
        for variable in board["templating"]["list"].as_array().unwrap() {
            let Some(values) = variable["query"]["query"].as_str() else {
                continue;
            };
            let inner = values.strip_prefix("label_values(").unwrap();
            let (series, label) = inner.strip_suffix(')').unwrap().rsplit_once(", ").unwrap();
            let at = format!("{uid}: variable {}", variable["name"]);
            found.push(Query::new(
                at,
                &format!("count by ({label}) ({series})"),
                false,
            ));
        }
    }
    found
}

#[test]
fn every_query_of_the_dashboards_gives_data() {
    let stage = Stage::whole();
    let all = queries();
    assert!(all.len() > 100, "{} queries", all.len());
    for (name, _) in MAY_BE_EMPTY {
        let asked = all.iter().any(|query| query.expr.contains(name));
        assert!(asked, "{name} is in no query: take it off the list");
    }
    let outcome = wait_until("every query to give data", 2 * PATIENCE, || {
        let empty: Vec<String> = all
            .iter()
            .filter(|query| !query.may_be_empty() && !query.has(&stage.prometheus))
            .map(|query| format!("{}: {}", query.at, query.expr))
            .collect();
        if empty.is_empty() {
            Ok(())
        } else {
            Err(format!("{} without:\n{}", empty.len(), empty.join("\n")))
        }
    });
    outcome.unwrap();
    let empty: BTreeMap<&str, &str> = all
        .iter()
        .filter(|query| !query.has(&stage.prometheus))
        .map(|query| (query.at.as_str(), query.expr.as_str()))
        .collect();
    eprintln!(
        "{} queries, {} of them empty: {empty:#?}",
        all.len(),
        empty.len()
    );
}
