//! A folder with a configuration, and what an action is asked with: for tests. The steps are made as
//! the engine makes them, without its guard and its ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use super::*;
use crate::model::facts::EnvFileFacts;
use crate::model::{
    Done, IncidentId, IncidentKey, Intent, Level, Reason, Risk, RunId, RunMode, RunState, Secret,
    StepResult, TriggerCode, TriggerSource,
};
use crate::platform::folder::Rights;
use crate::recover::State;
use crate::recover::last_good::Store;

pub(super) struct Stage {
    pub(super) dir: tempfile::TempDir,
    pub(super) world: World,
    pub(super) hands: Arc<Hands>,
    pub(super) asked: Arc<Mutex<Vec<String>>>,
    target: Target,
    journal: Vec<Step>,
    /// Where in the journal the step that is asked now began.
    begun: usize,
}

pub(super) fn now() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

/// What became of asking until there is nothing more to do.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    Done(String),
    Refused(String),
    Waits(String),
    Failed(Failure),
}

impl Stage {
    /// With a broker that lets in whoever's URL holds one of `good`, and gives others `refusal`.
    pub(super) fn new(yaml: &str, good: &'static [&'static str], refusal: Reason) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&asked);
        let log_in: LogIn = Arc::new(move |urls: Vec<Secret>| {
            let url = urls[0].expose().to_owned();
            let found = good.iter().any(|good| url.contains(good));
            told.lock().unwrap().push(url);
            Box::pin(async move { found.then_some(()).ok_or(Failure::new(refusal, "rabbit")) })
        });
        Self::with(yaml, log_in, asked)
    }

    pub(super) fn with(yaml: &str, log_in: LogIn, asked: Arc<Mutex<Vec<String>>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("warrener.yml");
        std::fs::write(&file, format!("state: state\n{yaml}")).unwrap();
        let config = Config::load(Some(&file)).unwrap_or_else(|errors| panic!("{errors}"));
        let config = Arc::new(config);
        let hands = Hands {
            workers: BTreeMap::new(),
            broker: None,
            log_in: Login(log_in),
            state: config.state.clone(),
            boot_id: "boot".into(),
            ledger: Handle::start(config.state.clone()).unwrap(),
            now,
            config: Arc::clone(&config),
        };
        let world = World {
            targets: Arc::new(Targets::of(&config)),
            snapshot: Arc::new(Snapshot::empty(now())),
            assessment: Arc::new(well()),
            now: now(),
            config,
        };
        Stage {
            dir,
            world,
            hands: Arc::new(hands),
            asked,
            target: Target::Host,
            journal: Vec::new(),
            begun: 0,
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn keep_good(&self, name: &str, content: &str) {
        let store = Store::open(&State::open(&self.hands.state).unwrap()).unwrap();
        let (path, rights) = (self.path(name), Rights::private());
        store
            .keep(&path, content.as_bytes(), &rights, SystemTime::now())
            .unwrap();
    }

    pub(super) fn env_file(&self, name: &str) -> Target {
        let path = self.path(name).display().to_string();
        Target::EnvFile { path }
    }

    /// The probe saw this of an env file.
    pub(super) fn see(&mut self, facts: EnvFileFacts) {
        let mut snapshot = (*self.world.snapshot).clone();
        let facts = crate::model::facts::EnvfileFacts {
            files: vec![facts],
            unresolved: Vec::new(),
        };
        let took = std::time::Duration::ZERO;
        snapshot.envfile.enter(Ok(facts), now(), took);
        self.world.snapshot = Arc::new(snapshot);
    }

    /// The probe, which is scheduled, saw these workers now.
    pub(super) fn see_workers(&mut self, facts: crate::model::facts::WorkersFacts) {
        let mut snapshot = (*self.world.snapshot).clone();
        let took = std::time::Duration::ZERO;
        snapshot.workers.enter(Ok(facts), now(), took);
        snapshot.workers.interval = Some(std::time::Duration::from_secs(5));
        self.world.snapshot = Arc::new(snapshot);
    }

    /// From now on steps are about this.
    pub(super) fn about(&mut self, target: Target) -> &mut Self {
        self.target = target;
        self
    }

    /// Asks once.
    pub(super) async fn next(&self, action: &str) -> Next {
        let action: Action = crate::config::read_document(action, Path::new("step.yml"))
            .map(|(action, _)| action)
            .unwrap_or_else(|errors| panic!("{errors}"));
        let key = IncidentKey {
            code: TriggerCode::Asked("test".into()),
            target: self.target.clone(),
        };
        let at = Timestamp::from(now());
        let incident = Incident {
            id: IncidentId(1),
            key,
            opened_at: at,
            closed_at: None,
            cause: None,
        };
        let run = Run {
            id: RunId(7),
            incident: incident.id,
            playbook: "test".into(),
            target: self.target.clone(),
            touches: Vec::new(),
            source: TriggerSource::Command,
            mode: RunMode::Auto,
            state: RunState::Running,
            rung: 0,
            hold: None,
            created_at: at,
            started_at: Some(at),
            ended_at: None,
        };
        let step = playbook::Step {
            action,
            timeout: crate::config::units::Period::secs(20),
            retries: 0,
            backoff: crate::config::units::Period::secs(1),
        };
        let asked = Asked {
            incident: &incident,
            run: &run,
            step: &step,
            begun_at: at,
            journal: &self.journal,
            own: &self.journal[self.begun..],
        };
        next(&asked, &self.world, &self.hands).await
    }

    /// The plan that comes next.
    pub(super) async fn plan(&self, action: &str) -> Plan {
        match self.next(action).await {
            Next::Act(plan) => plan,
            Next::Wait(words) | Next::Done(words) | Next::Refuse(words) => panic!("{words}"),
        }
    }

    /// Does `plan` and writes it down.
    pub(super) async fn act(&mut self, plan: Plan) -> Result<Effect, Failure> {
        let Plan {
            words,
            target,
            before,
            job,
            ..
        } = plan;
        let outcome = job(Arc::clone(&self.hands)).await;
        let (result, words_after, after) = match &outcome {
            Ok(effect) if effect.needless => {
                (StepResult::Needless, &effect.words, effect.after.clone())
            }
            Ok(effect) => (StepResult::Done, &effect.words, effect.after.clone()),
            Err(failure) => (StepResult::Failed, &failure.message, Vec::new()),
        };
        let at = Timestamp::from(now());
        self.journal.push(Step {
            run: RunId(7),
            number: u32::try_from(self.journal.len()).unwrap() + 1,
            intent: Intent {
                rung: 0,
                attempt: 1,
                action: "test".into(),
                risk: Risk::Safe,
                target,
                plan: words,
                before,
            },
            intended_at: at,
            done: Some(Done {
                acted_at: Some(at),
                result,
                words: words_after.clone(),
                after,
                undo: None,
            }),
            done_at: Some(at),
        });
        outcome
    }

    /// warrener ended before the newest outcome was written down.
    pub(super) fn crashed(&mut self) {
        let newest = self.journal.last_mut().unwrap();
        newest.done.as_mut().unwrap().result = StepResult::Unknown;
    }

    /// A new step begins.
    pub(super) fn begin(&mut self) {
        self.begun = self.journal.len();
    }

    /// One whole step: asks and acts until it ends. What was planned and what was said of it.
    pub(super) async fn step(&mut self, action: &str) -> (Vec<String>, End) {
        self.begin();
        let mut told = Vec::new();
        loop {
            match self.next(action).await {
                Next::Act(plan) => {
                    told.push(plan.words.clone());
                    match self.act(plan).await {
                        Ok(effect) => told.push(effect.words),
                        Err(failure) => return (told, End::Failed(failure)),
                    }
                }
                Next::Done(words) => return (told, End::Done(words)),
                Next::Refuse(words) => return (told, End::Refused(words)),
                Next::Wait(words) => return (told, End::Waits(words)),
            }
            assert!(told.len() < 100, "it never ends: {told:#?}");
        }
    }
}

fn well() -> Assessment {
    Assessment {
        at: now(),
        score: 100,
        level: Level::Normal,
        level_held: false,
        mean: 100,
        cap: None,
        components: Vec::new(),
        findings: Vec::new(),
        coverage: Vec::new(),
        forecasts: Vec::new(),
        verdicts: Vec::new(),
    }
}
