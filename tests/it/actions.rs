//! The actions on env files, against brokers: the one that the fleet works with, and a decoy that
//! listens where the schema's defaults lead and lets guest in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use testbed::Broker;
use warrener::config::Config;
use warrener::model::{
    self, Assessment, Done, Failure, Incident, IncidentId, IncidentKey, Intent, Level, Moment,
    Reason, Risk, Run, RunId, RunMode, RunState, Snapshot, StepResult, Target, Timestamp,
    TriggerCode, TriggerSource,
};
use warrener::platform::folder::Rights;
use warrener::recover::State;
use warrener::recover::actions::{Asked, Effect, Hands, Login, Next, Plan, World, next, take_back};
use warrener::recover::last_good::Store;
use warrener::recover::ledger::Handle;
use warrener::recover::playbook::{Action, Nothing, Step};
use warrener::recover::targets::Targets;
use warrener::watch::Watch;

use crate::support::broker;
use crate::support::env::{CANARY, add_user, config, emptied, env};

fn now() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

struct Fleet {
    dir: tempfile::TempDir,
    world: World,
    hands: Arc<Hands>,
    target: Target,
}

impl Fleet {
    fn new(yaml: &str, env: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("warrener.yml");
        std::fs::write(&file, yaml).unwrap();
        std::fs::write(dir.path().join(".env"), env).unwrap();
        let config = Arc::new(Config::load(Some(&file)).unwrap());
        let log_in = Watch::default().build(&config).unwrap().log_in();
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
        let well = Assessment {
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
        };
        let world = World {
            targets: Arc::new(Targets::of(&config)),
            snapshot: Arc::new(Snapshot::empty(now())),
            assessment: Arc::new(well),
            now: now(),
            config,
        };
        let path = dir.path().join(".env").display().to_string();
        Fleet {
            dir,
            world,
            hands: Arc::new(hands),
            target: Target::EnvFile { path },
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join(".env")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn keep_good(&self, content: &str) {
        let state = State::open(&self.hands.state).unwrap();
        let store = Store::open(&state).unwrap();
        let (rights, bytes) = (Rights::private(), content.as_bytes());
        let kept = store.keep(&self.path(), bytes, &rights, SystemTime::now());
        kept.unwrap();
    }

    async fn next(&self, action: Action) -> Next {
        let at = Timestamp::from(now());
        let incident = Incident {
            id: IncidentId(1),
            key: IncidentKey {
                code: TriggerCode::Asked("config-invalid".into()),
                target: self.target.clone(),
            },
            opened_at: at,
            closed_at: None,
            cause: None,
        };
        let run = Run {
            id: RunId(1),
            incident: incident.id,
            playbook: "config-invalid".into(),
            target: self.target.clone(),
            touches: vec![self.target.clone()],
            source: TriggerSource::Command,
            mode: RunMode::Auto,
            state: RunState::Running,
            rung: 0,
            hold: None,
            created_at: at,
            started_at: Some(at),
            ended_at: None,
        };
        let step = Step {
            action,
            timeout: warrener::config::units::Period::secs(30),
            retries: 0,
            backoff: warrener::config::units::Period::secs(1),
        };
        let asked = Asked {
            incident: &incident,
            run: &run,
            step: &step,
            begun_at: at,
            journal: &[],
            own: &[],
        };
        next(&asked, &self.world, &self.hands).await
    }

    async fn plan(&self, action: Action) -> Plan {
        match self.next(action).await {
            Next::Act(plan) => plan,
            Next::Wait(words) | Next::Done(words) | Next::Refuse(words) => panic!("{words}"),
        }
    }

    async fn act(&self, action: Action) -> Result<Effect, Failure> {
        let plan = self.plan(action).await;
        assert!(!plan.words.contains(CANARY), "{}", plan.words);
        (plan.job)(Arc::clone(&self.hands)).await
    }
}

fn repair() -> Action {
    Action::ConfigRepair(Nothing {})
}

fn validate() -> Action {
    Action::ConfigValidate(Nothing {})
}

/// Its log names every connection that somebody made to it.
fn visitors(broker: &Broker) -> usize {
    let log = std::fs::read_to_string(broker.log_file()).unwrap();
    log.matches("accepting AMQP connection").count()
}

/// `warrener.yml` of the real broker, whose defaults lead to the decoy.
fn misleading(real: &Broker, decoy: &Broker) -> String {
    let port = format!(", default: {}", decoy.amqp_port());
    let guest = ", default: guest";
    config(real, [", default: 127.0.0.1", &port, guest, guest])
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn a_repair_never_asks_the_decoy_while_there_is_a_last_known_good() {
    let (real, decoy) = (broker().start().unwrap(), broker().start().unwrap());
    add_user(&real, "decoy-story");
    let full = env(&real, "decoy-story", CANARY);
    let fleet = Fleet::new(&misleading(&real, &decoy), &emptied(&full));
    // To see that they are up was a visit to each.
    let before = [&real, &decoy].map(visitors);

    // Nothing better is known: the plan says what it would be.
    let plan = fleet.plan(repair()).await;
    let port = "RABBITMQ_PORT (empty) from its default";
    assert!(plan.words.contains(port), "{}", plan.words);
    assert!(
        plan.words.contains("may be another broker's"),
        "{}",
        plan.words
    );
    drop(plan);

    fleet.keep_good(&full);
    let effect = fleet.act(repair()).await.unwrap();
    assert!(
        effect.words.contains("the broker accepts a login"),
        "{}",
        effect.words
    );
    assert_eq!(fleet.text(), full, "every byte");
    let effect = fleet.act(validate()).await.unwrap();
    assert!(effect.words.contains("accepts a login"), "{}", effect.words);
    assert!(matches!(fleet.next(repair()).await, Next::Done(_)));

    // The same while the real broker is down.
    write(&fleet.path(), &emptied(&full));
    real.stop().unwrap();
    let effect = fleet.act(repair()).await.unwrap();
    assert!(
        effect.words.contains("could not be asked"),
        "{}",
        effect.words
    );
    assert_eq!(fleet.text(), full);
    let failure = fleet.act(validate()).await.err().unwrap();
    assert_eq!(failure.reason, Reason::Refused, "{failure}");
    assert!(!failure.message.contains(CANARY), "{failure}");
    assert!(visitors(&real) > before[0], "or the log tells nothing");
    assert_eq!(visitors(&decoy), before[1], "somebody knocked at the decoy");
}

#[tokio::test]
async fn what_leads_to_nobody_is_rolled_back_and_taken_back() {
    let real = broker().start().unwrap();
    add_user(&real, "rolled-back");
    let full = env(&real, "rolled-back", CANARY);
    let fleet = Fleet::new(&config(&real, [""; 4]), "garbage\0 of many\nkinds");
    let rollback = || Action::ConfigRollback(Nothing {});
    assert!(matches!(fleet.next(rollback()).await, Next::Refuse(_)));
    fleet.keep_good(&full);
    let failure = fleet.act(validate()).await.err().unwrap();
    assert!(
        failure.message.contains("RABBITMQ_HOST is missing"),
        "{failure}"
    );
    let effect = fleet.act(rollback()).await.unwrap();
    assert_eq!(fleet.text(), full);
    assert!(effect.undo.is_none(), "garbage has no way back");
    fleet.act(validate()).await.unwrap();

    // A content that logged in once has one.
    let other = full.replace("OTHER=kept-0ther", "OTHER=other");
    fleet.keep_good(&other);
    let effect = fleet.act(rollback()).await.unwrap();
    assert_eq!(fleet.text(), other);
    let undo = take_back(&written(effect)).unwrap();
    (undo.job)(Arc::clone(&fleet.hands)).await.unwrap();
    assert_eq!(fleet.text(), full);

    // The broker takes neither any more: what is there stays.
    real.ctl(&["change_password", "rolled-back", "another"])
        .unwrap();
    let failure = fleet.act(rollback()).await.err().unwrap();
    assert_eq!(failure.reason, Reason::Auth, "{failure}");
    assert_eq!(fleet.text(), full);
}

/// The step that had this effect.
fn written(effect: Effect) -> model::Step {
    let at = Timestamp(0);
    model::Step {
        run: RunId(7),
        number: 1,
        intent: Intent {
            rung: 0,
            attempt: 1,
            action: "config.rollback".into(),
            risk: Risk::Safe,
            target: Target::Host,
            plan: effect.words.clone(),
            before: Vec::new(),
        },
        intended_at: at,
        done: Some(Done {
            acted_at: Some(at),
            result: StepResult::Done,
            words: effect.words,
            after: effect.after,
            undo: effect.undo,
        }),
        done_at: Some(at),
    }
}
