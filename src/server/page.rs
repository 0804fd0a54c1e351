//! The status page and the files that it asks for.

use std::time::Duration;

use axum::extract::{self, Path, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use tokio::time::timeout;

use super::body::Refusal;
use super::recovery::find;
use super::routes::State;
use crate::model::{Moment, ScoreSpan, Timestamp};
use crate::publish::page::{self, Asset, POLICY, View, Ways};
use crate::publish::runs::Whole;
use crate::publish::scores::Scores;

/// The stretch of the score's past that is drawn.
const PAST: Duration = Duration::from_secs(24 * 3600);
/// How long the page waits for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What goes with everything that a browser is meant to show.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Adds them.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(super) async fn home(state: State, telemetry_path: &str) -> Response {
    let latest = std::sync::Arc::clone(&state.latest.borrow());
    let ways = {
        let credentials = state.credentials.borrow();
        Ways {
            bearer: credentials.bearer.is_some(),
            basic: credentials.basic.is_some(),
        }
    };
    let now: Timestamp = (state.now)().into();
    let scores = past_scores(&state, now).await;
    let scores = scores.map(|spans| Scores::until_now(spans, &latest.status, now));
    let page = page::page(&View {
        status: &latest.with(&state.desk.standing()),
        scores: scores.as_ref().map_err(String::as_str),
        now: now.unix_seconds(),
        ways,
        telemetry_path,
    });
    ([(CACHE_CONTROL, "no-store")], Html(page)).into_response()
}

/// The score as it was written down. The page does not wait long for a ledger that hangs.
async fn past_scores(state: &State, now: Timestamp) -> Result<Vec<ScoreSpan>, String> {
    let since = now.before(PAST);
    let read = state.desk.read(move |ledger| ledger.scores(since, now));
    match timeout(PATIENCE, read).await {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => Err("the ledger does not answer".to_owned()),
    }
}

pub(super) async fn run(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let whole = Whole::from(&find(&state, &id).await?);
    let identity = state.latest.borrow().status.identity.clone();
    let page = page::run(&whole, &identity, unix((state.now)()));
    Ok(([(CACHE_CONTROL, "no-store")], Html(page)).into_response())
}

fn unix(now: Moment) -> f64 {
    Timestamp::from(now).unix_seconds()
}

/// A file that never changes while this process runs.
pub(super) fn asset(asset: Asset, tag: &HeaderValue, headers: &HeaderMap) -> Response {
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|given| given.to_str().ok())
        .flat_map(|given| given.split(','))
        .any(|given| given.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes());
    let kept = [
        (ETAG, tag.clone()),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    let kind = [(CONTENT_TYPE, asset.content_type)];
    (kept, kind, asset.content).into_response()
}
