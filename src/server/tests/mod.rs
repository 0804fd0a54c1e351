//! The routes of recovery, on a real ledger; only who answers the orders is made up.

mod page;
mod recovery;
mod webhook;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

use super::{Credentials, Edge, State, router};
use crate::config::{Config, Worker};
use crate::model::{
    Assessment, Attention, Level, Moment, RunMode, Secret, Snapshot, Standing, Timestamp,
};
use crate::publish::metrics::Local;
use crate::publish::status::{About, Status};
use crate::publish::{Exposition, Latest};
use crate::recover::desk::{Desk, Order, Reading};
use crate::recover::ledger::Handle;
use crate::recover::targets::Targets;

const TOKEN: &str = "Bearer t0ken";
const THEN: Timestamp = Timestamp(1_800_000_000_000);

fn now() -> Moment {
    Moment::new(Instant::now(), SystemTime::now())
}

struct Server {
    router: Router,
    orders: mpsc::Receiver<Order>,
    ledger: Handle,
    folder: TempDir,
    stop: watch::Sender<bool>,
}

fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    server_in(folder, "state")
}

fn server_in(folder: TempDir, state: &str) -> Server {
    let mut config = Config::default();
    config.workers.insert("mail".into(), Worker::default());
    let reading = Reading {
        config: Arc::new(config.clone()),
        targets: Targets::of(&config),
        identity: "app-1".into(),
    };
    let ledger = Handle::start(folder.path().join(state)).unwrap();
    let standing = Standing::unknown(RunMode::Propose, false);
    let (desk, orders) = Desk::new(
        ledger.clone(),
        watch::channel(Arc::new(reading)).1,
        watch::channel(Arc::new(standing)).1,
        now,
    );
    let credentials = Credentials {
        bearer: Some(Secret::from("t0ken")),
        basic: None,
    };
    let local = Arc::new(Local::default());
    let edge = Edge::open(None, Arc::clone(&local), now).unwrap();
    let (stop, stopping) = watch::channel(false);
    let state = State {
        guards: edge.guards(),
        exposition: watch::channel(Arc::new(Exposition::new(Vec::new()))).1,
        latest: watch::channel(Arc::new(latest())).1,
        local,
        ready: watch::channel(true).1,
        credentials: watch::channel(credentials).1,
        stopping,
        desk,
        attention: watch::Sender::new(Attention::default()),
        reload: mpsc::channel(1).0,
        now,
    };
    Server {
        router: router(state, "/metrics"),
        orders,
        ledger,
        folder,
        stop,
    }
}

/// Nothing was read yet.
fn latest() -> Latest {
    let snapshot = Snapshot::empty(now());
    let assessment = Assessment {
        at: snapshot.at,
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
    let standing = Standing::unknown(RunMode::Propose, false);
    let status = Status::new(&About::default(), &snapshot, &assessment, &standing);
    Latest::new(status)
}

impl Server {
    async fn ask(&self, request: Request<Body>) -> (u16, Value) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        if status == 503 {
            assert!(answer.headers().contains_key("retry-after"));
        }
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, body)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, path: &str, body: impl Into<Bytes>) -> (u16, Value) {
        self.ask(post(path, Body::from(body.into()))).await
    }

    /// Answers the next order.
    fn engine(&mut self, answer: impl FnOnce(Order) + Send + 'static) {
        let mut orders = std::mem::replace(&mut self.orders, mpsc::channel(1).1);
        tokio::spawn(async move {
            answer(orders.recv().await.unwrap());
        });
    }
}

fn post(path: &str, body: Body) -> Request<Body> {
    let request = Request::post(path).header("authorization", TOKEN);
    let request = request.header("content-type", "application/json");
    request.body(body).unwrap()
}
