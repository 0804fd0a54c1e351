//! The cluster's nodes and the alarms raised on them.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::numbers::Num;
use super::{DOCUMENT_CAP, broker_timeout, document, read};
use crate::model::facts::NodeFacts;
use crate::model::{Failure, Reason};
use crate::watch::broker::http::{Endpoint, Get, Http};

/// Reads `/api/nodes`: every member of the cluster, also those that are down. Wants the
/// `monitoring` tag. Can hang when a member has just died: give it its own deadline.
pub async fn nodes(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<Vec<NodeFacts>, Failure> {
    let get = Get::new("/api/nodes", DOCUMENT_CAP);
    let nodes: Vec<Node> = document(http, endpoint, get, deadline).await?;
    Ok(nodes.into_iter().map(Node::facts).collect())
}

#[derive(Deserialize)]
struct Node {
    name: String,
    #[serde(default)]
    running: bool,
    /// Milliseconds.
    #[serde(default)]
    uptime: Num,
    #[serde(default)]
    mem_used: Num,
    #[serde(default)]
    mem_limit: Num,
    mem_alarm: Option<bool>,
    #[serde(default)]
    disk_free: Num,
    #[serde(default)]
    disk_free_limit: Num,
    disk_free_alarm: Option<bool>,
    #[serde(default)]
    fd_used: Num,
    #[serde(default)]
    fd_total: Num,
    #[serde(default)]
    proc_used: Num,
    #[serde(default)]
    proc_total: Num,
    #[serde(default)]
    connection_created: Num,
    #[serde(default)]
    connection_closed: Num,
    #[serde(default)]
    channel_created: Num,
    #[serde(default)]
    channel_closed: Num,
}

impl Node {
    fn facts(self) -> NodeFacts {
        if !self.running {
            // What the API still knows of a node that is down is old.
            return NodeFacts {
                name: self.name,
                ..NodeFacts::default()
            };
        }
        NodeFacts {
            name: self.name,
            up: true,
            uptime: self.uptime.count().map(Duration::from_millis),
            memory_alarm: self.mem_alarm,
            disk_alarm: self.disk_free_alarm,
            memory_used: self.mem_used.count(),
            memory_limit: self.mem_limit.count(),
            disk_free: self.disk_free.count(),
            disk_free_limit: self.disk_free_limit.count(),
            fds_open: self.fd_used.count(),
            fds_max: self.fd_total.count(),
            processes: self.proc_used.count(),
            processes_max: self.proc_total.count(),
            connections_opened: self.connection_created.count(),
            connections_closed: self.connection_closed.count(),
            channels_opened: self.channel_created.count(),
            channels_closed: self.channel_closed.count(),
            ..NodeFacts::default()
        }
    }
}

/// A resource that ran short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// Memory above the watermark.
    Memory,
    /// Disk space below its limit.
    Disk,
}

/// An alarm raised on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The node's name.
    pub node: String,
    /// Of what; `None` for a kind not known here.
    pub kind: Option<AlarmKind>,
}

/// Reads the alarms in effect in the cluster, live, from the health check: about 1 ms.
pub async fn alarms(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<Vec<Alarm>, Failure> {
    #[derive(Deserialize)]
    struct Doc {
        status: String,
        #[serde(default)]
        alarms: Vec<Raised>,
        reason: Option<String>,
    }
    #[derive(Deserialize)]
    struct Raised {
        node: String,
        resource: String,
    }
    const PATH: &str = "/api/health/checks/alarms";
    let get = Get {
        also: Some(503),
        broker_timeout: Some(broker_timeout(deadline)),
        ..Get::new(PATH, DOCUMENT_CAP)
    };
    let (status, body) = http.get_small(endpoint, get, deadline).await?;
    let doc: Doc = read(endpoint, PATH, &body)?;
    if status != 200 && doc.alarms.is_empty() || (status == 200) != (doc.status == "ok") {
        // The check itself failed: that says nothing of the alarms.
        let why = doc.reason.unwrap_or(doc.status);
        let at = endpoint.authority();
        let message = format!("{at}: the alarm check answered {status} without an alarm: {why}");
        return Err(Failure::new(Reason::Status, message));
    }
    let alarms = doc.alarms.into_iter().map(|alarm| Alarm {
        kind: match alarm.resource.as_str() {
            "memory" => Some(AlarmKind::Memory),
            "disk" => Some(AlarmKind::Disk),
            _ => None,
        },
        node: alarm.node,
    });
    Ok(alarms.collect())
}

/// Asks a node, by its health check, whether some queue would lose its quorum without it; why, in the
/// broker's words, or `None`. The node may ask the others for it, and hang while one of them does.
pub async fn quorum_critical(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    #[derive(Deserialize)]
    struct Doc {
        status: String,
        reason: Option<String>,
    }
    const PATH: &str = "/api/health/checks/node-is-quorum-critical";
    let get = Get {
        also: Some(503),
        broker_timeout: Some(broker_timeout(deadline)),
        ..Get::new(PATH, DOCUMENT_CAP)
    };
    let (status, body) = http.get_small(endpoint, get, deadline).await?;
    let doc: Doc = read(endpoint, PATH, &body)?;
    let well = status == 200 && doc.status == "ok";
    Ok((!well).then(|| doc.reason.unwrap_or(doc.status)))
}
