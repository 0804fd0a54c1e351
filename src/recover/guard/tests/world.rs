//! A world in which one of two workers hangs, and nothing speaks against replacing it.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use crate::config::{Config, Control, ProcessControl, RecoveryMode, Worker};
use crate::model::facts::{
    EnvfileFacts, LeftOut, ProcessFacts, ProcessId, QueueFacts, QueuesFacts, Source, WorkerFacts,
    WorkersFacts,
};
use crate::model::*;
use crate::recover::guard::{Cluster, Decision, LocalNode, Request, Silence, View, decide, holds};
use crate::recover::playbook::{Playbook, Playbooks, Step};
use crate::recover::targets::Targets;

static SHIPPED: LazyLock<Playbooks> = LazyLock::new(|| Playbooks::load(None).unwrap());

#[derive(Debug)]
pub(super) struct World {
    pub(super) config: Config,
    pub(super) snapshot: Snapshot,
    pub(super) assessment: Assessment,
    pub(super) local_node: LocalNode,
    pub(super) cluster: Cluster,
    pub(super) broker_stopped: Option<bool>,
    pub(super) observe_only: Option<&'static str>,
    pub(super) incidents: Vec<Incident>,
    pub(super) runs: Vec<Run>,
    pub(super) pauses: Vec<Pause>,
    pub(super) now: Moment,
    pub(super) code: TriggerCode,
    pub(super) target: Option<Target>,
    pub(super) source: TriggerSource,
    pub(super) approved: bool,
    pub(super) playbook: Playbook,
    pub(super) steps: Vec<Step>,
    pub(super) victims: Option<Vec<ProcessId>>,
    pub(super) silence: Option<Silence>,
}

pub(super) fn process(pid: u32) -> ProcessId {
    ProcessId {
        pid,
        start_ticks: u64::from(pid) * 10,
    }
}

pub(super) fn worker(name: &str) -> Target {
    Target::Worker { name: name.into() }
}

pub(super) fn queue(name: &str) -> Target {
    Target::Queue {
        vhost: "/".into(),
        name: name.into(),
    }
}

fn entered<T>(facts: T, at: Moment) -> Section<T> {
    let mut section = Section::never();
    section.interval = Some(Duration::from_secs(5));
    section.enter(Ok(facts), at, Duration::ZERO);
    section
}

/// The steps of one rung of a shipped playbook.
pub(super) fn rung(playbook: &str, rung: &str) -> (Playbook, Vec<Step>) {
    let playbook = SHIPPED.get(playbook).unwrap().clone();
    let rung = playbook.ladder.iter().find(|r| r.name == rung).unwrap();
    let steps = rung.steps.clone();
    (playbook, steps)
}

impl World {
    pub(super) fn hung() -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30);
        let now = Moment::new(Instant::now(), wall);
        let mut config = Config::default();
        config.recovery.mode = RecoveryMode::Auto;
        let control = Control::Process(ProcessControl {
            command: vec!["x".into()],
            cwd: "/".into(),
            log: None,
        });
        for name in ["task", "mail"] {
            let worker = Worker {
                control: Some(control.clone()),
                count: 2,
                min_healthy: 1,
                queues: vec![format!("{name}s")],
                env_file: Some("/srv/.env".into()),
                ..Default::default()
            };
            config.workers.insert(name.into(), worker);
        }
        config.broker.control = Some(control);
        config.env_files = vec![crate::config::EnvFile::at("/srv/.env")];
        let process_facts = |pid| ProcessFacts {
            id: process(pid),
            ..Default::default()
        };
        let facts = |name: &str, first: u32| WorkerFacts {
            name: name.into(),
            desired: 2,
            min_healthy: 1,
            processes: Some(vec![process_facts(first), process_facts(first + 1)]),
            stopped_by_operator: Some(false),
            ..Default::default()
        };
        let mut snapshot = Snapshot::empty(now);
        snapshot.workers = entered(
            WorkersFacts {
                workers: vec![facts("mail", 20), facts("task", 10)],
                ..Default::default()
            },
            now,
        );
        snapshot.envfile = entered(EnvfileFacts::default(), now);
        let queues = ["tasks", "mails"].map(|name| QueueFacts {
            vhost: "/".into(),
            name: name.into(),
            queue_type: Some("quorum".into()),
            ..Default::default()
        });
        snapshot.queues = entered(
            QueuesFacts {
                source: Source::Management,
                fallback_login: false,
                configured_failure: None,
                capabilities: Default::default(),
                queues: queues.into(),
                seen: 2,
                filtered: LeftOut::default(),
                over_budget: LeftOut::default(),
                lines_lost: 0,
            },
            now,
        );
        let (playbook, steps) = rung("worker-unhealthy", "replace");
        let mut world = World {
            config,
            snapshot,
            assessment: Assessment {
                at: now,
                score: 60,
                level: Level::Warning,
                level_held: false,
                mean: 60,
                cap: None,
                components: Vec::new(),
                findings: Vec::new(),
                coverage: Vec::new(),
                forecasts: Vec::new(),
                verdicts: Vec::new(),
            },
            local_node: LocalNode::Unknown,
            cluster: Cluster::default(),
            broker_stopped: None,
            observe_only: None,
            incidents: Vec::new(),
            runs: Vec::new(),
            pauses: Vec::new(),
            now,
            code: TriggerCode::Finding(Code::WorkerHung),
            target: Some(worker("task")),
            source: TriggerSource::Alertmanager,
            approved: false,
            playbook,
            steps,
            victims: None,
            silence: None,
        };
        world.verdict("task", 10, Verdict::Stalled);
        world.finds(Code::WorkerHung, worker("task")).processes = vec![process(10)];
        world
    }

    /// The broker's node is down, and its control says so.
    pub(super) fn broker_down() -> Self {
        let mut world = World::hung();
        let (playbook, steps) = rung("broker-down", "restart");
        world.assessment.findings.clear();
        world.finds(Code::BrokerUnreachable, Target::Broker);
        world.assessment.level = Level::Critical;
        World {
            playbook,
            steps: vec![steps[0].clone()],
            code: TriggerCode::Finding(Code::BrokerUnreachable),
            target: Some(Target::Broker),
            local_node: LocalNode::Down,
            ..world
        }
    }

    pub(super) fn verdict(&mut self, worker: &str, pid: u32, verdict: Verdict) {
        self.assessment.verdicts.push(ProcessVerdict {
            worker: worker.into(),
            process: process(pid),
            verdict,
        });
    }

    pub(super) fn finds(&mut self, code: Code, target: Target) -> &mut Finding {
        self.assessment.findings.push(Finding {
            code,
            target,
            severity: Severity::Major,
            since: self.now,
            as_of: self.now,
            summary: String::new(),
            evidence: Vec::new(),
            processes: Vec::new(),
            cause: None,
        });
        self.assessment.findings.last_mut().unwrap()
    }

    pub(super) fn stamp(&self, ago: u64) -> Timestamp {
        Timestamp::from(self.now).before(Duration::from_secs(ago))
    }

    /// A run of the same playbook that acted and ended so long ago.
    pub(super) fn ran(&mut self, target: Target, seconds_ago: u64) -> &mut Run {
        let at = self.stamp(seconds_ago);
        let id = RunId(100 + self.runs.len() as i64);
        self.runs.push(Run {
            id,
            incident: IncidentId(1),
            playbook: self.playbook.name.clone(),
            touches: vec![target.clone()],
            target,
            source: TriggerSource::Finding,
            mode: RunMode::Auto,
            state: RunState::Ended(Outcome::Recovered),
            rung: 0,
            hold: None,
            created_at: at,
            started_at: Some(at),
            ended_at: Some(at),
        });
        self.runs.last_mut().unwrap()
    }

    fn asked<T>(&self, ask: impl FnOnce(&Request<'_>, &View<'_>) -> T) -> T {
        let targets = Targets::of(&self.config);
        let touches: Vec<Target> = self.target.clone().into_iter().collect();
        let request = Request {
            run: Some(RunId(1)),
            code: &self.code,
            target: self.target.as_ref(),
            source: self.source,
            approved: self.approved,
            playbook: &self.playbook,
            steps: &self.steps,
            touches: &touches,
            victims: self.victims.as_deref(),
            silence: self.silence.as_ref(),
        };
        let view = View {
            config: &self.config,
            targets: &targets,
            snapshot: &self.snapshot,
            assessment: &self.assessment,
            local_node: self.local_node,
            cluster: &self.cluster,
            broker_stopped_by_operator: self.broker_stopped,
            observe_only: self.observe_only,
            incidents: &self.incidents,
            runs: &self.runs,
            pauses: &self.pauses,
            now: self.now,
        };
        ask(&request, &view)
    }

    pub(super) fn decide(&self) -> Decision {
        self.asked(decide)
    }

    pub(super) fn reasons(&self) -> Vec<HoldReason> {
        self.asked(holds).iter().map(|hold| hold.reason).collect()
    }

    pub(super) fn holds(&self) -> Vec<Hold> {
        self.asked(holds)
    }
}

/// That this reason holds, and no other.
pub(super) fn only(world: &World, reason: HoldReason) -> Hold {
    let holds = world.holds();
    let reasons: Vec<_> = holds.iter().map(|h| h.reason).collect();
    assert_eq!(reasons, [reason], "{holds:#?}");
    assert!(!holds[0].words.is_empty() && !holds[0].words.ends_with('.'));
    assert_eq!(world.decide(), Decision::Hold(holds[0].clone()));
    holds[0].clone()
}

pub(super) fn goes(world: &World) {
    assert_eq!(world.holds(), []);
    assert_eq!(world.decide(), Decision::Go);
}
