//! What a story is played in, and the records of it that warrener does not keep.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use serde_json::Value;
use testbed::{Alerting, Broker, Program, Receivers, wait_until};

use super::Way;
use super::stories::Story;
use crate::support::ward::{TOKEN, Ward};
use crate::support::{PATIENCE, Receiver, broker, prepare, root};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

/// A fleet, and who else is about.
pub(super) struct Scene {
    pub(super) ward: Ward,
    /// Prometheus and Alertmanager, where alerts are the way.
    pub(super) pipeline: Option<Pipeline>,
    /// Who is told by warrener itself.
    people: Receiver,
    /// A broker that takes whoever comes with what is compiled into the workers.
    decoy: Option<Broker>,
    /// The messages that were sent.
    pub(super) sent: RefCell<Vec<String>>,
    /// Where the time that counts does not begin with the fault.
    pub(super) since: Cell<Option<Instant>>,
}

/// Prometheus, Alertmanager, and what doubles its word.
pub(super) struct Pipeline {
    pub(super) alerting: Alerting,
    doubler: Receiver,
    people: Receiver,
    _written: Program,
}

impl Pipeline {
    fn start(ward: &Ward) -> Self {
        let written = prepare(&["rules", "--output", "out", "--profile", "fast"]);
        written.start().unwrap();
        assert_eq!(
            written.wait(PATIENCE).unwrap(),
            Some(0),
            "{}",
            written.log()
        );
        let (doubler, people) = (
            Receiver::doubling(ward.warrener.address()),
            Receiver::start(),
        );
        let receivers = Receivers {
            webhook: doubler.url("/webhook/alertmanager"),
            token: TOKEN.to_owned(),
            slack: people.url("/slack"),
            ping: people.url("/ping"),
        };
        let dir = written.dir().join("out");
        let alerting = Alerting::start(root(), &dir, ward.warrener.address(), &receivers).unwrap();
        Pipeline {
            alerting,
            doubler,
            people,
            _written: written,
        }
    }

    /// From now on nothing that Alertmanager posts gets through, or all of it again.
    pub(super) fn cut_off(&self, cut_off: bool) {
        self.doubler.refuse(cut_off);
    }

    /// Messages that Alertmanager wrote to people's chat.
    pub(super) fn pages(&self) -> usize {
        self.people.told("/slack").len()
    }

    /// The names of the alerts that ask for this playbook and fire, as Alertmanager has them.
    pub(super) fn firing(&self, playbook: &str) -> Vec<String> {
        let alerts = self.alerting.alertmanager.alerts().unwrap_or_default();
        let alerts = alerts.as_array().cloned().unwrap_or_default();
        let own = alerts
            .iter()
            .map(|alert| &alert["labels"])
            .filter(|labels| labels["playbook"] == playbook && labels["page"].is_null());
        own.filter_map(|labels| labels["alertname"].as_str().map(str::to_owned))
            .collect()
    }
}

impl Scene {
    pub(super) fn start(story: &Story, way: Way) -> Self {
        let people = Receiver::start();
        let mut care = (story.care)();
        care.reflex = way == Way::Reflex;
        // Nothing else than the fault is to wait for: budgets have tests of their own.
        care.recovery = "  budget: {target: 100 per 15m, host: 1000 per 1h}\n".into();
        if story.asks {
            care.recovery += &format!("  alertmanager: {NOBODY}\n");
        }
        let url = people.url("/people");
        care.more = format!("{}notify: {{webhook: {{url: '{url}'}}}}\n", care.more);
        let decoy = story
            .decoy
            .then(|| broker().amqp_port(5672).start().unwrap());
        // By alerts alone nothing starts the workers that never ran but the alert of it.
        let ward = care.start_at(broker().start().unwrap());
        let pipeline = (way == Way::Alerts).then(|| Pipeline::start(&ward));
        let scene = Scene {
            ward,
            pipeline,
            people,
            decoy,
            sent: RefCell::default(),
            since: Cell::new(None),
        };
        if let (Some(pipeline), true) = (&scene.pipeline, story.asks) {
            let file = scene.ward.dir().join("warrener.yml");
            let text = std::fs::read_to_string(&file).unwrap();
            let url = pipeline.alerting.alertmanager.url();
            std::fs::write(file, text.replace(NOBODY, &url)).unwrap();
            scene.reload();
        }
        scene
    }

    /// Has warrener read its configuration again, and ask Alertmanager at once.
    pub(super) fn reload(&self) {
        let (status, answer) = self.ward.act("/-/reload", &Value::Null);
        assert_eq!(status, 200, "{answer}");
    }

    /// The kinds of notices that people got.
    pub(super) fn told(&self) -> Vec<String> {
        let told = self.people.told("/people");
        let kinds = told.iter().filter_map(|one| one.body["kind"].as_str());
        kinds.map(str::to_owned).collect()
    }

    /// How often a person was called.
    pub(super) fn calls(&self) -> usize {
        let calls = |kind: &String| kind == "escalated" || kind == "held";
        self.told().into_iter().filter(calls).count()
    }

    /// The newest run of a playbook since run `after`, while it goes on.
    pub(super) fn under_way(&self, playbook: &str, after: i64) -> Option<Value> {
        let runs = self.ward.runs();
        let own = |run: &&Value| {
            run["playbook"] == playbook
                && run["id"].as_i64() > Some(after)
                && run["state"] != "ended"
        };
        runs.iter().find(own).cloned()
    }

    /// Consumers of the decoy.
    pub(super) fn strayed(&self) -> usize {
        let decoy = self.decoy.as_ref();
        // Without the queue there is none.
        decoy.map_or(0, |decoy| {
            decoy.depth("task").map_or(0, |d| d.consumers as usize)
        })
    }

    /// How long the broker's node runs, in milliseconds; `None` while it does not answer.
    pub(super) fn uptime(&self) -> Option<u64> {
        let nodes = self.ward.broker.management("/api/nodes").ok()?;
        nodes[0]["uptime"].as_u64()
    }

    /// What of `sent` was never worked on, by the workers' own log, once the broker has no message of
    /// theirs any more; whatever it still has then is not lost and told as the second.
    pub(super) fn missing(&self, sent: &[String]) -> (usize, u64) {
        let missing = || {
            let worked = self.ward.worked("task");
            sent.iter().filter(|m| !worked.contains(*m)).count()
        };
        let kept = || {
            let queue = self.ward.broker.management("/api/queues/%2F/task").ok()?;
            queue["messages"].as_u64()
        };
        let done = || (missing() == 0 && kept() == Some(0)).then_some(());
        wait_until("every message", PATIENCE * 2, done).ok();
        (missing(), kept().unwrap_or_default())
    }
}
