//! Where recovery stands in the full world, every field written out.

use std::collections::BTreeMap;

use crate::model::{
    Code, Hold, HoldReason, Incident, IncidentId, IncidentKey, Intent, Moment, Outcome, Pause,
    Risk, Run, RunId, RunMode, RunState, Standing, Step, Target, Times, Timestamp, TriggerCode,
    TriggerSource,
};

fn worker() -> Target {
    Target::Worker {
        name: "task-worker".into(),
    }
}

fn file() -> Target {
    Target::EnvFile {
        path: ".env".into(),
    }
}

fn run(id: i64, playbook: &str, target: Target, state: RunState, now: Timestamp) -> Run {
    let ago = |seconds: i64| Timestamp(now.0 - 1000 * seconds);
    Run {
        id: RunId(id),
        incident: IncidentId(id),
        playbook: playbook.into(),
        touches: vec![target.clone()],
        target,
        source: TriggerSource::Alertmanager,
        mode: RunMode::Auto,
        state,
        rung: 0,
        hold: match state {
            RunState::Held(reason) => Some(Hold {
                reason,
                words: "the configuration is repaired first".into(),
                evidence: Vec::new(),
                until: Some(ago(-60)),
            }),
            _ => None,
        },
        created_at: ago(100),
        started_at: Some(ago(90)),
        ended_at: state.is_over().then(|| ago(30)),
    }
}

fn playbooks() -> BTreeMap<String, BTreeMap<Outcome, u64>> {
    let none = || Outcome::ALL.map(|outcome| (outcome, 0)).into();
    ["broker-down", "config-invalid", "worker-unhealthy"]
        .map(|name| (name.to_owned(), none()))
        .into()
}

/// A run acts, one waits, and all that can be told of was once.
pub(in crate::publish) fn standing(at: Moment) -> Standing {
    let now: Timestamp = at.into();
    let ago = |seconds: i64| Timestamp(now.0 - 1000 * seconds);
    let incident = |id, code, target, cause| Incident {
        id: IncidentId(id),
        key: IncidentKey {
            code: TriggerCode::Finding(code),
            target,
        },
        opened_at: ago(100),
        closed_at: None,
        cause,
    };
    let step = Step {
        run: RunId(7),
        number: 1,
        intent: Intent {
            rung: 0,
            attempt: 1,
            action: "config.repair".into(),
            risk: Risk::Safe,
            target: file(),
            plan: "take RABBITMQ_HOST from the last known good".into(),
            before: Vec::new(),
        },
        intended_at: ago(90),
        done: None,
        done_at: None,
    };
    let mut outcomes = playbooks();
    outcomes.insert(
        "config-invalid".into(),
        Outcome::ALL.map(|outcome| (outcome, 2)).into(),
    );
    let repair = run(7, "config-invalid", file(), RunState::Running, now);
    let held = RunState::Held(HoldReason::CauseFirst);
    let restart = run(8, "worker-unhealthy", worker(), held, now);
    let before = RunState::Ended(Outcome::Recovered);
    Standing {
        mode: RunMode::Auto,
        reflex: true,
        answers: Vec::new(),
        observe_only: None,
        incidents: vec![
            incident(7, Code::ConfigInvalid, file(), None),
            incident(8, Code::WorkerConfigDrift, worker(), Some(IncidentId(7))),
        ],
        runs: vec![(repair, vec![step]), (restart, Vec::new())],
        ended: vec![run(6, "worker-unhealthy", worker(), before, now)],
        outcomes,
        times: BTreeMap::from([(
            "config-invalid".to_owned(),
            Times {
                to_act: vec![1.5, 2.5],
                to_recover: vec![21.0, 700.0],
            },
        )]),
        holds: BTreeMap::from([(HoldReason::CauseFirst, 3)]),
        pauses: vec![Pause {
            target: Some(worker()),
            since: ago(300),
            until: Some(ago(-3300)),
            reason: "a person looks at it".into(),
        }],
        budget_left: 9,
        pending_triggers: 1,
        outbox: (2, Some(ago(20))),
        notices: BTreeMap::from([("slack".to_owned(), (5, 1))]),
        watchdog_at: Some(ago(30)),
        reconciled_at: Some(ago(10)),
        alerts: BTreeMap::from([("trigger", 4), ("quarantined", 1)]),
        quarantined: vec![(
            ago(50),
            "unknown_target".into(),
            "no worker of this host has that name".into(),
        )],
        scheduled: vec![crate::model::Scheduled {
            cron: "0 3 * * *".into(),
            playbook: "housekeeping".into(),
            zone: "Europe/Berlin".into(),
            last: ago(3600),
            next: Some(ago(-82_800)),
        }],
    }
}

/// The ledger was read, and nothing ever happened.
pub(in crate::publish) fn idle() -> Standing {
    Standing {
        outcomes: playbooks(),
        ..Standing::unknown(RunMode::Propose, false)
    }
}

/// Nothing can be recorded.
pub(in crate::publish) fn observing(at: Moment) -> Standing {
    Standing {
        observe_only: Some((
            "disk_full".into(),
            "/var/lib/warrener/ledger.sqlite: no space left".into(),
        )),
        ..standing(at)
    }
}
