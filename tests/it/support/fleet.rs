//! A small fleet: a `.env`, workers that were started with it, and a warrener that watches both.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use testbed::{Broker, Environment, Fault, Worker, WorkerConfig, wait_until};

use super::{Exposition, PATIENCE, ROOMY, Warrener};

/// Before it is started.
pub(crate) struct Plan<'a> {
    broker: &'a Broker,
    name: &'a str,
    /// Of the worker kind, in YAML.
    pub(crate) kind: &'a str,
    /// More of `queues`, in YAML.
    pub(crate) more: String,
    /// Who logs in, with this as the password too.
    pub(crate) user: &'a str,
    /// The interval of the probes.
    pub(crate) every: &'a str,
    pub(crate) count: u32,
    pub(crate) prefetch: u16,
    pub(crate) work: Duration,
    pub(crate) fault: Option<Fault>,
    /// It reads the `.env` itself; otherwise it is started with it, as systemd would.
    pub(crate) reads_file: bool,
}

pub(crate) struct Fleet<'a> {
    pub(crate) broker: &'a Broker,
    /// The name of the kind, and of its queue.
    pub(crate) name: String,
    user: String,
    pub(crate) workers: Vec<Worker>,
    pub(crate) warrener: Warrener,
    dir: TempDir,
}

/// Healthy workers of one kind on a queue of their own; both have the name of the story.
pub(crate) fn fleet<'a>(broker: &'a Broker, name: &'a str) -> Plan<'a> {
    Plan {
        broker,
        name,
        kind: "hang: {no_ack_for: 4s}",
        more: String::new(),
        user: "guest",
        every: "1s",
        count: 1,
        prefetch: 5,
        work: Duration::from_millis(10),
        fault: None,
        reads_file: false,
    }
}

impl<'a> Plan<'a> {
    /// Starts the workers, then warrener, and waits until it finds nothing wrong.
    pub(crate) fn start(self) -> Fleet<'a> {
        let fleet = self.start_unwatched();
        fleet.wait_healthy();
        fleet
    }

    /// Starts the workers, then warrener.
    pub(crate) fn start_unwatched(self) -> Fleet<'a> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".env"), env(self.broker, self.user)).unwrap();
        self.broker
            .declare(self.name, &serde_json::json!({}))
            .unwrap();
        let path = dir.path().join(".env");
        let worker = || {
            let environment = match self.reads_file {
                true => Environment::File(path.clone()),
                false => Environment::Exported(path.clone()),
            };
            let mut worker = WorkerConfig::new(self.name, self.name, environment);
            (worker.prefetch, worker.work) = (self.prefetch, self.work);
            (worker.fault, worker.fault_on_signal) = (self.fault, true);
            Worker::spawn(worker).unwrap()
        };
        let workers = (0..self.count).map(|_| worker()).collect();
        wait_until("the workers to consume", PATIENCE, || {
            self.broker.depth(self.name).unwrap().consumers == self.count
        })
        .unwrap();
        let warrener = Warrener::serve(&self.config(&path.display().to_string()));
        Fleet {
            broker: self.broker,
            name: self.name.to_owned(),
            user: self.user.to_owned(),
            workers,
            warrener,
            dir,
        }
    }

    fn config(&self, env: &str) -> String {
        let mut keys = String::new();
        for (key, kind) in [
            ("HOST", "host"),
            ("PORT", "port"),
            ("USER", "string"),
            ("PASS", "secret"),
        ] {
            write!(keys, "RABBITMQ_{key}: {{required: true, type: {kind}}}, ").unwrap();
        }
        let Plan {
            broker,
            name,
            kind,
            count,
            more,
            every,
            ..
        } = self;
        format!(
            "broker:\n  amqp: 'amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@${{RABBITMQ_HOST}}:\
             ${{RABBITMQ_PORT}}/%2f'\n  management: {}\n  prometheus: {}\n  every: {every}\n  \
             roundtrip: {{every: 1s}}\n{ROOMY}queues:\n  include: ['^{name}$']\n{more}workers:\n  {name}:\n    \
             match: {{cmdline: 'sample-worker --kind {name} '}}\n    count: {count}\n    \
             queues: [{name}]\n    env_file: {env}\n    {kind}\nenv_files:\n- path: {env}\n  \
             mode: '0666'\n  keys: {{{keys}}}\n",
            broker.management_url(),
            broker.prometheus_url()
        )
    }
}

fn env(broker: &Broker, user: &str) -> String {
    format!(
        "# the fleet's\nRABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER={user}\n\
         RABBITMQ_PASS={user}\n",
        broker.amqp_port()
    )
}

impl Fleet<'_> {
    pub(crate) fn env(&self) -> PathBuf {
        self.dir.path().join(".env")
    }

    /// As in the incident: the keys are there, and empty.
    pub(crate) fn empty_the_env(&self) {
        let emptied =
            "# the fleet's\nRABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
        fs::write(self.env(), emptied).unwrap();
    }

    pub(crate) fn restore_the_env(&self) {
        fs::write(self.env(), env(self.broker, &self.user)).unwrap();
    }

    /// A gauge of the kind.
    pub(crate) fn of_worker(&self, metrics: &Exposition, name: &str) -> Option<f64> {
        metrics.get(name, &[("worker", &self.name)])
    }

    pub(crate) fn verdicts(&self, metrics: &Exposition, verdict: &str) -> Option<f64> {
        metrics.get(
            "warrener_worker_verdicts",
            &[("worker", &self.name), ("verdict", verdict)],
        )
    }

    /// Every process runs and consumes, and the score is 100.
    pub(crate) fn wait_healthy(&self) -> Exposition {
        let count = Some(f64::from(u32::try_from(self.workers.len()).unwrap()));
        self.warrener.wait("a healthy fleet", |m| {
            self.of_worker(m, "warrener_worker_processes_running") == count
                && self.of_worker(m, "warrener_worker_consumers") == count
                && m.get("warrener_health_score", &[]) == Some(100.0)
        })
    }

    /// Waits for a finding of the kind, and gives the exposition in which it is.
    pub(crate) fn wait_finding(&self, code: &str, severity: &str) -> Exposition {
        self.wait_finding_of(code, &format!("worker:{}", self.name), severity)
    }

    pub(crate) fn wait_finding_of(&self, code: &str, target: &str, severity: &str) -> Exposition {
        let labels = [("code", code), ("target", target), ("severity", severity)];
        self.warrener.wait(&format!("{code} of {target}"), |m| {
            m.get("warrener_finding", &labels) == Some(1.0)
        })
    }

    /// The cause that explains a finding, if there is one.
    pub(crate) fn cause(metrics: &Exposition, code: &str) -> Option<String> {
        let code = [("code", code)];
        let mut found = metrics.all("warrener_finding", &code);
        found.next().map(|(labels, _)| labels["cause"].clone())
    }
}

/// The codes of the findings.
pub(crate) fn findings(metrics: &Exposition) -> Vec<String> {
    let mut codes: Vec<_> = metrics
        .all("warrener_finding", &[])
        .map(|(labels, _)| labels["code"].clone())
        .collect();
    codes.sort();
    codes
}

pub(crate) fn score(metrics: &Exposition) -> f64 {
    metrics.get("warrener_health_score", &[]).unwrap()
}

/// Readings of the `workers` probe up to now.
pub(crate) fn readings(metrics: &Exposition) -> f64 {
    metrics
        .get("warrener_probe_successes_total", &[("probe", "workers")])
        .unwrap()
}
