//! An engine over a real ledger and real programs. The world is a folder: memory is low as long as
//! there is a file `broken` in it, the worker `w` is down while there is one `down`, the broker
//! is lost, and the cause of that, while there is one `lost`, and the level is a better one while there
//! is one `calm`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use crate::config::Config;
use crate::model::facts::{EnvfileFacts, HostFacts, WorkersFacts};
use crate::model::*;
use crate::recover::desk::{Desk, Reading};
use crate::recover::engine::{Engine, Parts, Setup};
use crate::recover::last_good::Assessed;
use crate::recover::ledger::{Handle, Ledger, NewRun};
use crate::recover::notify::NoticeCounts;
use crate::recover::playbook::Playbooks;
use crate::recover::targets::Targets;

const LONG: Duration = Duration::from_secs(30);

pub(super) fn now() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

pub(super) struct Rig {
    pub(super) dir: tempfile::TempDir,
    pub(super) ledger: Handle,
    pub(super) setup: Arc<Setup>,
    rt: Runtime,
    looks: watch::Receiver<Option<Assessed>>,
    over: Arc<AtomicBool>,
    feeder: Option<JoinHandle<()>>,
}

impl Rig {
    /// With this `recovery` section, and a playbook for low memory with this ladder, in which `DIR` is
    /// the folder.
    pub(super) fn new(recovery: &str, ladder: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let file = dir.path().join("warrener.yml");
        std::fs::write(&file, format!("state: state\nrecovery: {recovery}\n")).unwrap();
        let config = Config::load(Some(&file)).unwrap_or_else(|errors| panic!("{errors}"));
        let folder = dir.path().join("playbooks");
        std::fs::create_dir(&folder).unwrap();
        let playbook = format!(
            "playbook: room\nsummary: Makes room\ntriggers: [MemoryLow]\ncooldown: 1s\nladder:\n{}\n\
             verify: {{all: [symptom_gone], within: 1s, stable_for: 40ms}}\n",
            ladder.replace("DIR", &path)
        );
        std::fs::write(folder.join("room.yml"), playbook).unwrap();
        let playbooks = Playbooks::load(Some(&folder)).unwrap_or_else(|errors| panic!("{errors}"));
        let rt = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let ledger = Handle::start(config.state.clone()).unwrap();
        let log_in: crate::envfile::LogIn = Arc::new(|_| Box::pin(async { Ok(()) }));
        let setup = Setup::with(playbooks, &config, log_in, ledger.clone(), now);
        let (newest, looks) = watch::channel(None);
        let over = Arc::new(AtomicBool::new(false));
        let (stop, world) = (Arc::clone(&over), dir.path().to_owned());
        let feeder = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                newest.send_replace(Some(seen(&world)));
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        Rig {
            dir,
            ledger,
            setup: Arc::new(setup),
            rt,
            looks,
            over,
            feeder: Some(feeder),
        }
    }

    fn parts(&self) -> Parts {
        let standing = Standing::unknown(RunMode::Auto, true);
        Parts {
            ledger: self.ledger.clone(),
            setup: watch::channel(Arc::clone(&self.setup)).1,
            reading: watch::channel(Arc::new(Reading {
                config: Arc::clone(&self.setup.config),
                targets: Targets::of(&self.setup.config),
                identity: "here".into(),
            }))
            .1,
            assessed: self.looks.clone(),
            standing: watch::channel(Arc::new(standing)).0,
            outbox: Arc::new(Notify::new()),
            notices: Arc::new(NoticeCounts::default()),
            silences: watch::channel(Arc::default()).1,
            now,
        }
    }

    /// An engine that does not run.
    pub(super) fn still(&self) -> Engine {
        Engine::new(self.parts()).0
    }

    pub(super) fn start(&self) -> Desk {
        let (engine, desk) = Engine::new(self.parts());
        self.rt.spawn(engine.run());
        desk
    }

    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.rt.block_on(future)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn make(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    pub(super) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(super) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Ledger) -> Result<T, crate::recover::ledger::LedgerError> + Send + 'static,
    ) -> T {
        self.wait(self.ledger.read(read)).unwrap()
    }

    pub(super) fn runs(&self) -> Vec<Run> {
        self.read(|ledger| ledger.runs(100))
    }

    pub(super) fn open(&self) -> usize {
        self.read(Ledger::open_incidents).len()
    }

    pub(super) fn wait_state(&self, state: RunState) -> Run {
        let what = format!("a run that is {state}");
        let found = testbed::wait_until(&what, LONG, || {
            self.runs().into_iter().find(|run| run.state == state)
        });
        found.unwrap_or_else(|error| panic!("{error}; {:#?}", self.runs()))
    }

    /// Waits until so many more assessments were made.
    pub(super) fn looks(&self, more: u32) {
        let mut looks = self.looks.clone();
        for _ in 0..more {
            self.wait(looks.changed()).unwrap();
        }
    }

    /// A run of the playbook for an incident of `code`, as a warrener before this one left it: running.
    pub(super) fn left(&self, code: TriggerCode, risk: Option<Risk>) -> Run {
        let key = IncidentKey {
            code,
            target: Target::Host,
        };
        let at = Timestamp::from(now());
        let write = move |ledger: &mut Ledger| {
            let (incident, _) = ledger.join(&key, at)?;
            let new = NewRun {
                incident: incident.id,
                playbook: "room".into(),
                target: Target::Host,
                touches: vec![Target::Host],
                source: TriggerSource::Command,
                mode: RunMode::Auto,
            };
            let run = ledger.propose(&new, at)?;
            ledger.advance(run.id, RunState::Proposed, RunState::Running, None, at)?;
            if let Some(risk) = risk {
                ledger.intend(run.id, &intent(risk), at)?;
            }
            ledger.run(run.id)
        };
        self.wait(self.ledger.write(write)).unwrap().unwrap()
    }
}

pub(super) fn intent(risk: Risk) -> Intent {
    Intent {
        rung: 0,
        attempt: 1,
        action: "command.run".into(),
        risk,
        target: Target::Host,
        plan: "run it".into(),
        before: Vec::new(),
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(feeder) = self.feeder.take() {
            feeder.join().ok();
        }
    }
}

fn seen(world: &std::path::Path) -> Assessed {
    let at = now();
    let mut snapshot = Snapshot::empty(at);
    let took = Duration::ZERO;
    let away = || Failure::new(Reason::Refused, "nobody is there");
    snapshot.broker.enter(Err(away()), at, took);
    snapshot.queues.enter(Err(away()), at, took);
    snapshot.roundtrip.enter(Err(away()), at, took);
    snapshot.host.enter(Ok(HostFacts::default()), at, took);
    let workers = WorkersFacts::default();
    snapshot.workers.enter(Ok(workers), at, took);
    let files = EnvfileFacts::default();
    snapshot.envfile.enter(Ok(files), at, took);
    let finding = Finding {
        code: Code::MemoryLow,
        target: Target::Host,
        severity: Severity::Major,
        since: at,
        as_of: at,
        summary: "memory is low".into(),
        evidence: Vec::new(),
        processes: Vec::new(),
        cause: None,
    };
    let lost = Finding {
        code: Code::BrokerUnreachable,
        target: Target::Broker,
        summary: "nobody is there".into(),
        ..finding.clone()
    };
    let there = |name: &str| world.join(name).exists();
    let down = Finding {
        code: Code::WorkerDown,
        cause: there("lost").then(|| lost.key()),
        target: Target::Worker { name: "w".into() },
        summary: "none of it runs".into(),
        ..finding.clone()
    };
    let level = match world.join("calm").exists() {
        true => Level::Caution,
        false => Level::Warning,
    };
    let findings = [("broken", finding), ("down", down), ("lost", lost)];
    let findings = findings.into_iter().filter(|(name, _)| there(name));
    let assessment = Assessment {
        at,
        score: 60,
        level,
        level_held: false,
        mean: 60,
        cap: None,
        components: Vec::new(),
        findings: findings.map(|(_, finding)| finding).collect(),
        coverage: Vec::new(),
        forecasts: Vec::new(),
        verdicts: Vec::new(),
    };
    Assessed {
        snapshot: Arc::new(snapshot),
        assessment: Arc::new(assessment),
    }
}
