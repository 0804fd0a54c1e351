//! The `rabbitmq_prometheus` plugin, one endpoint per node: `/metrics` for the node itself,
//! `/metrics/detailed` for the queues whose leader it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::exposition::{Escaping, Reader, Sample};
use super::filter::Filter;
use super::http::{Endpoint, Get, Http};
use super::node_metrics;
use super::table::{Field, Table};
use crate::model::facts::NodeFacts;
use crate::model::{Failure, Reason};

/// The most a `/metrics` answer may have, in bytes: some 100 KiB when aggregated, much more where
/// `prometheus.return_per_object_metrics` is on.
pub const METRICS_CAP: u64 = 64 << 20;

/// The most a `/metrics/detailed` answer may have, in bytes: some 1.5 KiB a queue with delivery
/// metrics and long names. It is never held, so this bounds time, not memory.
pub const DETAILED_CAP: u64 = 512 << 20;

/// Ready and unacked, consumers, and since 4.0 acknowledgements; older brokers ignore the last.
const QUEUE_FAMILIES: [(&str, &str); 3] = [
    ("family", "queue_coarse_metrics"),
    ("family", "queue_consumer_count"),
    ("family", "queue_delivery_metrics"),
];

/// Who answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The Erlang node name.
    pub node: String,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// RabbitMQ's version.
    pub version: Option<String>,
    /// Erlang's version.
    pub erlang: Option<String>,
}

impl Identity {
    /// How this broker writes queue labels.
    pub fn escaping(&self) -> Escaping {
        let version = self.version.as_deref();
        version.map_or(Escaping::Standard, Escaping::of_version)
    }

    /// Whether it counts acknowledgements per queue: from 4.0, and only for queues that had any
    /// delivery.
    pub fn counts_acks(&self) -> bool {
        let major = self.version.as_deref().and_then(|v| v.split('.').next());
        major
            .and_then(|m| m.parse::<u32>().ok())
            .is_some_and(|m| m >= 4)
    }

    /// Takes in one sample of the two `info` metrics that every exposition has.
    fn see(&mut self, sample: &Sample<'_>) {
        let label = |name: &str| sample.label(name).map(|value| value.into_owned());
        match sample.name {
            "rabbitmq_identity_info" => {
                self.node = label("rabbitmq_node").unwrap_or_default();
                self.cluster = label("rabbitmq_cluster");
            }
            "rabbitmq_build_info" => {
                self.version = label("rabbitmq_version");
                self.erlang = label("erlang_version");
            }
            _ => {}
        }
    }

    /// An exposition that does not say which node it is of is not RabbitMQ's.
    fn check(self, endpoint: &Endpoint) -> Result<Self, Failure> {
        if self.node.is_empty() {
            return Err(Failure::new(
                Reason::Malformed,
                format!(
                    "{} answered, but not with RabbitMQ's metrics (no rabbitmq_identity_info)",
                    endpoint.authority()
                ),
            ));
        }
        Ok(self)
    }
}

/// What `/metrics` of one node said.
#[derive(Clone, Debug)]
pub struct NodeReading {
    /// Who answered.
    pub identity: Identity,
    /// The node, with its name.
    pub node: NodeFacts,
    /// The other nodes of the cluster that it has a connection with.
    pub peers: BTreeSet<String>,
    /// Lines that could not be read.
    pub lines_lost: u64,
}

/// Asks who answers, at next to no cost: an unknown family is an empty exposition.
pub async fn identify(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<Identity, Failure> {
    let mut identity = Identity::default();
    let mut reader = Reader::new(Escaping::Standard);
    let get = Get::new("/metrics/detailed", METRICS_CAP).query(&[("family", "none")]);
    http.get(endpoint, get, deadline, |chunk| {
        reader.feed(chunk, |sample| identity.see(&sample));
        Ok(())
    })
    .await?;
    identity.check(endpoint)
}

/// Reads one node.
pub async fn read_node(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<NodeReading, Failure> {
    let mut identity = Identity::default();
    let mut node = NodeFacts {
        up: true,
        ..NodeFacts::default()
    };
    let mut peers = BTreeSet::new();
    let mut reader = Reader::new(Escaping::Standard);
    let get = Get::new("/metrics", METRICS_CAP);
    http.get(endpoint, get, deadline, |chunk| {
        reader.feed(chunk, |sample| {
            identity.see(&sample);
            node_metrics::enter(&mut node, &sample);
            if sample.name == "erlang_vm_dist_node_state" {
                peers.extend(peer(&sample));
            }
        });
        Ok(())
    })
    .await?;
    let identity = identity.check(endpoint)?;
    node.name.clone_from(&identity.node);
    Ok(NodeReading {
        identity,
        node,
        peers,
        lines_lost: reader.finish(),
    })
}

/// The cluster member at the other end of a distribution link; command line tools link up too.
fn peer(sample: &Sample<'_>) -> Option<String> {
    const UP: f64 = 3.0;
    let name = sample.label("peer")?;
    let tool = name.starts_with("rabbitmqcli") || name.starts_with("rabbitmq-cli");
    (sample.value >= UP && !tool).then(|| name.into_owned())
}

/// What `/metrics/detailed` of one node said.
pub struct QueuesReading {
    /// Who answered.
    pub identity: Identity,
    /// The queues whose leader it is.
    pub table: Table,
    /// Lines that could not be read.
    pub lines_lost: u64,
}

/// Reads the queues of one node, whose labels are written as `escaping` says.
pub async fn read_queues(
    http: &Http,
    endpoint: &Endpoint,
    escaping: Escaping,
    filter: Arc<Filter>,
    deadline: Instant,
) -> Result<QueuesReading, Failure> {
    let mut identity = Identity::default();
    let mut table = Table::new(filter);
    let mut reader = Reader::new(escaping);
    let get = Get::new("/metrics/detailed", DETAILED_CAP).query(&QUEUE_FAMILIES);
    http.get(endpoint, get, deadline, |chunk| {
        reader.feed(chunk, |sample| {
            identity.see(&sample);
            let Some(field) = field(sample.name) else {
                return;
            };
            if let (Some(vhost), Some(queue)) = (sample.label("vhost"), sample.label("queue")) {
                table.enter(&vhost, &queue, field, sample.count());
            }
        });
        Ok(())
    })
    .await?;
    Ok(QueuesReading {
        identity: identity.check(endpoint)?,
        table,
        lines_lost: reader.finish(),
    })
}

fn field(metric: &str) -> Option<Field> {
    match metric.strip_prefix("rabbitmq_detailed_queue_")? {
        "messages_ready" => Some(Field::Ready),
        "messages_unacked" => Some(Field::Unacked),
        "consumers" => Some(Field::Consumers),
        "messages_acked_total" => Some(Field::Acked),
        "messages_redelivered_total" => Some(Field::Redelivered),
        _ => None,
    }
}
