//! `warrener stress` on a real broker: what it tells, what ends it, and that nothing is left.

use testbed::{Broker, Program, wait_until};

use crate::support::{PATIENCE, broker, config, prepare, shared_broker};

fn begin(broker: &Broker, args: &[&str]) -> Program {
    // No server is asked: that none is there is told.
    let program = prepare(&["stress"]).args(args.iter().copied());
    std::fs::write(program.dir().join("warrener.yml"), config(broker, "")).unwrap();
    program.start().unwrap();
    program
}

/// The load's queues that the broker has.
fn queues(broker: &Broker) -> usize {
    // The cheap list is live, and there long before a command line is.
    let cheap = "/api/queues?disable_stats=true&enable_queue_totals=true";
    let listed = broker.management(cheap).unwrap();
    let mut names = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|queue| &queue["name"]);
    let of_load = |name: &&serde_json::Value| {
        let name = name.as_str().unwrap_or_default();
        name.starts_with("warrener.stress.")
    };
    names.by_ref().filter(of_load).count()
}

#[test]
fn a_load_is_confirmed_received_and_leaves_nothing() {
    let broker = shared_broker();
    let program = begin(
        broker,
        &["--rate", "50", "--for", "10s", "--connections", "2"],
    );
    wait_until("the queues", PATIENCE, || queues(broker) == 2).unwrap();
    let code = program.wait(PATIENCE).unwrap();
    let out = program.log();
    assert_eq!(code, Some(0), "{out}");
    for words in [
        "50 messages/s of 1.0 KiB over 2 connections",
        "refused 0",
        "until confirmed",
        "until received",
        "p99.9",
        "[####",
    ] {
        assert!(out.contains(words), "{words} in\n{out}");
    }
    assert!(out.contains("no server at http://127.0.0.1:15699"), "{out}");
    assert_eq!(queues(broker), 0);
}

#[test]
fn an_alarm_ends_it_at_once_and_the_queue_goes_all_the_same() {
    let broker = broker().start().unwrap();
    let program = begin(&broker, &["--for", "5m"]);
    wait_until("the queue", PATIENCE, || queues(&broker) == 1).unwrap();
    broker
        .ctl(&["set_vm_memory_high_watermark", "0.000001"])
        .unwrap();
    let code = program.wait(PATIENCE).unwrap();
    let out = program.log();
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("blocks publishers") && out.contains("Ended after"),
        "{out}"
    );
    wait_until("the queue to be gone", PATIENCE, || queues(&broker) == 0).unwrap();
    // And it does not begin while the alarm is up.
    let program = begin(&broker, &["--for", "5m"]);
    let code = program.wait(PATIENCE).unwrap();
    let out = program.log();
    assert!(
        code == Some(1) && out.contains("blocks publishers"),
        "{out}"
    );
    wait_until("nothing to be left", PATIENCE, || queues(&broker) == 0).unwrap();
}

#[test]
fn what_ends_it_by_a_signal_leaves_nothing_either() {
    let broker = shared_broker();
    let program = begin(broker, &["--for", "5m", "--connections", "3"]);
    wait_until("the queues", PATIENCE, || queues(broker) >= 3).unwrap();
    let before = queues(broker);
    program.terminate().unwrap();
    program.wait(PATIENCE).unwrap();
    wait_until("them to be gone", PATIENCE, || queues(broker) <= before - 3).unwrap();
}

#[test]
fn much_has_to_be_meant() {
    let program = prepare(&["stress", "--rate", "5000"]);
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    let out = program.log();
    assert!(code == Some(2) && out.contains("--yes"), "{out}");
}
