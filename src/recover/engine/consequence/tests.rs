use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::config::Config;
use crate::model::{
    Code, ComponentScore, Done, IncidentId, Intent, Moment, Outcome, Risk, RunMode, RunState,
    Severity, TriggerSource,
};

fn worker(name: &str) -> Target {
    Target::Worker { name: name.into() }
}

fn queue(name: &str) -> Target {
    Target::Queue {
        vhost: "/".into(),
        name: name.into(),
    }
}

struct Scene {
    began: Moment,
    targets: Targets,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("warrener.yml");
        let yaml = "state: state\nworkers:\n  task: {match: {cmdline: a}, queues: [tasks]}\n  \
                    mail: {match: {cmdline: b}, queues: [mails]}\n";
        std::fs::write(&file, yaml).unwrap();
        let config = Config::load(Some(&file)).unwrap_or_else(|errors| panic!("{errors}"));
        Scene {
            began: Moment::new(Instant::now(), SystemTime::now()),
            targets: Targets::of(&config),
        }
    }

    fn at(&self, seconds: u64) -> Moment {
        self.began.after(Duration::from_secs(seconds))
    }

    /// A run that did this to these, each at its second.
    fn run(&self, state: RunState, did: &[(&str, Target, u64, StepResult)]) -> (Run, Vec<Step>) {
        let at = Timestamp::from(self.began);
        let run = Run {
            id: RunId(7),
            incident: IncidentId(3),
            playbook: "config-invalid".into(),
            target: worker("task"),
            touches: vec![worker("task")],
            source: TriggerSource::Finding,
            mode: RunMode::Auto,
            state,
            rung: 0,
            hold: None,
            created_at: at,
            started_at: Some(at),
            ended_at: None,
        };
        let step = |(action, target, second, result): &(&str, Target, u64, StepResult)| Step {
            run: run.id,
            number: 1,
            intent: Intent {
                rung: 0,
                attempt: 1,
                action: (*action).into(),
                risk: Risk::Disruptive,
                target: target.clone(),
                plan: String::new(),
                before: Vec::new(),
            },
            intended_at: self.at(*second).into(),
            done: Some(Done {
                acted_at: None,
                result: *result,
                words: String::new(),
                after: Vec::new(),
                undo: None,
            }),
            done_at: None,
        };
        let journal = did.iter().map(step).collect();
        (run, journal)
    }

    fn acting(&self, did: &[(&str, Target, u64, StepResult)]) -> Vec<Acting> {
        let (run, journal) = self.run(RunState::Running, did);
        acting(&run, &incident(), &journal).into_iter().collect()
    }

    fn finding(&self, code: Code, target: Target, second: u64) -> Finding {
        Finding {
            code,
            target,
            severity: Severity::Critical,
            since: self.at(second),
            as_of: self.at(second),
            summary: String::new(),
            evidence: Vec::new(),
            processes: Vec::new(),
            cause: None,
        }
    }

    fn assessment(&self, findings: Vec<Finding>) -> Assessment {
        let component = |component| ComponentScore {
            component,
            weight: 25,
            share: 0.25,
            score: 100,
            penalties: Vec::new(),
        };
        Assessment {
            at: self.at(60),
            score: 49,
            level: Level::Critical,
            level_held: false,
            mean: 70,
            cap: None,
            components: Component::ALL.map(component).to_vec(),
            findings,
            coverage: Vec::new(),
            forecasts: Vec::new(),
            verdicts: Vec::new(),
        }
    }
}

fn incident() -> Incident {
    Incident {
        id: IncidentId(3),
        key: IncidentKey {
            code: TriggerCode::Finding(Code::ConfigInvalid),
            target: worker("task"),
        },
        opened_at: Timestamp(0),
        closed_at: None,
        cause: None,
    }
}

#[test]
fn what_begins_after_the_act_on_what_it_touched_follows_from_it() {
    let scene = Scene::new();
    let acting = scene.acting(&[("worker.stop", worker("task"), 10, StepResult::Done)]);
    for (code, target, second, expected) in [
        (Code::WorkerDown, worker("task"), 12, true),
        (Code::WorkerDown, worker("task"), 10, true),
        (Code::QueueWithoutConsumers, queue("tasks"), 12, true),
        // It was there before.
        (Code::WorkerHung, worker("task"), 9, false),
        // What the run did not touch.
        (Code::WorkerDown, worker("mail"), 12, false),
        (Code::QueueWithoutConsumers, queue("mails"), 12, false),
        (Code::BrokerUnreachable, Target::Broker, 12, false),
        (Code::MemoryLow, Target::Host, 12, false),
    ] {
        let finding = scene.finding(code, target, second);
        let follows = follows(&finding, &acting, &scene.targets).is_some();
        assert_eq!(follows, expected, "{} at {second}", finding.key());
    }
}

#[test]
fn the_broker_and_a_file_touch_what_hangs_on_them() {
    let scene = Scene::new();
    let broker = scene.acting(&[("broker.restart", Target::Broker, 10, StepResult::Done)]);
    let path = "/srv/app/.env".to_owned();
    let file = Target::EnvFile { path };
    let file = scene.acting(&[("config.repair", file, 10, StepResult::Done)]);
    for (acting, of_broker) in [(&broker, true), (&file, false)] {
        let follows = |finding: &Finding| follows(finding, acting, &scene.targets).is_some();
        let worker_lost = scene.finding(Code::WorkerDisconnected, worker("task"), 12);
        let other_lost = scene.finding(Code::WorkerDisconnected, worker("mail"), 12);
        let unreachable = scene.finding(Code::BrokerUnreachable, Target::Broker, 12);
        assert!(follows(&worker_lost) && !follows(&other_lost));
        assert_eq!(follows(&unreachable), of_broker);
    }
}

#[test]
fn a_run_that_did_nothing_yet_or_is_over_brings_nothing_about() {
    let scene = Scene::new();
    let stop = |result| [("worker.stop", worker("task"), 10, result)];
    assert!(scene.acting(&[]).is_empty());
    assert!(scene.acting(&stop(StepResult::Needless)).is_empty());
    let looked = ("config.validate", worker("task"), 10, StepResult::Done);
    assert!(scene.acting(&[looked]).is_empty());
    let over = RunState::Ended(Outcome::Recovered);
    let (run, journal) = scene.run(over, &stop(StepResult::Done));
    assert!(acting(&run, &incident(), &journal).is_none());
}

#[test]
fn a_level_follows_from_a_run_where_it_would_be_better_without() {
    let scene = Scene::new();
    let acting = scene.acting(&[("worker.stop", worker("task"), 10, StepResult::Done)]);
    let key = IncidentKey {
        code: TriggerCode::from_text("HealthCritical").unwrap(),
        target: Target::Host,
    };
    let down = || scene.finding(Code::WorkerDown, worker("task"), 12);
    let follows = |findings: Vec<Finding>| {
        let assessment = scene.assessment(findings);
        of_key(&key, &assessment, &acting, &scene.targets).is_some()
    };
    assert!(follows(vec![down()]));
    let caused = Finding {
        cause: Some(down().key()),
        ..scene.finding(Code::QueueBacklog, queue("mails"), 12)
    };
    assert!(follows(vec![down(), caused]));
    // Something else is as bad.
    let broker = scene.finding(Code::BrokerUnreachable, Target::Broker, 12);
    assert!(!follows(vec![down(), broker]));
    assert!(!follows(Vec::new()));
}
