//! One client of the engine, and what the engine said by itself.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bollard::Docker as Client;
use bollard::errors::Error;
use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptions, EventsOptionsBuilder};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::events::{Action, Ends, Event};

/// Until the engine begins to answer; it answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// The engine keeps its newest events, some hundred; more are not taken.
const MOST_KEPT: usize = 10_000;

/// A client that listens.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    heard: Arc<Heard>,
    /// The listener; ends with the session.
    _listening: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Heard {
    ends: Mutex<Ends>,
    changed: Notify,
    over: AtomicBool,
}

/// Filters as the engine takes them.
pub(super) type Filters = HashMap<String, Vec<String>>;

impl Session {
    /// Connects, takes in the events that the engine still has of the containers of `filters`, and
    /// listens to what comes.
    pub(super) async fn open(host: &str, filters: Filters) -> Result<Self, Error> {
        let client = Client::connect_with_host(host)?.with_timeout(PATIENCE);
        let client = client.negotiate_version().await?;
        let heard = Arc::new(Heard::default());
        let now = unix_time(SystemTime::now());
        let kept = client.events(Some(options(&filters, "1", Some(&now))));
        let mut kept = pin!(kept.take(MOST_KEPT));
        while let Some(event) = kept.next().await {
            heard.enter(&event?);
        }
        let mut listening = JoinSet::new();
        let live = options(&filters, &now, None);
        listening.spawn(listen(client.clone(), live, Arc::clone(&heard)));
        Ok(Session {
            client,
            heard,
            _listening: listening,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.heard.over.load(Ordering::Acquire)
    }

    pub(super) fn ends(&self) -> MutexGuard<'_, Ends> {
        self.heard.lock()
    }

    /// What changed until now is known.
    pub(super) fn caught_up(&self) {
        // A permit that is there is taken; nothing waits.
        let _taken = self.heard.changed.notified().now_or_never();
    }

    /// Ends when something changed since it was caught up, or the engine is gone.
    pub(super) async fn changed(&self) {
        self.heard.changed.notified().await;
    }
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, message: &EventMessage) {
        if let Some(event) = event(message) {
            self.lock().enter(&event);
        }
    }
}

async fn listen(client: Client, options: EventsOptions, heard: Arc<Heard>) {
    let mut events = pin!(client.events(Some(options)));
    while let Some(Ok(event)) = events.next().await {
        heard.enter(&event);
        heard.changed.notify_one();
    }
    heard.over.store(true, Ordering::Release);
    heard.changed.notify_one();
}

fn options(filters: &Filters, since: &str, until: Option<&str>) -> EventsOptions {
    let mut filters = filters.clone();
    filters.insert("type".into(), vec!["container".into()]);
    filters.insert("event".into(), Action::NAMES.map(String::from).to_vec());
    let options = EventsOptionsBuilder::new().since(since).filters(&filters);
    match until {
        Some(until) => options.until(until).build(),
        None => options.build(),
    }
}

fn event(message: &EventMessage) -> Option<Event> {
    let nanos = u64::try_from(message.time_nano?).ok()?;
    Some(Event {
        container: message.actor.as_ref()?.id.clone()?,
        action: Action::named(message.action.as_deref()?),
        at: SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos),
    })
}

/// Seconds since 1970 and their fraction, as the engine takes times.
fn unix_time(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default();
    format!("{}.{:09}", since.as_secs(), since.subsec_nanos())
}
