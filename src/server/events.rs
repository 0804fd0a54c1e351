//! Server-sent events: who listens is told of each assessment and each change of a run.
//!
//! A listener that does not keep up misses what is in between and gets the newest; one that reads
//! nothing at all is cut off as any other client. There are only so many, and they all end when
//! warrener stops.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::body::Refusal;
use super::connection::Unhurried;
use super::routes::State;
use crate::model::Standing;
use crate::publish::Latest;
use crate::publish::events::{Event, Listener};

/// How many may listen at once.
const SEATS: usize = 32;
/// Something is said at least so often: what is between must not think that the line is dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The places for listeners.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<Semaphore>);

impl Default for Seats {
    fn default() -> Self {
        Seats(Arc::new(Semaphore::new(SEATS)))
    }
}

/// One who listens.
struct Ear {
    latest: watch::Receiver<Arc<Latest>>,
    standing: watch::Receiver<Arc<Standing>>,
    stopping: watch::Receiver<bool>,
    listener: Listener,
    told: VecDeque<Event>,
    _seat: OwnedSemaphorePermit,
}

pub(super) async fn listen(state: State, seats: Seats) -> Result<Response, Refusal> {
    let seat = seats.0.try_acquire_owned().map_err(|_| {
        Refusal::later(format!(
            "{SEATS} listen already; read /api/v1/status instead"
        ))
    })?;
    let mut ear = Ear {
        latest: state.latest,
        standing: state.desk.standings(),
        stopping: state.stopping,
        listener: Listener::default(),
        told: VecDeque::new(),
        _seat: seat,
    };
    ear.latest.mark_changed();
    ear.standing.mark_changed();
    let events = futures_util::stream::unfold(ear, async |mut ear| {
        let event = ear.next().await?;
        let event = sse::Event::default().event(event.name).data(event.data);
        Some((Ok::<_, Infallible>(event), ear))
    });
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response.extensions_mut().insert(Unhurried);
    // A proxy that keeps events until there are many is no use here.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

impl Ear {
    /// The next event; `None` when warrener stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Some(event);
            }
            tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                // Without an engine it never changes again, and its sender is gone.
                Ok(()) = self.standing.changed() => {
                    let standing = Arc::clone(&self.standing.borrow_and_update());
                    self.told.extend(self.listener.stands(&standing));
                }
                changed = self.latest.changed() => {
                    changed.ok()?;
                    let latest = Arc::clone(&self.latest.borrow_and_update());
                    self.told.push_back(self.listener.assessed(&latest.status));
                }
            }
        }
    }
}
