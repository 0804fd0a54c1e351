//! A run, and the world in which some processes of the worker `task` are hung.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::{Asked, Hands, Login, Next, Plan, World, next};
use crate::config::Config;
use crate::model::facts::{ProcessFacts, ProcessId, WorkerFacts, WorkersFacts};
use crate::model::{
    Assessment, Done, Generation, Incident, IncidentId, IncidentKey, Intent, Level, Moment,
    ProcessVerdict, Risk, Run, RunId, RunMode, RunState, Section, Snapshot, Step, StepResult,
    Target, Timestamp, TriggerCode, TriggerSource, Verdict,
};
use crate::recover::ledger::Handle;
use crate::recover::playbook::{self, Action, Nothing};
use crate::recover::targets::Targets;

pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn now() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

/// An incident, a run of it, and the world in which these processes are hung.
pub(super) struct Scene {
    _folder: tempfile::TempDir,
    pub(super) world: World,
    pub(super) hands: Arc<Hands>,
    pub(super) incident: Incident,
    pub(super) run: Run,
    pub(super) step: playbook::Step,
    /// What was done before this step.
    before: Vec<Step>,
    /// What this step did.
    own: Vec<Step>,
}

impl Scene {
    pub(super) fn new(management: &str, processes: Vec<ProcessFacts>, hung: &[u32]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "identity: app-1\nstate: .\nbroker: {{amqp: 'amqp://guest:guest@127.0.0.1:1', management: '{management}'}}\n\
             workers: {{task: {{match: {{cmdline: x}}}}}}\nnotify: {{slack: {{url_file: url}}}}\n"
        );
        let file = folder.path().join("warrener.yml");
        let config = Config::from_text(&text, &file, folder.path());
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        let config = Arc::new(config);
        let verdicts = hung.iter().map(|pid| ProcessVerdict {
            worker: "task".into(),
            process: ProcessId {
                pid: *pid,
                start_ticks: 1,
            },
            verdict: Verdict::Deaf,
        });
        let assessment = Assessment {
            at: now(),
            score: 60,
            level: Level::Warning,
            level_held: false,
            mean: 60,
            cap: None,
            components: Vec::new(),
            findings: Vec::new(),
            coverage: Vec::new(),
            forecasts: Vec::new(),
            verdicts: verdicts.collect(),
        };
        let mut snapshot = Snapshot::empty(now());
        snapshot.workers = Section::never();
        let worker = WorkerFacts {
            name: "task".into(),
            processes: Some(processes),
            ..WorkerFacts::default()
        };
        let facts = WorkersFacts {
            workers: vec![worker],
            ..WorkersFacts::default()
        };
        snapshot.workers.enter(Ok(facts), now(), Duration::ZERO);
        let ledger = Handle::start(folder.path().join("state")).unwrap();
        let target = Target::Worker {
            name: "task".into(),
        };
        let incident = Incident {
            id: IncidentId(1),
            key: IncidentKey {
                code: TriggerCode::from_text("WorkerHung").unwrap(),
                target: target.clone(),
            },
            opened_at: NOW,
            closed_at: None,
            cause: None,
        };
        let run = Run {
            id: RunId(1),
            incident: incident.id,
            playbook: "worker-unhealthy".into(),
            target: target.clone(),
            touches: vec![target],
            source: TriggerSource::Alertmanager,
            mode: RunMode::Auto,
            state: RunState::Running,
            rung: 0,
            hold: None,
            created_at: NOW,
            started_at: Some(NOW),
            ended_at: None,
        };
        Scene {
            world: World {
                targets: Arc::new(Targets::of(&config)),
                config: config.clone(),
                snapshot: Arc::new(snapshot),
                assessment: Arc::new(assessment),
                now: now(),
            },
            hands: Arc::new(Hands {
                workers: BTreeMap::new(),
                broker: None,
                log_in: Login(Arc::new(|_| Box::pin(async { Ok(()) }))),
                state: folder.path().join("state"),
                boot_id: "boot".into(),
                ledger,
                now,
                config,
            }),
            incident,
            run,
            step: playbook::Step {
                action: Action::WorkerCloseConnection(Nothing {}),
                timeout: "30s".parse().unwrap(),
                retries: 0,
                backoff: "1s".parse().unwrap(),
            },
            before: Vec::new(),
            own: Vec::new(),
            _folder: folder,
        }
    }

    /// What is asked with.
    pub(super) fn asked<T>(&self, with: impl FnOnce(&Asked<'_>) -> T) -> T {
        let journal: Vec<_> = self.before.iter().chain(&self.own).cloned().collect();
        with(&Asked {
            incident: &self.incident,
            run: &self.run,
            step: &self.step,
            begun_at: NOW,
            journal: &journal,
            own: &journal[self.before.len()..],
        })
    }

    /// Writes down that this step went for a process.
    pub(super) fn went_for(&mut self, action: &str, process: ProcessId, result: StepResult) {
        let mut step = self.entry(action, "", Some((result, "")));
        let boot_id = "boot".to_owned();
        step.intent.before = vec![Generation::Process { process, boot_id }];
        self.own = vec![step];
    }

    pub(super) async fn next(&self) -> Next {
        let journal: Vec<_> = self.before.iter().chain(&self.own).cloned().collect();
        let asked = Asked {
            incident: &self.incident,
            run: &self.run,
            step: &self.step,
            begun_at: NOW,
            journal: &journal,
            own: &journal[self.before.len()..],
        };
        next(&asked, &self.world, &self.hands).await
    }

    pub(super) async fn plan(&self) -> Plan {
        match self.next().await {
            Next::Act(plan) => plan,
            other => panic!("{}", words(other)),
        }
    }

    /// Writes down that this step began what `plan` says, and how it went.
    pub(super) fn wrote(&mut self, plan: &str, result: Option<StepResult>) {
        let done = result.map(|result| (result, ""));
        let step = self.entry("own", plan, done);
        self.own.push(step);
    }

    /// Writes down what a step before did.
    pub(super) fn did(&mut self, action: &str, words: &str, result: StepResult) {
        let step = self.entry(action, "", Some((result, words)));
        self.before.push(step);
    }

    fn entry(&self, action: &str, plan: &str, done: Option<(StepResult, &str)>) -> Step {
        Step {
            run: self.run.id,
            number: 1,
            intent: Intent {
                rung: 0,
                attempt: 1,
                action: action.into(),
                risk: Risk::Disruptive,
                target: self.run.target.clone(),
                plan: plan.into(),
                before: Vec::new(),
            },
            intended_at: NOW,
            done: done.map(|(result, words)| Done {
                acted_at: None,
                result,
                words: words.into(),
                after: Vec::new(),
                undo: None,
            }),
            done_at: None,
        }
    }
}

pub(super) fn words(next: Next) -> String {
    match next {
        Next::Act(plan) => format!("act: {}", plan.words),
        Next::Wait(words) => format!("wait: {words}"),
        Next::Done(words) => format!("done: {words}"),
        Next::Refuse(words) => format!("refuse: {words}"),
    }
}
