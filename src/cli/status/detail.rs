//! What the probes saw of broker, queues and workers.

use super::layout::{Page, together};
use super::paint::{self, BOLD, paint};
use crate::cli::words::{self, count, or_unknown, printable};
use crate::publish::status::{
    Broker, Node, Probe, Process, Queue, QueueLimits, Queues, Roundtrip, Status, Worker, Workers,
};
use std::time::Duration;

/// Broker, queues and workers.
pub(super) fn write(page: &mut Page, status: &Status) {
    if let Some(broker) = &status.broker {
        self::broker(page, broker);
    }
    if let Some(trip) = &status.roundtrip {
        roundtrip(page, trip);
    }
    if let Some(queues) = &status.queues {
        self::queues(page, queues);
    }
    if let Some(workers) = &status.workers {
        self::workers(page, workers);
    }
}

/// A section's title, and what there is to say of the whole.
pub(super) fn title(page: &mut Page, title: &str, about: &str) {
    page.blank();
    let title = paint(BOLD, title);
    if about.is_empty() {
        page.line(0, &title);
    } else {
        page.line(0, &format!("{title}: {about}"));
    }
}

pub(super) fn span(seconds: f64) -> String {
    together(&words::span(seconds))
}

pub(super) fn bytes(value: Option<u64>) -> String {
    together(&words::bytes(value))
}

/// `1 file`, `2 files`, `? files`.
pub(super) fn counted(value: Option<u64>, what: &str) -> String {
    let plural = if value == Some(1) { "" } else { "s" };
    together(&format!("{} {what}{plural}", number(value)))
}

/// `?` for what is unknown.
pub(super) fn number(value: Option<u64>) -> String {
    or_unknown(value.map(count))
}

fn broker(page: &mut Page, broker: &Broker) {
    let told = |value: &Option<String>| printable(&or_unknown(value.as_deref()));
    let about = format!(
        "RabbitMQ {} on Erlang {}, cluster {}, read from {}",
        told(&broker.version),
        told(&broker.erlang_version),
        told(&broker.cluster),
        printable(&broker.source)
    );
    title(page, "Broker", &about);
    if broker.fallback_login {
        let why = broker.configured_failure.as_ref();
        let why = why.map(|f| format!(": {}", printable(&f.message)));
        let why = why.unwrap_or_default();
        let words = "with the login that last worked, not the configured one";
        page.line(2, &format!("{words}{why}"));
    }
    broker.nodes.iter().for_each(|node| self::node(page, node));
    left_out(page, 2, broker.nodes_left_out);
}

fn node(page: &mut Page, node: &Node) {
    let name = printable(&node.name);
    if !node.up {
        page.line(2, &format!("node {name}: DOWN"));
        return;
    }
    let up = node.uptime_seconds.map(|s| format!(" {}", span(s)));
    page.line(2, &format!("node {name}: up{}", up.unwrap_or_default()));
    let alarm = |raised: Option<bool>| match raised {
        Some(true) => "RAISED",
        Some(false) => "off",
        None => "?",
    };
    page.line(
        4,
        &format!(
            "memory {} of {}, alarm {}; disk {} free, limit {}, alarm {}",
            bytes(node.memory_used_bytes),
            bytes(node.memory_limit_bytes),
            alarm(node.memory_alarm),
            bytes(node.disk_free_bytes),
            bytes(node.disk_free_limit_bytes),
            alarm(node.disk_alarm)
        ),
    );
    page.line(
        4,
        &format!(
            "connections {}, channels {}, consumers {}, queues {}, fds {} of {}",
            number(node.connections),
            number(node.channels),
            number(node.consumers),
            number(node.queues),
            number(node.fds_open),
            number(node.fds_max)
        ),
    );
}

/// A short time, down to milliseconds.
fn short(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    together(&words::time(time))
}

fn roundtrip(page: &mut Page, trip: &Roundtrip) {
    let phases: Vec<String> = trip
        .phases
        .iter()
        .map(|p| format!("{} {}", printable(&p.phase), short(p.seconds)))
        .collect();
    title(page, "Round trip of a message", &short(trip.total_seconds));
    if !phases.is_empty() {
        page.line(2, &phases.join(", "));
    }
}

fn queues(page: &mut Page, queues: &Queues) {
    let about = format!(
        "{} seen, read from {}; shown are those that are pinned or have a finding",
        count(queues.seen),
        printable(&queues.source)
    );
    title(page, "Queues", &about);
    let rows: Vec<Vec<String>> = queues.shown.iter().map(queue).collect();
    if !rows.is_empty() {
        let head = ["QUEUE", "READY", "UNACKED", "CONSUMERS", "STATE"];
        page.table(2, &head, &rows);
    }
    left_out(page, 2, queues.left_out);
    for queue in &queues.shown {
        if let Some(limits) = queue.limits.as_ref().map(limits).filter(|l| !l.is_empty()) {
            page.line(2, &format!("{} should have {limits}", full_name(queue)));
        }
    }
}

fn full_name(queue: &Queue) -> String {
    match queue.vhost.as_str() {
        "/" => printable(&queue.name),
        vhost => printable(&format!("{vhost}/{}", queue.name)),
    }
}

fn queue(queue: &Queue) -> Vec<String> {
    let state = match queue.exists {
        Some(true) => printable(queue.state.as_deref().unwrap_or("there")),
        Some(false) => "MISSING".to_owned(),
        None => "?".to_owned(),
    };
    vec![
        full_name(queue),
        number(queue.ready),
        number(queue.unacked),
        number(queue.consumers),
        state,
    ]
}

fn limits(limits: &QueueLimits) -> String {
    let words = [
        limits
            .max_ready
            .map(|n| format!("at most {} ready", count(n))),
        limits
            .min_consumers
            .map(|n| format!("at least {n} consumer{}", if n == 1 { "" } else { "s" })),
        limits
            .max_drain_seconds
            .map(|s| format!("at most {} to drain", span(s))),
        limits
            .min_ack_rate
            .map(|rate| format!("at least {rate} acks/s")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    words.join(", ")
}

fn workers(page: &mut Page, workers: &Workers) {
    title(page, "Workers", "");
    if let Some(failure) = &workers.channels_failure {
        let why = printable(&failure.message);
        page.line(2, &format!("the broker's channels can't be told: {why}"));
    }
    workers.kinds.iter().for_each(|kind| worker(page, kind));
    if let Some(elsewhere) = workers.consumers_elsewhere.filter(|n| *n > 0) {
        let words = "consumers of their queues belong to no process found here";
        page.line(2, &format!("{} {words}", count(elsewhere)));
    }
}

fn worker(page: &mut Page, worker: &Worker) {
    let mut words = vec![format!(
        "{} of {} run",
        number(worker.running),
        worker.desired
    )];
    words.push(format!("memory {}", bytes(worker.resident_memory_bytes)));
    words.push(format!("restarts {}", count(worker.restarts)));
    words.push(format!("exits {}", count(worker.exits)));
    if worker.drifted != Some(0) {
        words.push(format!("drifted {}", number(worker.drifted)));
    }
    if worker.stopped_by_operator == Some(true) {
        words.push("stopped by a person".to_owned());
    }
    let name = paint(BOLD, &printable(&worker.name));
    page.line(2, &format!("{name}: {}", words.join(", ")));
    if let Some(failure) = &worker.control_failure {
        let why = printable(&failure.message);
        page.line(4, &format!("its control can't be asked: {why}"));
    }
    let Some(processes) = &worker.processes else {
        page.line(4, "its processes can't be told");
        return;
    };
    let rows: Vec<Vec<String>> = processes.iter().map(process).collect();
    if !rows.is_empty() {
        let head = [
            "PID",
            "STATE",
            "VERDICT",
            "MEMORY",
            "CPU",
            "FDS",
            "CONSUMERS",
            "UNACKED",
        ];
        page.table(4, &head, &rows);
    }
    left_out(page, 4, worker.processes_left_out);
    processes.iter().for_each(|process| drift(page, process));
}

fn process(process: &Process) -> Vec<String> {
    let verdict = process.verdict.as_deref().unwrap_or("?");
    vec![
        process.pid.to_string(),
        printable(&or_unknown(process.state.as_deref())),
        paint(paint::verdict(verdict), &printable(verdict)),
        bytes(process.resident_memory_bytes),
        or_unknown(process.cpu_seconds.map(span)),
        number(process.fds_open),
        number(process.consumers),
        number(process.unacked),
    ]
}

/// What a table has no room for.
fn drift(page: &mut Page, process: &Process) {
    let pid = process.pid;
    if let Some(why) = &process.unknown_because {
        let why = printable(&why.replace('_', " "));
        page.line(4, &format!("pid {pid} can't be judged: {why}"));
    }
    let mut changes: Vec<String> = process
        .drifted_keys
        .iter()
        .flatten()
        .map(|drifted| format!("{} {}", printable(&drifted.key), printable(&drifted.change)))
        .collect();
    if process.drifted_keys.is_none() && process.env_file_changed == Some(true) {
        changes.push("its env file changed".to_owned());
    }
    if !changes.is_empty() {
        let changes = changes.join(", ");
        page.line(4, &format!("pid {pid}, since its start: {changes}"));
    }
}

pub(super) fn left_out(page: &mut Page, indent: usize, more: u64) {
    if more > 0 {
        page.line(indent, &format!("and {} more", count(more)));
    }
}

/// The probes themselves.
pub(super) fn probes(page: &mut Page, probes: &[Probe]) {
    title(page, "Probes", "");
    let row = |probe: &Probe| {
        let outcome = match (probe.success, &probe.failure) {
            (Some(true), _) => "ok".to_owned(),
            (_, Some(failure)) => printable(&failure.reason),
            _ => "not yet".to_owned(),
        };
        vec![
            printable(&probe.probe),
            outcome,
            or_unknown(probe.age_seconds.map(span)),
            or_unknown(probe.duration_seconds.map(short)),
            or_unknown(probe.interval_seconds.map(span)),
            count(probe.failed_in_a_row.into()),
        ]
    };
    let head = ["PROBE", "NEWEST", "AGE", "TOOK", "EVERY", "FAILED IN A ROW"];
    page.table(2, &head, &probes.iter().map(row).collect::<Vec<_>>());
}
