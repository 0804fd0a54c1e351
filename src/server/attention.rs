//! Looking more closely for a while, because a person asked.

use std::time::Duration;

use axum::Json;
use axum::extract::{self, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::{Refusal, wish};
use super::routes::State;
use crate::publish::status::VERSION;

/// The longest that a person may ask for at once, in seconds: it costs the broker and this host.
const LONGEST: u64 = 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// In seconds; 0 ends it.
    r#for: u64,
}

pub(super) async fn ask(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Refusal> {
    let body: Body = wish(request).await?;
    if body.r#for > LONGEST {
        let words = "`for` is a number of seconds, at most a day; 0 ends it";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, words));
    }
    let now = (state.now)();
    let until = (body.r#for > 0).then(|| now.after(Duration::from_secs(body.r#for)));
    state.attention.send_modify(|paid| paid.asked_until = until);
    let restless = state.attention.borrow().restless;
    match until {
        Some(_) => tracing::info!(
            seconds = body.r#for,
            "watching closely: a person asked for it"
        ),
        None => tracing::info!("a person asked to watch as usual again"),
    }
    let until = until.map(|until| until.unix_seconds());
    let answer = serde_json::json!({ "version": VERSION, "until": until, "restless": restless });
    Ok(Json(answer).into_response())
}
