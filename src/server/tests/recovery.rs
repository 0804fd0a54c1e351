//! What is shown of recovery, and what a person asks of it.

use serde_json::{Value, json};

use super::{THEN, now, server};
use crate::model::{
    Hold, HoldReason, IncidentKey, Intent, Risk, RunId, RunMode, RunState, Target, TriggerCode,
    TriggerSource,
};
use crate::recover::desk::{Answer, DryRun, Order, PlannedRung, PlannedStep, Refused};
use crate::recover::ledger::{Ledger, NewRun};

/// A run that holds after its first step.
fn told(ledger: &mut Ledger) -> RunId {
    let target = Target::Worker {
        name: "mail".into(),
    };
    let key = IncidentKey {
        code: TriggerCode::from_text("WorkerDown").unwrap(),
        target: target.clone(),
    };
    let (incident, _) = ledger.join(&key, THEN).unwrap();
    let new = NewRun {
        incident: incident.id,
        playbook: "worker-unhealthy".into(),
        target: target.clone(),
        touches: vec![target.clone()],
        source: TriggerSource::Alertmanager,
        mode: RunMode::Auto,
    };
    let run = ledger.propose(&new, THEN).unwrap();
    let (proposed, running) = (RunState::Proposed, RunState::Running);
    ledger
        .advance(run.id, proposed, running, None, THEN)
        .unwrap();
    let intent = Intent {
        rung: 0,
        attempt: 1,
        action: "worker.start".into(),
        risk: Risk::Safe,
        target,
        plan: "start worker mail".into(),
        before: Vec::new(),
    };
    ledger.intend(run.id, &intent, THEN).unwrap();
    let held = RunState::Held(HoldReason::Paused);
    let hold = Hold::new(HoldReason::Paused, "a person paused it");
    ledger
        .advance(run.id, running, held, Some(&hold), THEN)
        .unwrap();
    run.id
}

#[tokio::test]
async fn runs_and_incidents_are_shown_with_instants_in_seconds() {
    let server = server();
    assert_eq!(
        server.get("/api/v1/runs").await,
        (200, json!({"version": 1, "runs": []}))
    );
    let id = server
        .ledger
        .write(|ledger| Ok(told(ledger)))
        .await
        .unwrap()
        .0;
    let (status, whole) = server.get(&format!("/api/v1/runs/{id}")).await;
    assert_eq!(status, 200);
    assert_eq!(whole["run"]["state"], "held");
    assert_eq!(whole["run"]["outcome"], Value::Null);
    assert_eq!(whole["run"]["hold"]["reason"], "paused");
    assert_eq!(whole["run"]["target"]["key"], "worker:mail");
    assert_eq!(whole["run"]["created_at"], 1_800_000_000.0);
    assert_eq!(whole["incident"]["code"], "WorkerDown");
    assert_eq!(whole["steps"][0]["plan"], "start worker mail");
    assert_eq!(whole["steps"][0]["result"], Value::Null);
    let (_, runs) = server.get("/api/v1/runs?limit=5").await;
    assert_eq!(runs["runs"][0], whole["run"]);
    let (_, incidents) = server.get("/api/v1/incidents").await;
    assert_eq!(incidents["incidents"][0], whole["incident"]);
    let (_, none) = server.get("/api/v1/runs?limit=0").await;
    assert_eq!(none["runs"], json!([]));
    for (path, expected) in [
        ("/api/v1/runs/77", 404),
        ("/api/v1/runs/x", 404),
        ("/api/v1/runs?limit=-1", 400),
        ("/api/v1/incidents?limit=many", 400),
    ] {
        assert_eq!(server.get(path).await.0, expected, "{path}");
    }
}

#[tokio::test]
async fn a_person_pauses_and_resumes() {
    let server = server();
    let body = r#"{"target": "mail", "for": 3600, "reason": "a deployment\u0007"}"#;
    let (status, answer) = server.post("/api/v1/pause", body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["pause"]["target"]["key"], "worker:mail");
    assert_eq!(answer["pause"]["reason"], "a deployment\u{fffd}");
    let pause = &answer["pause"];
    let lasts = pause["until"].as_f64().unwrap() - pause["since"].as_f64().unwrap();
    assert!((lasts - 3600.0).abs() < 0.01, "{lasts}");
    let there = server
        .ledger
        .read(|l| l.pauses(now().into()))
        .await
        .unwrap();
    assert_eq!(there.len(), 1);

    let resume = |body: &'static str| server.post("/api/v1/resume", body);
    assert_eq!(resume("").await.1["ended"], false, "another pause");
    assert_eq!(
        resume(r#"{"target": "worker:mail"}"#).await.1["ended"],
        true
    );
    assert_eq!(
        resume(r#"{"target": "worker:mail"}"#).await.1["ended"],
        false
    );
    for (body, expected) in [
        (r#"{"target": "worker:other"}"#, 404),
        (r#"{"target": "$(reboot)"}"#, 404),
        (r#"{"for": 0}"#, 400),
        (r#"{"for": 99999999999}"#, 400),
        (r#"{"fro": 5}"#, 400),
        ("[", 400),
    ] {
        assert_eq!(
            server.post("/api/v1/pause", body).await.0,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_wish_reaches_the_engine_and_its_answer_the_person() {
    let mut server = server();
    server.engine(|order| match order {
        Order::Ask(ask, answer) => {
            assert_eq!(ask.playbook, "worker-unhealthy");
            assert_eq!(ask.target.unwrap().key(), "worker:mail");
            assert!(ask.dry_run && ask.source == TriggerSource::Page);
            let plan = DryRun {
                playbook: "worker-unhealthy".into(),
                target: "worker:mail".into(),
                holds: vec![Hold::new(HoldReason::Budget, "too many").until(Some(THEN))],
                rungs: vec![PlannedRung {
                    name: "start".into(),
                    steps: vec![PlannedStep {
                        action: "worker.start".into(),
                        risk: Risk::Safe,
                        words: "start 1 process".into(),
                    }],
                }],
            };
            answer.send(Ok(Answer::Plan(plan))).unwrap();
        }
        other => panic!("{other:?}"),
    });
    let ask =
        r#"{"playbook": "worker-unhealthy", "target": "mail", "dry_run": true, "source": "page"}"#;
    let (status, answer) = server.post("/api/v1/runs", ask).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["run"], Value::Null);
    assert_eq!(answer["plan"]["holds"][0]["until"], 1_800_000_000.0);
    assert_eq!(
        answer["plan"]["rungs"][0]["steps"][0]["words"],
        "start 1 process"
    );
}

/// What the engine answers, and what the person is told.
#[tokio::test]
async fn a_refusal_has_its_status() {
    let not_there = || Refused::NotThere("no such playbook".into());
    let not_now = || Refused::NotNow("it runs already".into());
    for (refusal, expected) in [
        (not_there(), 404),
        (not_now(), 409),
        (Refused::Stopping, 503),
    ] {
        let mut server = server();
        server.engine(|order| match order {
            Order::Ask(_, answer) => answer.send(Err(refusal)).unwrap(),
            other => panic!("{other:?}"),
        });
        let (status, answer) = server.post("/api/v1/runs", r#"{"playbook": "x"}"#).await;
        assert_eq!(status, expected, "{answer}");
    }
    for what in ["approve", "cancel"] {
        let mut server = server();
        server.engine(move |order| match order {
            Order::Approve(RunId(7), answer) if what == "approve" => answer.send(Ok(())).unwrap(),
            Order::Cancel(RunId(7), answer) if what == "cancel" => answer.send(Ok(())).unwrap(),
            other => panic!("{other:?}"),
        });
        let (status, answer) = server.post(&format!("/api/v1/runs/7/{what}"), "").await;
        assert_eq!((status, &answer["run"]), (200, &json!(7)), "{answer}");
        assert_eq!(
            server.post(&format!("/api/v1/runs/x/{what}"), "").await.0,
            404
        );
    }
    let server = server();
    assert_eq!(
        server.post("/api/v1/runs", "{}").await.0,
        400,
        "no playbook"
    );
    let source = r#"{"playbook": "x", "source": "clock"}"#;
    assert_eq!(server.post("/api/v1/runs", source).await.0, 400);
    assert_eq!(server.get("/api/v1/runs/1/approve").await.0, 405);
}

#[tokio::test]
async fn a_person_may_ask_for_a_closer_look_and_end_it() {
    let server = server();
    let (status, answer) = server.post("/api/v1/watch", r#"{"for": 600}"#).await;
    assert_eq!((status, &answer["restless"]), (200, &json!(false)));
    let until = answer["until"].as_f64().unwrap() - now().unix_seconds();
    assert!(until > 590.0 && until <= 600.0, "{until}");
    let (status, answer) = server.post("/api/v1/watch", r#"{"for": 0}"#).await;
    assert_eq!((status, &answer["until"]), (200, &Value::Null));
    for wrong in [r#"{"for": 86401}"#, r#"{"for": "10m"}"#, "{}"] {
        assert_eq!(server.post("/api/v1/watch", wrong).await.0, 400);
    }
}
