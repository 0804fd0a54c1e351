//! What watching workers costs: 1,000 processes on the machine, 100 worker kinds of one process
//! each, found by their command lines.
//!
//! The release binary on a private RabbitMQ, with and without the kinds; beside it, where it is
//! installed (Debian's prometheus-process-exporter), the process exporter with the same groups,
//! scraped as often. CPU times are the system's own accounting of the processes.
//! `cargo bench --bench workers`

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that prints figures of processes that it starts"
)]

use std::fmt::Write;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testbed::{Broker, Program, cpu_seconds, free_port, http, mib, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);
const WATCHED: Duration = Duration::from_secs(60);
/// How often warrener reads, and the exporter is scraped.
const EVERY: Duration = Duration::from_secs(5);
const KINDS: usize = 100;
const OTHERS: usize = 900;

fn cpu(pid: u32) -> f64 {
    cpu_seconds(pid).expect("its CPU time")
}

fn rss_mib(pid: u32) -> f64 {
    mib(pid, "VmRSS:").expect("its memory")
}

/// Sleeping processes that end with the bench.
struct Sleepers(Vec<Child>);

impl Sleepers {
    /// Their command lines are `sleep 9000.I`.
    fn start(count: usize) -> Self {
        let sleeper = |i: usize| {
            let mut command = Command::new("sleep");
            command.arg(format!("9000.{i:04}")).stdin(Stdio::null());
            command.spawn().expect("sleep")
        };
        Sleepers((0..count).map(sleeper).collect())
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn config(broker: &Broker, kinds: usize) -> String {
    let mut config = format!(
        "broker:\n  amqp: {}\n  management: {}\n  prometheus: {}\n  every: 5s\nworkers:\n",
        broker.amqp_url(),
        broker.management_url(),
        broker.prometheus_url()
    );
    if kinds == 0 {
        config.truncate(config.len() - "workers:\n".len());
    }
    for i in 0..kinds {
        let pattern = format!("^sleep 9000\\.{i:04}$");
        writeln!(config, "  kind-{i}: {{match: {{cmdline: '{pattern}'}}}}").expect("a string");
    }
    config
}

/// CPU of a core, in percent, that warrener uses with so many kinds; its memory; a reading's time.
fn warrener(broker: &Broker, kinds: usize) {
    let program = Program::new(env!("CARGO_BIN_EXE_warrener")).expect("warrener");
    let program = program.args(["serve", "--web.listen-address", "127.0.0.1:0"]);
    fs::write(program.dir().join("warrener.yml"), config(broker, kinds)).expect("warrener.yml");
    program.start().expect("warrener");
    let url = wait_until("the address", PATIENCE, || {
        let log = program.log();
        let (_, rest) = log.split_once("address=")?;
        let (address, _) = rest.split_once(char::is_whitespace)?;
        Some(format!("http://{}/metrics", address.trim_matches('"')))
    });
    let url = url.expect("the address");
    let running = |text: &str| {
        let lines = text
            .lines()
            .filter(|l| l.starts_with("warrener_worker_processes_running{"));
        lines.filter(|line| line.ends_with("} 1")).count()
    };
    let metrics = || {
        http::get(&url)
            .map(|answer| answer.body)
            .unwrap_or_default()
    };
    wait_until("every kind", PATIENCE, || running(&metrics()) == kinds).expect("every kind");
    let pid = program.pid().expect("pid");
    let before = cpu(pid);
    std::thread::sleep(WATCHED);
    let share = (cpu(pid) - before) / WATCHED.as_secs_f64() * 100.0;
    let took = metrics()
        .lines()
        .find_map(|l| l.strip_prefix("warrener_probe_duration_seconds{probe=\"workers\"} "))
        .map_or_else(|| "-".to_owned(), |seconds| format!("{seconds} s"));
    println!(
        "warrener, {kinds} kinds: {share:.2} % of a core, {:.1} MiB, a workers reading {took}",
        rss_mib(pid)
    );
}

fn exporter() {
    let program = "prometheus-process-exporter";
    let found = Command::new(program).arg("-version").output();
    if found.is_err() {
        println!("{program}: not installed, not measured");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = String::from("process_names:\n");
    for i in 0..KINDS {
        writeln!(
            config,
            "  - {{name: kind-{i}, cmdline: ['9000\\.{i:04}$']}}"
        )
        .expect("a string");
    }
    let path = dir.path().join("config.yml");
    fs::write(&path, config).expect("config.yml");
    let address = format!("127.0.0.1:{}", free_port().expect("a port"));
    let mut child = Command::new(program)
        .args([
            "-config.path",
            &path.to_string_lossy(),
            "-web.listen-address",
            &address,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the exporter");
    let url = format!("http://{address}/metrics");
    let groups = || {
        let body = http::get(&url)
            .map(|answer| answer.body)
            .unwrap_or_default();
        body.lines()
            .filter(|l| l.starts_with("namedprocess_namegroup_num_procs{"))
            .count()
    };
    wait_until("its groups", PATIENCE, || groups() >= KINDS).expect("its groups");
    let before = cpu(child.id());
    for _ in 0..WATCHED.as_secs() / EVERY.as_secs() {
        groups();
        std::thread::sleep(EVERY);
    }
    let share = (cpu(child.id()) - before) / WATCHED.as_secs_f64() * 100.0;
    println!(
        "process exporter, {KINDS} groups: {share:.2} % of a core, {:.1} MiB",
        rss_mib(child.id())
    );
    child.kill().ok();
    child.wait().ok();
}

fn main() {
    let broker = Broker::builder().start().expect("a broker");
    println!(
        "RabbitMQ {}; {} sleeping processes",
        broker.version().expect("version"),
        KINDS + OTHERS
    );
    let _sleepers = Sleepers::start(KINDS + OTHERS);
    warrener(&broker, 0);
    warrener(&broker, KINDS);
    exporter();
}
