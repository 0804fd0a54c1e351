//! Against a real broker with real workers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testbed::{Broker, Environment, Worker, WorkerConfig, http, wait_until};

use super::*;
use crate::model::facts::ChannelFacts;
use crate::recover::actions::scene_tests::{Scene, words};

const PATIENCE: Duration = Duration::from_secs(60);

/// What is open at the broker: the name that was given, and the broker's own.
fn open(broker: &Broker) -> BTreeMap<String, String> {
    let url = broker.management_url().replace("//", "//guest:guest@");
    let all = http::get_json(&format!("{url}/api/connections")).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let named = |one: &Value| Some((text(&one["user_provided_name"])?, text(&one["name"])?));
    all.as_array().unwrap().iter().filter_map(named).collect()
}

/// A process of the worker `task`.
fn process(pid: u32, connections: &[&str], mapped_by: Option<MappedBy>) -> ProcessFacts {
    let channel = |name: &&str| ChannelFacts {
        connection: (*name).to_owned(),
        ..ChannelFacts::default()
    };
    ProcessFacts {
        id: ProcessId {
            pid,
            start_ticks: 1,
        },
        mapped_by,
        channels: Some(connections.iter().map(channel).collect()),
        ..ProcessFacts::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_own_connection_is_closed_and_others_stay() {
    let broker = Broker::builder().start().unwrap();
    for (user, tags) in [("worker", "management"), ("onlooker", "monitoring")] {
        let url = broker.management_url().replace("//", "//guest:guest@");
        let made = json!({"password": "p", "tags": tags}).to_string();
        let may = json!({"configure": ".*", "write": ".*", "read": ".*"}).to_string();
        for (path, body) in [("users", made), ("permissions/%2F", may)] {
            let answer = http::put(&format!("{url}/api/{path}/{user}"), &body).unwrap();
            assert_eq!(answer.status, 201, "{}", answer.body);
        }
    }
    let spawn = |kind: &str| {
        let variables = [
            ("RABBITMQ_HOST", "127.0.0.1".to_owned()),
            ("RABBITMQ_PORT", broker.amqp_port().to_string()),
            ("RABBITMQ_USER", "worker".to_owned()),
            ("RABBITMQ_PASS", "p".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let environment = Environment::Variables(variables.into());
        Worker::spawn(WorkerConfig::new(kind, "tasks", environment)).unwrap()
    };
    let (deaf, well) = (spawn("deaf"), spawn("well"));
    let name = |worker: &Worker, kind: &str| format!("{kind}-{}", worker.pid().unwrap());
    let (deaf, well) = (name(&deaf, "deaf"), name(&well, "well"));
    let there = wait_until("both are connected", PATIENCE, || {
        let there = open(&broker);
        (there.contains_key(&deaf) && there.contains_key(&well)).then_some(there)
    });
    let there = there.unwrap();
    let (own, others) = (there[&deaf].as_str(), there[&well].as_str());
    let as_user = |user: &str| {
        let processes = vec![
            process(1, &[own, own], Some(MappedBy::Socket)),
            process(2, &[others], Some(MappedBy::Socket)),
        ];
        let url = broker.management_url();
        Scene::new(&url.replace("//", &format!("//{user}@")), processes, &[1])
    };
    let onlooker = as_user("onlooker:p");
    let refused = (onlooker.plan().await.job)(onlooker.hands.clone()).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.reason, Reason::Access);
    assert!(refused.message.contains("tag `administrator`"), "{refused}");
    assert_eq!(open(&broker)[&deaf], own);

    // The workers' own user needs no tag but `management`.
    let mut scene = as_user("worker:p");
    let plan = scene.plan().await;
    assert_eq!(
        plan.words,
        format!("close `{own}` of worker task at the broker")
    );
    assert_eq!(plan.victims.as_deref().map(<[_]>::len), Some(1));
    let written = plan.words.clone();
    let effect = (plan.job)(scene.hands.clone()).await.unwrap();
    assert_eq!(effect.words, format!("closed `{own}`"));
    assert!(!effect.needless);
    let left = open(&broker);
    assert!(!left.values().any(|name| name == own), "{left:?}");
    assert_eq!(left[&well], others);

    // The snapshot may still show it: once more is nothing to do, and is told so.
    let again = (scene.plan().await.job)(scene.hands.clone()).await.unwrap();
    assert!(again.needless);
    scene.wrote(&written, Some(StepResult::Done));
    assert_eq!(
        words(scene.next().await),
        "done: its connections were closed"
    );
    wait_until("the broker's log says why", PATIENCE, || {
        let log = std::fs::read_to_string(broker.log_file()).unwrap();
        match log.contains(REASON) {
            true => Ok(()),
            false => Err(log.lines().rev().take(20).collect::<Vec<_>>().join("\n")),
        }
    })
    .unwrap();
}

#[tokio::test]
async fn what_is_not_its_own_is_not_closed() {
    let url = "http://127.0.0.1:1";
    let scene = |processes, hung: &[u32]| Scene::new(url, processes, hung);
    let shared = scene(vec![process(1, &["a"], Some(MappedBy::SharedSocket))], &[1]);
    let told = "refuse: which connection is whose can't be told of 1 of its processes";
    assert_eq!(words(shared.next().await), told);
    let unknown = scene(vec![process(1, &["a"], None)], &[1]);
    assert_eq!(words(unknown.next().await), told);
    let none = scene(vec![process(1, &[], None)], &[1]);
    assert_eq!(
        words(none.next().await),
        "done: it has no connection at the broker"
    );
    let healthy = scene(vec![process(1, &["a"], Some(MappedBy::Socket))], &[]);
    assert_eq!(
        words(healthy.next().await),
        "done: it has no connection at the broker"
    );
}

#[tokio::test]
async fn after_a_crash_a_new_connection_is_not_closed_for_the_old_one() {
    let processes = || vec![process(1, &["1.1.1.1:5 -> b"], Some(MappedBy::Socket))];
    let mut scene = Scene::new("http://127.0.0.1:1", processes(), &[1]);
    scene.wrote("close `1.1.1.1:4 -> b` of worker task at the broker", None);
    assert_eq!(
        words(scene.next().await),
        "done: the connections that it had are closed"
    );
    let mut scene = Scene::new("http://127.0.0.1:1", processes(), &[1]);
    scene.wrote("close `1.1.1.1:5 -> b` of worker task at the broker", None);
    assert_eq!(
        scene.plan().await.words,
        "close `1.1.1.1:5 -> b` of worker task at the broker"
    );
}

#[tokio::test]
async fn a_broker_that_can_not_be_asked_is_told() {
    let processes = vec![process(1, &["a"], Some(MappedBy::ConnectionName))];
    let scene = Scene::new("http://guest:hunter2@127.0.0.1:1", processes, &[1]);
    let plan = scene.plan().await;
    let failure = (plan.job)(scene.hands.clone()).await.err().unwrap();
    assert_eq!(failure.reason, Reason::Refused);
    assert!(failure.message.contains("http://127.0.0.1:1"), "{failure}");
    assert!(!failure.message.contains("hunter2"));
}
