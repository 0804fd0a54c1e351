//! Runs to look at.

use crate::publish::runs::{Hold, Incident, Run, Step, VERSION, Whole};
use crate::publish::status::{Evidence, Target};

/// When they are looked at: 2027-01-15 08:00:00 UTC.
pub(super) const NOW: f64 = 1_800_000_000.0;

fn ago(seconds: f64) -> f64 {
    NOW - seconds
}

fn worker(name: &str) -> Target {
    Target {
        kind: "worker".into(),
        name: name.into(),
        key: format!("worker:{name}"),
    }
}

fn run(id: i64, target: &Target, state: &str, made: f64) -> Run {
    Run {
        id,
        incident: id,
        playbook: "worker-unhealthy".into(),
        target: target.clone(),
        touches: vec![target.clone()],
        source: "alertmanager".into(),
        mode: "auto".into(),
        state: state.into(),
        outcome: None,
        rung: 0,
        hold: None,
        created_at: ago(made),
        started_at: None,
        ended_at: None,
    }
}

fn incident(id: i64, code: &str, target: &Target, opened: f64) -> Incident {
    Incident {
        id,
        code: code.into(),
        target: target.clone(),
        opened_at: ago(opened),
        closed_at: None,
        cause: None,
    }
}

fn step(
    number: u32,
    action: &str,
    risk: &str,
    plan: &str,
    at: f64,
    done: Option<(&str, &str)>,
) -> Step {
    Step {
        number,
        rung: 0,
        attempt: 1,
        action: action.into(),
        risk: risk.into(),
        target: worker("task-worker"),
        plan: plan.into(),
        before: Vec::new(),
        intended_at: at,
        acted_at: done.map(|_| at + 0.2),
        result: done.map(|(result, _)| result.into()),
        words: done.map(|(_, words)| words.into()),
        after: Vec::new(),
        done_at: done.map(|_| at + 2.4),
    }
}

pub(super) fn recovered() -> Whole {
    let target = worker("task-worker");
    let mut run = run(12, &target, "ended", 3600.0);
    run.outcome = Some("recovered".into());
    run.rung = 1;
    run.touches.push(worker("mail"));
    run.started_at = Some(ago(3599.0));
    run.ended_at = Some(ago(3541.0));
    let start = "start 1 of 2 processes: python3 workers/task_worker.py";
    let mut steps = vec![
        step(
            1,
            "worker.start",
            "safe",
            start,
            ago(3599.0),
            Some(("failed", "it ended at once with code 1")),
        ),
        step(
            2,
            "worker.start",
            "safe",
            start,
            ago(3595.0),
            Some(("done", "process 4711 runs")),
        ),
        step(
            3,
            "worker.stop",
            "disruptive",
            "SIGTERM to process 4711, after 10 s SIGKILL to its group",
            ago(3560.0),
            Some(("done", "process 4711 ended by SIGTERM")),
        ),
        step(
            4,
            "worker.start",
            "safe",
            start,
            ago(3556.0),
            Some(("done", "process 4800 runs")),
        ),
    ];
    (steps[1].attempt, steps[2].rung, steps[3].rung) = (2, 1, 1);
    steps[2].before = vec!["process 4711".into()];
    steps[2].after = vec!["nothing".into()];
    let mut incident = incident(9, "WorkerMissing", &target, 3601.0);
    incident.closed_at = Some(ago(3541.0));
    incident.cause = Some(8);
    Whole {
        version: VERSION,
        run,
        incident: Some(incident),
        steps,
        advice: vec!["WorkerMissing: worker.start (rung 1 of worker-unhealthy) recovered 3 of 4, not enough data".into()],
    }
}

pub(super) fn held() -> Whole {
    let target = worker("task-worker");
    let mut run = run(14, &target, "held", 95.0);
    run.source = "finding".into();
    run.started_at = Some(ago(94.0));
    run.hold = Some(Hold {
        reason: "message_safety".into(),
        words: "the same message came back 5 times: another worker would die of it too".into(),
        evidence: vec![Evidence {
            what: "redeliveries of the oldest message".into(),
            value: "5".into(),
            expected: Some("at most 2".into()),
        }],
        until: Some(ago(-505.0)),
    });
    let plan = "start 2 processes: python3 workers/task_worker.py";
    let steps = vec![step(1, "worker.start", "safe", plan, ago(94.0), None)];
    Whole {
        version: VERSION,
        run,
        incident: Some(incident(14, "WorkerDown", &target, 97.0)),
        steps,
        advice: Vec::new(),
    }
}

pub(super) fn awaiting() -> Whole {
    let target = Target {
        kind: "env_file".into(),
        name: "/srv/app/.env".into(),
        key: "env_file:/srv/app/.env".into(),
    };
    let mut run = run(15, &target, "awaiting_approval", 40.0);
    (run.playbook, run.mode) = ("config-invalid".into(), "approve".into());
    run.source = "reconcile".into();
    Whole {
        version: VERSION,
        run,
        incident: Some(incident(15, "ConfigInvalid", &target, 41.0)),
        steps: Vec::new(),
        advice: Vec::new(),
    }
}

pub(super) fn unknown() -> Whole {
    let target = worker("task-worker");
    let mut run = run(13, &target, "ended", 7200.0);
    (run.source, run.outcome) = ("command".into(), Some("unknown".into()));
    run.started_at = Some(ago(7199.0));
    run.ended_at = Some(ago(7100.0));
    let stop = "SIGTERM to process 17";
    let unknown = Some((
        "unknown",
        "warrener ended in between, and the host was started again",
    ));
    let mut steps = vec![step(
        1,
        "worker.stop",
        "disruptive",
        stop,
        ago(7199.0),
        unknown,
    )];
    steps[0].acted_at = None;
    Whole {
        version: VERSION,
        run,
        incident: None,
        steps,
        advice: Vec::new(),
    }
}
