//! Bodies: read whole and in time or refused, never more than was meant.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::act::refuse;

/// The longest body of a wish, in bytes.
const WISH: usize = 64 << 10;
/// How long a body may take to arrive.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// When what can't be done now may be tried again, in seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("5");

/// Why a request is not granted.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        let error = error.into();
        Refusal { status, error }
    }

    /// Not now: to be sent again.
    pub(super) fn later(error: impl Into<String>) -> Self {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = refuse(self.status, &self.error);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, AGAIN);
        }
        response
    }
}

/// The length that the request says its body has.
pub(super) fn said_length(request: &Request) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    // One that is no number was refused before it came here; one beyond `usize` is too long.
    Some(length.to_str().ok()?.parse().unwrap_or(usize::MAX))
}

/// The body, of at most `most` bytes.
pub(super) async fn read(mut request: Request, most: usize) -> Result<Bytes, Refusal> {
    let too_long = || {
        let words = format!("the body is too long: at most {most} bytes are read");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, words)
    };
    if said_length(&request).is_some_and(|length| length > most) {
        return Err(too_long());
    }
    DefaultBodyLimit::apply(DefaultBodyLimit::max(most), &mut request);
    let Ok(read) = timeout(PATIENCE, Bytes::from_request(request, &())).await else {
        let words = "the body did not arrive in time";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, words));
    };
    match read {
        Ok(bytes) => Ok(bytes),
        Err(rejected) if rejected.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_long()),
        Err(_) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "the body ended before its end",
        )),
    }
}

/// The JSON of a wish; an empty body is an empty object.
pub(super) async fn wish<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let bytes = read(request, WISH).await?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}
