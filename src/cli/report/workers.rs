//! What the `workers` probe saw.

use super::{Report, line};
use crate::cli::words::{bytes, or_unknown, printable, time};
use crate::model::facts::{
    ChannelFacts, DriftFacts, MappedBy, ProcessFacts, ProcessState, WorkerFacts, WorkersFacts,
};

impl Report for WorkersFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        for worker in &self.workers {
            self::worker(&mut out, worker);
        }
        if let Some(failure) = &self.channels_unavailable {
            let why = printable(&failure.to_string());
            line(&mut out, 2, format_args!("who consumes what: {why}"));
        }
        match self.consumers_elsewhere {
            None | Some(0) => {}
            Some(count) => line(
                &mut out,
                2,
                format_args!("{count} consumers of these queues belong to no process found here"),
            ),
        }
        out
    }
}

fn worker(out: &mut String, worker: &WorkerFacts) {
    let name = printable(&worker.name);
    let Some(processes) = &worker.processes else {
        line(out, 2, format_args!("{name}: its processes can't be told"));
        control(out, worker);
        return;
    };
    let running = processes
        .iter()
        .filter(|p| p.state != Some(ProcessState::Zombie));
    let stopped = match worker.stopped_by_operator {
        Some(true) => ", stopped by a person",
        _ => "",
    };
    let (running, desired) = (running.count(), worker.desired);
    line(
        out,
        2,
        format_args!("{name}: {running} of {desired} run{stopped}"),
    );
    control(out, worker);
    for process in processes {
        self::process(out, process);
    }
}

fn control(out: &mut String, worker: &WorkerFacts) {
    if let Some(failure) = &worker.control_unavailable {
        line(
            out,
            4,
            format_args!("control: {}", printable(&failure.to_string())),
        );
    }
}

fn process(out: &mut String, process: &ProcessFacts) {
    let age = process.started_at.and_then(|at| at.elapsed().ok());
    line(
        out,
        4,
        format_args!(
            "pid {} {}, up {}, cpu {}, {}, {} fds, {} threads",
            process.id.pid,
            or_unknown(process.state.map(ProcessState::as_str)),
            or_unknown(age.map(time)),
            or_unknown(process.cpu_time.map(time)),
            bytes(process.rss),
            or_unknown(process.fds),
            or_unknown(process.threads),
        ),
    );
    let socket = match process.broker_socket {
        Some(true) => "connected to the broker",
        Some(false) => "NOT connected to the broker",
        None => "its connections can't be told",
    };
    match &process.channels {
        None => line(
            out,
            6,
            format_args!("{socket}; its consumers can't be told"),
        ),
        Some(channels) => self::channels(out, socket, channels, process.mapped_by),
    }
    drift(out, &process.drift);
}

fn channels(out: &mut String, socket: &str, channels: &[ChannelFacts], by: Option<MappedBy>) {
    let by = match by {
        Some(MappedBy::SharedSocket) => ", by a socket that others hold too",
        Some(MappedBy::ConnectionName) => ", by its connection's name",
        Some(MappedBy::Socket) | None => "",
    };
    let consumers: usize = channels.iter().map(|c| c.consumers.len()).sum();
    let sum = |of: fn(&ChannelFacts) -> Option<u64>| channels.iter().map(of).sum::<Option<u64>>();
    let (unacked, acked) = (or_unknown(sum(|c| c.unacked)), or_unknown(sum(|c| c.acked)));
    line(
        out,
        6,
        format_args!("{socket}, {consumers} consumers{by}, {unacked} unacked, {acked} acked"),
    );
}

fn drift(out: &mut String, drift: &DriftFacts) {
    match (&drift.keys, drift.file_changed) {
        (Some(keys), _) if !keys.is_empty() => {
            let words = |key: &crate::model::facts::DriftedKey| {
                format!("{} {}", printable(&key.key), key.change.as_str())
            };
            let keys: Vec<_> = keys.iter().map(words).collect();
            line(out, 6, format_args!("since its start: {}", keys.join(", ")));
        }
        (None, Some(true)) => {
            line(out, 6, format_args!("its env file changed after its start"));
        }
        _ => {}
    }
}
