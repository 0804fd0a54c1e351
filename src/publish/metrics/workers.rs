//! Families of the `workers` section.

use std::fmt;
use std::time::UNIX_EPOCH;

use super::families::{Families, NONE};
use crate::model::facts::{
    ChannelFacts, ProcessFacts, ProcessState, Used, WorkerFacts, WorkersFacts,
};

/// A whole number of what the processes used.
type OfUsed = fn(&Used) -> u64;

/// A whole number about each kind: name, help, reading.
type Reading = (&'static str, &'static str, fn(&WorkerFacts) -> Option<u64>);

pub(super) fn write(facts: &WorkersFacts, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_workers_channels_available",
        "1 where the broker tells who consumes what, 0 where its statistics are off or its \
         management API is silent: hung workers can't be told then.",
        [(NONE, Some(u64::from(facts.channels_unavailable.is_none())))],
    )?;
    f.gauge(
        "warrener_workers_channels_failure",
        "1 with the reason why the broker could not tell who consumes what.",
        facts
            .channels_unavailable
            .iter()
            .map(|failure| ([("reason", failure.reason.as_str())], Some(1u64))),
    )?;
    f.gauge(
        "warrener_workers_consumers_elsewhere",
        "Consumers of the configured queues that belong to no process found here: those of other \
         hosts, or behind a proxy.",
        [(NONE, facts.consumers_elsewhere)],
    )?;
    let workers = &facts.workers;
    states(workers, f)?;
    for (name, help, read) in GAUGES {
        f.gauge(name, help, workers.iter().map(|w| (label(w), read(w))))?;
    }
    f.gauge(
        "warrener_worker_oldest_start_timestamp_seconds",
        "When the oldest of its processes started.",
        workers.iter().map(|w| (label(w), oldest_start(w))),
    )?;
    counters(workers, f)
}

fn label(worker: &WorkerFacts) -> [(&'static str, &str); 1] {
    [("worker", worker.name.as_str())]
}

fn states(workers: &[WorkerFacts], f: &mut Families<'_>) -> fmt::Result {
    let samples = workers.iter().flat_map(|worker| {
        ProcessState::ALL.map(|state| {
            let processes = worker.processes.as_ref();
            let count = processes.map(|p| count(p, |p| p.state == Some(state)));
            (
                [("worker", worker.name.as_str()), ("state", state.as_str())],
                count,
            )
        })
    });
    f.gauge(
        "warrener_worker_processes",
        "Processes of a kind by the state of each one's leader.",
        samples,
    )
}

const GAUGES: [Reading; 11] = [
    (
        "warrener_worker_processes_running",
        "Processes of a kind that live: all but zombies.",
        |w| {
            let processes = w.processes.as_ref()?;
            Some(count(processes, |p| p.state != Some(ProcessState::Zombie)))
        },
    ),
    (
        "warrener_worker_processes_drifted",
        "Processes that run with another configuration than their env file's.",
        |w| Some(count(w.processes.as_ref()?, drifted)),
    ),
    (
        "warrener_worker_resident_memory_bytes",
        "Memory that its processes and their children have resident.",
        |w| sum(w, |p| p.rss),
    ),
    (
        "warrener_worker_threads",
        "Threads of its processes and their children.",
        |w| sum(w, |p| p.threads),
    ),
    (
        "warrener_worker_fds_open",
        "File descriptors that its processes and their children have open.",
        |w| sum(w, |p| p.fds),
    ),
    (
        "warrener_worker_fds_max",
        "The most file descriptors that one of its processes may open: the smallest of their soft \
         limits.",
        |w| w.processes.as_ref()?.iter().filter_map(|p| p.fds_max).min(),
    ),
    (
        "warrener_worker_broker_connections",
        "Processes with a connection to the broker.",
        |w| sum(w, |p| p.broker_socket.map(u64::from)),
    ),
    (
        "warrener_worker_consumers",
        "Consumers of its processes, as the broker counts them.",
        |w| channels(w, |c| Some(c.consumers.len() as u64)),
    ),
    (
        "warrener_worker_messages_unacked",
        "Messages delivered to its processes and not yet acknowledged.",
        |w| channels(w, |c| c.unacked),
    ),
    (
        "warrener_worker_stopped_by_operator",
        "1 for a kind that a person stopped on purpose, by what its control tells.",
        |w| w.stopped_by_operator.map(u64::from),
    ),
    (
        "warrener_worker_control_available",
        "1 for a kind whose control answers, 0 for one whose control can't be asked; absent without a \
         control.",
        |w| {
            w.controlled
                .then(|| u64::from(w.control_unavailable.is_none()))
        },
    ),
];

fn count(processes: &[ProcessFacts], holds: impl Fn(&ProcessFacts) -> bool) -> u64 {
    processes.iter().filter(|p| holds(p)).count() as u64
}

fn drifted(process: &ProcessFacts) -> bool {
    match &process.drift.keys {
        Some(keys) => !keys.is_empty(),
        None => process.drift.file_changed == Some(true),
    }
}

/// `None` when one of the processes could not tell.
fn sum(worker: &WorkerFacts, read: fn(&ProcessFacts) -> Option<u64>) -> Option<u64> {
    worker.processes.as_ref()?.iter().map(read).sum()
}

fn channels(worker: &WorkerFacts, read: fn(&ChannelFacts) -> Option<u64>) -> Option<u64> {
    let of = |process: &ProcessFacts| -> Option<u64> {
        process.channels.as_ref()?.iter().map(read).sum()
    };
    worker.processes.as_ref()?.iter().map(of).sum()
}

fn oldest_start(worker: &WorkerFacts) -> Option<f64> {
    let started = worker
        .processes
        .as_ref()?
        .iter()
        .filter_map(|p| p.started_at);
    let since_epoch = started.min()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since_epoch.as_secs_f64())
}

fn counters(workers: &[WorkerFacts], f: &mut Families<'_>) -> fmt::Result {
    f.counter(
        "warrener_worker_restarts",
        "Processes of a kind seen to start since warrener began; those that were there before are \
         not counted.",
        workers.iter().map(|w| (label(w), Some(w.restarts))),
    )?;
    f.counter(
        "warrener_worker_exits",
        "Processes of a kind seen to end since warrener began.",
        workers.iter().map(|w| (label(w), Some(w.exits_seen))),
    )?;
    let used =
        |read: fn(&Used) -> u64| workers.iter().map(move |w| (label(w), Some(read(&w.used))));
    f.counter(
        "warrener_worker_cpu_seconds",
        "Processor time of its processes, those that ended too, as far as warrener saw them.",
        workers
            .iter()
            .map(|w| (label(w), Some(w.used.cpu_time.as_secs_f64()))),
    )?;
    f.counter(
        "warrener_worker_messages_acked",
        "Messages acknowledged on the channels of its processes, as far as warrener saw them.",
        used(|u| u.acked),
    )?;
    let kinds: [(&str, OfUsed); 2] = [
        ("voluntary", |u| u.voluntary_switches),
        ("involuntary", |u| u.involuntary_switches),
    ];
    f.counter(
        "warrener_worker_context_switches",
        "Context switches of its processes, those that ended too: `voluntary` because they waited, \
         `involuntary` because their time was up.",
        workers.iter().flat_map(|w| {
            kinds.map(|(kind, read)| {
                let labels = [("worker", w.name.as_str()), ("kind", kind)];
                (labels, Some(read(&w.used)))
            })
        }),
    )
}
