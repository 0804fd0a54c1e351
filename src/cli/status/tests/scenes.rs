//! Worlds that an operator meets, assessed.

use std::time::Duration;

use crate::assess::tests::world::World;
use crate::model::facts::{DriftedKey, KeyChange, Violation, ViolationKind};
use crate::model::{Assessment, ProbeName, Reason};
use crate::publish::status::{About, QueueLimits, Stance, Status};

fn status(world: &World, assessment: &Assessment) -> Status {
    let limits = QueueLimits {
        max_ready: Some(1000),
        min_consumers: Some(2),
        max_drain_seconds: Some(600.0),
        min_ack_rate: Some(0.1),
    };
    let about = About {
        identity: "app-1".into(),
        recovery: Stance::Propose,
        queues: vec![(None, "ai_tasks".into(), limits)],
    };
    Status::new(&about, &world.snapshot, assessment)
}

pub(super) fn healthy() -> Status {
    let mut world = World::healthy();
    let assessment = world.steps(10);
    status(&world, &assessment)
}

/// The four keys of `.env` are empty, the workers started again on defaults: none consumes.
pub(super) fn incident() -> Status {
    let mut world = World::healthy();
    world.steps(10);
    let keys = [
        "RABBITMQ_HOST",
        "RABBITMQ_PASS",
        "RABBITMQ_PORT",
        "RABBITMQ_USER",
    ];
    let violation = |key: &str| Violation {
        key: key.into(),
        kind: ViolationKind::Empty,
        words: "has no value".into(),
    };
    world.env_file().violations = Some(keys.map(violation).into());
    world.queue().consumers = Some(0);
    world.queue().ready = Some(1240);
    for process in world.processes() {
        (process.channels, process.broker_socket) = (Some(Vec::new()), Some(false));
        let drifted = |key: &str| DriftedKey {
            key: key.into(),
            change: KeyChange::Emptied,
        };
        process.drift.keys = Some(keys.map(drifted).into());
    }
    let assessment = world.steps(38);
    status(&world, &assessment)
}

/// Nobody answers at the broker's address.
pub(super) fn broker_down() -> Status {
    let mut world = World::healthy();
    world.steps(10);
    world.fail(ProbeName::Broker, Reason::Refused);
    world.fail(ProbeName::Queues, Reason::Refused);
    world.fail(ProbeName::Roundtrip, Reason::Refused);
    let assessment = world.steps(15);
    status(&world, &assessment)
}

/// Some of it can't be seen, and something was wrong in it before.
pub(super) fn blind() -> Status {
    let mut world = World::healthy();
    world.steps(10);
    world.processes().truncate(1);
    world.steps(2);
    world.fail(ProbeName::Workers, Reason::Unsupported);
    world.fail(ProbeName::Files, Reason::Io);
    let assessment = world.steps(14);
    status(&world, &assessment)
}

/// Before anything was read.
pub(super) fn beginning() -> Status {
    let mut world = World::healthy();
    let assessment = world.assess();
    let mut status = status(&world, &assessment);
    for probe in &mut status.probes {
        (probe.success, probe.available, probe.age_seconds) = (None, false, None);
    }
    status
}

/// Names that are long, wide, or made to spoil a terminal.
pub(super) fn odd_names() -> Status {
    let mut world = World::healthy();
    world.queue().name = "an_exceedingly_long_queue_name.".repeat(4);
    world.queue().ready = Some(123_456_789);
    world.queue().consumers = Some(0);
    let wide = &mut world.queues.queues[1];
    wide.name = "注文キュー.dlq \u{1b}[2J\r\n\u{202e}evil".into();
    wide.pinned = true;
    world.host.disks[0].path = format!("/srv/{}", "deep/".repeat(20));
    world.host.disks[0].available = Some(1 << 30);
    world.worker().name = "worker with a\ttab".into();
    world.every = Duration::from_secs(3600);
    let assessment = world.steps(3);
    status(&world, &assessment)
}
