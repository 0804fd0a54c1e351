//! The queue lists, streamed, and single queues.

use std::borrow::Cow;

use serde::Deserialize;
use tokio::time::Instant;

use super::numbers::Num;
use super::{DOCUMENT_CAP, document, segment};
use crate::model::{Failure, Reason};
use crate::watch::broker::http::{Endpoint, Get, Http};
use crate::watch::broker::json::Cutter;
use crate::watch::broker::table::{Field, Row, Table};

/// The most a queue list may have, in bytes; 100,000 queues with full statistics are 140 MB. It is
/// never held, so this bounds time, not memory.
const LIST_CAP: u64 = 512 << 20;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Identity, state and message totals, live: it asks the queue processes. No consumers.
    Cheap,
    /// Everything, from statistics that are up to 5 s old and may be cached for longer where the
    /// list is long.
    Full,
}

impl ListKind {
    fn query(self) -> &'static [(&'static str, &'static str)] {
        match self {
            ListKind::Cheap => &[("disable_stats", "true"), ("enable_queue_totals", "true")],
            ListKind::Full => &[],
        }
    }
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    vhost: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    queue_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    state: Option<Cow<'a, str>>,
    #[serde(default)]
    messages_ready: Num,
    #[serde(default)]
    messages_unacknowledged: Num,
    #[serde(default)]
    consumers: Num,
    #[serde(default)]
    message_stats: Option<Stats>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Stats {
    #[serde(default)]
    ack: Num,
    #[serde(default)]
    redeliver: Num,
}

impl Entry<'_> {
    fn row(&self) -> Row {
        let stats = self.message_stats.unwrap_or_default();
        let mut row = Row::default();
        row.set(Field::Ready, self.messages_ready.count());
        row.set(Field::Unacked, self.messages_unacknowledged.count());
        row.set(Field::Consumers, self.consumers.count());
        row.set(Field::Acked, stats.ack.count());
        row.set(Field::Redelivered, stats.redeliver.count());
        row
    }
}

/// Reads the list of all queues into `table`, entry by entry, unpaged. Returns the entries lost.
pub async fn list(
    http: &Http,
    endpoint: &Endpoint,
    kind: ListKind,
    table: &mut Table,
    deadline: Instant,
) -> Result<u64, Failure> {
    let get = Get::new("/api/queues", LIST_CAP).query(kind.query());
    let mut cutter = Cutter::default();
    http.get(endpoint, get, deadline, |chunk| {
        cutter
            .feed(chunk, |element| enter(table, element))
            .map_err(|e| at(endpoint, e))
    })
    .await?;
    cutter.finish().map_err(|e| at(endpoint, e))
}

fn at(endpoint: &Endpoint, failure: Failure) -> Failure {
    let message = format!("{}/api/queues: {}", endpoint.authority(), failure.message);
    Failure::new(failure.reason, message)
}

/// Reads one element of the list; false when it is no queue.
fn enter(table: &mut Table, element: &[u8]) -> bool {
    let Ok(entry) = serde_json::from_slice::<Entry<'_>>(element) else {
        return false;
    };
    let mut row = entry.row();
    row.queue_type = entry.queue_type.as_deref().and_then(|t| table.word(t));
    row.state = entry.state.as_deref().and_then(|s| table.word(s));
    table.enter_row(&entry.vhost, &entry.name, row);
    true
}

/// Reads one queue, from statistics of up to 5 s ago; `None` when there is none of that name.
pub async fn queue(
    http: &Http,
    endpoint: &Endpoint,
    vhost: &str,
    name: &str,
    deadline: Instant,
) -> Result<Option<Row>, Failure> {
    let (Some(vhost), Some(name)) = (segment(vhost), segment(name)) else {
        let message = "a queue or virtual host named . or .. can't be asked for by URL";
        return Err(Failure::new(Reason::Unsupported, message));
    };
    let path = format!("/api/queues/{vhost}/{name}");
    let get = Get::new(&path, DOCUMENT_CAP);
    let entry: OwnedEntry = match document(http, endpoint, get, deadline).await {
        Ok(entry) => entry,
        Err(failure) if failure.reason == Reason::Unsupported => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let mut row = entry.0.row();
    row.queue_type = entry.0.queue_type.as_deref().map(Into::into);
    // With statistics off 3.10 says `live` of any queue that it has on record.
    let state = entry.0.state.as_deref().filter(|state| *state != "live");
    row.state = state.map(Into::into);
    Ok(Some(row))
}

struct OwnedEntry(Entry<'static>);

impl<'de> Deserialize<'de> for OwnedEntry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entry = Entry::deserialize(deserializer)?;
        let own = |text: Cow<'de, str>| Cow::Owned(text.into_owned());
        Ok(OwnedEntry(Entry {
            name: own(entry.name),
            vhost: own(entry.vhost),
            queue_type: entry.queue_type.map(own),
            state: entry.state.map(own),
            ..entry
        }))
    }
}
