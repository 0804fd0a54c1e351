//! The probes on captured answers of real brokers.

use super::fake::{Act, Fake};
use super::{broker, login, queues_with};
use crate::model::facts::{Capability, QueueFacts, QueuesFacts, Source};
use crate::watch::Probe;

struct Captures {
    version: &'static str,
    metrics: &'static str,
    detailed: &'static str,
    overview: &'static str,
    overview_off: &'static str,
    nodes: &'static str,
    nodes_off: &'static str,
    full: &'static str,
    cheap: &'static str,
    cheap_off: &'static str,
    queue: &'static str,
    no_alarm: &'static str,
    memory_alarm: &'static str,
}

macro_rules! captures {
    ($version:literal) => {{
        macro_rules! file {
            ($name:literal) => {
                include_str!(concat!(
                    "../../../../tests/captures/rabbitmq-",
                    $version,
                    "/",
                    $name
                ))
            };
        }
        Captures {
            version: $version,
            metrics: file!("metrics.txt"),
            detailed: file!("detailed.txt"),
            overview: file!("overview.json"),
            overview_off: file!("overview-stats-off.json"),
            nodes: file!("nodes.json"),
            nodes_off: file!("nodes-stats-off.json"),
            full: file!("queues-full.json"),
            cheap: file!("queues-cheap.json"),
            cheap_off: file!("queues-cheap-stats-off.json"),
            queue: file!("queue.json"),
            no_alarm: file!("alarms-none.json"),
            memory_alarm: file!("alarms-memory.json"),
        }
    }};
}

const ALL: [Captures; 3] = [captures!("3.10.8"), captures!("4.0.5"), captures!("4.3.6")];

/// Which variant of the captured broker.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Usual,
    MemoryAlarm,
    StatsOff,
}

async fn play(captures: &'static Captures, mode: Mode) -> Fake {
    let off = mode == Mode::StatsOff;
    let pick = move |usual, off_one| Act::ok(if off { off_one } else { usual });
    Fake::start(move |target| match target {
        "/metrics" => Act::ok(captures.metrics),
        t if t.starts_with("/metrics/detailed?") => Act::ok(captures.detailed),
        "/api/whoami" => Act::ok(r#"{"name":"ann","tags":["monitoring"]}"#),
        "/api/overview" => pick(captures.overview, captures.overview_off),
        "/api/nodes" => pick(captures.nodes, captures.nodes_off),
        "/api/queues" => Act::ok(captures.full),
        "/api/queues?disable_stats=true&enable_queue_totals=true" => {
            pick(captures.cheap, captures.cheap_off)
        }
        "/api/queues/%2F/ai%5Ftasks" => Act::ok(captures.queue),
        "/api/health/checks/alarms" if mode == Mode::MemoryAlarm => {
            // The capture was taken under another node's name.
            let node = node_name(captures);
            let text = captures
                .memory_alarm
                .replace(&node_name_in(captures.memory_alarm), &node);
            Act::Answer(503, text.into())
        }
        "/api/health/checks/alarms" => Act::ok(captures.no_alarm),
        _ => Act::Answer(404, b"{}".into()),
    })
    .await
}

fn node_name_in(json: &str) -> String {
    let doc: serde_json::Value = serde_json::from_str(json).unwrap();
    doc["alarms"][0]["node"].as_str().unwrap().to_owned()
}

fn node_name(captures: &Captures) -> String {
    let doc: serde_json::Value = serde_json::from_str(captures.nodes).unwrap();
    doc[0]["name"].as_str().unwrap().to_owned()
}

fn queue<'a>(facts: &'a QueuesFacts, name: &str) -> &'a QueueFacts {
    facts.queues.iter().find(|q| q.name == name).unwrap()
}

#[tokio::test]
async fn the_plugin_tells_everything_of_a_node() {
    for captures in &ALL {
        let fake = play(captures, Mode::Usual).await;
        let facts = broker(login(&[fake.port], &[])).read().await.unwrap();
        assert_eq!(facts.source, Source::Prometheus);
        assert_eq!(facts.version.as_deref(), Some(captures.version));
        assert_eq!((facts.lines_lost, facts.nodes.len()), (0, 1));
        let node = &facts.nodes[0];
        assert_eq!(node.name, node_name(captures));
        assert!(node.up && node.uptime.is_some());
        assert_eq!(
            (node.memory_alarm, node.disk_alarm),
            (Some(false), Some(false))
        );
        assert!(node.memory_used < node.memory_limit && node.memory_used.is_some());
        assert!(node.disk_free > node.disk_free_limit && node.disk_free_limit.is_some());
        assert!(node.fds_open.is_some() && node.fds_max.is_some());
        assert!(node.processes.is_some() && node.processes_max.is_some());
        assert_eq!(
            (node.connections, node.channels, node.consumers),
            (Some(1), Some(1), Some(1))
        );
        assert_eq!((node.queues, node.messages_received), (Some(11), Some(20)));
        assert_eq!(
            (node.messages_acked, node.messages_redelivered),
            (Some(3), Some(1))
        );
        assert_eq!(
            (node.messages_unroutable, node.messages_dead_lettered),
            (Some(0), Some(0))
        );
        assert!(node.connections_opened.is_some() && node.channels_closed.is_some());
        assert!(!facts.capabilities.contains(&Capability::ClusterMembers));
        let peers = facts.capabilities.contains(&Capability::UnreachablePeers);
        assert_eq!(peers, captures.version != "3.10.8", "from 3.12.5");
    }
}

#[tokio::test]
async fn management_adds_the_members_and_the_live_alarms() {
    for captures in &ALL {
        let fake = play(captures, Mode::MemoryAlarm).await;
        let facts = broker(login(&[fake.port], &[fake.port]))
            .read()
            .await
            .unwrap();
        assert_eq!(facts.source, Source::Prometheus);
        assert!(facts.capabilities.contains(&Capability::ClusterMembers));
        let node = &facts.nodes[0];
        assert_eq!(
            (node.memory_alarm, node.disk_alarm),
            (Some(true), Some(false))
        );
    }
}

#[tokio::test]
async fn management_alone_tells_less_and_says_so() {
    for captures in &ALL {
        let fake = play(captures, Mode::Usual).await;
        let facts = broker(login(&[], &[fake.port])).read().await.unwrap();
        assert_eq!(facts.source, Source::Management);
        assert_eq!(facts.version.as_deref(), Some(captures.version));
        let node = &facts.nodes[0];
        assert!(node.up && node.memory_used.is_some() && node.fds_open.is_some());
        assert_eq!((node.connections, node.queues), (Some(1), Some(11)));
        assert_eq!(node.messages_received, None);
        let has = |c| facts.capabilities.contains(&c);
        assert!(has(Capability::Alarms) && has(Capability::Connections));
        assert!(!has(Capability::MessageCounters));

        let fake = play(captures, Mode::StatsOff).await;
        let facts = broker(login(&[], &[fake.port])).read().await.unwrap();
        assert_eq!(facts.nodes[0].memory_used, None, "missing, not 0");
        assert_eq!(facts.nodes[0].consumers, None, "missing, not 0");
        assert_eq!(
            facts.nodes[0].connections,
            Some(0),
            "known without statistics too"
        );
        assert!(!facts.capabilities.contains(&Capability::NodeResources));
        assert!(
            facts.capabilities.contains(&Capability::Alarms),
            "checked live"
        );
    }
}

#[tokio::test]
async fn queues_by_the_plugin() {
    for captures in &ALL {
        let fake = play(captures, Mode::Usual).await;
        let pinned = ["ai_tasks", "gone"];
        let mut probe = queues_with(login(&[fake.port], &[fake.port]), &pinned, 100);
        let facts = probe.read().await.unwrap();
        let new = captures.version != "3.10.8";
        assert_eq!(facts.source, Source::Prometheus);
        assert_eq!(facts.lines_lost == 0, new);
        assert_eq!(facts.seen, if new { 11 } else { 10 });
        let tasks = queue(&facts, "ai_tasks");
        assert_eq!(
            (tasks.ready, tasks.unacked, tasks.consumers),
            (Some(4), Some(3), Some(1))
        );
        assert_eq!((tasks.pinned, tasks.exists), (true, Some(true)));
        assert_eq!((tasks.acked, tasks.redelivered), (Some(3), Some(1)));
        assert_eq!(tasks.queue_type.as_deref(), Some("classic"));
        assert_eq!(tasks.state.as_deref(), Some("running"));
        assert_eq!(queue(&facts, "gone").exists, Some(false));
        assert_eq!(queue(&facts, "gone").ready, None);
        assert_eq!(queue(&facts, "in it").vhost, "vh\"o\\st");
        assert_eq!(facts.capabilities.contains(&Capability::QueueAcks), new);
        assert!(facts.capabilities.contains(&Capability::AllQueues));
    }
}

#[tokio::test]
async fn queues_by_the_full_list_of_a_small_broker() {
    for captures in &ALL {
        let fake = play(captures, Mode::Usual).await;
        let mut probe = queues_with(login(&[], &[fake.port]), &["gone"], 3);
        let facts = probe.read().await.unwrap();
        assert_eq!(
            (facts.source, facts.seen, facts.queues.len()),
            (Source::Management, 11, 4)
        );
        assert_eq!(facts.over_budget.queues, 8);
        assert_eq!(facts.over_budget.ready, Some(0));
        let tasks = queue(&facts, "ai_tasks");
        assert_eq!(
            (tasks.ready, tasks.unacked, tasks.consumers),
            (Some(4), Some(3), Some(1))
        );
        assert_eq!(tasks.acked, Some(3));
        assert_eq!(
            queue(&facts, "quorum").queue_type.as_deref(),
            Some("quorum")
        );
        assert!(facts.capabilities.contains(&Capability::QueueConsumers));
    }
}

#[tokio::test]
async fn with_statistics_off_there_are_queues_without_consumers() {
    for captures in &ALL {
        let fake = play(captures, Mode::StatsOff).await;
        let facts = queues_with(login(&[], &[fake.port]), &[], 9)
            .read()
            .await
            .unwrap();
        let tasks = queue(&facts, "ai_tasks");
        assert_eq!((tasks.ready, tasks.consumers), (Some(4), None));
        let has = |c| facts.capabilities.contains(&c);
        assert!(has(Capability::AllQueues) && has(Capability::QueueUnacked));
        assert!(!has(Capability::QueueConsumers) && !has(Capability::QueueAcks));
    }
}
