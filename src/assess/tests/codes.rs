//! One row per code: it fires, a healthy world does not, missing data neither brings nor heals it,
//! and it clears by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use super::world::{GIB, World, found};
use crate::model::facts::{
    DriftedKey, Insecurity, InsecurityKind, KeyChange, NamedSize, Violation, ViolationKind,
};
use crate::model::{Code, ProbeName, Reason, Severity};

struct Row {
    code: Code,
    severity: Severity,
    /// Steps until it is there.
    steps: usize,
    /// Length of a step.
    every: u64,
    /// The section it comes from; `None`: the outcomes of several.
    source: Option<ProbeName>,
    /// Breaks the world; called before each step with its number.
    breaks: fn(&mut World, u64),
}

const fn row(
    code: Code,
    severity: Severity,
    steps: usize,
    every: u64,
    source: Option<ProbeName>,
    breaks: fn(&mut World, u64),
) -> Row {
    Row {
        code,
        severity,
        steps,
        every,
        source,
        breaks,
    }
}

use Severity::{Critical, Information, Major, Minor};

const BROKER: Option<ProbeName> = Some(ProbeName::Broker);
const QUEUES: Option<ProbeName> = Some(ProbeName::Queues);
const WORKERS: Option<ProbeName> = Some(ProbeName::Workers);
const ENVFILE: Option<ProbeName> = Some(ProbeName::Envfile);
const HOST: Option<ProbeName> = Some(ProbeName::Host);
const FILES: Option<ProbeName> = Some(ProbeName::Files);

fn hold(world: &mut World, messages: u64) {
    world.acks = 0;
    world.queue().ready = Some(500);
    for process in world.processes() {
        let channel = &mut process.channels.as_mut().unwrap()[0];
        channel.unacked = Some(messages);
        // The world gives every process some work; a hung one does nothing.
        process.cpu_time = Some(Duration::ZERO);
        process.voluntary_switches = Some(0);
    }
}

const ROWS: &[Row] = &[
    row(Code::BrokerUnreachable, Critical, 1, 5, None, |w, _| {
        w.fail(ProbeName::Broker, Reason::Refused);
        w.fail(ProbeName::Roundtrip, Reason::Timeout);
    }),
    row(
        Code::BrokerRoundtripFailing,
        Critical,
        2,
        5,
        None,
        |w, _| {
            w.fail(ProbeName::Roundtrip, Reason::Timeout);
        },
    ),
    row(Code::BrokerAuthFailed, Critical, 1, 5, None, |w, _| {
        w.fail(ProbeName::Broker, Reason::Timeout);
        w.fail(ProbeName::Roundtrip, Reason::Auth);
    }),
    row(Code::BrokerNodeDown, Major, 2, 5, BROKER, |w, _| {
        w.broker.nodes[0].up = false
    }),
    row(Code::BrokerNodeDown, Critical, 2, 5, BROKER, |w, _| {
        w.broker.nodes[0].up = false;
        w.broker.nodes[1].up = false;
    }),
    row(Code::BrokerMemoryAlarm, Critical, 1, 5, BROKER, |w, _| {
        w.broker.nodes[0].memory_alarm = Some(true);
    }),
    row(Code::BrokerDiskAlarm, Critical, 1, 5, BROKER, |w, _| {
        w.broker.nodes[0].disk_alarm = Some(true);
    }),
    row(Code::QueueStuck, Major, 50, 5, QUEUES, |w, _| hold(w, 1)),
    row(Code::QueueWithoutConsumers, Major, 2, 5, QUEUES, |w, _| {
        w.queue().consumers = Some(0);
    }),
    row(Code::QueueWithoutConsumers, Minor, 2, 5, QUEUES, |w, _| {
        w.queue().consumers = Some(1);
    }),
    row(Code::QueueBacklog, Minor, 2, 5, QUEUES, |w, _| {
        w.queue().ready = Some(1001)
    }),
    row(Code::QueueBacklog, Major, 2, 5, QUEUES, |w, _| {
        w.queue().ready = Some(5001)
    }),
    row(Code::QueueGrowing, Minor, 20, 10, QUEUES, |w, i| {
        w.queue().ready = Some(300 + i * 5)
    }),
    row(Code::QueueGrowing, Major, 20, 10, QUEUES, |w, i| {
        w.queue().ready = Some(9000 + i * 50)
    }),
    row(Code::QueueSlow, Minor, 20, 5, QUEUES, |w, _| {
        w.acks = 1;
        w.queue().ready = Some(500);
    }),
    row(Code::QueueSlow, Major, 20, 5, QUEUES, |w, _| {
        w.acks = 0;
        w.queue().ready = Some(500);
    }),
    row(Code::QueueRedelivering, Minor, 50, 5, QUEUES, |w, i| {
        w.acks = 0;
        w.queue().redelivered = Some(i * 2);
    }),
    row(Code::DeadLettersArriving, Minor, 3, 5, QUEUES, |w, i| {
        w.queues.queues[1].ready = Some(i);
    }),
    row(Code::WorkerDown, Critical, 1, 5, WORKERS, |w, _| {
        w.processes().clear()
    }),
    row(Code::WorkerMissing, Minor, 1, 5, WORKERS, |w, _| {
        w.processes().truncate(1)
    }),
    row(Code::WorkerMissing, Major, 1, 5, WORKERS, |w, _| {
        w.worker().min_healthy = 2;
        w.processes().truncate(1);
    }),
    row(Code::WorkerHung, Major, 50, 5, WORKERS, |w, _| hold(w, 1)),
    row(Code::WorkerDisconnected, Major, 3, 5, WORKERS, |w, _| {
        for process in w.processes() {
            (process.channels, process.broker_socket) = (Some(Vec::new()), Some(false));
        }
    }),
    row(Code::WorkerFlapping, Major, 12, 5, WORKERS, |w, i| {
        w.worker().restarts = i
    }),
    row(Code::WorkerMemoryGrowing, Minor, 45, 60, WORKERS, |w, i| {
        w.processes()[0].rss = Some((100 + i * 4) << 20);
    }),
    row(Code::WorkerConfigDrift, Major, 1, 5, WORKERS, |w, _| {
        let key = DriftedKey {
            key: "RABBITMQ_HOST".into(),
            change: KeyChange::Emptied,
        };
        w.processes()[0].drift.keys = Some(vec![key]);
    }),
    row(Code::WorkerConfigDrift, Major, 1, 5, WORKERS, |w, _| {
        w.processes()[0].drift.keys = None;
        w.processes()[0].drift.file_changed = Some(true);
    }),
    row(Code::ConfigInvalid, Major, 1, 5, ENVFILE, |w, _| {
        let (key, words) = ("RABBITMQ_HOST".into(), "has no value".into());
        let kind = ViolationKind::Empty;
        w.env_file().violations = Some(vec![Violation { key, kind, words }]);
    }),
    row(Code::ConfigInvalid, Major, 1, 5, ENVFILE, |w, _| {
        w.env_file().exists = Some(false)
    }),
    row(Code::ConfigInvalid, Critical, 1, 5, ENVFILE, |w, _| {
        w.env_file().login = Some(Err(Reason::Auth));
    }),
    row(Code::ConfigInsecure, Minor, 1, 5, ENVFILE, |w, _| {
        let words = "mode 0644 lets others read it".into();
        let insecurity = Insecurity {
            kind: InsecurityKind::Mode,
            words,
        };
        w.env_file().insecurities = Some(vec![insecurity]);
    }),
    row(Code::ConfigChanged, Information, 1, 5, ENVFILE, |w, _| {
        w.env_file().changed_at = Some(w.now);
    }),
    row(Code::DiskLow, Major, 1, 5, HOST, |w, _| {
        w.host.disks[0].available = Some(9 * GIB)
    }),
    row(Code::DiskLow, Critical, 1, 5, HOST, |w, _| {
        w.host.disks[0].available = Some(3 * GIB)
    }),
    row(Code::DiskLow, Major, 1, 5, HOST, |w, _| {
        let disk = &mut w.host.disks[0];
        (disk.inodes_total, disk.inodes_free) = (Some(1000), Some(50));
    }),
    row(Code::MemoryLow, Major, 2, 5, HOST, |w, _| {
        w.host.memory_available = Some(GIB / 2)
    }),
    row(Code::MemoryLow, Critical, 2, 5, HOST, |w, _| {
        w.host.memory_available = Some(GIB / 8)
    }),
    row(Code::DiskWillFill, Minor, 40, 60, HOST, |w, i| {
        w.host.disks[0].available = Some(50 * GIB - i * GIB / 8);
    }),
    row(Code::LogOversized, Minor, 1, 5, FILES, |w, _| {
        w.files.logs[0].largest = Some(NamedSize {
            path: "logs/a".into(),
            size: 2 * GIB,
        });
    }),
    row(Code::LogErrors, Minor, 6, 5, FILES, |w, i| {
        w.files.logs[0].error_lines = Some(i * 5);
    }),
    row(Code::BackupStale, Minor, 1, 5, FILES, |w, _| {
        w.files.backups[0].newest_age = Some(Duration::from_secs(100_000));
    }),
    row(Code::BackupStale, Minor, 1, 5, FILES, |w, _| {
        (w.files.backups[0].newest, w.files.backups[0].files) = (None, Some(0));
    }),
    row(Code::BackupBroken, Minor, 1, 5, FILES, |w, _| {
        w.files.backups[0].verified = Some(Err("unexpected end of file".into()));
    }),
    row(Code::BackupBroken, Minor, 1, 5, FILES, |w, _| {
        w.files.backups[0].newest = Some(NamedSize {
            path: "backups/a".into(),
            size: 3,
        });
    }),
    row(Code::ProbeFailing, Minor, 3, 5, None, |w, _| {
        w.fail(ProbeName::Host, Reason::Io)
    }),
    row(Code::ProbeFailing, Major, 12, 5, None, |w, _| {
        w.fail(ProbeName::Host, Reason::Io)
    }),
];

fn broken(row: &Row) -> World {
    let mut world = World::healthy();
    world.every = Duration::from_secs(row.every);
    let before = world.steps(3);
    assert_eq!(
        (before.score, before.findings.len()),
        (100, 0),
        "{:?}",
        before.findings
    );
    for i in 1..=row.steps as u64 {
        (row.breaks)(&mut world, i);
        world.step();
    }
    world
}

#[test]
fn every_code_has_a_row() {
    let rows: BTreeSet<Code> = ROWS.iter().map(|row| row.code).collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(rows, all);
}

#[test]
fn every_code_fires_with_its_severity() {
    for row in ROWS {
        let assessment = broken(row).assess();
        let finding = found(&assessment, row.code)
            .unwrap_or_else(|| panic!("{}: {:?}", row.code, assessment.findings));
        assert_eq!(finding.severity, row.severity, "{finding:?}");
        assert!(
            row.severity == Information || !finding.evidence.is_empty(),
            "{finding:?}"
        );
        assert!(assessment.score <= row.severity.cap(), "{}", row.code);
    }
}

#[test]
fn a_healthy_world_has_no_finding() {
    for every in [5, 60] {
        let mut world = World::healthy();
        world.every = Duration::from_secs(every);
        for _ in 0..100 {
            let assessment = world.step();
            assert_eq!(assessment.findings, [], "{assessment:?}");
            assert_eq!((assessment.score, assessment.mean), (100, 100));
        }
    }
}

#[test]
fn missing_data_brings_no_finding() {
    for row in ROWS.iter().filter(|row| row.source.is_some()) {
        let mut world = World::healthy();
        world.every = Duration::from_secs(row.every);
        for i in 1..=row.steps as u64 {
            (row.breaks)(&mut world, i);
            world.failing = row
                .source
                .map(|probe| (probe, Reason::Timeout))
                .into_iter()
                .collect();
            let assessment = world.step();
            assert!(found(&assessment, row.code).is_none(), "{}", row.code);
        }
    }
}

#[test]
fn what_can_not_be_looked_at_does_not_heal() {
    for row in ROWS
        .iter()
        .filter(|row| row.source.is_some() && row.code != Code::ConfigChanged)
    {
        let mut world = broken(row);
        let before = world.assess();
        world.failing = row
            .source
            .map(|probe| (probe, Reason::Timeout))
            .into_iter()
            .collect();
        let after = world.steps(10);
        let finding = found(&after, row.code).unwrap_or_else(|| panic!("{} healed", row.code));
        assert!(
            after.at.since(finding.as_of) >= Duration::from_secs(50),
            "{}",
            row.code
        );
        assert!(after.score <= before.score, "{}", row.code);
    }
}

#[test]
fn what_is_undone_clears() {
    for row in ROWS {
        let mut world = broken(row);
        world.heal();
        world.every = Duration::from_secs(row.every.max(10));
        let mut assessment = world.step();
        for _ in 0..130 {
            if assessment.findings.is_empty() {
                break;
            }
            assessment = world.step();
        }
        assert_eq!(assessment.findings, [], "{}", row.code);
        assert_eq!(world.steps(2).score, 100);
    }
}
