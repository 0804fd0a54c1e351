//! What the families of recovery say of a standing, value by value.

use std::sync::Arc;

use super::world::{everything, idle, limits, now, observing, standing};
use crate::model::{Outcome, RunMode, Standing};
use crate::publish::metrics::{Local, Publisher};
use crate::publish::{Encoding, Format};

/// What a publisher writes of these standings, one after the other; of the last one.
fn written(standings: &[Standing]) -> Vec<String> {
    let (snapshot, assessment) = everything();
    let local = Arc::new(Local::default());
    let mut publisher = Publisher::new(Arc::clone(&local));
    let mut exposition = None;
    for standing in standings {
        exposition = Some(publisher.publish(&snapshot, &assessment, &limits(), standing));
    }
    let (local, exposition) = (local.encode(now()), exposition.unwrap());
    let parts = exposition.serve(&local, Format::Text, Encoding::Identity);
    let text: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
    let text = String::from_utf8(text).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn has(lines: &[String], expected: &[&str]) {
    for line in expected {
        assert!(lines.iter().any(|l| l == line), "no {line} in {lines:#?}");
    }
}

fn value(lines: &[String], series: &str) -> Option<f64> {
    let line = lines.iter().find_map(|l| l.strip_prefix(series));
    line.map(|value| value.trim().parse().unwrap())
}

#[test]
fn everything_is_told_as_it_stands() {
    let lines = written(&[standing(now())]);
    has(
        &lines,
        &[
            "warrener_recovery_info{mode=\"auto\"} 1",
            "warrener_recovery_info{mode=\"off\"} 0",
            "warrener_recovery_reflex 1",
            "warrener_ledger_writable 1",
            "warrener_recovery_budget_left 9",
            "warrener_recovery_paused{target=\"\"} 0",
            "warrener_recovery_paused{target=\"worker:task-worker\"} 1",
            "warrener_recovery_runs_total{playbook=\"config-invalid\",outcome=\"rolled_back\"} 2",
            "warrener_recovery_runs_total{playbook=\"broker-down\",outcome=\"failed\"} 0",
            "warrener_recovery_success_runs{playbook=\"config-invalid\"} 8",
            "warrener_recovery_success_ratio{playbook=\"config-invalid\"} 0.25",
            "warrener_recovery_success_runs{playbook=\"broker-down\"} 0",
            "warrener_recovery_open_runs{state=\"running\"} 1",
            "warrener_recovery_open_runs{state=\"held\"} 1",
            "warrener_recovery_open_runs{state=\"verifying\"} 0",
            "warrener_recovery_run_state{run=\"8\",playbook=\"worker-unhealthy\",target=\"worker:task-worker\",state=\"held\"} 1",
            "warrener_recovery_holds_total{reason=\"cause_first\"} 3",
            "warrener_recovery_held_runs{reason=\"cause_first\"} 1",
            "warrener_recovery_held_runs{reason=\"budget\"} 0",
            "warrener_recovery_incidents_open 2",
            "warrener_recovery_pending_triggers 1",
            "warrener_alerts_received_total{as=\"trigger\"} 4",
            "warrener_alerts_received_total{as=\"not_mine\"} 0",
            "warrener_outbox_notices 2",
            "warrener_notices_total{channel=\"slack\",outcome=\"sent\"} 5",
            "warrener_notices_total{channel=\"slack\",outcome=\"failed\"} 1",
            "warrener_watchdog_last_timestamp_seconds 1759999970.0",
        ],
    );
    let of_none = "warrener_recovery_success_ratio{playbook=\"broker-down\"}";
    assert_eq!(value(&lines, of_none), None, "a share of nothing");
}

#[test]
fn times_are_cumulative_and_complete() {
    let lines = written(&[standing(now())]);
    let family = "warrener_recovery_time_to_recover_seconds";
    let playbook = "playbook=\"config-invalid\"";
    let bucket = |le: &str| {
        value(
            &lines,
            &format!("{family}_bucket{{le=\"{le}\",{playbook}}}"),
        )
    };
    let buckets = ["15.0", "30.0", "600.0", "+Inf"].map(bucket);
    let expected = [Some(0.0), Some(1.0), Some(1.0), Some(2.0)];
    assert_eq!(buckets, expected, "{lines:#?}");
    let sum = value(&lines, &format!("{family}_sum{{{playbook}}}"));
    assert_eq!(sum, Some(721.0));
    let none = value(
        &lines,
        &format!("{family}_count{{playbook=\"broker-down\"}}"),
    );
    assert_eq!(none, Some(0.0), "a playbook that never ran has a series");
}

/// Absent is not zero: neither full nor empty, neither written nor unwritable.
#[test]
fn before_the_ledger_was_read_only_what_is_known_is_told() {
    let lines = written(&[Standing::unknown(RunMode::Auto, false)]);
    has(
        &lines,
        &[
            "warrener_recovery_info{mode=\"auto\"} 1",
            "warrener_recovery_reflex 0",
            "warrener_recovery_holds_total{reason=\"budget\"} 0",
        ],
    );
    for absent in [
        "warrener_recovery_budget_left",
        "warrener_recovery_runs_total",
        "warrener_recovery_open_runs",
        "warrener_recovery_held_runs",
        "warrener_recovery_incidents_open",
        "warrener_recovery_pending_triggers",
        "warrener_recovery_paused",
        "warrener_recovery_time_to_act_seconds",
        "warrener_ledger_writable",
        "warrener_outbox_notices",
    ] {
        let told = lines.iter().find(|line| line.starts_with(absent));
        assert_eq!(told, None);
    }
}

#[test]
fn why_nothing_can_be_recorded_is_told() {
    let lines = written(&[observing(now())]);
    let failure = "warrener_ledger_failure{reason=\"disk_full\"} 1";
    has(&lines, &["warrener_ledger_writable 0", failure]);
    let fine = written(&[idle()]);
    assert_eq!(value(&fine, "warrener_ledger_failure"), None);
}

/// What the ledger forgets is no counter that falls.
#[test]
fn a_counter_does_not_fall() {
    let failed = |n| {
        let mut standing = idle();
        let outcomes = standing.outcomes.get_mut("broker-down").unwrap();
        outcomes.insert(Outcome::Failed, n);
        standing
    };
    let lines = written(&[failed(4), failed(3), failed(4)]);
    let series = "warrener_recovery_runs_total{playbook=\"broker-down\",outcome=\"failed\"}";
    assert_eq!(value(&lines, series), Some(5.0));
    let ratio = "warrener_recovery_success_runs{playbook=\"broker-down\"}";
    assert_eq!(value(&lines, ratio), Some(4.0), "of the runs that are kept");
}
