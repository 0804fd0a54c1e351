//! What the dashboards are shown: a broker with traffic and workers, warreners, and a Prometheus
//! that scrapes them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use testbed::{
    Broker, Environment, Prometheus, PrometheusConfig, Worker, WorkerConfig, wait_until,
};

use crate::support::{PATIENCE, Warrener, broker, prepare, root};

/// One alert of each severity, so that there is something to annotate with.
const RULES: &str = "groups:\n  - name: dashboards\n    rules:\n      \
    - {alert: A, expr: up == 1, labels: {severity: critical}}\n      \
    - {alert: B, expr: up == 1, labels: {severity: warning}}\n      \
    - {alert: C, expr: up == 1, labels: {severity: info}}\n";

/// A fleet that is well and one warrener that watches it; [`Stage::whole`] has two more of them.
pub(crate) struct Stage {
    pub(crate) prometheus: Prometheus,
    pub(crate) workers: Vec<Worker>,
    pub(crate) broker: Arc<Broker>,
    _traffic: Traffic,
    warreners: Vec<Warrener>,
}

impl Stage {
    /// Three warreners of one job. The first reads queues from the plugin, and all is well; the env
    /// file of the second was emptied, and it reads the management API, which tells more of queues;
    /// the third reaches nothing.
    pub(crate) fn whole() -> Self {
        Self::set(|broker| {
            let emptied = Warrener::start(folder(broker, "management", "0600", PINNED_AND_ABSENT));
            let lonely = Warrener::serve("broker: {amqp: 'amqp://127.0.0.1:1', every: 1s}\n");
            emptied.wait_success("queues", 1.0);
            emptied.wait_success("roundtrip", 1.0);
            empty_the_env(emptied.dir());
            vec![emptied, lonely]
        })
    }

    /// The fleet that is well, alone.
    pub(crate) fn healthy() -> Self {
        Self::set(|_| Vec::new())
    }

    fn set(more: impl FnOnce(&Broker) -> Vec<Warrener>) -> Self {
        let broker = broker().start().unwrap();
        for queue in ["orders", "emails", "reports"] {
            broker.declare(queue, &serde_json::json!({})).unwrap();
        }
        let source = folder(&broker, "auto", "0644", PINNED);
        let env = source.dir().join(".env");
        let workers = ["orders", "orders", "emails"]
            .into_iter()
            .map(|queue| {
                let environment = Environment::File(env.clone());
                let mut worker = WorkerConfig::new(&format!("{queue}-worker"), queue, environment);
                (worker.prefetch, worker.work) = (10, Duration::from_millis(60));
                Worker::spawn(worker).unwrap()
            })
            .collect();
        wait_until("the workers to consume", PATIENCE, || {
            broker.depth("orders").unwrap().consumers == 2
                && broker.depth("emails").unwrap().consumers == 1
        })
        .unwrap();
        let mut warreners = vec![Warrener::start(source)];
        warreners.extend(more(&broker));

        let log = warreners[0].dir().join("app.log");
        let rules = warreners[0].dir().join("rules.yml");
        fs::write(&rules, RULES).unwrap();
        let prometheus = prometheus(&warreners, rules);
        let broker = Arc::new(broker);
        Stage {
            prometheus,
            workers,
            _traffic: Traffic::start(Arc::clone(&broker), log),
            broker,
            warreners,
        }
    }

    /// The folder with the env file that the workers read.
    pub(crate) fn dir(&self) -> &Path {
        self.warreners[0].dir()
    }
}

/// As in the incident: the keys are there, and empty.
pub(crate) fn empty_the_env(dir: &Path) {
    let emptied = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
    fs::write(dir.join(".env"), emptied).unwrap();
}

pub(crate) fn restore_the_env(dir: &Path, broker: &Broker) {
    fs::write(dir.join(".env"), env_file(broker)).unwrap();
}

fn prometheus(warreners: &[Warrener], rules: PathBuf) -> Prometheus {
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

const PINNED: &str = "    \
    orders: {max_ready: 1000, min_consumers: 2, max_drain: 10m, min_ack_rate: 0.1}\n    \
    emails: {max_ready: 200, min_consumers: 1}\n";
const PINNED_AND_ABSENT: &str = "    \
    orders: {max_ready: 1000, min_consumers: 2, max_drain: 10m, min_ack_rate: 0.1}\n    \
    absent: {}\n";

const WORKERS: &str = "workers:\n  orders-worker: {count: 2, min_healthy: 1, queues: [orders], \
    env_file: .env, hang: {no_ack_for: 8s}, match: {cmdline: '--kind orders-worker '}}\n  \
    emails-worker: {count: 1, queues: [emails], env_file: .env, hang: {no_ack_for: 8s}, \
    match: {cmdline: '--kind emails-worker '}}\n";

/// A folder with an env file, a log and a backup, and a `warrener.yml` that knows them. The env
/// file is written with 0644: `mode` says whether that is too open.
fn folder(broker: &Broker, source: &str, mode: &str, pinned: &str) -> testbed::Program {
    let program = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    let dir = program.dir().to_owned();
    let env = dir.join(".env");
    fs::write(&env, env_file(broker)).unwrap();
    fs::set_permissions(&env, fs::Permissions::from_mode(0o644)).unwrap();
    // Workers are not usually started in the second in which their configuration was written.
    let hours_ago = SystemTime::now() - Duration::from_secs(3 * 3600);
    let written = fs::File::options().write(true).open(&env).unwrap();
    written.set_modified(hours_ago).unwrap();
    fs::write(dir.join("app.log"), "started\n").unwrap();
    // A backup is verified when nobody has written to it for a minute.
    let mut backup = fs::File::create(dir.join("app.backup")).unwrap();
    backup.write_all(&[7; 4096]).unwrap();
    backup.set_modified(hours_ago).unwrap();
    let yaml = format!(
        "state: state\nbroker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@\
         ${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f\n  management: {}\n  prometheus: {}\n  \
         source: {source}\n  every: 1s\n  roundtrip: {{every: 1s}}\nqueues:\n  exclude: [reports]\n  \
         report: true\n  pinned:\n{pinned}{WORKERS}env_files:\n  - path: .env\n    mode: '{mode}'\n    \
         keep_after: 1s\n    keys:\n      RABBITMQ_HOST: {{required: true, type: host}}\n      \
         RABBITMQ_PORT: {{required: true, type: port}}\n      RABBITMQ_USER: {{required: true}}\n      \
         RABBITMQ_PASS: {{required: true, type: secret}}\nhost: {{disks: [/]}}\nfiles:\n  \
         logs: [{{glob: '*.log', max_size: 1MiB, error: ERROR}}]\n  backups: [{{glob: '*.backup', \
         max_age: 26h, min_size: 1KiB, verify: [test, -s, '{{}}']}}]\n",
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
    /// Every second some messages, and a line in the log.
    fn start(broker: Arc<Broker>, log: PathBuf) -> Self {
        let mut log = fs::OpenOptions::new().append(true).open(log).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                for (queue, messages) in [("orders", 20), ("emails", 5), ("reports", 1)] {
                    // A broker that the look freezes is part of the show.
                    broker.publish(queue, messages).ok();
                }
                writeln!(log, "published").unwrap();
                // Publishing leaves unparks behind, so one park may end at once.
                let next = Instant::now() + Duration::from_secs(1);
                while let Some(left) = next.checked_duration_since(Instant::now()) {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    thread::park_timeout(left);
                }
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
