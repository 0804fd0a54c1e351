//! The workers: are they there, do they work, what do they use, and which queue is whose.

use serde_json::{Value, json};

use crate::board::Board;
use crate::panel::Panel;
use crate::words::{
    CAUTION, CRITICAL, INFORMATION, NONE_IS_NORMAL, NORMAL, SEVERITIES, WARNING, YES_IS_GOOD,
    number, severity, worded,
};
use crate::working;

pub(crate) fn build() -> (&'static str, Value) {
    Board::new(
        "warrener-workers",
        "Are the workers there, do they work, and what do they use?",
    )
    .variable(
        "worker",
        "Worker",
        "label_values(warrener_worker_processes_desired{@}, worker)",
    )
    .row("", now())
    .row("", [table()])
    .row("There", there())
    .row("Working", working::working())
    .row("Using", working::using())
    .build()
}

/// `metric` of the chosen workers, by host and kind.
pub(crate) fn each(metric: &str) -> String {
    format!("max by (instance, worker) ({metric}{{@,worker=~\"$worker\"}})")
}

/// A counter of the chosen workers, a second.
pub(crate) fn rate(counter: &str) -> String {
    format!(
        "max by (instance, worker) (rate(warrener_worker_{counter}_total\
         {{@,worker=~\"$worker\"}}[$__rate_interval]))"
    )
}

pub(crate) const EACH: &str = "{{worker}}  {{instance}}";

fn now() -> [Panel; 7] {
    let none = [(None, NORMAL), (Some(1.0), WARNING)];
    [
        Panel::number(
            "Processes missing",
            "Do as many run as shall run? Processes that the configuration wants and nobody runs.",
        )
        .query(
            &format!(
                "sum(clamp_min({} - {}, 0))",
                each("warrener_worker_processes_desired"),
                each("warrener_worker_processes_running")
            ),
            "missing",
        )
        .thresholds(&NONE_IS_NORMAL)
        .size(4, 5),
        Panel::number(
            "Alive and not working",
            "Does a process live and do nothing with its messages? Those found dead, disconnected, \
             deaf, stalled, spinning, stopped, zombie or uninterruptible.",
        )
        .query(
            "sum(warrener_worker_verdicts{@,worker=~\"$worker\",verdict!~\"healthy|idle|slow|unknown\"})",
            "not working",
        )
        .thresholds(&NONE_IS_NORMAL)
        .size(4, 5),
        Panel::number(
            "Verdict unknown",
            "Of how many processes can nobody tell? Without the broker's channels a verdict is \
             unknown, and nobody is killed.",
        )
        .query(
            "sum(warrener_worker_verdicts{@,worker=~\"$worker\",verdict=\"unknown\"})",
            "unknown",
        )
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION)])
        .size(4, 5),
        Panel::number(
            "Old configuration",
            "Does a process run with another configuration than its env file's?",
        )
        .query(
            &format!("sum({})", each("warrener_worker_processes_drifted")),
            "drifted",
        )
        .thresholds(&none)
        .size(3, 5),
        Panel::number(
            "Stopped by hand",
            "Which workers did a person stop on purpose? They stay stopped. Only workers with a \
             control tell it: a process that is merely matched ends for reasons unknown.",
        )
        .query(
            &format!("sum({})", each("warrener_worker_stopped_by_operator")),
            "stopped",
        )
        .thresholds(&[(None, NORMAL), (Some(1.0), INFORMATION)])
        .no_value("not told")
        .size(3, 5),
        Panel::number(
            "Channels readable",
            "Can warrener see each consumer's own progress? Without it a hung worker can't be told \
             from a waiting one.",
        )
        .query("min(warrener_workers_channels_available{@})", "channels")
        .words(&[(0, "no", CAUTION), (1, "yes", NORMAL)])
        .size(3, 5),
        Panel::number(
            "Other consumers",
            "Does somebody read the workers' queues whom this configuration does not know?",
        )
        .query("sum(warrener_workers_consumers_elsewhere{@})", "elsewhere")
        .thresholds(&[(None, NORMAL), (Some(1.0), INFORMATION)])
        .size(3, 5),
    ]
}

fn table() -> Panel {
    Panel::table(
        "Workers",
        "What is each kind of worker doing right now? Shall and does run, what it reads from the \
         broker, what it uses, and how often it was started again in the chosen time.",
    )
    .query(&each("warrener_worker_processes_desired"), "")
    .query(&each("warrener_worker_processes_running"), "")
    .query(&each("warrener_worker_processes_min_healthy"), "")
    .query(&each("warrener_worker_consumers"), "")
    .query(&each("warrener_worker_messages_unacked"), "")
    .query(&rate("messages_acked"), "")
    .query(&rate("cpu_seconds"), "")
    .query(&each("warrener_worker_resident_memory_bytes"), "")
    .query(
        "max by (instance, worker) (increase(warrener_worker_restarts_total\
         {@,worker=~\"$worker\"}[$__range]))",
        "",
    )
    .query(
        &format!(
            "time() - {}",
            each("warrener_worker_oldest_start_timestamp_seconds")
        ),
        "",
    )
    .query(&each("warrener_worker_control_available"), "")
    .columns(&[
        ("worker", "Worker"),
        ("instance", "Host"),
        ("Value #A", "Wanted"),
        ("Value #B", "Running"),
        ("Value #C", "At least"),
        ("Value #D", "Consumers"),
        ("Value #E", "Unacked"),
        ("Value #F", "Acked"),
        ("Value #G", "Processors"),
        ("Value #H", "Memory"),
        ("Value #I", "Restarts"),
        ("Value #J", "Oldest runs for"),
        ("Value #K", "Controllable"),
    ])
    .column("Acked", number("mps"))
    .column("Processors", vec![("decimals", json!(2))])
    .column("Memory", number("bytes"))
    .column("Restarts", vec![("decimals", json!(0))])
    .column("Oldest runs for", number("s"))
    .column("Controllable", worded(&YES_IS_GOOD, 110))
    .sorted("Worker", false)
    .no_value("No worker is configured.")
    .size(24, 7)
}

fn there() -> [Panel; 4] {
    [
        Panel::lines(
            "Running and wanted",
            "When did a worker go missing, and did it come back?",
        )
        .query(
            &each("warrener_worker_processes_running"),
            &format!("running  {EACH}"),
        )
        .query(
            &each("warrener_worker_processes_desired"),
            &format!("wanted  {EACH}"),
        )
        .decimals(0)
        .limit("^wanted", "text")
        .size(8, 8),
        Panel::lines(
            "Starts and ends",
            "Does a worker die and start again and again? In the time of one step.",
        )
        .query(
            "max by (instance, worker) (increase(warrener_worker_restarts_total\
             {@,worker=~\"$worker\"}[$__rate_interval]))",
            &format!("restarts  {EACH}"),
        )
        .query(
            "max by (instance, worker) (increase(warrener_worker_exits_total\
             {@,worker=~\"$worker\"}[$__rate_interval]))",
            &format!("exits  {EACH}"),
        )
        .size(8, 8),
        Panel::stack(
            "Process states",
            "What does the operating system say that they do? Zombies were never reaped by their \
             parent; uninterruptible ones wait for a device and can't be killed.",
        )
        .query(
            "sum by (state) (warrener_worker_processes{@,worker=~\"$worker\"})",
            "{{state}}",
        )
        .series("^running$", NORMAL)
        .series("^sleeping$", INFORMATION)
        .series("^uninterruptible$", WARNING)
        .series("^stopped$", "purple")
        .series("^zombie$", CRITICAL)
        .decimals(0)
        .size(8, 8),
        Panel::states(
            "What was found about workers",
            "Which worker was down, hung, disconnected or flapping, and when?",
        )
        .query(
            &severity("code, target", ",code=~\"Worker.*\""),
            "{{code}}  {{target}}",
        )
        .words(&SEVERITIES)
        .no_value("Nothing was found about workers in this time.")
        .size(24, 6),
    ]
}
