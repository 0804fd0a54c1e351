//! What the dashboards are shown: a broker with traffic and workers, three warreners, and a
//! Prometheus that scrapes them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use testbed::{Broker, Environment, Prometheus, PrometheusConfig, Worker, WorkerConfig};

use crate::support::{Warrener, broker, prepare, root};

/// One alert of each severity, so that there is something to annotate with.
const RULES: &str = "groups:\n  - name: dashboards\n    rules:\n      \
    - {alert: A, expr: up == 1, labels: {severity: critical}}\n      \
    - {alert: B, expr: up == 1, labels: {severity: warning}}\n      \
    - {alert: C, expr: up == 1, labels: {severity: info}}\n";

/// Three warreners of one job. `well` reads queues from the plugin; the env file of `emptied` was
/// emptied, and it reads the management API, which tells more of queues; `lonely` reaches nothing.
pub(crate) struct Stage {
    pub(crate) prometheus: Prometheus,
    pub(crate) workers: Vec<Worker>,
    pub(crate) broker: Arc<Broker>,
    _traffic: Traffic,
    _warreners: [Warrener; 3],
}

impl Stage {
    pub(crate) fn set() -> Self {
        let broker = broker().start().unwrap();
        for queue in ["orders", "emails", "reports"] {
            broker.declare(queue, &serde_json::json!({})).unwrap();
        }
        let well = Warrener::start(folder(&broker, "auto"));
        let emptied = Warrener::start(folder(&broker, "management"));
        let lonely = Warrener::serve("broker: {amqp: 'amqp://127.0.0.1:1', every: 1s}\n");
        let env = well.dir().join(".env");
        let workers = ["orders", "orders", "emails"]
            .into_iter()
            .map(|queue| {
                let kind = format!("{queue}-worker");
                let environment = Environment::File(env.clone());
                Worker::spawn(WorkerConfig::new(&kind, queue, environment)).unwrap()
            })
            .collect();
        emptied.wait_success("queues", 1.0);
        emptied.wait_success("roundtrip", 1.0);
        let broken = env_file(&broker).replace("PASS=guest", "PASS=");
        fs::write(emptied.dir().join(".env"), broken).unwrap();

        let rules = well.dir().join("rules.yml");
        fs::write(&rules, RULES).unwrap();
        let warreners = [well, emptied, lonely];
        let prometheus = prometheus(&warreners, rules);
        let broker = Arc::new(broker);
        Stage {
            prometheus,
            workers,
            _traffic: Traffic::start(Arc::clone(&broker)),
            broker,
            _warreners: warreners,
        }
    }
}

fn prometheus(warreners: &[Warrener], rules: std::path::PathBuf) -> Prometheus {
    let targets: Vec<String> = warreners
        .iter()
        .zip(["app-1", "app-2", "app-3"])
        .map(|(w, name)| {
            format!(
                "{{targets: ['{}'], labels: {{instance: {name}}}}}",
                w.address()
            )
        })
        .collect();
    Prometheus::start(&PrometheusConfig {
        root: root(),
        rule_files: vec![rules],
        yaml: Some(format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             rule_files: [rules.yml]\nscrape_configs:\n  - {{job_name: warrener, \
             static_configs: [{}]}}\n",
            targets.join(", ")
        )),
        ..PrometheusConfig::default()
    })
    .unwrap()
}

const WORKERS: &str = "workers:\n  orders-worker: {count: 2, queues: [orders], env_file: .env, \
    match: {cmdline: '--kind orders-worker'}}\n  emails-worker: {count: 1, queues: [emails], \
    match: {cmdline: '--kind emails-worker'}}\n";

/// A folder with an env file, a log and a backup, and a `warrener.yml` that knows them.
fn folder(broker: &Broker, source: &str) -> testbed::Program {
    let program = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    let dir = program.dir().to_owned();
    fs::write(dir.join(".env"), env_file(broker)).unwrap();
    fs::write(dir.join("app.log"), "an ERROR\n").unwrap();
    fs::write(dir.join("app.backup"), "all of it").unwrap();
    let yaml = format!(
        "broker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:\
         ${{RABBITMQ_PORT}}/%2f\n  management: {}\n  prometheus: {}\n  source: {source}\n  \
         every: 1s\n  roundtrip: {{every: 1s}}\nqueues:\n  exclude: [reports]\n  pinned:\n    \
         orders: {{max_ready: 1000, min_consumers: 2, max_drain: 10m, min_ack_rate: 0.1}}\n    \
         absent: {{}}\n{WORKERS}env_files:\n  - path: .env\n    mode: '0600'\n    keys: \
         {{RABBITMQ_PASS: {{required: true, type: secret}}}}\nhost: {{disks: [/]}}\nfiles:\n  \
         logs: [{{glob: '*.log', max_size: 1MiB, error: ERROR}}]\n  backups: \
         [{{glob: '*.backup', max_age: 1d, min_size: 1B, verify: [test, -s, '{{}}']}}]\n",
        broker.management_url(),
        broker.prometheus_url()
    );
    fs::write(dir.join("warrener.yml"), yaml).unwrap();
    program
}

fn env_file(broker: &Broker) -> String {
    let port = broker.amqp_port();
    format!(
        "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={port}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n"
    )
}

/// A little load, until it is dropped.
struct Traffic {
    over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Traffic {
    fn start(broker: Arc<Broker>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                for (queue, messages) in [("orders", 20), ("emails", 5), ("reports", 1)] {
                    // A broker that the look freezes is part of the show.
                    broker.publish(queue, messages).ok();
                }
                thread::park_timeout(Duration::from_secs(1));
            }
        });
        Traffic {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().unwrap();
        }
    }
}
