//! The sample worker and its faults.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use testbed::{Broker, Environment, Fault, Worker, WorkerConfig, wait_until};

use crate::support::SOON;

fn consumers(broker: &Broker, queue: &str, n: u32) {
    wait_until(&format!("{n} consumers of {queue}"), SOON, || {
        let seen = broker
            .depth(queue)
            .map_err(|error| error.to_string())?
            .consumers;
        (seen == n).then_some(()).ok_or_else(|| format!("{seen}"))
    })
    .unwrap();
}

#[test]
fn workers_consume_and_have_the_faults_they_are_told() {
    let broker = Broker::builder()
        .plugins(&["rabbitmq_management"])
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join(".env");
    let text = format!(
        "RABBITMQ_HOST=127.0.0.1\nRABBITMQ_PORT={}\nRABBITMQ_USER=guest\nRABBITMQ_PASS=guest\n",
        broker.amqp_port()
    );
    fs::write(&env, &text).unwrap();
    let config = |kind: &str, fault: Option<Fault>| WorkerConfig {
        work: Duration::from_millis(1),
        fault,
        ..WorkerConfig::new(kind, kind, Environment::File(env.clone()))
    };

    // A healthy one takes everything, says who it is, and stops orderly.
    broker.declare("task", &Value::Null).unwrap();
    let sent = broker.publish("task", 20).unwrap();
    let worker = Worker::spawn(config("task", None)).unwrap();
    wait_until("all messages", SOON, || worker.messages() == sent).unwrap();
    let name = format!("task-{}", worker.pid().unwrap());
    wait_until("its connection name", SOON, || {
        let connections = broker.management("/api/connections").ok()?;
        let mut all = connections.as_array()?.iter();
        all.find(|one| one["client_properties"]["connection_name"] == *name)
            .map(drop)
    })
    .unwrap();

    // With its lines emptied it falls back to its defaults, silently, and goes away.
    fs::write(
        &env,
        "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n",
    )
    .unwrap();
    worker.stop().unwrap();
    worker.start_again().unwrap();
    consumers(&broker, "task", 0);
    fs::write(&env, &text).unwrap();
    worker.kill().unwrap();
    worker.start_again().unwrap();
    consumers(&broker, "task", 1);

    // One that began well and then spins holds its message and stays connected.
    let spinning = WorkerConfig {
        fault_on_signal: true,
        ..config("spin", Some(Fault::Spin))
    };
    let spinning = Worker::spawn(spinning).unwrap();
    wait_until("its queue", SOON, || broker.depth("spin").is_ok()).unwrap();
    consumers(&broker, "spin", 1);
    spinning.begin_fault().unwrap();
    spins(spinning.pid().unwrap());
    broker.publish("spin", 2).unwrap();
    assert!(spinning.is_running() && spinning.messages().is_empty());
    consumers(&broker, "spin", 1);
    spinning.kill().unwrap();

    // One that cancels its consumer lives on.
    let deaf = Worker::spawn(config("deaf", Some(Fault::CancelConsumer))).unwrap();
    wait_until("its queue", SOON, || broker.depth("deaf").is_ok()).unwrap();
    consumers(&broker, "deaf", 0);
    assert!(deaf.is_running());

    let early = Worker::spawn(config("early", Some(Fault::ExitAtStart))).unwrap();
    wait_until("its end", SOON, || !early.is_running()).unwrap();
}

/// Waits until a process has used a good part of a second of processor time.
fn spins(pid: u32) {
    wait_until("processor time", SOON, || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let ticks: u64 = stat
            .rsplit(')')
            .next()?
            .split_whitespace()
            .nth(11)?
            .parse()
            .ok()?;
        (ticks > 30).then_some(())
    })
    .unwrap();
}
