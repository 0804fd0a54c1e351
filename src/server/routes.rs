//! The router, and the handlers of what is not a room of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, extract};
use tokio::sync::{mpsc, watch};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::act::{self, Credentials};
use super::edge::{Door, Guard, enter};
use super::events::{self, Seats};
use super::pieces::Pieces;
use super::reload::{self, ReloadRequest};
use super::webhook::{self, Room};
use super::{attention, negotiate, page, recovery, report};
use crate::model::{Attention, Moment};
use crate::publish::metrics::Local;
use crate::publish::page::ASSETS;
use crate::publish::{Encoding, Exposition, Latest};
use crate::recover::desk::Desk;

/// When an answer is given up.
const DEADLINE: Duration = Duration::from_secs(30);

/// What the routes serve from.
#[derive(Clone)]
pub struct State {
    /// The encoded snapshot.
    pub exposition: watch::Receiver<Arc<Exposition>>,
    /// The status of the same snapshot.
    pub latest: watch::Receiver<Arc<Latest>>,
    /// Counters of this process.
    pub local: Arc<Local>,
    /// Whether every probe was tried and nothing drains.
    pub ready: watch::Receiver<bool>,
    /// What guards every route.
    pub guards: watch::Receiver<Arc<Guard>>,
    /// Whether warrener ends: what would go on for ever ends too.
    pub stopping: watch::Receiver<bool>,
    /// What opens the *act* routes.
    pub credentials: watch::Receiver<Credentials>,
    /// The door of recovery.
    pub desk: Desk,
    /// How closely the probes look.
    pub attention: watch::Sender<Attention>,
    /// Where a reload is asked for.
    pub reload: mpsc::Sender<ReloadRequest>,
    /// The clock.
    pub now: fn() -> Moment,
}

/// The routes; `telemetry_path` is where the exposition is.
pub fn router(state: State, telemetry_path: &str) -> Router {
    let act = from_fn_with_state(state.credentials.clone(), act::guard);
    let mut router = Router::new();
    let mut add = |path: &str, methods: MethodRouter<State>| {
        let counted = counted(path, &state.local);
        router = std::mem::take(&mut router).route(path, fenced(methods).layer(from_fn(counted)));
    };
    add("/-/healthy", get(async || "warrener is healthy.\n"));
    add("/-/ready", get(ready));
    add("/-/reload", post(reload::ask).route_layer(act.clone()));
    add("/api/v1/status", get(status));
    let look = post(attention::ask).route_layer(act.clone());
    add("/api/v1/watch", look);
    add("/api/v1/recovery", get(recovery::standing));
    add("/api/v1/incidents", get(recovery::incidents));
    add("/api/v1/report", get(report::report));
    add("/api/v1/scores", get(report::scores));
    let ask = post(recovery::ask).route_layer(act.clone());
    add("/api/v1/runs", get(recovery::runs).merge(ask));
    add("/api/v1/runs/{id}", get(recovery::run));
    let approve = post(recovery::approve).route_layer(act.clone());
    add("/api/v1/runs/{id}/approve", approve);
    let cancel = post(recovery::cancel).route_layer(act.clone());
    add("/api/v1/runs/{id}/cancel", cancel);
    add(
        "/api/v1/pause",
        post(recovery::pause).route_layer(act.clone()),
    );
    add(
        "/api/v1/resume",
        post(recovery::resume).route_layer(act.clone()),
    );
    let room = Room::default();
    let alerts = post(move |state, request| webhook::alertmanager(state, room.clone(), request));
    add("/webhook/alertmanager", alerts.route_layer(act));
    add(telemetry_path, get(metrics));
    let seats = Seats::default();
    let events = get(move |extract::State(state)| events::listen(state, seats.clone()));
    add("/api/v1/events", events);
    let guarded = || from_fn(page::guarded);
    let metrics_at: Arc<str> = telemetry_path.into();
    let home = get(async move |extract::State(state): extract::State<State>| {
        page::home(state, &metrics_at).await
    });
    add("/", home.layer(guarded()));
    add("/runs/{id}", get(page::run).layer(guarded()));
    for asset in ASSETS {
        let tag = HeaderValue::try_from(asset.tag()).unwrap_or(HeaderValue::from_static("\"\""));
        let file = get(async move |headers: HeaderMap| page::asset(asset, &tag, &headers));
        add(asset.path, file.layer(guarded()));
    }
    let unknown = from_fn(counted("unknown", &state.local));
    let credentials = state.credentials.clone();
    let door = Door::new(state.guards.clone(), credentials, Arc::clone(&state.local));
    router
        .merge(Router::new().fallback(not_found).layer(unknown))
        .layer(from_fn_with_state(door, enter))
        .with_state(state)
}

/// Ends a handler that panics or takes too long, inside of what counts its answers.
fn fenced(methods: MethodRouter<State>) -> MethodRouter<State> {
    let deadline = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, DEADLINE);
    let timed = methods.layer::<_, Infallible>(deadline);
    timed.layer(CatchPanicLayer::new())
}

/// Counts the answers of a route.
fn counted(
    route: &str,
    local: &Arc<Local>,
) -> impl Fn(Request, Next) -> futures_util::future::BoxFuture<'static, Response> + Clone + use<> {
    let route: Arc<str> = route.into();
    let local = Arc::clone(local);
    move |request, next| {
        let (route, local) = (Arc::clone(&route), Arc::clone(&local));
        Box::pin(async move {
            let response = next.run(request).await;
            local.answered(route, response.status().as_u16());
            response
        })
    }
}

async fn metrics(extract::State(state): extract::State<State>, headers: HeaderMap) -> Response {
    let format = negotiate::format(&headers);
    let encoding = negotiate::encoding(&headers);
    let exposition = Arc::clone(&state.exposition.borrow());
    let body = exposition.serve(&state.local.encode((state.now)()), format, encoding);
    let mut response = Response::new(Body::new(Pieces::from(body)));
    let out = response.headers_mut();
    out.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    out.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    out.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if encoding == Encoding::Gzip {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

async fn status(extract::State(state): extract::State<State>) -> Response {
    let status = Arc::clone(&state.latest.borrow().json);
    let json = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (json, status.to_string()).into_response()
}

async fn ready(extract::State(state): extract::State<State>) -> Response {
    if *state.ready.borrow() {
        "warrener is ready.\n".into_response()
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "not every probe was tried yet, or warrener is stopping\n",
        )
            .into_response()
    }
}

async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        "no such page; / lists what there is\n",
    )
        .into_response()
}
