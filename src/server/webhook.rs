//! `POST /webhook/alertmanager`: on the disk first, then 202.
//!
//! What is held in memory at once is bounded: a body has a share of it before it is read, so that a
//! storm of large ones waits instead of growing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{self, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::body::{PATIENCE, Refusal, read, said_length};
use super::routes::State;
use crate::recover::desk::NotAccepted;
use crate::recover::intake::{MAX_BODY_BYTES, PayloadError};

/// What bodies may hold at once, in KiB: two of the longest, or many of the usual few.
const ROOM_KIB: usize = 2 * MAX_BODY_BYTES / 1024;

/// Room for bodies.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Room(Arc::new(Semaphore::new(ROOM_KIB)))
    }
}

/// The share of a body of this length; of the longest one where it is not said.
fn share(length: Option<usize>) -> u32 {
    let kib = length
        .unwrap_or(MAX_BODY_BYTES)
        .min(MAX_BODY_BYTES)
        .div_ceil(1024);
    u32::try_from(kib.max(1)).unwrap_or(u32::MAX)
}

pub(super) async fn alertmanager(
    extract::State(state): extract::State<State>,
    room: Room,
    request: Request,
) -> Result<Response, Refusal> {
    let share = share(said_length(&request));
    let Ok(Ok(_share)) = timeout(PATIENCE, room.0.acquire_many(share)).await else {
        let words = "too many large bodies at once: send it again";
        return Err(Refusal::later(words));
    };
    let body = read(request, MAX_BODY_BYTES).await?;
    match state.desk.webhook(body).await {
        Ok(accepted) => Ok((StatusCode::ACCEPTED, Json(accepted)).into_response()),
        Err(NotAccepted::Payload(error)) => {
            let status = match error {
                PayloadError::TooLarge { .. } | PayloadError::TooManyAlerts { .. } => {
                    StatusCode::PAYLOAD_TOO_LARGE
                }
                PayloadError::Malformed { .. } | PayloadError::Version => StatusCode::BAD_REQUEST,
            };
            tracing::warn!(%error, "a webhook was refused");
            Err(Refusal::new(status, error.to_string()))
        }
        Err(NotAccepted::Ledger(error)) => {
            tracing::error!(%error, "a webhook could not be written down");
            let words = format!("it can't be written down: {error}");
            Err(Refusal::later(words))
        }
    }
}
