//! What recovery does and how well, for the dashboard of configuration and recovery.

use serde_json::{Value, json};

use crate::panel::{Colour, Panel};
use crate::words::{
    CAUTION, CRITICAL, INFORMATION, NONE_IS_NORMAL, NORMAL, PLAIN, WARNING, narrow, number,
};

const OUTCOMES: [(&str, Colour); 7] = [
    ("recovered", NORMAL),
    ("self_resolved", "light-green"),
    ("cancelled", INFORMATION),
    ("held", CAUTION),
    ("rolled_back", WARNING),
    ("unknown", "purple"),
    ("failed", CRITICAL),
];

/// Every open run with its state, since when.
const SINCE: &str = "1000 * max by (instance, run, playbook, target, state) \
                     (warrener_recovery_run_created_timestamp_seconds{@} * on (job, instance, run) \
                     group_right () warrener_recovery_run_state{@})";

pub(crate) fn now() -> [Panel; 8] {
    let little = |title: &str, question: &str| Panel::number(title, question).size(3, 5);
    let some_is = |colour| [(None, NORMAL), (Some(1.0), colour)];
    [
        little(
            "Mode",
            "How far may recovery go by itself? off: not at all; propose: it tells; approve: a \
             person lets it go; auto: it acts.",
        )
        .query("max by (mode) (warrener_recovery_info{@} == 1)", "{{mode}}")
        .thresholds(&[(None, INFORMATION)])
        .option("textMode", "name"),
        little("Runs under way", "Does recovery do something right now?")
            .query(
                "sum(warrener_recovery_open_runs{@,state=~\"running|verifying\"})",
                "runs",
            )
            .thresholds(&some_is(INFORMATION)),
        little(
            "Wait for a person",
            "Does a run wait to be approved: warrener runs approve ID?",
        )
        .query(
            "sum(warrener_recovery_open_runs{@,state=\"awaiting_approval\"})",
            "runs",
        )
        .thresholds(&some_is(WARNING)),
        little(
            "Held",
            "Would recovery act, and something keeps it from it?",
        )
        .query("sum(warrener_recovery_held_runs{@})", "runs")
        .thresholds(&some_is(CAUTION)),
        little(
            "Open incidents",
            "Of how many troubles is there no evidence yet that they are over?",
        )
        .query("sum(warrener_recovery_incidents_open{@})", "incidents")
        .thresholds(&some_is(CAUTION)),
        little(
            "Budget left",
            "How many runs may there be still, before somebody has to look why it is so many? The \
             least of all hosts.",
        )
        .query("min(warrener_recovery_budget_left{@})", "runs")
        .thresholds(&[(None, WARNING), (Some(1.0), CAUTION), (Some(3.0), NORMAL)]),
        little(
            "Paused",
            "Did a person pause something? Nothing is done by itself for it until it is resumed.",
        )
        .query("sum(warrener_recovery_paused{@})", "pauses")
        .thresholds(&some_is(CAUTION)),
        little(
            "Ledger",
            "Can it be written down what is done? Where it can't be, nothing is.",
        )
        .query("min(warrener_ledger_writable{@})", "ledger")
        .words(&[(0, "observing only", CRITICAL), (1, "written", NORMAL)]),
    ]
}

pub(crate) fn runs() -> [Panel; 4] {
    [
        Panel::table(
            "Open runs",
            "What does recovery do or wait for, for what, since when? warrener status says why.",
        )
        .query(SINCE, "")
        .columns(&[
            ("run", "Run"),
            ("playbook", "Playbook"),
            ("target", "Target"),
            ("state", "State"),
            ("Value #A", "Since"),
            ("instance", "Host"),
        ])
        .column("Run", narrow(70))
        .column("Since", since())
        .column("Host", narrow(150))
        .no_value("Nothing is under way.")
        .size(16, 7),
        Panel::stack(
            "Held by reason",
            "What keeps recovery from acting? docs/PLAYBOOKS.md says what each reason means.",
        )
        .query(
            "sum by (reason) (warrener_recovery_held_runs{@}) > 0",
            "{{reason}}",
        )
        .decimals(0)
        .no_value("nothing")
        .size(8, 7),
        ended().size(8, 8),
        Panel::table(
            "Success",
            "How often does a playbook help, and how sure is that? Of the runs that acted and \
             ended: the share that was verified as recovered, and what it lies between nineteen \
             times in twenty. Few runs tell little.",
        )
        .query(&of_playbook("success_runs"), "")
        .query(&of_playbook("success_ratio"), "")
        .query(&of_playbook("success_lower_ratio"), "")
        .query(&of_playbook("success_upper_ratio"), "")
        .columns(&[
            ("playbook", "Playbook"),
            ("instance", "Host"),
            ("Value #A", "Runs"),
            ("Value #B", "Recovered"),
            ("Value #C", "At least"),
            ("Value #D", "At most"),
        ])
        .column("Runs", number("none"))
        .column("Recovered", number("percentunit"))
        .column("At least", number("percentunit"))
        .column("At most", number("percentunit"))
        .no_value("No run ended yet.")
        .size(16, 8),
    ]
}

/// How the runs of the time that is shown ended.
pub(crate) fn ended() -> Panel {
    let panel = Panel::bars(
        "Runs that ended",
        "How did what recovery did in the time shown end?",
    )
    .query(
        "sum by (outcome) (round(increase(warrener_recovery_runs_total{@}[$__range]))) > 0",
        "{{outcome}}",
    )
    .decimals(0)
    .no_value("none");
    let coloured =
        |panel: Panel, (name, colour): &(&str, Colour)| panel.series(&format!("^{name}$"), colour);
    OUTCOMES.iter().fold(panel, coloured)
}

pub(crate) fn speed() -> [Panel; 3] {
    [
        Panel::table(
            "How fast",
            "How long does it take from the beginning of a trouble until something is done, and \
             until it is verified to be over? Half and nine in ten of the runs that recovered in \
             the time shown.",
        )
        .query(&quantile(0.5, "act"), "")
        .query(&quantile(0.9, "act"), "")
        .query(&quantile(0.5, "recover"), "")
        .query(&quantile(0.9, "recover"), "")
        .columns(&[
            ("playbook", "Playbook"),
            ("Value #A", "To act, half"),
            ("Value #B", "To act, 9 in 10"),
            ("Value #C", "To recover, half"),
            ("Value #D", "To recover, 9 in 10"),
        ])
        .unit("s")
        .thresholds(&[(None, PLAIN)])
        .no_value("Nothing recovered in this time.")
        .size(12, 7),
        Panel::lines("Holds", "What gets in the way of recovery, and how often?")
            .query(
                "sum by (reason) (rate(warrener_recovery_holds_total{@}[$__rate_interval])) > 0",
                "{{reason}}",
            )
            .unit("cps")
            .no_value("nothing")
            .size(6, 7),
        Panel::table(
            "Incidents",
            "Which troubles are open for recovery, since when?",
        )
        .query(
            "1000 * max by (instance, code, target) \
             (warrener_recovery_incident_opened_timestamp_seconds{@})",
            "",
        )
        .columns(&[
            ("code", "Trouble"),
            ("target", "Target"),
            ("Value #A", "Since"),
        ])
        .column("Since", vec![("unit", json!("dateTimeFromNow"))])
        .no_value("None is open.")
        .size(6, 7),
    ]
}

/// How it is asked, and how it tells.
pub(crate) fn ways() -> [Panel; 4] {
    [
        Panel::lines(
            "Alerts taken in",
            "Does Alertmanager reach warrener, and what becomes of its alerts? What is quarantined \
             can't be understood.",
        )
        .query(
            "sum by (as) (rate(warrener_alerts_received_total{@}[$__rate_interval]))",
            "{{as}}",
        )
        .unit("cps")
        .size(8, 7),
        Panel::table(
            "Heartbeats",
            "When did the watchdog come last, when was Alertmanager asked, and since when does a \
             notice wait?",
        )
        .query(&instant("warrener_watchdog_last_timestamp_seconds"), "")
        .query(&instant("warrener_reconcile_last_timestamp_seconds"), "")
        .query(&instant("warrener_outbox_oldest_timestamp_seconds"), "")
        .columns(&[
            ("instance", "Host"),
            ("Value #A", "Watchdog"),
            ("Value #B", "Asked"),
            ("Value #C", "Notice waits since"),
        ])
        .unit("dateTimeFromNow")
        .thresholds(&[(None, PLAIN)])
        .no_value("Nothing came, nothing waits.")
        .size(8, 7),
        Panel::number(
            "Notices waiting",
            "Is there a message that no channel took?",
        )
        .query("sum(warrener_outbox_notices{@})", "notices")
        .thresholds(&NONE_IS_NORMAL)
        .size(2, 7),
        Panel::lines("Notices", "Do the channels take what they are sent?")
            .query(
                "sum by (channel, outcome) (rate(warrener_notices_total{@}[$__rate_interval]))",
                "{{channel}}  {{outcome}}",
            )
            .unit("cps")
            .size(6, 7),
    ]
}

fn since() -> Vec<(&'static str, Value)> {
    vec![
        ("unit", json!("dateTimeFromNow")),
        ("custom.width", json!(170)),
    ]
}

fn of_playbook(metric: &str) -> String {
    format!("max by (instance, playbook) (warrener_recovery_{metric}{{@}})")
}

fn instant(metric: &str) -> String {
    format!("1000 * max by (instance) ({metric}{{@}})")
}

fn quantile(share: f64, until: &str) -> String {
    let metric = format!("warrener_recovery_time_to_{until}_seconds_bucket");
    format!(
        "histogram_quantile({share}, sum by (playbook, le) (increase({metric}{{@}}[$__range]))) > 0"
    )
}
