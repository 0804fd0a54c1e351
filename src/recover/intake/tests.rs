//! Bodies as Alertmanager sends them, and as nobody should.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Worker};
use crate::model::{Code, Target, TriggerCode, TriggerStatus};
use crate::recover::targets::Targets;

fn targets() -> Targets {
    let mut config = Config::default();
    for name in ["task", "mail"] {
        let worker = Worker {
            queues: vec![format!("{name}s")],
            ..Default::default()
        };
        config.workers.insert(name.into(), worker);
    }
    Targets::of(&config).with_nodes(["rabbit@a".into()], Some("rabbit@a".into()))
}

fn body(alerts: Value) -> Vec<u8> {
    let body = json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing",
        "receiver": "warrener", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://am", "alerts": alerts, "aFieldOfTheFuture": [1, {"x": null}],
    });
    serde_json::to_vec(&body).unwrap()
}

fn alert(status: &str, labels: Value) -> Value {
    json!({
        "status": status, "labels": labels, "annotations": {"summary": "s"},
        "startsAt": "2026-07-01T10:00:00.5+02:00", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://p", "fingerprint": "0123456789abcdef", "new": true,
    })
}

fn read(labels: Value) -> Batch {
    parse(&body(json!([alert("firing", labels)])), &targets(), "app-1").unwrap()
}

#[test]
fn an_alert_becomes_a_trigger_by_its_own_status() {
    let alerts = json!([
        alert(
            "firing",
            json!({"alertname": "WorkerDown", "worker": "task"})
        ),
        alert(
            "resolved",
            json!({"alertname": "WorkerHung", "target": "worker:mail"})
        ),
    ]);
    let batch = parse(&body(alerts), &targets(), "app-1").unwrap();
    let [first, second] = &batch.triggers[..] else {
        panic!("{batch:?}")
    };
    assert_eq!(first.code, TriggerCode::Finding(Code::WorkerDown));
    assert_eq!(first.target.key(), "worker:task");
    assert_eq!(first.status, TriggerStatus::Firing);
    assert_eq!(first.starts_at.unwrap().0, 1_782_892_800_500);
    assert_eq!(second.status, TriggerStatus::Resolved);
    assert_eq!(second.target.key(), "worker:mail");
}

#[test]
fn every_code_finds_its_target() {
    let labels = json!({
        "worker": "task", "queue": "tasks", "vhost": "/", "node": "rabbit@a", "path": "/",
        "probe": "broker",
    });
    for code in Code::ALL {
        let mut labels = labels.clone();
        labels["alertname"] = code.as_str().into();
        let batch = read(labels);
        // Nothing of these is configured here.
        let elsewhere = matches!(code.as_str(), c if c.starts_with("Config"));
        let no_label = matches!(code.as_str(), c if c.starts_with("Log") || c.starts_with("Back"));
        let told = (
            batch.triggers.len(),
            batch.not_mine,
            batch.quarantined.len(),
        );
        let expected = match (elsewhere, no_label) {
            (true, _) => (0, 1, 0),
            (_, true) => (0, 0, 1),
            _ => (1, 0, 0),
        };
        assert_eq!(told, expected, "{code}");
    }
}

#[test]
fn a_queue_without_a_virtual_host_is_in_the_default_one() {
    let batch = read(json!({"alertname": "QueueStuck", "queue": "tasks"}));
    assert_eq!(batch.triggers[0].target.key(), "queue:%2F:tasks");
}

#[test]
fn the_watchdog_is_a_heartbeat_and_a_page_is_for_people() {
    assert_eq!(read(json!({"alertname": "Watchdog"})).heartbeats, 1);
    let pages = ["WorkerDownPage", "HealthCriticalPage", "WarrenerDownPage"];
    for name in pages.into_iter().chain(crate::recover::own::ALERTS) {
        let batch = read(json!({"alertname": name, "worker": "task"}));
        assert_eq!((batch.for_people, batch.triggers.len()), (1, 0), "{name}");
    }
    // A team's own alert may be called so.
    let batch = read(json!({"alertname": "LandingPage", "worker": "task"}));
    assert_eq!(batch.triggers.len(), 1);
}

#[test]
fn what_is_another_agents_is_counted_alone() {
    for labels in [
        json!({"alertname": "WorkerDown", "worker": "other"}),
        json!({"alertname": "WorkerDown", "worker": "task", "identity": "app-2"}),
        json!({"alertname": "BrokerNodeDown", "node": "rabbit@b"}),
    ] {
        let batch = read(labels);
        assert_eq!((batch.not_mine, batch.triggers.len()), (1, 0));
        assert!(batch.quarantined.is_empty());
    }
    let mine = read(json!({"alertname": "WorkerDown", "worker": "task", "identity": "app-1"}));
    assert_eq!(mine.triggers.len(), 1);
}

#[test]
fn hostile_labels_select_nothing() {
    let long = "x".repeat(1 << 20);
    for text in [
        "$(reboot)",
        "`id`",
        "../../etc",
        "a\0b",
        "",
        "1234",
        "task; reboot",
        "-rf",
        &long,
    ] {
        for label in ["worker", "target"] {
            let batch = read(json!({"alertname": "WorkerDown", label: text}));
            assert!(batch.triggers.is_empty(), "{label}={text:.20}");
            for alert in &batch.quarantined {
                assert!(alert.excerpt.chars().count() <= 200);
                assert!(!alert.excerpt.contains(char::is_control));
            }
        }
    }
    let pid = read(json!({"alertname": "WorkerDown", "pid": "1", "worker": "task"}));
    assert_eq!(
        pid.triggers[0].target,
        Target::Worker {
            name: "task".into()
        }
    );
}

#[test]
fn a_bad_alert_costs_the_others_nothing() {
    let alerts = json!([
        alert("firing", json!({"alertname": "WorkerDown", "worker": 7})),
        {"status": "firing"},
        null,
        alert("broken", json!({"alertname": "WorkerDown", "worker": "task"})),
        alert("firing", json!({"alertname": "", "worker": "task"})),
        alert("firing", json!({"worker": "task"})),
        alert("firing", json!({"alertname": "WorkerDown"})),
        alert("firing", json!({"alertname": "WorkerDown", "target": "queue:%2F:tasks"})),
        alert("firing", json!({"alertname": "WorkerDown", "target": "worker:mail", "worker": "task"})),
        alert("firing", json!({"alertname": "WorkerDown", "worker": "task"})),
    ]);
    let batch = parse(&body(alerts), &targets(), "app-1").unwrap();
    assert_eq!(batch.triggers.len(), 1);
    let reasons: Vec<_> = batch
        .quarantined
        .iter()
        .map(|q| q.reason.as_str())
        .collect();
    let expected = [
        "malformed",
        "malformed",
        "malformed",
        "malformed",
        "bad_name",
        "bad_name",
        "unknown_target",
        "unknown_target",
        "unknown_target",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(batch.quarantined[8].index, 8);
}

#[test]
fn a_body_that_is_none_is_refused_whole() {
    let wrong = |body: &[u8]| parse(body, &targets(), "app-1").unwrap_err();
    assert_eq!(
        wrong(b"{\"version\": \"4\"}"),
        PayloadError::Malformed {
            line: 1,
            column: 16
        }
    );
    assert!(matches!(wrong(b""), PayloadError::Malformed { .. }));
    assert!(matches!(wrong(b"[]"), PayloadError::Malformed { .. }));
    assert_eq!(
        wrong(b"{\"version\": \"3\", \"alerts\": []}"),
        PayloadError::Version
    );
    assert_eq!(wrong(b"{\"alerts\": []}"), PayloadError::Version);
    let many = json!(vec![json!({}); MAX_ALERTS + 1]);
    assert_eq!(
        wrong(&body(many)),
        PayloadError::TooManyAlerts { alerts: 10_001 }
    );
    let large = vec![b' '; MAX_BODY_BYTES + 1];
    assert!(matches!(wrong(&large), PayloadError::TooLarge { .. }));
    // What is wrong with it is answered to whoever sent it, and may end in a log.
    let secret = b"{\"version\": \"4\", \"alerts\": \"hunter2\"}";
    assert!(!wrong(secret).to_string().contains("hunter2"));
}

/// What `GET /api/v2/alerts` of Alertmanager 0.25.0 shows for these labels.
#[test]
fn the_fingerprint_is_alertmanagers() {
    let labels = [("alertname", "WorkerDown"), ("worker", "task")];
    let labels = labels.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    assert_eq!(fingerprint(&labels), "a8743044aa4c3e91");
    let none = std::collections::BTreeMap::new();
    assert_eq!(fingerprint(&none), "cbf29ce484222325");
}

#[test]
fn another_start_is_the_same_alert() {
    let mut later = alert(
        "firing",
        json!({"alertname": "WorkerDown", "worker": "task"}),
    );
    let first = later.clone();
    later["startsAt"] = "2026-07-01T11:11:11Z".into();
    let batch = parse(&body(json!([first, later])), &targets(), "app-1").unwrap();
    assert_eq!(batch.triggers[0].fingerprint, batch.triggers[1].fingerprint);
}

fn labels() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("alertname".to_owned()),
        Just("worker".to_owned()),
        Just("target".to_owned()),
        Just("queue".to_owned()),
        Just("vhost".to_owned()),
        Just("node".to_owned()),
        Just("path".to_owned()),
        ".{0,8}",
    ];
    let value = prop_oneof![
        Just("WorkerDown".to_owned()),
        Just("task".to_owned()),
        Just("worker:task".to_owned()),
        Just("QueueStuck".to_owned()),
        Just("HealthCritical".to_owned()),
        ".{0,20}",
    ];
    prop::collection::btree_map(name, value, 0..6).prop_map(|labels| json!(labels))
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(parse(&bytes, &targets(), "app-1"));
    }

    #[test]
    fn broken_bodies_never_panic(cut in 0usize..600, labels in labels()) {
        let mut bytes = body(json!([alert("firing", labels)]));
        bytes.truncate(cut);
        drop(parse(&bytes, &targets(), "app-1"));
    }

    #[test]
    fn whatever_the_labels_only_what_is_configured_is_selected(labels in labels()) {
        let batch = read(labels);
        for trigger in &batch.triggers {
            let target = &trigger.target;
            let selected = targets().select(target);
            prop_assert_eq!(selected, crate::recover::targets::Selected::Mine);
        }
        let all = batch.triggers.len() + batch.quarantined.len();
        let told = batch.heartbeats + batch.for_people + batch.not_mine;
        prop_assert_eq!(all as u64 + told, 1);
    }
}
