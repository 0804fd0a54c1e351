//! The kinds of workers, and each process with its verdict.

use maud::{Markup, html};

use super::View;
use super::parts::{cell, counted, head, id, left_out, mark, number, row_head, spaced, text};
use crate::model::Level;
use crate::publish::status::{Process, Worker, Workers};
use crate::publish::words::{bytes, count, or_unknown, span};

/// Every kind.
pub(super) fn section(view: &View<'_>) -> Markup {
    html! {
        section #workers aria-labelledby="workers-head" {
            h2 #workers-head { "Workers" }
            @match &view.status.workers {
                None => { (super::probes::unread(view, "workers")) },
                Some(workers) if workers.kinds.is_empty() => { p { "None are configured." } },
                Some(workers) => { (kinds(workers)) },
            }
        }
    }
}

fn kinds(workers: &Workers) -> Markup {
    html! {
        @if let Some(failure) = &workers.channels_failure {
            p { (mark(Level::Caution, "The broker's channels can't be told")) ": "
                (text(&failure.message)) ". Nobody is called hung." }
        }
        table .cards role="table" {
            (head("Kinds of workers", &["Worker", "Run", "Verdicts", "Memory", "Restarts", "Exits"]))
            tbody role="rowgroup" { @for kind in &workers.kinds { (row(kind)) } }
        }
        @for kind in &workers.kinds { (processes(kind)) }
        @if let Some(elsewhere) = workers.consumers_elsewhere.filter(|n| *n > 0) {
            p .aside { (counted(elsewhere, "consumer")) " of their queues belong to no process found here." }
        }
    }
}

fn row(kind: &Worker) -> Markup {
    let few = kind.running.is_some_and(|n| n < u64::from(kind.desired));
    let level = match kind.running {
        Some(n) if n < u64::from(kind.min_healthy) || n == 0 && kind.desired > 0 => Level::Critical,
        _ if few => Level::Caution,
        _ => Level::Normal,
    };
    let run = format!("{} of {}", number(kind.running), kind.desired);
    html! {
        tr role="row" {
            (row_head(text(&kind.name)))
            (cell("Run", html! {
                @if kind.running.is_some() { (mark(level, &run)) } @else { (run) }
                @if kind.stopped_by_operator == Some(true) { " " span .aside { "stopped by a person" } }
                @if let Some(failure) = &kind.control_failure {
                    " " span .aside { "its control can't be asked: " (text(&failure.message)) }
                }
            }))
            (cell("Verdicts", html! {
                @if kind.verdicts.is_empty() { "?" }
                ul .plain {
                    @for (verdict, n) in &kind.verdicts {
                        li { (judged(verdict, &format!("{} {}", count(*n), spaced(verdict)))) }
                    }
                }
                @if kind.drifted.is_some_and(|n| n > 0) {
                    (mark(Level::Warning, &format!("{} drifted", number(kind.drifted))))
                }
            }))
            (cell("Memory", bytes(kind.resident_memory_bytes)))
            (cell("Restarts", count(kind.restarts)))
            (cell("Exits", count(kind.exits)))
        }
    }
}

fn judged(verdict: &str, words: &str) -> Markup {
    match verdict {
        "healthy" | "idle" => mark(Level::Normal, words),
        "slow" | "unknown" => mark(Level::Caution, words),
        _ => mark(Level::Critical, words),
    }
}

fn processes(kind: &Worker) -> Markup {
    let name = text(&kind.name);
    let Some(processes) = &kind.processes else {
        return html! { p { "The processes of " (name) " can't be told." } };
    };
    html! {
        details #(id("processes", &kind.name)) {
            summary { "Processes of " (name) " (" (processes.len()) ")" }
            @if processes.is_empty() { p { "None." } } @else {
                table .cards role="table" {
                    (head(&format!("Processes of {name}"), &[
                        "Pid", "Verdict", "Memory", "CPU", "Files", "Consumers", "Unacked",
                        "Since its start",
                    ]))
                    tbody role="rowgroup" { @for one in processes { (process(one)) } }
                }
            }
            (left_out(kind.processes_left_out))
        }
    }
}

fn process(process: &Process) -> Markup {
    let verdict = process.verdict.as_deref();
    html! {
        tr role="row" {
            (row_head(process.pid))
            (cell("Verdict", html! {
                @match verdict { Some(word) => { (judged(word, &spaced(word))) }, None => { "?" } }
                @if let Some(why) = &process.unknown_because { " " span .aside { (spaced(why)) } }
                @if let Some(state) = &process.state { " " span .aside { (text(state)) } }
            }))
            (cell("Memory", bytes(process.resident_memory_bytes)))
            (cell("CPU", or_unknown(process.cpu_seconds.map(span))))
            (cell("Files", number(process.fds_open)))
            (cell("Consumers", number(process.consumers)))
            (cell("Unacked", number(process.unacked)))
            (cell("Since its start", drift(process)))
        }
    }
}

fn drift(process: &Process) -> String {
    let changes = process.drifted_keys.iter().flatten();
    let changes: Vec<String> = changes
        .map(|drifted| format!("{} {}", text(&drifted.key), text(&drifted.change)))
        .collect();
    match (&process.drifted_keys, process.env_file_changed) {
        (None, Some(true)) => "its env file changed".to_owned(),
        (None, None) => "?".to_owned(),
        _ if changes.is_empty() => "nothing changed".to_owned(),
        _ => changes.join(", "),
    }
}
