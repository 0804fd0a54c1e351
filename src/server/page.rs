//! The status page and the files that it asks for.

use axum::extract::{self, Path, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::body::Refusal;
use super::recovery::find;
use super::routes::State;
use crate::model::{Moment, Timestamp};
use crate::publish::page::{self, Asset, POLICY, View, Ways};
use crate::publish::runs::Whole;

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
    let page = page::page(&View {
        status: &latest.with(&state.desk.standing()),
        scores: &latest.scores,
        now: unix((state.now)()),
        ways,
        telemetry_path,
    });
    ([(CACHE_CONTROL, "no-store")], Html(page)).into_response()
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
