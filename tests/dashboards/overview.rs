//! Is anything wrong right now, what is it, and what made the score?

use serde_json::{Value, json};

use crate::board::Board;
use crate::panel::{Panel, steps};
use crate::recovery;
use crate::words::{
    BANDS, CAUTION, CRITICAL, INFORMATION, LEVELS, NONE_IS_NORMAL, NORMAL, SEVERITIES, WARNING,
    YES_IS_GOOD, leads, level, narrow, number, severity, worded,
};

pub(crate) fn build() -> (&'static str, Value) {
    Board::new(
        "warrener-overview",
        "Is anything wrong right now, what is it, and what made the score?",
    )
    .times(
        "Env file changes",
        "warrener_env_file_changed_timestamp_seconds{@}",
        "Env file changed",
        "{{path}}",
    )
    .runs()
    .row("", now())
    .row("", [findings()])
    .row("Recovery", recoveries())
    .row("How the score is made", made())
    .row("What runs out", resources())
    .row("Logs and backups", files())
    .build()
}

fn now() -> [Panel; 6] {
    [
        Panel::number(
            "Health score",
            "How healthy is it all, 0 to 100? With several instances: the worst one's.",
        )
        .query("min(warrener_health_score{@})", "score")
        .thresholds(&BANDS)
        .range(0.0, 100.0)
        .size(3, 6),
        Panel::number(
            "Level",
            "How far may recovery go, and whom does it concern? A level gets worse at once and \
             better only after two assessments, so it may lag behind the score.",
        )
        .query(&format!("max({})", level()), "level")
        .words(&LEVELS)
        .size(3, 6),
        Panel::number(
            "What caps the score",
            "Which finding keeps the score from being higher? The worst ones that no other finding \
             explains; repair these first. Minor caps at 89, major at 69, critical at 49.",
        )
        .query(
            &format!("topk(3, {} > 0)", severity("code, target", ",cause=\"\"")),
            "{{code}}  {{target}}",
        )
        .words(&SEVERITIES)
        .option("textMode", "name")
        .option("orientation", "horizontal")
        .option("text", json!({"titleSize": 14, "valueSize": 16}))
        .no_value("nothing")
        .size(6, 6),
        Panel::states(
            "Level over time",
            "When was it bad, and for how long? A gap means that warrener was not scraped: nobody \
             looked.",
        )
        .query(&level(), "{{instance}}")
        .words(&LEVELS)
        .size(6, 6),
        Panel::number(
            "Not answering",
            "Is warrener itself there to tell? Instances that could not be scraped; their findings \
             are missing everywhere on this page.",
        )
        .query("sum(up{@} == bool 0)", "instances down")
        .thresholds(&NONE_IS_NORMAL)
        .size(3, 6),
        Panel::number(
            "Blind",
            "Is there a part of the world that nobody could look at? Probes whose newest reading \
             failed or is outdated.",
        )
        .query("sum(warrener_health_coverage{@} == bool 0)", "probes blind")
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION)])
        .size(3, 6),
    ]
}

fn findings() -> Panel {
    let by = "instance, code, target, cause";
    let since = format!(
        "1000 * max by ({by}) (warrener_finding_since_timestamp_seconds{{@}} \
         * on (job, instance, code, target) group_right () warrener_finding{{@}})"
    );
    Panel::table(
        "Open findings",
        "What exactly is wrong, where, since when, and is something else the reason? Worst first. \
         A finding with a cause goes away with its cause. The code leads to its runbook.",
    )
    .query(&severity(by, ""), "")
    .query(&since, "")
    .columns(&[
        ("Value #A", "Severity"),
        ("code", "Finding"),
        ("target", "Target"),
        ("Value #B", "Since"),
        ("cause", "Explained by"),
        ("instance", "Told by"),
    ])
    .column("Severity", worded(&SEVERITIES, 120))
    .column(
        "Finding",
        vec![leads("Runbook", "${runbooks}/${__value.raw}.md", true)],
    )
    .column(
        "Since",
        vec![
            ("unit", json!("dateTimeFromNow")),
            ("custom.width", json!(170)),
        ],
    )
    .column("Told by", narrow(150))
    .sorted("Severity", true)
    .no_value("Nothing is wrong.")
    .size(24, 8)
}

fn recoveries() -> [Panel; 4] {
    [
        Panel::number(
            "Recovery waits",
            "Does a run wait for a person: warrener runs approve ID?",
        )
        .query(
            "sum(warrener_recovery_open_runs{@,state=\"awaiting_approval\"})",
            "runs",
        )
        .thresholds(&[(None, NORMAL), (Some(1.0), WARNING)])
        .size(3, 6),
        Panel::number(
            "Recovery held",
            "Would recovery act, and something keeps it from it?",
        )
        .query("sum(warrener_recovery_held_runs{@})", "runs")
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION)])
        .size(3, 6),
        Panel::stack(
            "Open runs",
            "When did recovery act, wait and verify? Its dashboard is that of the configuration.",
        )
        .query(
            "sum by (state) (warrener_recovery_open_runs{@}) > 0",
            "{{state}}",
        )
        .decimals(0)
        .no_value("nothing was done")
        .size(10, 6),
        recovery::ended().size(8, 6),
    ]
}

fn made() -> [Panel; 4] {
    [
        Panel::table(
            "Components",
            "Which part takes points off, and how much does it weigh? The weighted mean of the \
             scores, capped by the worst finding, is the health score.",
        )
        .query(
            "min by (instance, component) (warrener_health_component_score{@})",
            "",
        )
        .query(
            "max by (instance, component) (warrener_health_component_weight_ratio{@})",
            "",
        )
        .query(
            "max by (instance, component) (warrener_health_component_penalty{@})",
            "",
        )
        .columns(&[
            ("component", "Component"),
            ("Value #A", "Score"),
            ("Value #B", "Weight"),
            ("Value #C", "Penalty"),
            ("instance", "Told by"),
        ])
        .column(
            "Score",
            vec![
                (
                    "thresholds",
                    json!({"mode": "absolute", "steps": steps(&BANDS)}),
                ),
                (
                    "custom.cellOptions",
                    json!({"type": "color-background", "mode": "basic"}),
                ),
            ],
        )
        .column("Weight", number("percentunit"))
        .column("Penalty", number("none"))
        .sorted("Score", false)
        .size(9, 7),
        Panel::lines(
            "Score, mean and cap",
            "Is the score low because much is a little wrong (mean), or because one thing is very \
             wrong (cap)?",
        )
        .query("min(warrener_health_score{@})", "score")
        .query("min(warrener_health_mean{@})", "mean of the components")
        .query("min(warrener_health_cap{@})", "cap by the worst finding")
        .thresholds(&BANDS)
        .threshold_lines()
        .range(0.0, 100.0)
        .series("^score$", INFORMATION)
        .series("^mean", "text")
        .limit("^cap", "purple")
        .size(7, 7),
        Panel::states(
            "What could be looked at",
            "Which part of the world was nobody able to see, and when? What can't be looked at \
             keeps the findings that it had.",
        )
        .query(
            "min by (instance, probe) (warrener_health_coverage{@})",
            "{{probe}}  {{instance}}",
        )
        .words(&[(0, "blind", CAUTION), (1, "seen", NORMAL)])
        .option("showValue", "never")
        .size(8, 7),
        Panel::stack(
            "Findings by severity",
            "Is it getting better or worse? Findings open at each time, those that a cause \
             explains included.",
        )
        .query("count by (severity) (warrener_finding{@})", "{{severity}}")
        .series("^information$", INFORMATION)
        .series("^minor$", CAUTION)
        .series("^major$", WARNING)
        .series("^critical$", CRITICAL)
        .decimals(0)
        .no_value("No finding in this time.")
        .size(24, 5),
    ]
}

fn resources() -> [Panel; 4] {
    [
        Panel::lines(
            "Disk space left",
            "How close is each disk to its limit? Share of the disk that an unprivileged process \
             may still use, and the share below which DiskLow is found.",
        )
        .query(
            "max by (instance, path) (warrener_host_disk_available_bytes{@} \
             / warrener_host_disk_total_bytes{@})",
            "{{path}}  {{instance}}",
        )
        .query("max(warrener_host_disk_available_ratio_min{@})", "limit")
        .unit("percentunit")
        .range(0.0, 1.0)
        .limit("^limit$", CRITICAL)
        .size(8, 7),
        Panel::lines(
            "Memory left",
            "How close is each host to running out of memory? Share that a new process could get \
             without swapping, and the share below which MemoryLow is found.",
        )
        .query(
            "max by (instance) (warrener_host_memory_available_bytes{@} \
             / warrener_host_memory_total_bytes{@})",
            "{{instance}}",
        )
        .query("max(warrener_host_memory_available_ratio_min{@})", "limit")
        .unit("percentunit")
        .range(0.0, 1.0)
        .limit("^limit$", CRITICAL)
        .size(8, 7),
        Panel::lines(
            "Waiting for resources",
            "Do the host's tasks wait for processor, memory or disk? Share of the time in which \
             some task waited, from the kernel's pressure figures.",
        )
        .query(
            "max by (instance, resource) (warrener_host_pressure_ratio{@,share=\"some\"})",
            "{{resource}}  {{instance}}",
        )
        .unit("percentunit")
        .size(8, 7),
        Panel::table(
            "What runs out next",
            "How much time is left before something is used up, if it goes on like this? Absent \
             while no trend is sure. Soonest first.",
        )
        .query(
            "min by (instance, what, target) (warrener_forecast_exhaustion_seconds{@,bound=\"earliest\"})",
            "",
        )
        .query(
            "min by (instance, what, target) (warrener_forecast_exhaustion_seconds{@,bound=\"likely\"})",
            "",
        )
        .query(
            "min by (instance, what, target) (warrener_forecast_exhaustion_seconds{@,bound=\"latest\"})",
            "",
        )
        .columns(&[
            ("what", "What"),
            ("target", "Where"),
            ("Value #A", "At the earliest"),
            ("Value #B", "Likely"),
            ("Value #C", "At the latest"),
            ("instance", "Told by"),
        ])
        .unit("s")
        .thresholds(&[(None, CRITICAL), (Some(3600.0), WARNING), (Some(86400.0), "text")])
        .column(
            "Likely",
            vec![("custom.cellOptions", json!({"type": "color-text"}))],
        )
        .sorted("Likely", false)
        .no_value("Nothing is about to run out.")
        .size(24, 5),
    ]
}

fn files() -> [Panel; 3] {
    [
        Panel::lines(
            "Error lines in logs",
            "Do the programs complain more than usual? New lines that the log's pattern for errors \
             fits.",
        )
        .query(
            "sum by (instance, glob) (rate(warrener_log_error_lines_total{@}[$__rate_interval]))",
            "{{glob}}  {{instance}}",
        )
        .unit("cps")
        .at_least(1.0)
        .size(8, 7),
        Panel::lines(
            "Largest log",
            "Does a log grow past its limit? The largest file of each pattern, and the size above \
             which LogOversized is found.",
        )
        .query(
            "max by (instance, glob) (warrener_log_largest_size_bytes{@})",
            "{{glob}}  {{instance}}",
        )
        .query("min(warrener_log_size_limit_bytes{@})", "smallest limit")
        .unit("bytes")
        .limit("^smallest limit$", CRITICAL)
        .size(8, 7),
        Panel::table(
            "Backups",
            "Is there a backup that is fresh, whole and not suspiciously small?",
        )
        .query(
            "time() - max by (instance, glob) (warrener_backup_newest_timestamp_seconds{@})",
            "",
        )
        .query(
            "min by (instance, glob) (warrener_backup_age_limit_seconds{@})",
            "",
        )
        .query(
            "max by (instance, glob) (warrener_backup_newest_size_bytes{@})",
            "",
        )
        .query("min by (instance, glob) (warrener_backup_verified{@})", "")
        .columns(&[
            ("glob", "Backup"),
            ("Value #A", "Age"),
            ("Value #B", "May be"),
            ("Value #C", "Size"),
            ("Value #D", "Whole"),
        ])
        .column("Age", number("s"))
        .column("May be", number("s"))
        .column("Size", number("bytes"))
        .column("Age", narrow(90))
        .column("May be", narrow(90))
        .column("Size", narrow(80))
        .column("Whole", worded(&YES_IS_GOOD, 70))
        .no_value("No backup is configured.")
        .size(8, 7),
    ]
}
