//! The management API: the overview, the nodes, the alarms, the queues, the channels.
//!
//! Never `columns=` (the broker then takes its expensive path), never `aliveness-test` (it leaves
//! a queue behind), never pages (with `page=` the cheap parameters are ignored).

mod consumers;
mod nodes;
mod numbers;
mod queues;

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

pub use consumers::open;
pub use nodes::{Alarm, AlarmKind, alarms, nodes, quorum_critical};
use numbers::Num;
pub use queues::{ListKind, list, queue};

use super::http::{Endpoint, Get, Http};
use crate::model::{Failure, Reason};

/// The most a single document may have, in bytes: an overview, the nodes of a large cluster.
const DOCUMENT_CAP: u64 = 8 << 20;

/// What the overview says of the broker as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The node that answered.
    pub node: String,
    /// RabbitMQ's version.
    pub version: Option<String>,
    /// Erlang's version.
    pub erlang: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// Statistics are off: no consumers, no rates.
    pub stats_disabled: bool,
    /// Message totals per queue are on although statistics are off.
    pub totals_enabled: bool,
    /// Queues, open connections, channels and consumers, cluster-wide.
    pub totals: Totals,
}

/// Cluster-wide counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Queues.
    pub queues: Option<u64>,
    /// Connections.
    pub connections: Option<u64>,
    /// Channels.
    pub channels: Option<u64>,
    /// Consumers.
    pub consumers: Option<u64>,
}

/// Asks whether the API answers this login: by `/api/whoami`, which no other node takes part in,
/// and which wants the management tag like the rest.
pub async fn ping(http: &Http, endpoint: &Endpoint, deadline: Instant) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Doc {
        #[serde(rename = "name")]
        _name: String,
    }
    let get = Get::new("/api/whoami", DOCUMENT_CAP);
    document::<Doc>(http, endpoint, get, deadline)
        .await
        .map(drop)
}

/// Reads `/api/overview`. On 3.10 the broker asks every node for it, so it hangs while one of them
/// does.
pub async fn overview(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<Overview, Failure> {
    #[derive(Deserialize)]
    struct Doc {
        node: Option<String>,
        rabbitmq_version: Option<String>,
        erlang_version: Option<String>,
        cluster_name: Option<String>,
        #[serde(default)]
        disable_stats: bool,
        #[serde(default)]
        enable_queue_totals: bool,
        #[serde(default)]
        object_totals: Objects,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Objects {
        queues: Num,
        connections: Num,
        channels: Num,
        consumers: Num,
    }
    let doc: Doc = document(
        http,
        endpoint,
        Get::new("/api/overview", DOCUMENT_CAP),
        deadline,
    )
    .await?;
    let Some(node) = doc.node else {
        return Err(malformed(endpoint, "/api/overview names no node"));
    };
    Ok(Overview {
        node,
        version: doc.rabbitmq_version,
        erlang: doc.erlang_version,
        cluster: doc.cluster_name,
        stats_disabled: doc.disable_stats,
        totals_enabled: doc.enable_queue_totals,
        totals: Totals {
            queues: doc.object_totals.queues.count(),
            connections: doc.object_totals.connections.count(),
            channels: doc.object_totals.channels.count(),
            consumers: doc.object_totals.consumers.count(),
        },
    })
}

async fn document<T: DeserializeOwned>(
    http: &Http,
    endpoint: &Endpoint,
    get: Get<'_>,
    deadline: Instant,
) -> Result<T, Failure> {
    let (_, body) = http.get_small(endpoint, get, deadline).await?;
    read(endpoint, get.path, &body)
}

fn read<T: DeserializeOwned>(endpoint: &Endpoint, path: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|e| malformed(endpoint, &format!("{path}: {e}")))
}

fn malformed(endpoint: &Endpoint, what: &str) -> Failure {
    let at = endpoint.authority();
    Failure::new(Reason::Malformed, format!("{at} answered, but {what}"))
}

/// How long the broker may work on a health check: a bit less than we wait for it.
fn broker_timeout(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .mul_f64(0.9)
        .max(Duration::from_millis(100))
}

/// A path segment. `None` for a name that a URL can't carry: `.` and `..` mean something else.
fn segment(name: &str) -> Option<Cow<'_, str>> {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    (name != "." && name != "..").then(|| utf8_percent_encode(name, NON_ALPHANUMERIC).into())
}
