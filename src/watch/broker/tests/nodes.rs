//! Nodes that hang or die: what is still said of them, and by which source.

use std::sync::atomic::{AtomicU8, Ordering};

use super::fake::{Act, Fake, closed_port};
use super::*;
use crate::model::facts::{NodeFacts, Source};
use crate::watch::Probe;

const NODES: &str = r#"[{"name":"r@a","running":true,"mem_used":1,"connection_created":8},
    {"name":"r@b","running":true,"mem_used":2,"mem_alarm":false,"connection_created":9}]"#;

fn plugin(node: &str) -> Act {
    Act::ok(format!(
        "rabbitmq_identity_info{{rabbitmq_node=\"{node}\"}} 1\n\
         rabbitmq_build_info{{rabbitmq_version=\"4.0.5\"}} 1\n\
         rabbitmq_connections_opened_total 10\n"
    ))
}

fn api(node: &str, target: &str) -> Act {
    match target {
        "/api/overview" => Act::ok(format!(r#"{{"node":"{node}"}}"#)),
        "/api/nodes" => Act::ok(NODES),
        "/api/whoami" => Act::ok(r#"{"name":"ann"}"#),
        "/api/health/checks/alarms" => Act::ok(r#"{"status":"ok"}"#),
        _ => Act::Answer(404, vec![]),
    }
}

/// A node that answers as `answer` does for the number in its switch.
async fn switched(
    answer: impl Fn(&str, u8) -> Act + Send + Sync + 'static,
) -> (Fake, Arc<AtomicU8>) {
    let switch = Arc::new(AtomicU8::new(0));
    let seen = Arc::clone(&switch);
    let fake = Fake::start(move |target| answer(target, seen.load(Ordering::Relaxed))).await;
    (fake, switch)
}

fn down(name: &str) -> NodeFacts {
    NodeFacts {
        name: name.to_owned(),
        ..NodeFacts::default()
    }
}

#[tokio::test]
async fn of_a_hung_node_nothing_is_said_and_counters_keep_to_their_source() {
    let a = Fake::start(|_| plugin("r@a")).await;
    let (b, switch) = switched(|_, state| match state {
        0 => plugin("r@b"),
        1 => Act::Silence,
        _ => Act::Answer(404, vec![]),
    })
    .await;
    let peer = Fake::start(|target| api("r@a", target)).await;
    let mut probe = broker(login(&[a.port, b.port], &[peer.port]));
    let facts = probe.read().await.unwrap();
    assert_eq!(facts.nodes[1].connections_opened, Some(10));
    assert_eq!(facts.nodes[1].memory_alarm, Some(false));

    switch.store(1, Ordering::Relaxed);
    let facts = probe.read().await.unwrap();
    assert_eq!(facts.nodes[1], down("r@b"));
    assert!(facts.nodes[0].up);

    // Its plugin is gone, the node is not: the API tells the rest, but no counter.
    switch.store(2, Ordering::Relaxed);
    let facts = probe.read().await.unwrap();
    assert_eq!(facts.source, Source::Prometheus);
    let node = &facts.nodes[1];
    assert_eq!((node.up, node.memory_used), (true, Some(2)));
    assert_eq!(node.connections_opened, None);
}

fn by_management(ports: &[u16]) -> BrokerProbe<Fixed, Amqp> {
    let logins = Fixed(vec![login(&[], ports)]);
    let choice = Some(Source::Management);
    BrokerProbe::new(logins, Amqp(false), http(), choice, EVERY, DEADLINE)
}

#[tokio::test]
async fn a_dead_node_keeps_its_name_also_where_no_peer_lists_it() {
    let a = Fake::start(|target| match target {
        "/api/nodes" => Act::Answer(500, vec![]),
        _ => api("r@a", target),
    })
    .await;
    let (b, switch) = switched(|target, state| match state {
        0 => api("r@b", target),
        1 => Act::Silence,
        _ => Act::Raw(vec![]),
    })
    .await;
    let never = closed_port().await;
    let mut probe = by_management(&[a.port, b.port, never]);
    assert!(probe.read().await.unwrap().nodes.iter().all(|n| n.up));
    for state in [1, 2] {
        switch.store(state, Ordering::Relaxed);
        let facts = probe.read().await.unwrap();
        assert!(facts.nodes[0].up);
        assert_eq!(facts.nodes[1..], [down("r@b")]);
    }
}

#[tokio::test]
async fn a_node_whose_overview_waits_for_another_is_up() {
    let (a, switch) = switched(|target, state| match (target, state) {
        ("/api/overview" | "/api/nodes", 1) => Act::Silence,
        _ => api("r@a", target),
    })
    .await;
    let (b, _) = switched(|target, _| api("r@b", target)).await;
    let (c, frozen) = switched(|target, state| match state {
        0 => api("r@c", target),
        _ => Act::Silence,
    })
    .await;
    let mut probe = by_management(&[b.port, a.port, c.port]);
    probe.read().await.unwrap();
    switch.store(1, Ordering::Relaxed);
    frozen.store(1, Ordering::Relaxed);
    let facts = probe.read().await.unwrap();
    let up: Vec<_> = facts.nodes.iter().map(|n| (&*n.name, n.up)).collect();
    assert_eq!(up, [("r@a", true), ("r@b", true), ("r@c", false)]);
}
