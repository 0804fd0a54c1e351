//! A broker, a worker, warrener, Prometheus and Alertmanager, with the shipped rules and routes.
//!
//! The rules are those of `warrener rules --profile fast`, the routes those of its
//! `alertmanager.yml` with other addresses. Pages come [`SOONER`] times sooner than shipped, all of
//! them alike, so that a test can wait for them and their order stays.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use testbed::{
    Alertmanager, Broker, Environment, Program, Prometheus, PrometheusConfig, Worker, WorkerConfig,
    wait_until,
};

use super::{PATIENCE, Receiver, Warrener, ask, broker, config, prepare, root};

const SOONER: u64 = 12;
/// Longer than the longest page's wait here, and what lies before and after it.
pub(crate) const PAGED: Duration = Duration::from_secs(180);
const TOKEN: &str = "let-me-in";

/// Everything between a fault and whoever is told.
pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) worker: Worker,
    pub(crate) warrener: Warrener,
    pub(crate) receiver: Receiver,
    pub(crate) alertmanager: Alertmanager,
    pub(crate) prometheus: Prometheus,
    /// Its folder holds the secrets that Alertmanager reads.
    _written: Program,
}

impl World {
    pub(crate) fn start() -> Self {
        let broker = broker().start().unwrap();
        broker.declare("orders", &json!({})).unwrap();
        let worker = Worker::spawn(WorkerConfig::new(
            "mailer",
            "orders",
            Environment::Variables(environment(&broker)),
        ))
        .unwrap();
        let warrener = serve(&broker);
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
        let secrets = [
            ("warrener", TOKEN.to_owned()),
            ("slack", receiver.url("/slack")),
        ];
        let mut routes = fs::read_to_string(dir.join("alertmanager.yml")).unwrap();
        for (name, content) in secrets {
            let file = dir.join(name);
            fs::write(&file, content).unwrap();
            replace(
                &mut routes,
                &format!("/run/secrets/{name}"),
                file.to_str().unwrap(),
            );
        }
        let webhook = "http://127.0.0.1:15699/webhook/alertmanager";
        replace(&mut routes, webhook, &receiver.url("/webhook/alertmanager"));
        let ping = "https://dead-mans-switch.example/ping/REPLACE-ME";
        replace(&mut routes, ping, &receiver.url("/ping"));

        let alertmanager = Alertmanager::start_in(root(), &routes).unwrap();
        let prometheus = Prometheus::start(&PrometheusConfig {
            rule_files: hastened(&dir.join("rules")),
            scrape_interval: Duration::from_secs(5),
            alertmanagers: vec![alertmanager.address()],
            // The watchdog fires before Prometheus knows its Alertmanager.
            flags: vec!["--rules.alert.resend-delay=5s".to_owned()],
            root: root(),
            ..PrometheusConfig::scraping("warrener", warrener.address())
        })
        .unwrap();
        let world = World {
            broker,
            worker,
            warrener,
            receiver,
            alertmanager,
            prometheus,
            _written: written,
        };
        world.wait(
            "the watchdog alone",
            PATIENCE,
            |alerts| matches!(alerts, [one] if one.name() == "Watchdog"),
        );
        world
    }

    fn alerts(&self) -> Vec<Alert> {
        let alerts = self.alertmanager.alerts().unwrap();
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
            panic!("{error}\n{}\n{}", status.text(), self.prometheus.log())
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

    /// `(name, status)` of every alert that recovery was told, oldest first.
    pub(crate) fn told_recovery(&self) -> Vec<(String, String)> {
        let mut alerts = Vec::new();
        for told in self.receiver.told("/webhook/alertmanager") {
            assert_eq!(told.authorization, format!("Bearer {TOKEN}"));
            for alert in told.body["alerts"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                alerts.push((text(&alert["labels"]["alertname"]), text(&alert["status"])));
            }
        }
        alerts
    }

    /// Waits until the newest that recovery was told of this alert is so: `firing`, `resolved`.
    pub(crate) fn wait_told(&self, name: &str, status: &str) {
        let outcome = wait_until(
            &format!("recovery to be told {name} {status}"),
            PATIENCE,
            || {
                let told = self.told_recovery();
                let newest = told.iter().rev().find(|(of, _)| of == name);
                newest.is_some_and(|(_, is)| is == status)
            },
        );
        outcome.unwrap();
    }
}

/// One of Alertmanager's alerts.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) labels: BTreeMap<String, String>,
    /// `active`, `suppressed` or `unprocessed`.
    pub(crate) state: String,
    pub(crate) inhibited: bool,
}

impl Alert {
    fn new(alert: &Value) -> Self {
        Alert {
            labels: serde_json::from_value(alert["labels"].clone()).unwrap(),
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

fn replace(text: &mut String, old: &str, new: &str) {
    assert!(text.contains(old), "{old} is not in the example");
    *text = text.replace(old, new);
}

fn environment(broker: &Broker) -> Vec<(String, String)> {
    [
        ("RABBITMQ_HOST", "127.0.0.1".to_owned()),
        ("RABBITMQ_PORT", broker.amqp_port().to_string()),
        ("RABBITMQ_USER", "guest".to_owned()),
        ("RABBITMQ_PASS", "guest".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// A warrener that expects one consumer of `orders` and every key in its `.env`.
fn serve(broker: &Broker) -> Warrener {
    let more = "queues: {pinned: {orders: {min_consumers: 1}}}\nenv_files: [{path: .env, mode: '0666', keys: \
                {RABBITMQ_HOST: {required: true, type: host}}}]\n";
    let yaml = config(broker, more);
    Warrener::serve_with(&yaml, |program| {
        let env = environment(broker).into_iter();
        let lines: String = env
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect();
        fs::write(program.dir().join(".env"), lines).unwrap();
        program
    })
}

/// The rule files of a folder, with the times of pages shortened in place.
fn hastened(dir: &std::path::Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let files: Vec<_> = entries
        .filter(|p| p.extension().is_some_and(|e| e == "yml"))
        .collect();
    let mut hastened = 0;
    for file in &files {
        let (mut page, mut text) = (false, String::new());
        for line in fs::read_to_string(file).unwrap().lines() {
            if let Some((_, name)) = line.split_once("- alert: ") {
                page = name.ends_with("Page");
            }
            let time = ["for: ", "keep_firing_for: "].into_iter().find_map(|key| {
                let rest = line.trim_start().strip_prefix(key)?;
                Some((key, rest.split_once("m ")?.0.parse::<u64>().unwrap()))
            });
            match time.filter(|_| page) {
                Some((key, minutes)) => {
                    hastened += 1;
                    writeln!(text, "        {key}{}s", minutes * 60 / SOONER).unwrap();
                }
                None => writeln!(text, "{line}").unwrap(),
            }
        }
        fs::write(file, text).unwrap();
    }
    assert!(hastened > 70, "only {hastened} times of pages found");
    files
}
