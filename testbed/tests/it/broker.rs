//! One node: starting, stopping, freezing, starting again.

use serde_json::{Value, json};
use testbed::{Broker, http, wait_until};

use crate::support::{SOON, assert_gone, processes_of, releases};

#[test]
fn every_release_starts_serves_stops_and_leaves_nothing() {
    for root in releases() {
        let broker = Broker::builder().root(root.clone()).start().unwrap();
        let overview = broker.management("/api/overview").unwrap();
        assert_eq!(
            overview["rabbitmq_version"],
            broker.version().unwrap(),
            "{root:?}"
        );
        let metrics = http::get(&format!("{}/metrics", broker.prometheus_url())).unwrap();
        assert!(metrics.body.contains("rabbitmq_build_info"));
        assert_eq!(broker.publish_to_new("work", 3), 3);
        let dir = broker.dir().parent().unwrap().to_owned();
        assert!(!processes_of(&dir).is_empty());
        broker.stop().unwrap();
        assert!(!broker.is_running());
        drop(broker);
        assert!(!dir.exists());
        assert_eq!(processes_of(&dir), Vec::<String>::new());
    }
}

#[test]
fn two_at_once_are_strangers() {
    let start = || Broker::builder().plugins(&[]).start().unwrap();
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(start);
        (start(), one.join().unwrap())
    });
    assert_eq!(one.publish_to_new("mine", 2), 2);
    assert!(two.depth("mine").is_err());
    let dir = one.dir().parent().unwrap().to_owned();
    drop(one);
    assert_gone(&dir);
    assert_eq!(two.publish_to_new("still", 1), 1);
}

#[test]
fn without_plugins_and_within_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let broker = Broker::builder().plugins(&[]).start().unwrap();
        broker
            .declare("quorum", &json!({"x-queue-type": "quorum"}))
            .unwrap();
        assert_eq!(broker.publish("quorum", 2).unwrap().len(), 2);
        assert!(broker.publish("missing", 1).is_err());
        assert!(broker.management("/api/overview").is_err());
    });
}

#[test]
fn frozen_killed_and_started_again_with_the_same_data() {
    let broker = Broker::builder()
        .conf("management.disable_stats = true")
        .start()
        .unwrap();
    assert_eq!(
        broker.management("/api/overview").unwrap()["disable_stats"],
        Value::Bool(true)
    );
    assert_eq!(broker.publish_to_new("kept", 5), 5);
    let before = (broker.amqp_port(), broker.node_name().to_owned());

    broker.freeze().unwrap();
    let url = format!("{}/metrics", broker.prometheus_url());
    let hung = http::request("GET", &url, None, std::time::Duration::from_millis(300));
    assert!(hung.is_err() && broker.is_running());
    broker.thaw().unwrap();
    wait_until("an answer after thawing", SOON, || http::get(&url).is_ok()).unwrap();

    broker.kill().unwrap();
    assert!(!broker.is_running() && http::get(&url).is_err());
    broker.start_again().unwrap();
    assert_eq!(broker.depth("kept").unwrap().ready, 5);

    broker.freeze().unwrap();
    broker.stop().unwrap();
    broker.start_again().unwrap();
    assert_eq!(broker.depth("kept").unwrap().ready, 5);
    assert_eq!(before, (broker.amqp_port(), broker.node_name().to_owned()));
}

#[test]
fn a_memory_alarm_is_raised_by_ctl_and_survives_readiness() {
    let broker = Broker::builder()
        .conf("vm_memory_high_watermark.absolute = 1MB")
        .start()
        .unwrap();
    let alarms = || {
        let url = format!("{}/api/health/checks/local-alarms", broker.management_url());
        http::get(&url.replace("//", "//guest:guest@"))
            .unwrap()
            .status
    };
    assert_eq!(alarms(), 503);
    broker
        .ctl(&["set_vm_memory_high_watermark", "0.8"])
        .unwrap();
    wait_until("the alarm to clear", SOON, || alarms() == 200).unwrap();
}

#[test]
fn a_start_that_fails_says_why() {
    let error = Broker::builder()
        .conf("no.such.key = 1")
        .start()
        .unwrap_err()
        .to_string();
    assert!(error.contains("rabbitmq rabbit-"), "{error}");
    assert!(
        error.contains("/usr/lib/rabbitmq/bin/rabbitmq-server"),
        "{error}"
    );
    assert!(error.contains("no.such.key"), "{error}");
}

trait PublishToNew {
    fn publish_to_new(&self, queue: &str, n: usize) -> u32;
}

impl PublishToNew for Broker {
    /// Declares a queue, publishes to it, and gives how many messages are ready there.
    fn publish_to_new(&self, queue: &str, n: usize) -> u32 {
        self.declare(queue, &Value::Null).unwrap();
        self.publish(queue, n).unwrap();
        self.depth(queue).unwrap().ready
    }
}
