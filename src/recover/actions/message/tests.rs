//! What `notify` and `escalate` put into a real outbox.

use serde_json::Value;

use super::*;
use crate::model::{Code, Evidence, Finding, Moment, Severity};
use crate::recover::actions::scene_tests::{NOW, Scene, words};
use crate::recover::playbook::Action;

async fn scene(action: Action) -> Scene {
    let mut scene = Scene::new("http://127.0.0.1:1", Vec::new(), &[]);
    let key = scene.incident.key.clone();
    let opened = scene.hands.ledger.write(move |l| l.join(&key, NOW));
    assert_eq!(opened.await.unwrap().0.id, scene.incident.id);
    scene.step.action = action;
    scene.world.now = Moment::new(
        std::time::Instant::now(),
        std::time::UNIX_EPOCH + std::time::Duration::from_millis(NOW.0 as u64 + 42_000),
    );
    scene
}

fn text(text: &str) -> NotifyArgs {
    NotifyArgs {
        text: Some(text.into()),
    }
}

/// Does it, and gives what waits for Slack then.
async fn done(scene: &Scene) -> Vec<Value> {
    let plan = scene.plan().await;
    (plan.job)(scene.hands.clone()).await.unwrap();
    outbox(scene).await
}

async fn outbox(scene: &Scene) -> Vec<Value> {
    let far = Timestamp(i64::MAX);
    let due = scene.hands.ledger.read(move |l| l.due("slack", far, 10));
    let due = due.await.unwrap();
    due.into_iter()
        .map(|one| one.notice.body["message"].clone())
        .collect()
}

#[tokio::test]
async fn a_person_is_called_with_what_was_tried_and_what_was_seen() {
    let mut scene = scene(Action::Escalate(text("Look at its log"))).await;
    let mut assessment = (*scene.world.assessment).clone();
    assessment.findings.push(Finding {
        code: Code::WorkerHung,
        target: scene.incident.key.target.clone(),
        severity: Severity::Major,
        since: Moment::new(
            std::time::Instant::now(),
            std::time::UNIX_EPOCH + std::time::Duration::from_millis(NOW.0 as u64 - 9_000),
        ),
        as_of: scene.world.now,
        summary: "x".into(),
        evidence: vec![Evidence::seen("acks", "0 in 2 min")],
        processes: Vec::new(),
        cause: None,
    });
    scene.world.assessment = assessment.into();
    scene.did("worker.stop", "stopped process 17", StepResult::Done);
    scene.did("worker.start", "it does not start", StepResult::Failed);
    let told = done(&scene).await;
    assert_eq!(told.len(), 1);
    let told = &told[0];
    assert_eq!(told["kind"], "escalated");
    assert_eq!(told["level"], "warning");
    assert_eq!(told["what"], "WorkerHung (worker task)");
    assert_eq!(told["todo"], "Look at its log");
    assert_eq!(told["took"], 42.0);
    assert_eq!(told["since"], NOW.0 - 9_000);
    assert_eq!(told["evidence"][0]["value"], "0 in 2 min");
    let lines = serde_json::json!([
        "worker.stop: stopped process 17",
        "worker.start: it does not start (failed)"
    ]);
    assert_eq!(told["done"], lines);
}

#[tokio::test]
async fn it_is_told_once_also_when_warrener_ended_in_between() {
    let mut scene = scene(Action::Notify(NotifyArgs::default())).await;
    assert_eq!(done(&scene).await[0]["kind"], "acting");
    // It was told, and that was not written down.
    scene.wrote("tell", None);
    assert_eq!(
        done(&scene).await.len(),
        1,
        "the outbox drops what says the same"
    );
    scene.wrote("tell", Some(StepResult::Done));
    assert_eq!(words(scene.next().await), "done: it is in the outbox");
}

#[tokio::test]
async fn a_person_is_told_what_to_do_where_the_playbook_says_nothing() {
    let scene = scene(Action::Escalate(NotifyArgs::default())).await;
    let told = done(&scene).await;
    let todo = told[0]["todo"].as_str().unwrap();
    assert!(todo.contains("warrener runs"), "{todo}");
}

#[tokio::test]
async fn a_person_called_just_before_warrener_ended_is_not_called_again() {
    let mut scene = scene(Action::Escalate(text("Look at its log"))).await;
    assert_eq!(done(&scene).await.len(), 1);
    // What people are told has what was done in it, and that it could not be told is a part of that.
    scene.did("escalate", "warrener ended", StepResult::ObservedNotDone);
    assert_eq!(done(&scene).await.len(), 1);
}

#[tokio::test]
async fn a_person_who_was_not_called_before_warrener_ended_is() {
    let mut scene = scene(Action::Escalate(text("Look at its log"))).await;
    scene.did("escalate", "warrener ended", StepResult::ObservedNotDone);
    assert_eq!(done(&scene).await.len(), 1);
}
