//! Worlds that an operator meets, assessed.

use std::time::Duration;

use crate::assess::tests::world::World;
use crate::model::facts::{DriftedKey, KeyChange, Violation, ViolationKind};
use crate::model::{
    Assessment, Code, Done, Hold, HoldReason, Incident, IncidentId, IncidentKey, Intent, Outcome,
    Pause, ProbeName, Reason, Risk, Run, RunId, RunMode, RunState, Standing, Step, StepResult,
    Target, Timestamp, TriggerCode, TriggerSource,
};
use crate::publish::status::{About, QueueLimits, Status};

fn status(world: &World, assessment: &Assessment) -> Status {
    recovering(
        world,
        assessment,
        &Standing::unknown(RunMode::Propose, false),
    )
}

fn recovering(world: &World, assessment: &Assessment, standing: &Standing) -> Status {
    let limits = QueueLimits {
        max_ready: Some(1000),
        min_consumers: Some(2),
        max_drain_seconds: Some(600.0),
        min_ack_rate: Some(0.1),
    };
    let about = About {
        identity: "app-1".into(),
        queues: vec![(None, "ai_tasks".into(), limits)],
    };
    Status::new(&about, &world.snapshot, assessment, standing)
}

pub(super) fn healthy() -> Status {
    let mut world = World::healthy();
    let assessment = world.steps(10);
    status(&world, &assessment)
}

/// The four keys of `.env` are empty, the workers started again on defaults: none consumes.
pub(super) fn incident() -> Status {
    let (world, assessment) = emptied();
    status(&world, &assessment)
}

/// The same, while recovery is at it.
pub(super) fn repairing() -> Status {
    let (world, assessment) = emptied();
    let standing = standing(world.snapshot.at.into());
    recovering(&world, &assessment, &standing)
}

/// One run acts, one waits for it, one for a person, and some were there before.
fn standing(now: Timestamp) -> Standing {
    let ago = |seconds: i64| Timestamp(now.0 - 1000 * seconds);
    let file = Target::EnvFile {
        path: ".env".into(),
    };
    let worker = |name: &str| Target::Worker { name: name.into() };
    let run = |id, playbook: &str, target: Target, state| Run {
        id: RunId(id),
        incident: IncidentId(id),
        playbook: playbook.into(),
        touches: vec![target.clone()],
        target,
        source: TriggerSource::Alertmanager,
        mode: RunMode::Auto,
        state,
        rung: 0,
        hold: None,
        created_at: ago(32),
        started_at: Some(ago(31)),
        ended_at: None,
    };
    let step = |number, action: &str, plan: &str, words: Option<&str>| Step {
        run: RunId(7),
        number,
        intent: Intent {
            rung: 0,
            attempt: 1,
            action: action.into(),
            risk: Risk::Safe,
            target: file.clone(),
            plan: plan.into(),
            before: Vec::new(),
        },
        intended_at: ago(30),
        done: words.map(|words| Done {
            acted_at: Some(ago(29)),
            result: StepResult::Done,
            words: words.into(),
            after: Vec::new(),
            undo: None,
        }),
        done_at: words.map(|_| ago(29)),
    };
    let steps = vec![
        step(
            1,
            "config.repair",
            "4 keys from the last known good",
            Some("4 keys repaired"),
        ),
        step(
            2,
            "config.validate",
            "hold .env against its schema",
            Some("it keeps its schema"),
        ),
        step(
            3,
            "config.impact",
            "see who uses the keys",
            Some("task-worker uses them"),
        ),
        step(
            4,
            "workers.restart_staged",
            "restart task-worker, 1 of 2 first",
            None,
        ),
    ];
    let cause = HoldReason::CauseFirst;
    let mut held = run(
        8,
        "worker-unhealthy",
        worker("task-worker"),
        RunState::Held(cause),
    );
    held.hold = Some(Hold::new(cause, "the configuration is repaired first").until(Some(ago(-90))));
    let mut over = run(
        5,
        "worker-unhealthy",
        worker("mailer"),
        RunState::Ended(Outcome::Held),
    );
    over.hold = Some(Hold::new(HoldReason::Paused, "a person paused it"));
    over.ended_at = Some(ago(3600));
    let mut before = run(
        6,
        "worker-unhealthy",
        worker("mailer"),
        RunState::Ended(Outcome::Recovered),
    );
    before.ended_at = Some(ago(1800));
    let down = IncidentKey {
        code: TriggerCode::Finding(Code::LogErrors),
        target: Target::Glob {
            glob: "logs/*.log".into(),
        },
    };
    Standing {
        incidents: vec![Incident {
            id: IncidentId(4),
            key: down,
            opened_at: ago(7200),
            closed_at: None,
            cause: None,
        }],
        runs: vec![
            (
                run(7, "config-invalid", file.clone(), RunState::Running),
                steps,
            ),
            (held, Vec::new()),
            (
                run(
                    9,
                    "worker-unhealthy",
                    worker("mailer"),
                    RunState::AwaitingApproval,
                ),
                Vec::new(),
            ),
        ],
        ended: vec![before, over],
        pauses: vec![Pause {
            target: Some(worker("report")),
            since: ago(600),
            until: Some(ago(-3000)),
            reason: "looked at by a person".into(),
        }],
        ..Standing::unknown(RunMode::Auto, false)
    }
}

fn emptied() -> (World, Assessment) {
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
    (world, assessment)
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
