//! What breaks is repaired and verified: by findings alone, without Alertmanager.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::ward::{Care, Ward, steps};

/// Long enough for every rung on a busy machine.
const REPAIRED: Duration = Duration::from_secs(150);

fn outcome(run: &Value) -> &str {
    run["outcome"].as_str().unwrap_or_default()
}

#[test]
fn workers_that_never_ran_are_started_and_one_that_is_killed_comes_back() {
    let ward = Care::default().start();
    let first = ward.wait_over("worker-unhealthy", 0, REPAIRED);
    assert_eq!(outcome(&first), "recovered", "{first:#}");
    let sent = ward.broker.publish("task", 200).unwrap();
    let (after, before) = (ward.newest(), ward.pids("task"));
    assert_eq!(before.len(), 2);
    Ward::signal(before[0], Signal::KILL);
    let run = ward.wait_over("worker-unhealthy", after, REPAIRED);
    assert_eq!(outcome(&run), "recovered", "{run:#}");
    let whole = ward.run(run["id"].as_i64().unwrap());
    assert_eq!(
        steps(&whole),
        [("worker.start".to_owned(), "done".to_owned())]
    );
    ward.wait_well("both workers again");
    let now = ward.pids("task");
    assert!(now.contains(&before[1]) && !now.contains(&before[0]) && now.len() == 2);
    ward.wait_worked("task", &sent);
}

#[test]
fn a_frozen_worker_is_replaced_and_no_message_lost() {
    let ward = Care::default().start();
    let (after, before) = (ward.newest(), ward.pids("task"));
    Ward::signal(before[0], Signal::STOP);
    let sent = ward.broker.publish("task", 500).unwrap();
    let run = ward.wait_over("worker-unhealthy", after, REPAIRED);
    assert_eq!(
        outcome(&run),
        "recovered",
        "{:#}",
        ward.run(run["id"].as_i64().unwrap())
    );
    ward.wait_well("both workers again");
    let now = ward.pids("task");
    assert!(
        now.len() == 2 && !now.contains(&before[0]) && now.contains(&before[1]),
        "{before:?} {now:?}"
    );
    ward.wait_worked("task", &sent);
}

#[test]
fn the_incident_of_the_design_ends_by_itself() {
    let ward = Care::default().start();
    ward.wait_known_good();
    let after = ward.newest();
    let good = std::fs::read(ward.env_file()).unwrap();
    let emptied = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
    std::fs::write(ward.env_file(), emptied).unwrap();
    let run = ward.wait_over("config-invalid", after, REPAIRED);
    assert_eq!(
        outcome(&run),
        "recovered",
        "{:#}",
        ward.run(run["id"].as_i64().unwrap())
    );
    assert_eq!(std::fs::read(ward.env_file()).unwrap(), good);
    ward.wait_well("the fleet again");
}

#[test]
fn a_broker_that_is_killed_is_restarted_and_all_is_well_again() {
    let ward = Care {
        restarts_broker: true,
        ..Care::default()
    }
    .start();
    let after = ward.newest();
    let sent = ward.broker.publish("task", 100).unwrap();
    ward.broker.kill().unwrap();
    let run = ward.wait_over("broker-down", after, REPAIRED);
    assert_eq!(
        outcome(&run),
        "recovered",
        "{:#}",
        ward.run(run["id"].as_i64().unwrap())
    );
    ward.wait_well("the fleet again");
    ward.wait_worked("task", &sent);
}

#[test]
fn what_is_paused_is_left_alone_until_it_is_not() {
    let ward = Care::default().start();
    let (status, answer) = ward.act(
        "/api/v1/pause",
        &json!({"target": "worker:task", "reason": "a story"}),
    );
    assert_eq!(status, 200, "{answer}");
    let after = ward.newest();
    let before = ward.pids("task");
    Ward::signal(before[0], Signal::KILL);
    ward.warrener.wait("the run held", |m| {
        m.get("warrener_recovery_held_runs", &[("reason", "paused")]) == Some(1.0)
    });
    assert_eq!(ward.pids("task").len(), 1);
    let (status, answer) = ward.act("/api/v1/resume", &json!({"target": "worker:task"}));
    assert_eq!(status, 200, "{answer}");
    // Symptoms have runs of their own, which end with it; whichever is looked at, the worker is back.
    let run = ward.wait_over("worker-unhealthy", after, REPAIRED);
    let over = ["recovered", "self_resolved"];
    assert!(over.contains(&outcome(&run)), "{run:#}");
    ward.wait_well("both workers again");
}
