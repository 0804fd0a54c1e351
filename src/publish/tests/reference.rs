//! `docs/METRICS.md`.

use std::fmt::Write as _;

use super::golden;
use super::metrics::{Known, all};

const HEAD: &str = "# Metrics

Made from an exposition in which everything is told (`src/publish/tests`); do not edit.

Names are as they are scraped; `_total` ends a counter's. Nothing is 0 because it could not be read:
it is absent then. *Absent*, in the tables, says when a family has no sample at all:

- *`broker` fails*: while the newest reading of that probe failed (`warrener_probe_success`)
- *untold*: where who should tell it does not, such as an older broker or another source
- *none*: where there is nothing to tell of, such as no finding or no such thing configured
- *no failure*: while nothing fails

Each sample may be missing by itself for the same reasons. What only recovery's ledger knows is absent
until it was read. What several instances of warrener tell apart is Prometheus's `instance`.
";

/// The domains in their order: title, and the beginnings of the names in it.
const DOMAINS: [(&str, &[&str]); 12] = [
    ("Health", &["warrener_health_", "warrener_finding"]),
    ("Broker", &["warrener_broker_"]),
    ("Round trip", &["warrener_roundtrip_"]),
    ("Queues", &["warrener_queue_", "warrener_queues_"]),
    ("Workers", &["warrener_worker_", "warrener_workers_"]),
    (
        "Env files and variables",
        &["warrener_env_file", "warrener_config_variable"],
    ),
    ("Host", &["warrener_host_"]),
    ("Logs and backups", &["warrener_log_", "warrener_backup_"]),
    ("Forecasts", &["warrener_forecast_"]),
    (
        "Recovery",
        &[
            "warrener_recovery_",
            "warrener_ledger_",
            "warrener_alerts_",
            "warrener_watchdog_",
            "warrener_reconcile_",
            "warrener_outbox_",
            "warrener_notices",
        ],
    ),
    (
        "Probes",
        &[
            "warrener_probe_",
            "warrener_snapshot_",
            "warrener_watching_",
        ],
    ),
    (
        "warrener itself",
        &[
            "warrener_build_",
            "warrener_config_",
            "warrener_http_",
            "warrener_web_config_",
            "process_",
        ],
    ),
];

/// The first domain that a name fits.
fn domain(name: &str) -> usize {
    let fits = |(_, starts): &(&str, &[&str])| starts.iter().any(|start| name.starts_with(start));
    let found = DOMAINS.iter().position(fits);
    found.unwrap_or_else(|| panic!("{name} belongs to no domain: add one"))
}

fn row(name: &str, known: &Known) -> String {
    let Known { family, .. } = known;
    let scraped = match family.kind.as_str() {
        "counter" => format!("{name}_total"),
        _ => name.to_owned(),
    };
    let labels: Vec<_> = family.labels.iter().map(|l| format!("`{l}`")).collect();
    let mut absent: Vec<String> = known
        .needs
        .iter()
        .map(|probe| format!("`{probe}` fails"))
        .collect();
    if known.of_failures {
        absent.push("no failure".into());
    } else if known.may_be_untold {
        absent.push("untold".into());
    } else if known.may_be_none {
        absent.push("none".into());
    }
    format!(
        "| `{scraped}` | {} | {} | {} | {} | {} |\n",
        family.kind,
        family.unit,
        labels.join(", "),
        family.help.replace('|', "\\|"),
        absent.join(", ")
    )
}

#[test]
fn metrics_md_is_up_to_date() {
    let all = all();
    let mut page = HEAD.to_owned();
    for (at, (title, _)) in DOMAINS.iter().enumerate() {
        let rows: String = all
            .iter()
            .filter(|(name, _)| domain(name) == at)
            .map(|(name, known)| row(name, known))
            .collect();
        if !rows.is_empty() {
            let head =
                "| Name | Type | Unit | Labels | Meaning | Absent |\n|---|---|---|---|---|---|\n";
            write!(page, "\n## {title}\n\n{head}{rows}").unwrap();
        }
    }
    golden("docs/METRICS.md", &page);
}
