//! What Alertmanager posts: taken, refused, or to be sent again.

use std::path::Path;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use serde_json::{Value, json};

use super::{Server, THEN, TOKEN, post, server, server_in};
use crate::recover::intake::{MAX_ALERTS, MAX_BODY_BYTES};
use crate::recover::ledger::Ledger;

const WEBHOOK: &str = "/webhook/alertmanager";

fn payload(alerts: &Value) -> String {
    json!({ "version": "4", "status": "firing", "alerts": alerts }).to_string()
}

fn alert(labels: &Value) -> Value {
    json!({ "status": "firing", "labels": labels, "startsAt": "2026-11-24T10:00:00Z" })
}

fn worker_down() -> Value {
    alert(&json!({ "alertname": "WorkerDown", "worker": "mail" }))
}

#[tokio::test]
async fn what_is_acknowledged_is_on_the_disk() {
    let server = server();
    let alerts = json!([
        worker_down(),
        worker_down(),
        alert(&json!({ "alertname": "Watchdog" })),
        alert(&json!({ "alertname": "WorkerDown", "worker": "$(reboot)" })),
    ]);
    let (status, body) = server.post(WEBHOOK, payload(&alerts)).await;
    let accepted = json!({ "triggers": 2, "new": 1, "quarantined": 1, "ignored": 1 });
    assert_eq!((status, body), (202, accepted));
    // As another process would find it.
    let Server {
        router,
        ledger,
        folder,
        ..
    } = server;
    drop((router, ledger));
    let state = folder.path().join("state");
    let ledger = closed(&state).await;
    let pending = ledger.pending(10).unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].trigger.target.key(), "worker:mail");
    assert_eq!(ledger.quarantined(10).unwrap().len(), 1);
}

/// The ledger, once its thread has let go of it.
async fn closed(state: &Path) -> Ledger {
    let state = state.to_owned();
    let opened = move || {
        testbed::wait_until("the ledger", Duration::from_secs(20), || {
            Ledger::open(&state, THEN).map_err(|error| error.to_string())
        })
    };
    tokio::task::spawn_blocking(opened).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_and_not_repeated() {
    let server = server();
    for body in [
        "",
        "{",
        "[]",
        "canary",
        r#"{"version":"4","alerts":"canary"}"#,
    ] {
        let (status, answer) = server.post(WEBHOOK, body).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(!answer.to_string().contains("canary"), "{answer}");
    }
    let old = r#"{"version":"3","alerts":[]}"#;
    assert_eq!(server.post(WEBHOOK, old).await.0, 400);
    for method in ["GET", "PUT", "DELETE"] {
        let request = Request::builder().method(method).uri(WEBHOOK);
        let request = request.header("authorization", TOKEN);
        assert_eq!(
            server.ask(request.body(Body::empty()).unwrap()).await.0,
            405
        );
    }
    let nobody = Request::post(WEBHOOK).body(Body::from("{}")).unwrap();
    assert_eq!(server.ask(nobody).await.0, 401);
}

#[tokio::test]
async fn what_is_too_large_is_refused_unread() {
    let server = server();
    let mut said = post(
        WEBHOOK,
        Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>()),
    );
    let length = (MAX_BODY_BYTES + 1).to_string();
    said.headers_mut()
        .insert("content-length", length.parse().unwrap());
    let (status, answer) = server.ask(said).await;
    assert_eq!(status, 413, "{answer}");
    // One that does not say how long it is, is read as far as it may be.
    let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 20]));
    let endless = Body::from_stream(futures_util::stream::repeat_with(chunk));
    assert_eq!(server.ask(post(WEBHOOK, endless)).await.0, 413);
    let many = vec![json!({}); MAX_ALERTS + 1];
    assert_eq!(server.post(WEBHOOK, payload(&json!(many))).await.0, 413);
    assert_eq!(
        server.post("/api/v1/pause", vec![b' '; 70_000]).await.0,
        413
    );
}

#[tokio::test]
async fn what_can_not_be_written_is_to_be_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let server = server_in(folder, "file/state");
    let (status, answer) = server.post(WEBHOOK, payload(&json!([worker_down()]))).await;
    assert_eq!(status, 503, "{answer}");
    let words = answer["error"].as_str().unwrap();
    assert!(words.contains("can't be written down"), "{words}");
    assert_eq!(server.get("/api/v1/runs").await.0, 503);
    assert_eq!(server.post("/api/v1/pause", "{}").await.0, 503);
    assert_eq!(server.get("/api/v1/recovery").await.0, 200);
}
