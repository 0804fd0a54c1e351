//! A dashboard around its panels: variables, annotations, links, and the places of the panels.

use serde_json::{Value, json};

use crate::panel::{Panel, chosen, datasource};
use crate::words::{CRITICAL, INFORMATION, WARNING};

/// Where the runbooks are read, as in the rules: a place in this tree until a team names its own. A
/// hidden constant of every dashboard, so it is one word to replace.
pub(crate) const RUNBOOKS: &str = "docs/runbooks";

/// Every dashboard: uid, and its name in the links.
pub(crate) const BOARDS: [(&str, &str); 5] = [
    ("warrener-overview", "Overview"),
    ("warrener-broker", "Broker and queues"),
    ("warrener-workers", "Workers"),
    ("warrener-config", "Configuration and recovery"),
    ("warrener-self", "warrener itself"),
];

pub(crate) struct Board {
    uid: &'static str,
    description: &'static str,
    variables: Vec<Value>,
    annotations: Vec<Value>,
    panels: Vec<Value>,
    y: u64,
}

impl Board {
    pub(crate) fn new(uid: &'static str, description: &'static str) -> Self {
        let job = variable("job", "Job", "label_values(warrener_build_info, job)");
        let instance = variable(
            "instance",
            "Instance",
            "label_values(up{job=~\"$job\"}, instance)",
        );
        Board {
            uid,
            description,
            variables: vec![
                json!({
                    "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
                    "regex": "", "refresh": 1, "hide": 0, "multi": false, "includeAll": false,
                    "options": [],
                }),
                job,
                instance,
                json!({
                    "type": "constant", "name": "runbooks", "label": "Runbooks", "query": RUNBOOKS, "hide": 2,
                    "skipUrlSync": true, "options": [],
                    "current": {"selected": true, "text": RUNBOOKS, "value": RUNBOOKS},
                }),
            ],
            annotations: vec![
                alerts("Critical alerts", "critical", CRITICAL, true),
                alerts("Warnings", "warning", WARNING, true),
                alerts("Information", "info", INFORMATION, false),
            ],
            panels: Vec::new(),
            y: 0,
        }
    }

    /// A variable with the values of a label.
    pub(crate) fn variable(mut self, name: &str, label: &str, query: &str) -> Self {
        self.variables.push(variable(name, label, &chosen(query)));
        self
    }

    /// Marks the times that a query's values are, in seconds.
    pub(crate) fn times(mut self, name: &str, expr: &str, title: &str, text: &str) -> Self {
        self.annotations.push(json!({
            "name": name, "datasource": datasource(), "enable": true, "iconColor": INFORMATION,
            "expr": format!("{} * 1000", chosen(expr)), "step": "15s", "titleFormat": title,
            "textFormat": text, "tagKeys": "instance", "useValueForTime": true,
        }));
        self
    }

    /// Marks the beginnings of recovery's runs.
    pub(crate) fn runs(self) -> Self {
        self.times(
            "Recovery runs",
            "warrener_recovery_run_created_timestamp_seconds{@}",
            "Recovery: {{playbook}}",
            "{{target}}",
        )
    }

    /// A heading, and below it its panels, in lines from left to right.
    pub(crate) fn row(mut self, title: &str, panels: impl IntoIterator<Item = Panel>) -> Self {
        if !title.is_empty() {
            let id = self.panels.len() as u64 + 1;
            self.panels.push(json!({
                "type": "row", "id": id, "title": title, "collapsed": false, "panels": [],
                "gridPos": {"x": 0, "y": self.y, "w": 24, "h": 1},
            }));
            self.y += 1;
        }
        let (mut x, mut lowest) = (0, self.y);
        for panel in panels {
            if x + panel.width() > 24 {
                (x, self.y) = (0, lowest);
            }
            lowest = lowest.max(self.y + panel.height());
            let (id, width) = (self.panels.len() as u64 + 1, panel.width());
            self.panels.push(panel.place(id, x, self.y));
            x += width;
        }
        self.y = lowest;
        self
    }

    /// Its uid and its JSON.
    pub(crate) fn build(self) -> (&'static str, Value) {
        let (_, name) = BOARDS
            .iter()
            .find(|(uid, _)| *uid == self.uid)
            .expect("a known dashboard");
        let mut links: Vec<Value> = BOARDS
            .iter()
            .filter(|(uid, _)| *uid != self.uid)
            .map(|(uid, name)| link(name, &format!("/d/{uid}"), true))
            .collect();
        links.push(link("Runbooks", "${runbooks}", false));
        let json = json!({
            "uid": self.uid, "title": format!("warrener / {name}"), "description": self.description,
            "tags": ["warrener", "rabbitmq"], "editable": false, "graphTooltip": 1,
            "timezone": "browser", "schemaVersion": 39, "version": 1, "refresh": "10s",
            "time": {"from": "now-1h", "to": "now"}, "fiscalYearStartMonth": 0, "liveNow": false,
            "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
            "weekStart": "", "links": links, "templating": {"list": self.variables},
            "annotations": {"list": self.annotations}, "panels": self.panels,
        });
        (self.uid, json)
    }
}

/// The address of another dashboard, with the variables and the time kept.
pub(crate) fn beside(uid: &str, more: &str) -> String {
    assert!(BOARDS.iter().any(|(known, _)| *known == uid), "{uid}");
    format!(
        "/d/{uid}?${{datasource:queryparam}}&${{job:queryparam}}&${{instance:queryparam}}\
         &${{__url_time_range}}{more}"
    )
}

fn link(title: &str, url: &str, here: bool) -> Value {
    json!({
        "type": "link", "title": title, "url": url, "tooltip": "", "tags": [], "asDropdown": false,
        "icon": if here { "dashboard" } else { "doc" },
        "includeVars": here, "keepTime": here, "targetBlank": !here,
    })
}

fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "type": "query", "name": name, "label": label, "datasource": datasource(),
        "query": {"qryType": 1, "query": query, "refId": "variable"},
        "regex": "", "refresh": 2, "sort": 1, "hide": 0, "multi": true, "includeAll": true,
        "options": [], "current": {"selected": true, "text": ["All"], "value": ["$__all"]},
    })
}

fn alerts(name: &str, severity: &str, colour: &str, enable: bool) -> Value {
    let expr = format!(
        "ALERTS{{@,alertstate=\"firing\",severity=\"{severity}\",page=\"\",alertname!=\"Watchdog\"}}"
    );
    json!({
        "name": name, "datasource": datasource(), "enable": enable, "iconColor": colour,
        "expr": chosen(&expr), "step": "15s", "titleFormat": "{{alertname}}",
        "textFormat": "{{worker}} {{queue}} {{node}} {{path}}", "tagKeys": "instance,severity",
        "useValueForTime": false,
    })
}
