//! One world in which everything is told: every field of every fact has a value, and every list an
//! entry. Nothing is left to a default, so that a new fact does not compile before it has its
//! place here, and so in the references that are made from it.

mod assessment;
mod facts;
mod limits;
mod standing;

pub(super) use limits::limits;
pub(super) use standing::{idle, observing, standing};

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use crate::model::facts::{
    BackupFacts, BrokerFacts, DiskFacts, EnvFileFacts, EnvfileFacts, FilesFacts, HostFacts,
    LeftOut, LogFacts, NodeFacts, ProcessFacts, QueueFacts, QueuesFacts, Source, WorkerFacts,
    WorkersFacts,
};
use crate::model::{Assessment, Attention, Failure, Moment, ProbeName, Reason, Section, Snapshot};

/// How far back this world goes.
const DAY: Duration = Duration::from_secs(86_400);

/// Where its clocks begin; the wall clock always at the same instant.
static DAWN: LazyLock<Moment> = LazyLock::new(|| {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_760_000_000) - DAY;
    Moment::new(Instant::now(), wall)
});

/// The instant of this world.
pub(super) fn now() -> Moment {
    DAWN.after(DAY)
}

/// So many seconds before.
fn ago(seconds: u64) -> Moment {
    DAWN.after(DAY - Duration::from_secs(seconds))
}

/// Everything told, and what it was assessed to be.
pub(super) fn everything() -> (Snapshot, Assessment) {
    let at = now();
    let mut snapshot = Snapshot::empty(at);
    snapshot.attention = Attention {
        restless: true,
        asked_until: Some(at.after(Duration::from_secs(600))),
    };
    told(&mut snapshot.broker, facts::broker(), 5);
    told(&mut snapshot.queues, facts::queues(), 5);
    told(&mut snapshot.roundtrip, facts::roundtrip(), 15);
    told(&mut snapshot.host, facts::host(), 5);
    told(&mut snapshot.envfile, facts::envfile(), 5);
    told(&mut snapshot.workers, facts::workers(at), 5);
    told(&mut snapshot.files, facts::files(), 60);
    (snapshot, assessment::assessment(at))
}

/// The same, with the newest reading of one probe failed.
pub(super) fn failing(probe: ProbeName) -> (Snapshot, Assessment) {
    let (mut snapshot, assessment) = everything();
    let failure = || Failure::new(Reason::Refused, "127.0.0.1:15692: nothing listens there");
    let (at, took) = (snapshot.at, Duration::from_millis(3));
    match probe {
        ProbeName::Broker => snapshot.broker.enter(Err(failure()), at, took),
        ProbeName::Queues => snapshot.queues.enter(Err(failure()), at, took),
        ProbeName::Roundtrip => snapshot.roundtrip.enter(Err(failure()), at, took),
        ProbeName::Host => snapshot.host.enter(Err(failure()), at, took),
        ProbeName::Envfile => snapshot.envfile.enter(Err(failure()), at, took),
        ProbeName::Workers => snapshot.workers.enter(Err(failure()), at, took),
        ProbeName::Files => snapshot.files.enter(Err(failure()), at, took),
    }
    (snapshot, assessment)
}

/// Everybody is there, and nobody told more than a name.
pub(super) fn untold() -> (Snapshot, Assessment) {
    let (mut snapshot, assessment) = everything();
    let mut broker = BrokerFacts {
        configured_failure: facts::refused(),
        ..empty_broker()
    };
    broker.nodes = vec![NodeFacts {
        name: "rabbit@app-1".into(),
        ..NodeFacts::default()
    }];
    let mut queues = QueuesFacts {
        configured_failure: facts::refused(),
        ..empty_queues()
    };
    queues.queues = vec![QueueFacts {
        vhost: "/".into(),
        name: "ai_tasks".into(),
        pinned: true,
        ..QueueFacts::default()
    }];
    let host = HostFacts {
        disks: vec![DiskFacts {
            path: "/".into(),
            ..DiskFacts::default()
        }],
        ..HostFacts::default()
    };
    let envfile = EnvfileFacts {
        unresolved: facts::envfile().unresolved,
        files: vec![EnvFileFacts {
            path: ".env".into(),
            ..EnvFileFacts::default()
        }],
    };
    let workers = WorkersFacts {
        workers: vec![WorkerFacts {
            name: "task-worker".into(),
            desired: 2,
            min_healthy: 1,
            processes: Some(vec![ProcessFacts::default()]),
            ..WorkerFacts::default()
        }],
        ..WorkersFacts::default()
    };
    let files = FilesFacts {
        logs: vec![LogFacts {
            glob: "logs/*.log".into(),
            ..LogFacts::default()
        }],
        backups: vec![BackupFacts {
            glob: "backups/*".into(),
            ..BackupFacts::default()
        }],
    };
    told(&mut snapshot.broker, broker, 5);
    told(&mut snapshot.queues, queues, 5);
    told(&mut snapshot.host, host, 5);
    told(&mut snapshot.envfile, envfile, 5);
    told(&mut snapshot.workers, workers, 5);
    told(&mut snapshot.files, files, 60);
    (snapshot, assessment)
}

/// Everything could be read, and there is nothing to read and nothing wrong.
pub(super) fn nothing() -> (Snapshot, Assessment) {
    let (mut snapshot, mut assessment) = everything();
    told(&mut snapshot.broker, empty_broker(), 5);
    told(&mut snapshot.queues, empty_queues(), 5);
    told(&mut snapshot.host, HostFacts::default(), 5);
    told(&mut snapshot.envfile, EnvfileFacts::default(), 5);
    told(&mut snapshot.workers, WorkersFacts::default(), 5);
    told(&mut snapshot.files, FilesFacts::default(), 60);
    assessment.cap = None;
    assessment.findings.clear();
    assessment.forecasts.clear();
    assessment.verdicts.clear();
    (snapshot, assessment)
}

fn told<T>(section: &mut Section<T>, facts: T, every: u64) {
    section.interval = Some(Duration::from_secs(every));
    section.enter(Ok(facts), ago(2), Duration::from_millis(12));
}

fn empty_broker() -> BrokerFacts {
    BrokerFacts {
        source: Source::Prometheus,
        capabilities: Default::default(),
        version: None,
        erlang_version: None,
        cluster: None,
        fallback_login: false,
        configured_failure: None,
        nodes: Vec::new(),
        lines_lost: 0,
    }
}

fn empty_queues() -> QueuesFacts {
    QueuesFacts {
        source: Source::Prometheus,
        capabilities: Default::default(),
        fallback_login: false,
        configured_failure: None,
        queues: Vec::new(),
        seen: 0,
        filtered: LeftOut::default(),
        over_budget: LeftOut::default(),
        lines_lost: 0,
    }
}
