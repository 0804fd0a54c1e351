//! What is the case now, asked of warrener and of Alertmanager; plain values that can be compared.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::Outcome;
use crate::stage::Stage;

/// Fires always, to show that the way of an alert is open.
const WATCHDOG: &str = "Watchdog";

/// What is the case at one instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    pub(crate) score: Option<i64>,
    pub(crate) level: String,
    pub(crate) findings: Vec<Finding>,
    /// What Alertmanager holds, but the watchdog.
    pub(crate) alerts: BTreeSet<Alert>,
    /// It holds the watchdog.
    pub(crate) alive: bool,
    /// `GET /api/v1/recovery`.
    pub(crate) recovery: Value,
    /// Oldest first.
    pub(crate) incidents: Vec<Value>,
    /// Oldest first.
    pub(crate) runs: Vec<Run>,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: String,
    pub(crate) target: String,
    pub(crate) severity: String,
    pub(crate) summary: String,
    pub(crate) cause: Option<String>,
}

/// A firing alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) target: String,
    /// It is for people.
    pub(crate) page: bool,
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) id: i64,
    pub(crate) playbook: String,
    pub(crate) target: String,
    pub(crate) source: String,
    pub(crate) state: String,
    pub(crate) outcome: Option<String>,
    /// The reason of its hold, and its words.
    pub(crate) hold: Option<(String, String)>,
    pub(crate) created_at: f64,
    pub(crate) ended_at: Option<f64>,
}

impl Run {
    pub(crate) fn is_over(&self) -> bool {
        self.state == "ended"
    }

    pub(crate) fn ended(&self, outcome: &str) -> bool {
        self.outcome.as_deref() == Some(outcome)
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The name of a target, or its kind, as of the one host.
pub(crate) fn target(target: &Value) -> String {
    match text(&target["name"]) {
        name if name.is_empty() => text(&target["kind"]),
        name => name,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

impl Look {
    /// Asks.
    pub(crate) fn at(stage: &Stage) -> Outcome<Self> {
        let status = stage.api.get("/api/v1/status")?;
        let mut alerts: BTreeSet<Alert> = list(&stage.alerting.alertmanager.alerts()?)
            .iter()
            .map(alert)
            .collect();
        let all = alerts.len();
        alerts.retain(|alert| alert.name != WATCHDOG);
        let incidents = stage.api.get("/api/v1/incidents")?;
        Ok(Look {
            score: status["score"].as_i64(),
            level: text(&status["level"]),
            findings: list(&status["findings"]).iter().map(finding).collect(),
            alive: alerts.len() < all,
            alerts,
            recovery: stage.api.get("/api/v1/recovery")?,
            incidents: list(&incidents["incidents"])
                .iter()
                .rev()
                .cloned()
                .collect(),
            runs: stage.api.runs()?.iter().map(run).collect(),
        })
    }

    /// The number of the newest run; 0 before the first.
    pub(crate) fn newest_run(&self) -> i64 {
        self.runs.last().map_or(0, |run| run.id)
    }

    /// Alerts of recovery that warrener was told since it began.
    pub(crate) fn told(&self) -> u64 {
        self.recovery["alerts"]["trigger"].as_u64().unwrap_or(0)
    }
}

fn finding(finding: &Value) -> Finding {
    let cause = &finding["cause"];
    Finding {
        code: text(&finding["code"]),
        target: target(&finding["target"]),
        severity: text(&finding["severity"]),
        summary: text(&finding["summary"]),
        cause: cause["code"].as_str().map(str::to_owned),
    }
}

fn alert(alert: &Value) -> Alert {
    let labels = &alert["labels"];
    Alert {
        name: text(&labels["alertname"]),
        target: text(&labels["target"]),
        page: labels["page"] == "true",
    }
}

fn run(run: &Value) -> Run {
    let hold = &run["hold"];
    Run {
        id: run["id"].as_i64().unwrap_or(0),
        playbook: text(&run["playbook"]),
        target: target(&run["target"]),
        source: text(&run["source"]),
        state: text(&run["state"]),
        outcome: run["outcome"].as_str().map(str::to_owned),
        hold: hold
            .is_object()
            .then(|| (text(&hold["reason"]), text(&hold["words"]))),
        created_at: run["created_at"].as_f64().unwrap_or(0.0),
        ended_at: run["ended_at"].as_f64(),
    }
}
