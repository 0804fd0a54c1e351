//! A broker, workers, warrener, Prometheus and Alertmanager, with the shipped rules and routes.
//!
//! The rules are those of `warrener rules --profile fast`, the routes those of its
//! `alertmanager.yml`, as [`testbed::Alerting`] starts them. What people are told comes sooner than
//! shipped, all of it alike, so that a test can wait for it and the order stays: [`hasten`].

mod hasten;
mod stage;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use testbed::{Alerting, Broker, Program, Receivers, Worker, wait_until};

use super::{PATIENCE, Receiver, Tmpfs, Warrener, ask, broker, prepare, root};
pub(crate) use stage::{Kind, login};

/// Longer than the longest page's wait here, and what lies before and after it.
pub(crate) const PAGED: Duration = Duration::from_secs(180);
const TOKEN: &str = "let-me-in";

/// Everything between a fault and whoever is told.
pub(crate) struct World {
    pub(crate) broker: Broker,
    workers: BTreeMap<String, Vec<Worker>>,
    pub(crate) warrener: Warrener,
    pub(crate) receiver: Receiver,
    pub(crate) alerting: Alerting,
    disk: Option<Tmpfs>,
    /// Its folder holds the secrets that Alertmanager reads.
    _written: Program,
}

impl World {
    /// Waits until nothing is wrong.
    pub(crate) fn start(kinds: &[Kind]) -> Self {
        let broker = broker().start().unwrap();
        // Who may not mount has no small disk to fill.
        let disk = Tmpfs::mount("4m").ok();
        let dir = stage::folder(&broker, kinds, disk.as_ref().map(Tmpfs::path));
        let workers = stage::workers(&broker, kinds, &dir.dir().join(".env"));
        let warrener = Warrener::start(dir);
        let receiver = Receiver::start();

        let written = prepare(&["rules", "--output", "out", "--profile", "fast"]);
        written.start().unwrap();
        assert_eq!(
            written.wait(PATIENCE).unwrap(),
            Some(0),
            "{}",
            written.log()
        );
        let dir = written.dir().join("out");
        hasten::pages(&dir.join("rules"));
        hasten::routes(&dir.join("alertmanager.yml"));
        let receivers = Receivers {
            webhook: receiver.url("/webhook/alertmanager"),
            token: TOKEN.to_owned(),
            slack: receiver.url("/slack"),
            ping: receiver.url("/ping"),
        };
        let alerting = Alerting::start(root(), &dir, warrener.address(), &receivers).unwrap();
        let world = World {
            broker,
            workers,
            warrener,
            receiver,
            alerting,
            disk,
            _written: written,
        };
        world.wait(
            "the watchdog alone",
            PATIENCE,
            |alerts| matches!(alerts, [one] if one.name() == "Watchdog"),
        );
        world
    }

    /// The first of a kind.
    pub(crate) fn worker(&self, kind: &str) -> &Worker {
        &self.workers[kind][0]
    }

    /// A file of warrener's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.warrener.dir().join(name)
    }

    /// A small disk that is watched, where one can be had.
    pub(crate) fn disk(&self) -> Option<&Tmpfs> {
        self.disk.as_ref()
    }

    pub(crate) fn alerts(&self) -> Vec<Alert> {
        let alerts = self.alerting.alertmanager.alerts().unwrap();
        alerts.as_array().unwrap().iter().map(Alert::new).collect()
    }

    /// Waits until Alertmanager's alerts are so.
    pub(crate) fn wait(
        &self,
        what: &str,
        deadline: Duration,
        holds: impl Fn(&[Alert]) -> bool,
    ) -> Vec<Alert> {
        let outcome = wait_until(what, deadline, || {
            let alerts = self.alerts();
            holds(&alerts).then(|| alerts.clone()).ok_or_else(|| {
                let mut seen = String::new();
                for alert in &alerts {
                    writeln!(seen, "{} {:?}", alert.state, alert.labels).unwrap();
                }
                seen
            })
        });
        outcome.unwrap_or_else(|error| {
            let status = ask(self.warrener.address(), "GET /api/v1/status", &[]);
            panic!(
                "{error}\n{}\n{}",
                status.text(),
                self.alerting.prometheus.log()
            )
        })
    }

    /// `(status, alert)` of what people were told, by channel.
    pub(crate) fn told_people(&self, channel: &str) -> Vec<String> {
        let told = self.receiver.told("/slack");
        let of = told.iter().filter(|t| t.body["channel"] == channel);
        of.map(|t| {
            t.body["attachments"][0]["title"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
    }

    /// Every alert that recovery was told, oldest first.
    pub(crate) fn told_recovery(&self) -> Vec<Told> {
        let mut alerts = Vec::new();
        for told in self.receiver.told("/webhook/alertmanager") {
            assert_eq!(told.authorization, format!("Bearer {TOKEN}"));
            for alert in told.body["alerts"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                alerts.push(Told {
                    name: text(&alert["labels"]["alertname"]),
                    target: text(&alert["labels"]["target"]),
                    status: text(&alert["status"]),
                });
            }
        }
        alerts
    }

    /// Waits until the newest that recovery was told of this alert is so: `firing`, `resolved`.
    pub(crate) fn wait_told(&self, name: &str, is_of: impl Fn(&str) -> bool, status: &str) {
        let outcome = wait_until(
            &format!("recovery to be told {name} {status}"),
            PATIENCE,
            || {
                let told = self.told_recovery();
                let mut newest = told.iter().rev();
                newest
                    .find(|told| told.name == name && is_of(&told.target))
                    .is_some_and(|told| told.status == status)
            },
        );
        outcome.unwrap();
    }
}

/// What recovery was told of an alert.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) status: String,
}

/// One of Alertmanager's alerts.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// `active`, `suppressed` or `unprocessed`.
    pub(crate) state: String,
    pub(crate) inhibited: bool,
}

impl Alert {
    fn new(alert: &Value) -> Self {
        Alert {
            labels: serde_json::from_value(alert["labels"].clone()).unwrap(),
            annotations: serde_json::from_value(alert["annotations"].clone()).unwrap(),
            state: alert["status"]["state"].as_str().unwrap().to_owned(),
            inhibited: !alert["status"]["inhibitedBy"]
                .as_array()
                .unwrap()
                .is_empty(),
        }
    }

    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub(crate) fn name(&self) -> &str {
        self.label("alertname")
    }

    pub(crate) fn is_page(&self) -> bool {
        self.label("page") == "true"
    }
}
