//! Workers that die, hang, lose their consumer or their configuration. Every fault is made in a
//! real process on a real broker, is named for what it is, and clears when it is undone.

use std::time::Duration;

use testbed::{Fault, tool};

use crate::support::fleet::{Fleet, findings, fleet, readings, score};
use crate::support::{Exposition, broker, shared_broker};

#[test]
fn a_killed_worker_is_down_at_once_and_back_when_it_is() {
    let fleet = fleet(shared_broker(), "killed").start();
    let before = readings(&fleet.warrener.metrics());
    fleet.workers[0].kill().unwrap();
    let m = fleet.wait_finding("WorkerDown", "critical");
    assert!(
        readings(&m) - before <= 3.0,
        "seen after {} readings",
        readings(&m) - before
    );
    assert!(score(&m) <= 49.0);
    assert_eq!(
        fleet.of_worker(&m, "warrener_worker_exits_total"),
        Some(1.0)
    );
    assert_eq!(
        fleet.of_worker(&m, "warrener_worker_processes_desired"),
        Some(1.0)
    );
    fleet.workers[0].start_again().unwrap();
    let m = fleet.wait_healthy();
    assert_eq!(
        fleet.of_worker(&m, "warrener_worker_restarts_total"),
        Some(1.0)
    );
}

#[test]
fn one_of_three_missing_is_minor() {
    let mut plan = fleet(shared_broker(), "missing");
    plan.count = 3;
    let fleet = plan.start();
    fleet.workers[1].kill().unwrap();
    let m = fleet.wait_finding("WorkerMissing", "minor");
    assert!((70.0..=89.0).contains(&score(&m)), "{}", score(&m));
    fleet.workers[1].start_again().unwrap();
    fleet.wait_healthy();
}

#[test]
fn a_frozen_worker_with_prefetched_messages_is_hung() {
    let fleet = fleet(shared_broker(), "frozen").start();
    fleet.workers[0].freeze().unwrap();
    fleet.broker.publish("frozen", 50).unwrap();
    let m = fleet.wait_finding("WorkerHung", "major");
    assert_eq!(fleet.verdicts(&m, "stopped"), Some(1.0));
    assert_eq!(
        m.get(
            "warrener_worker_processes",
            &[("worker", "frozen"), ("state", "stopped")]
        ),
        Some(1.0)
    );
    assert!(score(&m) <= 69.0);
    fleet.workers[0].thaw().unwrap();
    fleet.wait_healthy();
}

#[test]
fn a_spinning_worker_is_hung() {
    let mut plan = fleet(shared_broker(), "spinning");
    plan.fault = Some(Fault::Spin);
    // A busy test machine leaves it less than a core.
    plan.kind = "hang: {no_ack_for: 4s, cpu_spin: 0.05}";
    let fleet = plan.start();
    // It takes messages that it will never acknowledge: it works on one when the fault begins.
    fleet.broker.publish("spinning", 400).unwrap();
    fleet.workers[0].begin_fault().unwrap();
    let m = fleet.wait_finding("WorkerHung", "major");
    assert_eq!(fleet.verdicts(&m, "spinning"), Some(1.0), "{}", m.text);
    fleet.workers[0].kill().unwrap();
    fleet.wait_finding("WorkerDown", "critical");
}

#[test]
fn a_worker_that_acknowledges_nothing_is_stalled() {
    let mut plan = fleet(shared_broker(), "stalled");
    plan.fault = Some(Fault::NeverAck);
    let fleet = plan.start();
    fleet.workers[0].begin_fault().unwrap();
    fleet.broker.publish("stalled", 50).unwrap();
    let m = fleet.wait_finding("WorkerHung", "major");
    assert_eq!(fleet.verdicts(&m, "stalled"), Some(1.0), "{}", m.text);
}

#[test]
fn a_worker_without_its_consumer_is_disconnected() {
    let mut plan = fleet(shared_broker(), "cancelled");
    plan.fault = Some(Fault::CancelConsumer);
    let fleet = plan.start();
    fleet.workers[0].begin_fault().unwrap();
    let m = fleet.wait_finding("WorkerDisconnected", "major");
    assert_eq!(fleet.verdicts(&m, "disconnected"), Some(1.0));
    assert_eq!(
        fleet.of_worker(&m, "warrener_worker_broker_connections"),
        Some(1.0)
    );
    fleet.workers[0].kill().unwrap();
    fleet.workers[0].start_again().unwrap();
    fleet.wait_healthy();
}

#[test]
fn a_slow_worker_that_acknowledges_is_left_alone() {
    let mut plan = fleet(shared_broker(), "slow");
    (plan.prefetch, plan.work) = (1, Duration::from_secs(2));
    let fleet = plan.start();
    fleet.broker.publish("slow", 30).unwrap();
    let before = fleet.of_worker(
        &fleet.warrener.metrics(),
        "warrener_worker_messages_acked_total",
    );
    // Long enough for two windows of 4 s, counted by what it got done.
    let m = fleet.warrener.wait("ten acknowledgements", |m| {
        let hung = findings(m).iter().any(|code| code == "WorkerHung");
        assert!(!hung, "{}", m.text);
        let acked = fleet.of_worker(m, "warrener_worker_messages_acked_total");
        acked
            .zip(before)
            .is_some_and(|(now, before)| now >= before + 10.0)
    });
    assert_eq!(fleet.verdicts(&m, "stalled"), Some(0.0));
    assert_eq!(score(&m), 100.0, "{:?}", findings(&m));
}

#[test]
fn an_emptied_env_is_a_broken_file_and_drift_while_the_workers_run_on() {
    for (name, reads_file) in [("emptied-exported", false), ("emptied-read", true)] {
        let mut plan = fleet(shared_broker(), name);
        plan.reads_file = reads_file;
        let fleet = plan.start();
        let before = readings(&fleet.warrener.metrics());
        fleet.empty_the_env();
        let target = format!("env_file:{}", fleet.env().display());
        let m = fleet.wait_finding_of("ConfigInvalid", &target, "critical");
        assert!(readings(&m) - before <= 3.0);
        let m = fleet.wait_finding("WorkerConfigDrift", "major");
        assert_eq!(
            Fleet::cause(&m, "WorkerConfigDrift").as_deref(),
            Some("ConfigInvalid")
        );
        // The broker's URL comes from the same file: the broker is as healthy as before.
        assert_eq!(
            m.get(
                "warrener_health_component_score",
                &[("component", "broker")]
            ),
            Some(100.0)
        );
        assert!(
            !findings(&m).iter().any(|code| code.starts_with("Broker")),
            "{:?}",
            findings(&m)
        );
        fleet.restore_the_env();
        fleet.wait_healthy();
    }
}

#[test]
fn workers_restarted_on_their_defaults_are_the_broken_files_symptom() {
    let fleet = fleet(shared_broker(), "defaults").start();
    fleet.empty_the_env();
    // It falls back to localhost:5672, where nobody listens.
    fleet.workers[0].kill().unwrap();
    fleet.workers[0].start_again().unwrap();
    let m = fleet.wait_finding("WorkerDisconnected", "major");
    assert_eq!(
        Fleet::cause(&m, "WorkerDisconnected").as_deref(),
        Some("ConfigInvalid")
    );
    assert!(score(&m) <= 49.0);
    fleet.restore_the_env();
    fleet.workers[0].kill().unwrap();
    fleet.workers[0].start_again().unwrap();
    fleet.wait_healthy();
}

/// Killed, and its parent does not take notice: it is in the process table, and does nothing.
#[test]
fn a_zombie_is_no_running_worker() {
    let fleet = fleet(shared_broker(), "zombie").start();
    let pid = fleet.workers[0].pid().unwrap();
    tool(None, "kill", &["-9", &pid.to_string()], "").unwrap();
    let m = fleet.wait_finding("WorkerDown", "critical");
    let state = [("worker", "zombie"), ("state", "zombie")];
    assert_eq!(m.get("warrener_worker_processes", &state), Some(1.0));
    assert_eq!(
        fleet.of_worker(&m, "warrener_worker_processes_running"),
        Some(0.0)
    );
    // Asked whether it runs, the parent takes notice.
    assert!(!fleet.workers[0].is_running());
    fleet.workers[0].start_again().unwrap();
    fleet.wait_healthy();
}

#[test]
fn a_worker_with_a_child_that_nobody_reaps_works_on() {
    let mut plan = fleet(shared_broker(), "parent");
    plan.fault = Some(Fault::ZombieChild);
    let fleet = plan.start();
    fleet.workers[0].begin_fault().unwrap();
    fleet.broker.publish("parent", 200).unwrap();
    let m = fleet.warrener.wait("the messages' end", |m| {
        fleet.of_worker(m, "warrener_worker_messages_acked_total") == Some(200.0)
    });
    assert_eq!(score(&m), 100.0, "{:?}", findings(&m));
}

#[test]
fn a_queue_without_consumers_and_one_with_too_much_in_it_are_told() {
    let mut plan = fleet(shared_broker(), "backlog");
    plan.work = Duration::from_secs(1);
    plan.more = "  pinned:\n    backlog: {max_ready: 100, min_consumers: 1}\n".into();
    let fleet = plan.start();
    fleet.broker.publish("backlog", 200).unwrap();
    fleet.wait_finding_of("QueueBacklog", "queue:%2F:backlog", "minor");
    fleet.broker.publish("backlog", 500).unwrap();
    fleet.wait_finding_of("QueueBacklog", "queue:%2F:backlog", "major");
    fleet.workers[0].kill().unwrap();
    let m = fleet.wait_finding_of("QueueWithoutConsumers", "queue:%2F:backlog", "major");
    // A dead worker is why nobody consumes: it counts once.
    assert_eq!(
        Fleet::cause(&m, "QueueWithoutConsumers").as_deref(),
        Some("WorkerDown")
    );
    assert_eq!(
        m.get(
            "warrener_queue_messages_ready_limit",
            &[("queue", "backlog")]
        ),
        Some(100.0)
    );
    fleet.broker.ctl(&["purge_queue", "backlog"]).unwrap();
    fleet.workers[0].start_again().unwrap();
    fleet.wait_healthy();
}

/// With its statistics off the broker does not tell who consumes what: nobody is called hung.
#[test]
fn a_broker_that_can_not_tell_gets_nobody_called_hung() {
    let broker = broker()
        .conf("management.disable_stats = true\nmanagement.enable_queue_totals = true\n")
        .start()
        .unwrap();
    let mut plan = fleet(&broker, "untold");
    plan.fault = Some(Fault::NeverAck);
    let fleet = plan.start_unwatched();
    let w = &fleet.warrener;
    w.wait("the worker", |m| {
        fleet.of_worker(m, "warrener_worker_processes_running") == Some(1.0)
            && m.get(
                "warrener_workers_channels_failure",
                &[("reason", "unsupported")],
            ) == Some(1.0)
    });
    fleet.workers[0].begin_fault().unwrap();
    fleet.broker.publish("untold", 50).unwrap();
    let after = readings(&w.metrics()) + 20.0;
    let m = w.wait("twenty more readings", |m| readings(m) >= after);
    assert_eq!(fleet.verdicts(&m, "unknown"), Some(1.0));
    assert_eq!(fleet.of_worker(&m, "warrener_worker_consumers"), None);
    assert!(
        !findings(&m).contains(&"WorkerHung".to_owned()),
        "{:?}",
        findings(&m)
    );
}

/// The probe's turn is far away; the death of a process is not waited for so long.
#[test]
fn an_exit_brings_the_next_reading_forward() {
    let mut plan = fleet(shared_broker(), "exit");
    plan.every = "50s";
    let fleet = plan.start_unwatched();
    let read_at = |m: &Exposition| {
        m.get(
            "warrener_probe_last_success_timestamp_seconds",
            &[("probe", "workers")],
        )
    };
    let before = fleet.warrener.wait("the worker", |m| {
        fleet.of_worker(m, "warrener_worker_processes_running") == Some(1.0)
    });
    fleet.workers[0].kill().unwrap();
    let after = fleet.wait_finding("WorkerDown", "critical");
    let passed = read_at(&after).unwrap() - read_at(&before).unwrap();
    assert!(passed < 50.0, "{passed} s between the two readings");
    assert_eq!(readings(&after), readings(&before) + 1.0);
}

/// Without the tag `monitoring` the broker shows a user's own connections only, and does not say
/// so: another user's workers would look as if they had lost their consumers.
#[test]
fn a_user_who_may_not_see_everything_calls_nobody_disconnected() {
    let broker = shared_broker();
    for args in [
        &["add_user", "narrow", "narrow"][..],
        &["set_user_tags", "narrow", "management"],
        &["set_permissions", "-p", "/", "narrow", ".*", ".*", ".*"],
    ] {
        broker.ctl(args).unwrap();
    }
    let mut plan = fleet(broker, "narrow");
    plan.user = "narrow";
    let fleet = plan.start_unwatched();
    let m = fleet.warrener.wait("the reason", |m| {
        m.get("warrener_workers_channels_failure", &[("reason", "access")]) == Some(1.0)
            && fleet.of_worker(m, "warrener_worker_processes_running") == Some(1.0)
    });
    assert_eq!(fleet.of_worker(&m, "warrener_worker_consumers"), None);
    let log = fleet.warrener.program.log();
    assert!(log.contains("tag monitoring"), "{log}");
    broker
        .ctl(&["set_user_tags", "narrow", "monitoring"])
        .unwrap();
    fleet.wait_healthy();
}
