//! Channels, consumers and the names that clients gave their connections: the broker's plane of a
//! worker process. Needs the broker's statistics; where they are off the broker refuses (400).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::numbers::Num;
use crate::model::facts::{AckMode, ChannelFacts, ConsumerFacts};
use crate::model::{Failure, Moment, Reason};
use crate::watch::broker::http::{Endpoint, Get, Http};
use crate::watch::broker::json::Cutter;

/// The most a list may have, in bytes; 100,000 channels are 100 MB.
const LIST_CAP: u64 = 128 << 20;

/// One open channel, and who is at its other end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerChannel {
    /// The client's end, as the broker sees it; `None` where it does not say.
    pub client: Option<SocketAddr>,
    /// The broker's end.
    pub server: Option<SocketAddr>,
    /// The virtual host.
    pub vhost: String,
    /// The channel with its consumers.
    pub facts: ChannelFacts,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(default)]
    connection_details: Details,
    number: Option<u64>,
    #[serde(default)]
    vhost: String,
    #[serde(default)]
    global_prefetch_count: Num,
    #[serde(default)]
    messages_unacknowledged: Num,
    #[serde(default)]
    message_stats: Stats,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default, alias = "connection_name")]
    name: String,
    #[serde(default)]
    peer_host: Option<String>,
    #[serde(default)]
    peer_port: Option<u16>,
    #[serde(default)]
    number: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    ack: Num,
    deliver: Num,
    deliver_no_ack: Num,
}

#[derive(Deserialize)]
struct Consumer {
    channel_details: Details,
    queue: Queue,
    #[serde(default)]
    consumer_tag: String,
    #[serde(default)]
    prefetch_count: Num,
    ack_required: Option<bool>,
    active: Option<bool>,
    #[serde(default)]
    arguments: serde_json::Value,
}

#[derive(Deserialize)]
struct Queue {
    name: String,
    vhost: String,
}

#[derive(Deserialize)]
struct Connection {
    name: String,
    user_provided_name: Option<String>,
}

impl Details {
    /// Both ends, out of `10.0.0.1:4567 -> 10.0.0.2:5672`, or of the peer's fields.
    fn ends(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let end = |text: &str| {
            let address: SocketAddr = text.trim().parse().ok()?;
            Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
        };
        let (client, server) = match self.name.split_once("->") {
            Some((client, server)) => (end(client), end(server)),
            None => (None, None),
        };
        let peer = || {
            let ip: IpAddr = self.peer_host.as_deref()?.parse().ok()?;
            Some(SocketAddr::new(ip.to_canonical(), self.peer_port?))
        };
        (client.or_else(peer), server)
    }
}

/// Reads the channels of every connection, with their consumers.
///
/// # Errors
/// [`Reason::Unsupported`] where the broker keeps no statistics.
pub async fn channels(
    http: &Http,
    endpoint: &Endpoint,
    as_of: Moment,
    deadline: Instant,
) -> Result<Vec<BrokerChannel>, Failure> {
    // The consumers first: a channel that closes in between takes its consumers with it, while one
    // without consumers would look like a worker that lost them.
    let consumers: Vec<Consumer> = list(http, endpoint, "/api/consumers", deadline).await?;
    let channels: Vec<Channel> = list(http, endpoint, "/api/channels", deadline).await?;
    let mut of: HashMap<(String, Option<u64>), Vec<ConsumerFacts>> = HashMap::new();
    for consumer in consumers {
        let key = (
            consumer.channel_details.name.clone(),
            consumer.channel_details.number,
        );
        of.entry(key).or_default().push(consumer_facts(consumer));
    }
    let joined = channels.into_iter().map(|channel| {
        let key = (channel.connection_details.name.clone(), channel.number);
        let (client, server) = channel.connection_details.ends();
        let stats = channel.message_stats;
        let delivered =
            stats.deliver.count().unwrap_or(0) + stats.deliver_no_ack.count().unwrap_or(0);
        BrokerChannel {
            client,
            server,
            vhost: channel.vhost,
            facts: ChannelFacts {
                connection: channel.connection_details.name,
                number: channel.number,
                channel_prefetch: channel.global_prefetch_count.count(),
                unacked: channel.messages_unacknowledged.count(),
                // A channel on which nothing happened yet has no counters at all.
                acked: Some(stats.ack.count().unwrap_or(0)),
                delivered: Some(delivered),
                as_of: Some(as_of),
                consumers: of.remove(&key).unwrap_or_default(),
            },
        }
    });
    Ok(joined.collect())
}

fn consumer_facts(consumer: Consumer) -> ConsumerFacts {
    ConsumerFacts {
        vhost: consumer.queue.vhost,
        queue: consumer.queue.name,
        tag: consumer.consumer_tag,
        prefetch: consumer.prefetch_count.count(),
        ack_mode: consumer.ack_required.map(|required| match required {
            true => AckMode::Manual,
            false => AckMode::Auto,
        }),
        active: consumer.active,
        priority: consumer
            .arguments
            .get("x-priority")
            .and_then(serde_json::Value::as_i64),
    }
}

/// The names that clients gave their connections, by the broker's name of the connection.
pub async fn connection_names(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<HashMap<String, String>, Failure> {
    let list: Vec<Connection> = list(http, endpoint, "/api/connections", deadline).await?;
    let named = list
        .into_iter()
        .filter_map(|c| Some((c.name, c.user_provided_name?)));
    Ok(named.collect())
}

async fn list<T: DeserializeOwned + Send>(
    http: &Http,
    endpoint: &Endpoint,
    path: &str,
    deadline: Instant,
) -> Result<Vec<T>, Failure> {
    let get = Get::new(path, LIST_CAP);
    let (mut cutter, mut list) = (Cutter::default(), Vec::new());
    let told = |failure: Failure| match failure.reason {
        Reason::Status => {
            let words = format!("{}; are the broker's statistics off?", failure.message);
            Failure::new(Reason::Unsupported, words)
        }
        _ => failure,
    };
    let read = http.get(endpoint, get, deadline, |chunk| {
        cutter.feed(chunk, |element| match serde_json::from_slice(element) {
            Ok(entry) => {
                list.push(entry);
                true
            }
            Err(_) => false,
        })
    });
    read.await.map_err(told)?;
    let lost = cutter.finish()?;
    // A channel that is missing makes its worker look as if it had none.
    if lost > 0 {
        let message = format!(
            "{}{path}: {lost} entries could not be read",
            endpoint.authority()
        );
        return Err(Failure::new(Reason::Malformed, message));
    }
    Ok(list)
}
