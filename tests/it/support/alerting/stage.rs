//! What is watched: workers by kind, each on the queue of its name, and one file of every sort.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use testbed::{Broker, Environment, Fault, Program, Worker, WorkerConfig, wait_until};

use crate::support::env::set_mode;
use crate::support::{PATIENCE, ROOMY, prepare};

/// Workers of one name on a queue of that name.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) count: u32,
    /// What can be made wrong with them.
    pub(crate) fault: Option<Fault>,
    /// warrener knows them; else only their queue, which wants a consumer.
    pub(crate) watched: bool,
}

impl Kind {
    /// One that is well, and watched.
    pub(crate) const fn new(name: &'static str) -> Self {
        Kind {
            name,
            count: 1,
            fault: None,
            watched: true,
        }
    }

    /// The word on its processes' command line: those of another story, on another broker, have
    /// another.
    fn process(&self, broker: &Broker) -> String {
        format!("{}-{}", self.name, broker.amqp_port())
    }
}

/// Starts them with the environment of `env`, and waits until they consume.
pub(super) fn workers(
    broker: &Broker,
    kinds: &[Kind],
    env: &Path,
) -> BTreeMap<String, Vec<Worker>> {
    let start = |kind: &Kind| {
        let environment = Environment::Exported(env.to_owned());
        let mut config = WorkerConfig::new(&kind.process(broker), kind.name, environment);
        (config.fault, config.fault_on_signal, config.prefetch) = (kind.fault, true, 5);
        let some = (0..kind.count).map(|_| Worker::spawn(config.clone()).unwrap());
        (kind.name.to_owned(), some.collect())
    };
    let workers = kinds.iter().map(start).collect();
    for kind in kinds {
        wait_until("the workers to consume", PATIENCE, || {
            let depth = broker.depth(kind.name);
            depth.is_ok_and(|depth| depth.consumers == kind.count)
        })
        .unwrap();
    }
    workers
}

/// A `warrener serve`, not started, in a folder with two env files, a log and a backup. Its broker's
/// address comes from `.env`, the keys of which the workers are started with.
pub(super) fn folder(broker: &Broker, kinds: &[Kind], disk: Option<&Path>) -> Program {
    let program = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    let dir = program.dir();
    for (name, text) in [
        (".env", login(broker).as_str()),
        ("other.env", "TOKEN=secret\n"),
        ("app.log", "begin\n"),
        ("app.backup", "all of it\n"),
    ] {
        fs::write(dir.join(name), text).unwrap();
        set_mode(&dir.join(name), 0o640);
    }
    for queue in ["backlog", "flood"] {
        broker.declare(queue, &serde_json::json!({})).unwrap();
    }
    fs::write(dir.join("warrener.yml"), config(broker, kinds, disk)).unwrap();
    program
}

/// The content of `.env`.
pub(crate) fn login(broker: &Broker) -> String {
    format!(
        "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
        broker.amqp_port()
    )
}

fn config(broker: &Broker, kinds: &[Kind], disk: Option<&Path>) -> String {
    let (mut workers, mut queues) = (String::new(), String::new());
    for kind in kinds {
        let (name, process, count) = (kind.name, kind.process(broker), kind.count);
        match kind.watched {
            // A busy test machine leaves one that spins less than a core.
            true => writeln!(
                workers,
                "  {name}: {{match: {{cmdline: '--kind {process} '}}, count: {count}, queues: [{name}], \
                 env_file: .env, hang: {{no_ack_for: 4s, cpu_spin: 0.05}}}}"
            )
            .unwrap(),
            false => writeln!(queues, "    {name}: {{min_consumers: {count}}}").unwrap(),
        }
    }
    let workers = match workers.as_str() {
        "" => String::new(),
        some => format!("workers:\n{some}"),
    };
    let host = disk.map_or(ROOMY.to_owned(), |disk| {
        let disk = disk.display();
        format!("host: {{disks: ['{disk}'], min_memory_available: 0}}\n")
    });
    format!(
        "state: state\nbroker:\n  amqp: amqp://${{RABBITMQ_USER}}:${{RABBITMQ_PASS}}@\
         ${{RABBITMQ_HOST}}:${{RABBITMQ_PORT}}/%2f\n  management: {}\n  prometheus: {}\n  every: 1s\n  \
         roundtrip: {{every: 1s}}\nqueues:\n  pinned:\n    backlog: {{max_ready: 100}}\n    flood: \
         {{max_ready: 100}}\n{queues}{workers}{host}env_files:\n- path: .env\n  keep_after: 1s\n  \
         keys:\n    RABBITMQ_HOST: {{required: true, type: host}}\n    RABBITMQ_PORT: {{required: \
         true, type: port}}\n    RABBITMQ_USER: {{required: true}}\n    RABBITMQ_PASS: {{required: \
         true, type: secret}}\n- path: other.env\n  keys: {{TOKEN: {{required: true, type: secret}}}}\n\
         files:\n  logs: [{{glob: '*.log', max_size: 1MiB, error: ERROR}}]\n  backups: [{{glob: \
         '*.backup', max_age: 1d}}]\n",
        broker.management_url(),
        broker.prometheus_url()
    )
}
