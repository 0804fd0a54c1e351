//! Several nodes, several sources, several logins.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::fake::{Act, Fake, closed_port};
use super::*;
use crate::model::facts::{Capability, NodeFacts, Source};
use crate::watch::Probe;

fn exposition(node: &str, version: &str, lines: &str) -> Vec<u8> {
    format!(
        "rabbitmq_identity_info{{rabbitmq_node=\"{node}\",rabbitmq_cluster=\"c\"}} 1\n\
         rabbitmq_build_info{{rabbitmq_version=\"{version}\",erlang_version=\"27\"}} 1\n{lines}"
    )
    .into()
}

fn ready(queue: &str, n: u64) -> String {
    format!("rabbitmq_detailed_queue_messages_ready{{vhost=\"/\",queue=\"{queue}\"}} {n}\n")
}

/// A node's plugin: `/metrics` says it is linked to `peers`, its queues are `queues`.
async fn node(name: &'static str, peers: &'static [&'static str], queues: String) -> Fake {
    Fake::start(move |target| {
        if target == "/metrics" {
            let link = |p: &&str| format!("erlang_vm_dist_node_state{{peer=\"{p}\"}} 3\n");
            let links: String = peers.iter().map(link).collect();
            return Act::ok(exposition(name, "4.0.5", &links));
        }
        Act::ok(exposition(name, "4.0.5", &queues))
    })
    .await
}

#[tokio::test]
async fn queues_are_the_union_over_the_nodes() {
    let a = node(
        "r@a",
        &["r@b", "rabbitmqcli-7@a"],
        ready("one", 1) + &ready("both", 2),
    )
    .await;
    let b = node("r@b", &["r@a"], ready("two", 3) + &ready("both", 9)).await;
    let login = login(&[a.port, b.port], &[]);
    let facts = queues_with(login, &["gone"], 100).read().await.unwrap();
    let depths: Vec<_> = facts.queues.iter().map(|q| (&*q.name, q.ready)).collect();
    let expected = [
        ("both", Some(9)),
        ("gone", None),
        ("one", Some(1)),
        ("two", Some(3)),
    ];
    assert_eq!(depths, expected);
    assert_eq!(facts.seen, 3);
    assert!(facts.capabilities.contains(&Capability::AllQueues));
    assert_eq!(facts.queues[1].exists, Some(false));
}

#[tokio::test]
async fn with_a_node_missing_nothing_is_said_to_be_gone_and_nothing_is_summed() {
    let a = node("r@a", &["r@b"], ready("one", 1)).await;
    let dead = closed_port().await;
    // Its endpoint is dead, or was never configured.
    for ports in [vec![a.port, dead], vec![a.port]] {
        let mut probe = queues_with(login(&ports, &[]), &["elsewhere"], 0);
        let facts = probe.read().await.unwrap();
        assert!(!facts.capabilities.contains(&Capability::AllQueues));
        assert_eq!(facts.queues[0].exists, None);
        assert_eq!(
            (facts.over_budget.queues, facts.over_budget.ready),
            (1, None)
        );
    }
}

#[tokio::test]
async fn the_plugin_is_asked_with_the_login_of_its_url_only() {
    let a = node("r@a", &[], String::new()).await;
    let mut by = login(&[a.port], &[]);
    queues(by.clone()).read().await.unwrap();
    assert!(a.logins().iter().all(Option::is_none));
    let (open, url) = (a.served(), format!("http://bo:s%40@127.0.0.1:{}", a.port));
    by.prometheus = vec![Endpoint::parse(&url).unwrap()];
    queues(by.clone()).read().await.unwrap();
    broker(by).read().await.unwrap();
    let basic = Some("Basic Ym86c0A=".to_owned());
    assert!(a.served() > open);
    assert!(a.logins()[open..].iter().all(|login| *login == basic));
}

#[tokio::test]
async fn a_node_that_stops_answering_keeps_its_name() {
    let silent = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&silent);
    let a = node("r@a", &[], String::new()).await;
    let b = Fake::start(move |_| match flag.load(Ordering::Relaxed) {
        true => Act::Silence,
        false => Act::ok(exposition("r@b", "4.0.5", "rabbitmq_connections 4\n")),
    })
    .await;
    // Another node's management API still calls it running.
    let api = Fake::start(|target| match target {
        "/api/nodes" => Act::ok(
            r#"[{"name":"r@a","running":true},{"name":"r@b","running":true,"mem_used":1},
                {"name":"r@c","running":false,"mem_used":5}]"#,
        ),
        "/api/health/checks/alarms" => Act::ok(r#"{"status":"ok"}"#),
        _ => Act::Answer(404, vec![]),
    })
    .await;
    let mut probe = broker(login(&[a.port, b.port], &[api.port]));
    let up =
        |nodes: &[NodeFacts]| -> Vec<_> { nodes.iter().map(|n| (n.name.clone(), n.up)).collect() };
    let name = |n: &str| n.to_owned();
    let facts = probe.read().await.unwrap();
    let all = [
        (name("r@a"), true),
        (name("r@b"), true),
        (name("r@c"), false),
    ];
    assert_eq!(up(&facts.nodes), all);
    assert_eq!(facts.nodes[1].connections, Some(4));
    assert_eq!(
        facts.nodes[2].memory_used, None,
        "what is known of a node that is down is old"
    );
    silent.store(true, Ordering::Relaxed);
    let facts = probe.read().await.unwrap();
    let all = [
        (name("r@a"), true),
        (name("r@b"), false),
        (name("r@c"), false),
    ];
    assert_eq!(up(&facts.nodes), all);
    assert_eq!(facts.nodes[1].connections, None);
}

#[tokio::test]
async fn an_endpoint_that_never_told_its_name_goes_by_its_address() {
    let a = node("r@a", &[], String::new()).await;
    let dead = closed_port().await;
    let facts = broker(login(&[a.port, dead], &[])).read().await.unwrap();
    assert_eq!(facts.nodes[0].name, format!("127.0.0.1:{dead}"));
    assert!(!facts.nodes[0].up && facts.nodes[1].up);
}

#[tokio::test]
async fn omitted_alarms_are_missing_and_never_zero() {
    let a = node("r@a", &[], String::new()).await;
    let facts = broker(login(&[a.port], &[])).read().await.unwrap();
    assert_eq!(facts.nodes[0].memory_alarm, None);
    assert!(!facts.capabilities.contains(&Capability::Alarms));
}

#[tokio::test]
async fn a_failing_alarm_check_is_no_alarm_and_no_all_clear() {
    let a = node("r@a", &[], String::new()).await;
    let api = Fake::start(|target| match target {
        "/api/health/checks/alarms" => {
            Act::Answer(503, r#"{"status":"failed","reason":"timed out"}"#.into())
        }
        _ => Act::Answer(404, vec![]),
    })
    .await;
    let facts = broker(login(&[a.port], &[api.port])).read().await.unwrap();
    assert_eq!(facts.nodes[0].memory_alarm, None);
}

#[tokio::test]
async fn a_list_that_is_too_slow_is_asked_for_less_and_of_one_node_at_a_time() {
    let (hung, asked) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
    );
    let api = || {
        let (hung, asked) = (Arc::clone(&hung), Arc::clone(&asked));
        Fake::start(move |target| match target {
            "/api/overview" => Act::ok(r#"{"node":"r@a","object_totals":{"queues":3}}"#),
            list if list.starts_with("/api/queues") => {
                asked.fetch_add(1, Ordering::Relaxed);
                match hung.load(Ordering::Relaxed) {
                    true => Act::Silence,
                    false => Act::ok("[]"),
                }
            }
            _ => Act::ok(r#"{"name":"ann"}"#),
        })
    };
    let mut by = login(&[], &[api().await.port, api().await.port]);
    by.amqp.clear();
    let mut probe = queues(by);
    for (readings, pause) in [(1, 2), (2, 4), (3, 8), (4, 12)] {
        assert_eq!(probe.read().await.unwrap_err().reason, Reason::Timeout);
        assert_eq!(asked.load(Ordering::Relaxed), readings);
        assert_eq!(probe.slow_down(), pause);
    }
    hung.store(false, Ordering::Relaxed);
    probe.read().await.unwrap();
    assert_eq!(probe.slow_down(), 1);
    // Also where it worked before.
    hung.store(true, Ordering::Relaxed);
    probe.read().await.unwrap_err();
    assert_eq!((asked.load(Ordering::Relaxed), probe.slow_down()), (6, 2));
}

#[tokio::test]
async fn a_plugin_that_hangs_is_asked_as_often_as_ever() {
    let a = Fake::start(|_| Act::Silence).await;
    let mut by = login(&[a.port], &[]);
    by.amqp.clear();
    let mut probe = queues(by);
    for _ in 0..3 {
        assert_eq!(probe.read().await.unwrap_err().reason, Reason::Timeout);
        assert_eq!(probe.slow_down(), 1);
    }
}

#[tokio::test]
async fn a_plugin_that_goes_away_is_replaced_at_once() {
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    let plugin = Fake::start(move |_| match flag.load(Ordering::Relaxed) {
        true => Act::Answer(404, vec![]),
        false => Act::ok(exposition("r@a", "4.0.5", "")),
    })
    .await;
    let api = Fake::start(|target| match target {
        "/api/whoami" => Act::ok(r#"{"name":"ann"}"#),
        "/api/overview" => Act::ok(r#"{"node":"r@a","rabbitmq_version":"4.0.5"}"#),
        "/api/nodes" => Act::ok(r#"[{"name":"r@a","running":true}]"#),
        _ => Act::Answer(404, vec![]),
    })
    .await;
    let mut probe = broker(login(&[plugin.port], &[api.port]));
    assert_eq!(probe.read().await.unwrap().source, Source::Prometheus);
    gone.store(true, Ordering::Relaxed);
    assert_eq!(probe.read().await.unwrap().source, Source::Management);
}

#[tokio::test]
async fn an_overview_that_waits_for_a_hung_node_hides_nothing() {
    let hung = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&hung);
    let api = Fake::start(move |target| match (target, flag.load(Ordering::Relaxed)) {
        ("/api/health/checks/alarms", _) => Act::Answer(
            503,
            r#"{"status":"failed","alarms":[{"node":"r@a","resource":"memory"}]}"#.into(),
        ),
        (_, true) => Act::Silence,
        ("/api/overview", _) => Act::ok(r#"{"node":"r@a","object_totals":{"queues":3}}"#),
        ("/api/nodes", _) => Act::ok(r#"[{"name":"r@a","running":true}]"#),
        _ => Act::Answer(404, vec![]),
    })
    .await;
    let logins = Fixed(vec![login(&[], &[api.port])]);
    let choice = Some(Source::Management);
    let long = Duration::from_secs(4);
    let mut probe = BrokerProbe::new(logins, Amqp(false), http(), choice, EVERY, long);
    assert_eq!(probe.read().await.unwrap().nodes[0].queues, Some(3));
    hung.store(true, Ordering::Relaxed);
    let facts = probe.read().await.unwrap();
    let node = &facts.nodes[0];
    assert_eq!(
        (&*node.name, node.up, node.memory_alarm),
        ("r@a", true, Some(true))
    );
    assert_eq!(node.queues, None);
    assert!(!facts.capabilities.contains(&Capability::ClusterMembers));
}

#[tokio::test]
async fn when_all_fails_the_most_telling_failure_is_told() {
    let refuses = Fake::start(|_| Act::Answer(401, br#"{"reason":"Login failed"}"#.into())).await;
    let dead = closed_port().await;
    let failure = broker(login(&[dead], &[refuses.port]))
        .read()
        .await
        .unwrap_err();
    assert_eq!(failure.reason, Reason::Auth, "not that AMQP fails too");
}

#[tokio::test]
async fn amqp_is_the_last_resort() {
    let dead = closed_port().await;
    let logins = || Fixed(vec![login(&[dead], &[dead])]);
    let mut probe = BrokerProbe::new(logins(), Amqp(true), http(), None, EVERY, DEADLINE);
    let facts = probe.read().await.unwrap();
    assert_eq!(
        (facts.source, facts.version.as_deref()),
        (Source::Passive, Some("9.9.9"))
    );
    assert!(facts.nodes.is_empty() && facts.capabilities.is_empty());
    let pinned = vec![(Some("/".into()), "a".into())];
    let options = QueuesOptions {
        vhosts: vec![],
        include: vec![],
        exclude: vec![],
        pinned,
        per_queue_limit: 9,
    };
    let mut probe = QueuesProbe::new(logins(), Amqp(true), http(), None, options, EVERY, DEADLINE);
    let facts = probe.read().await.unwrap();
    assert_eq!((facts.source, facts.seen), (Source::Passive, 1));
    assert_eq!(
        (facts.queues[0].ready, facts.queues[0].unacked),
        (Some(7), None)
    );
    assert!(!facts.capabilities.contains(&Capability::AllQueues));
}

#[tokio::test]
async fn a_source_that_was_asked_for_is_not_replaced() {
    let a = node("r@a", &[], String::new()).await;
    let logins = Fixed(vec![login(&[a.port], &[closed_port().await])]);
    let choice = Some(Source::Management);
    let mut probe = BrokerProbe::new(logins, Amqp(true), http(), choice, EVERY, DEADLINE);
    assert_eq!(probe.read().await.unwrap_err().reason, Reason::Refused);
}

#[tokio::test]
async fn the_login_that_last_worked_is_tried_when_the_configured_one_fails() {
    let a = node("r@a", &[], String::new()).await;
    let mut broken = login(&[closed_port().await], &[]);
    broken.amqp.clear();
    let last = Login {
        fallback: true,
        ..login(&[a.port], &[])
    };
    let logins = Fixed(vec![broken, last]);
    let mut probe = BrokerProbe::new(logins, Amqp(false), http(), None, EVERY, DEADLINE);
    let facts = probe.read().await.unwrap();
    assert!(facts.fallback_login);
    assert_eq!(facts.configured_failure.unwrap().reason, Reason::Refused);
}

#[tokio::test]
async fn a_login_that_could_not_be_tried_is_told_of_too() {
    let a = node("r@a", &[], String::new()).await;
    let last = Login {
        fallback: true,
        unresolved: Some(Failure::new(Reason::Unresolved, "`${PASS}` is empty")),
        ..login(&[a.port], &[])
    };
    let mut probe = queues(last.clone());
    let facts = probe.read().await.unwrap();
    assert!(facts.fallback_login);
    assert_eq!(facts.configured_failure, last.unresolved);
    // Where it does not work either, that says more of the broker.
    let dead = closed_port().await;
    let mut last = Login {
        prometheus: login(&[dead], &[]).prometheus,
        ..last
    };
    last.amqp.clear();
    let failure = queues(last).read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused);
}

#[tokio::test]
async fn queue_labels_are_read_as_the_version_writes_them_also_after_an_upgrade() {
    let upgraded = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&upgraded);
    let a = Fake::start(move |_| {
        Act::ok(match flag.load(Ordering::Relaxed) {
            false => exposition("r@a", "3.10.8", &ready(r"a\n", 1)),
            true => exposition("r@a", "3.13.0", &ready(r"a\\n", 2)),
        })
    })
    .await;
    let mut probe = queues(login(&[a.port], &[]));
    for n in [1, 2] {
        let facts = probe.read().await.unwrap();
        assert_eq!(facts.queues[0].name, r"a\n");
        assert_eq!((facts.queues[0].ready, facts.queues.len()), (Some(n), 1));
        upgraded.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn pinned_queues_are_kept_beyond_the_limit() {
    let lines: String = (0..50).map(|n| ready(&format!("q{n}"), 100 - n)).collect();
    let a = node("r@a", &[], lines).await;
    let mut probe = queues_with(login(&[a.port], &[]), &["q49", "q48", "gone"], 2);
    let facts = probe.read().await.unwrap();
    let names: Vec<_> = facts.queues.iter().map(|q| &*q.name).collect();
    assert_eq!(names, ["gone", "q0", "q1", "q48", "q49"]);
    let sum: u64 = (2..48).map(|n| 100 - n).sum();
    assert_eq!(
        (facts.over_budget.queues, facts.over_budget.ready),
        (46, Some(sum))
    );
    assert_eq!(facts.over_budget.consumers, None, "nobody said");
    assert_eq!(facts.seen, 50);
}
