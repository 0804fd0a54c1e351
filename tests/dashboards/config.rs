//! The env files, the workers that run with them, recovery, and warrener's own configuration.

use serde_json::{Value, json};

use crate::board::{Board, beside};
use crate::panel::Panel;
use crate::recovery;
use crate::words::{
    CAUTION, CRITICAL, NONE_IS_NORMAL, NORMAL, SEVERITIES, WARNING, YES_IS_GOOD, leads, narrow,
    severity, worded,
};

pub(crate) fn build() -> (&'static str, Value) {
    Board::new(
        "warrener-config",
        "Is the configuration whole, does everybody run with it, and what does recovery do?",
    )
    .variable(
        "path",
        "Env file",
        "label_values(warrener_env_file_exists{@}, path)",
    )
    .times(
        "Env file changes",
        "warrener_env_file_changed_timestamp_seconds{@}",
        "Env file changed",
        "{{path}}",
    )
    .times(
        "Configuration loaded",
        "warrener_config_last_reload_success_timestamp_seconds{@}",
        "warrener.yml loaded",
        "{{instance}}",
    )
    .runs()
    .row("", now())
    .row("Env files", files())
    .row("Those who run with them", users())
    .row("Recovery", recovery::now())
    .row("", recovery::runs())
    .row("", recovery::speed())
    .row("How recovery is asked, and how it tells", recovery::ways())
    .row("warrener.yml", own())
    .build()
}

/// `metric` of the chosen env files.
fn file(metric: &str) -> String {
    format!("max by (instance, path) ({metric}{{@,path=~\"$path\"}})")
}

fn now() -> [Panel; 7] {
    [
        Panel::number("Env files missing", "Is an env file gone?")
            .query(
                &format!("sum({} == bool 0)", file("warrener_env_file_exists")),
                "missing",
            )
            .thresholds(&NONE_IS_NORMAL)
            .no_value("none is configured")
            .size(3, 5),
        Panel::number("Broken keys", "Is a key missing, empty or malformed?")
            .query(
                &format!("sum({})", file("warrener_env_file_violations")),
                "keys",
            )
            .thresholds(&NONE_IS_NORMAL)
            .size(4, 5),
        Panel::number(
            "Login with the file's values",
            "Do the values that a worker would start with open the broker's door?",
        )
        .query(
            "min(warrener_env_file_login_success{@,path=~\"$path\"})",
            "login",
        )
        .words(&[(0, "refused", CRITICAL), (1, "works", NORMAL)])
        .no_value("not tried")
        .size(4, 5),
        Panel::number(
            "Env files too open",
            "May others read or change an env file who should not?",
        )
        .query(
            "count(warrener_env_file_insecurity{@,path=~\"$path\"})",
            "env files",
        )
        .thresholds(&[(None, NORMAL), (Some(1.0), CAUTION)])
        .no_value("none")
        .size(3, 5),
        Panel::number(
            "Outdated processes",
            "Does anybody still run with what the file no longer says?",
        )
        .query("sum(warrener_worker_processes_drifted{@})", "processes")
        .thresholds(&[(None, NORMAL), (Some(1.0), WARNING)])
        .size(4, 5),
        Panel::number(
            "warrener.yml",
            "Does warrener run with the newest warrener.yml, or was that rejected and an older one \
             stays in force?",
        )
        .query(
            "min(warrener_config_last_reload_successful{@})",
            "warrener.yml",
        )
        .words(&[(0, "rejected", WARNING), (1, "accepted", NORMAL)])
        .size(3, 5),
        Panel::number(
            "Unset variables",
            "Does warrener.yml name a variable that is set nowhere?",
        )
        .query("max(warrener_config_variables_unresolved{@})", "variables")
        .thresholds(&NONE_IS_NORMAL)
        .size(3, 5),
    ]
}

fn files() -> [Panel; 5] {
    [
        Panel::table(
            "Env files",
            "Which env file is in what state, and is there something to repair it from? The last \
             known good content passed its schema, logged in, and kept its workers stable.",
        )
        .query(&file("warrener_env_file_exists"), "")
        .query(&file("warrener_env_file_readable"), "")
        .query(&file("warrener_env_file_violations"), "")
        .query(&file("warrener_env_file_login_success"), "")
        .query(
            &format!(
                "1000 * {}",
                file("warrener_env_file_changed_timestamp_seconds")
            ),
            "",
        )
        .query(
            &format!(
                "1000 * {}",
                file("warrener_env_file_last_known_good_timestamp_seconds")
            ),
            "",
        )
        .columns(&[
            ("path", "Env file"),
            ("instance", "Host"),
            ("Value #A", "There"),
            ("Value #B", "Readable"),
            ("Value #C", "Violations"),
            ("Value #D", "Login"),
            ("Value #E", "Changed"),
            ("Value #F", "Last known good"),
        ])
        .column("There", worded(&YES_IS_GOOD, 80))
        .column("Readable", worded(&YES_IS_GOOD, 90))
        .column(
            "Login",
            worded(&[(0, "refused", CRITICAL), (1, "works", NORMAL)], 90),
        )
        .column("Host", narrow(150))
        .column("Changed", vec![("unit", json!("dateTimeFromNow"))])
        .column("Last known good", vec![("unit", json!("dateTimeFromNow"))])
        .thresholds(&[(None, "text"), (Some(1.0), CRITICAL)])
        .column(
            "Violations",
            vec![("custom.cellOptions", json!({"type": "color-text"}))],
        )
        .no_value("No env file is configured.")
        .size(24, 6),
        Panel::table(
            "Keys that break the schema",
            "Which line do I have to repair? Missing, empty, malformed, or asked for by a rule.",
        )
        .query(
            "max by (instance, path, key, kind) (warrener_env_file_violation{@,path=~\"$path\"})",
            "",
        )
        .columns(&[
            ("key", "Key"),
            ("kind", "What is wrong"),
            ("path", "Env file"),
            ("instance", "Host"),
        ])
        .column("What is wrong", narrow(120))
        .column("Host", narrow(100))
        .no_value("Every key fits its schema.")
        .size(10, 7),
        Panel::table(
            "Too open",
            "What lets others in: the file's mode, or its owner?",
        )
        .query(
            "max by (instance, path, kind) (warrener_env_file_insecurity{@,path=~\"$path\"})",
            "",
        )
        .columns(&[
            ("path", "Env file"),
            ("kind", "By its"),
            ("instance", "Host"),
        ])
        .no_value("No env file lets others in.")
        .size(6, 7),
        Panel::lines(
            "Violations over time",
            "When did it break, and when was it whole again?",
        )
        .query(
            &file("warrener_env_file_violations"),
            "{{path}}  {{instance}}",
        )
        .decimals(0)
        .size(8, 7),
        Panel::states(
            "What was found about the configuration",
            "Since when is the configuration invalid, insecure, changed, or not what the workers \
             run with?",
        )
        .query(
            &severity("code, target", ",code=~\"Config.*|WorkerConfigDrift\""),
            "{{code}}  {{target}}",
        )
        .words(&SEVERITIES)
        .no_value("Nothing was found about the configuration in this time.")
        .size(24, 6),
    ]
}

fn users() -> [Panel; 4] {
    [
        Panel::lines(
            "Processes with an old configuration",
            "Who has not been restarted since the file changed?",
        )
        .query(
            "max by (instance, worker) (warrener_worker_processes_drifted{@})",
            "{{worker}}  {{instance}}",
        )
        .decimals(0)
        .size(8, 7),
        Panel::states(
            "Login in use by warrener",
            "Does warrener itself run on the login that last worked, because the configured one is \
             empty or refused?",
        )
        .query("max(warrener_broker_login_fallback{@})", "nodes")
        .query("max(warrener_queues_login_fallback{@})", "queues")
        .query("max(warrener_roundtrip_login_fallback{@})", "round trip")
        .words(&[(0, "configured", NORMAL), (1, "last known good", WARNING)])
        .size(8, 7),
        Panel::table(
            "Why the configured login is not used",
            "What is wrong with the configured login?",
        )
        .query(
            "count by (instance, reason) (warrener_broker_configured_login_failure{@})",
            "",
        )
        .query(
            "count by (instance, reason) (warrener_queues_configured_login_failure{@})",
            "",
        )
        .query(
            "count by (instance, reason) (warrener_roundtrip_configured_login_failure{@})",
            "",
        )
        .columns(&[
            ("reason", "Reason"),
            ("Value #A", "Nodes"),
            ("Value #B", "Queues"),
            ("Value #C", "Round trip"),
            ("instance", "Host"),
        ])
        .no_value("The configured login is used.")
        .size(8, 7),
        Panel::lines(
            "Logins refused by the broker",
            "Does anybody knock with a wrong password? Workers with a broken configuration do, \
             again and again.",
        )
        .query(
            "sum(max by (node) (rate(warrener_broker_node_auth_failures_total{@}[$__rate_interval])))",
            "logins refused",
        )
        .unit("cps")
        .at_least(1.0)
        .colour(CRITICAL)
        .size(24, 5),
    ]
}

fn own() -> [Panel; 3] {
    [
        Panel::states(
            "warrener.yml over time",
            "When was a new warrener.yml rejected?",
        )
        .query(
            "min by (instance) (warrener_config_last_reload_successful{@})",
            "{{instance}}",
        )
        .words(&[(0, "rejected", WARNING), (1, "accepted", NORMAL)])
        .size(8, 6),
        Panel::table(
            "Variables without a value",
            "Which variable of warrener.yml has no value, and is it unset or empty?",
        )
        .query(
            "max by (instance, variable, why) (warrener_config_variable_unresolved{@})",
            "",
        )
        .columns(&[
            ("variable", "Variable"),
            ("why", "Why"),
            ("instance", "Host"),
        ])
        .no_value("Every variable has a value.")
        .size(8, 6),
        Panel::table(
            "Loaded",
            "Since when is which configuration in force, and how often was one rejected?",
        )
        .query(
            "1000 * max by (instance) (warrener_config_last_reload_success_timestamp_seconds{@})",
            "",
        )
        .query(
            "max by (instance) (warrener_config_reloads_total{@,outcome=\"accepted\"})",
            "",
        )
        .query(
            "max by (instance) (warrener_config_reloads_total{@,outcome=\"rejected\"})",
            "",
        )
        .columns(&[
            ("instance", "Host"),
            ("Value #A", "In force since"),
            ("Value #B", "Accepted"),
            ("Value #C", "Rejected"),
        ])
        .column("In force since", vec![("unit", json!("dateTimeFromNow"))])
        .column(
            "Host",
            vec![leads(
                "warrener itself",
                &beside("warrener-self", ""),
                false,
            )],
        )
        .size(8, 6),
    ]
}
