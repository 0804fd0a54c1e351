//! Brokers with and without their plugins: what is there is used, what can't be told is said.

use crate::support::{Exposition, Warrener, broker, config};

fn source(m: &Exposition, of: &str) -> Option<String> {
    let found = m
        .all(&format!("warrener_{of}_source"), &[])
        .find(|(_, v)| *v == 1.0);
    found.map(|(labels, _)| labels["source"].clone())
}

fn can(m: &Exposition, of: &str, capability: &str) -> bool {
    let labels = [("capability", capability)];
    m.get(&format!("warrener_{of}_capability"), &labels)
        .unwrap()
        == 1.0
}

const PINNED: &str = "queues: {pinned: {tasks: {}, gone: {}}}\n";

/// A queue `tasks` with 5 messages, as every source must show it.
fn tasks(m: &Exposition) -> bool {
    m.get("warrener_queue_messages_ready", &[("queue", "tasks")]) == Some(5.0)
        && m.get("warrener_queue_consumers", &[("queue", "tasks")]) == Some(0.0)
        && m.get("warrener_queue_exists", &[("queue", "tasks")]) == Some(1.0)
        && m.get("warrener_queue_exists", &[("queue", "gone")]) == Some(0.0)
}

#[test]
fn both_plugins() {
    let broker = broker().start().unwrap();
    broker.declare("tasks", &serde_json::json!({})).unwrap();
    broker.publish("tasks", 5).unwrap();
    let w = Warrener::serve(&config(&broker, PINNED));
    // The state of a queue is known with its first statistics.
    let m = w.wait("the queue and its state", |m| {
        tasks(m) && can(m, "queues", "queue_state")
    });
    assert_eq!(source(&m, "broker").as_deref(), Some("prometheus"));
    assert_eq!(source(&m, "queues").as_deref(), Some("prometheus"));
    for capability in ["node_resources", "alarms", "cluster_members", "connections"] {
        assert!(can(&m, "broker", capability), "{capability}");
    }
    for capability in ["all_queues", "queue_unacked", "queue_consumers"] {
        assert!(can(&m, "queues", capability), "{capability}");
    }
    let node = [("node", broker.node_name())];
    assert_eq!(m.get("warrener_broker_node_up", &node), Some(1.0));
    assert!(m.get("warrener_broker_node_uptime_seconds", &node).unwrap() > 0.0);
    assert!(
        m.get("warrener_broker_node_memory_limit_bytes", &node)
            .unwrap()
            > 1e6
    );
    let version = broker.version().unwrap();
    assert_eq!(
        m.get("warrener_broker_info", &[("version", &version)]),
        Some(1.0)
    );
    let info = [
        ("queue", "tasks"),
        ("queue_type", "classic"),
        ("state", "running"),
    ];
    w.wait("type and state", |m| {
        m.get("warrener_queue_info", &info) == Some(1.0)
    });
}

#[test]
fn management_alone() {
    let broker = broker().plugins(&["rabbitmq_management"]).start().unwrap();
    broker.declare("tasks", &serde_json::json!({})).unwrap();
    broker.publish("tasks", 5).unwrap();
    let w = Warrener::serve(&config(&broker, PINNED));
    let m = w.wait("the queue", tasks);
    assert_eq!(source(&m, "broker").as_deref(), Some("management"));
    assert_eq!(source(&m, "queues").as_deref(), Some("management"));
    assert!(can(&m, "broker", "alarms") && can(&m, "queues", "all_queues"));
    assert_eq!(m.get("warrener_broker_node_memory_alarm", &[]), Some(0.0));
}

/// The blindness to avoid: with statistics off the API stays "up" and shows no message counts.
#[test]
fn management_without_statistics() {
    let broker = broker()
        .plugins(&["rabbitmq_management"])
        .conf("management.disable_stats = true")
        .start()
        .unwrap();
    broker.declare("tasks", &serde_json::json!({})).unwrap();
    broker.publish("tasks", 5).unwrap();
    let w = Warrener::serve(&config(&broker, PINNED));
    let m = w.wait("the queue's messages", |m| {
        m.get("warrener_queue_messages_ready", &[("queue", "tasks")]) == Some(5.0)
    });
    assert_eq!(source(&m, "queues").as_deref(), Some("management"));
    assert_eq!(
        m.get("warrener_queue_exists", &[("queue", "gone")]),
        Some(0.0)
    );
}

#[test]
fn prometheus_alone() {
    let broker = broker().plugins(&["rabbitmq_prometheus"]).start().unwrap();
    broker.declare("tasks", &serde_json::json!({})).unwrap();
    broker.publish("tasks", 5).unwrap();
    let w = Warrener::serve(&config(&broker, PINNED));
    let m = w.wait("the queue", tasks);
    assert_eq!(source(&m, "broker").as_deref(), Some("prometheus"));
    assert!(can(&m, "broker", "alarms"));
    assert!(!can(&m, "broker", "cluster_members"));
}

#[test]
fn no_plugin_at_all() {
    let broker = broker().plugins(&[]).start().unwrap();
    broker.declare("tasks", &serde_json::json!({})).unwrap();
    broker.publish("tasks", 5).unwrap();
    let w = Warrener::serve(&config(&broker, PINNED));
    let m = w.wait("the queue", tasks);
    assert_eq!(source(&m, "broker").as_deref(), Some("passive"));
    assert_eq!(source(&m, "queues").as_deref(), Some("passive"));
    assert!(!can(&m, "broker", "alarms") && !can(&m, "queues", "all_queues"));
    // What AMQP alone can't tell is absent, not zero.
    assert_eq!(m.get("warrener_broker_node_memory_alarm", &[]), None);
    assert_eq!(
        m.get("warrener_queue_messages_unacked", &[("queue", "tasks")]),
        None
    );
}

#[test]
fn the_series_budget_keeps_pinned_queues_and_sums_the_rest() {
    let broker = broker().start().unwrap();
    broker.declare_queues("many-", 30).unwrap();
    broker.declare("tasks", &serde_json::json!({})).unwrap();
    broker.publish("tasks", 5).unwrap();
    let queues = "queues: {per_queue_limit: 10, exclude: ['^amq\\.gen-.*', 'many-.*9$'], \
                  pinned: {tasks: {}}}\n";
    let w = Warrener::serve(&config(&broker, queues));
    let ready = "warrener_queue_messages_ready";
    let m = w.wait("every queue seen and the messages in one", |m| {
        m.get("warrener_queues_seen", &[]) == Some(31.0)
            && m.get(ready, &[("queue", "tasks")]) == Some(5.0)
    });
    assert!(m.all(ready, &[]).count() <= 11);
    let left_out = |reason| {
        m.get("warrener_queues_left_out", &[("reason", reason)])
            .unwrap()
    };
    let shown = m.all(ready, &[]).count();
    assert!(left_out("filter") > 0.0);
    #[expect(clippy::cast_precision_loss)]
    let all = shown as f64 + left_out("filter") + left_out("budget");
    assert_eq!(all, 31.0);
}
