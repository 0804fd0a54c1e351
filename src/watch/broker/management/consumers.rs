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
use crate::watch::broker::channels::unsupported;
use crate::watch::broker::http::{Endpoint, Get, Http};
use crate::watch::broker::json::Cutter;
use crate::watch::channels::{BrokerChannel, BrokerConnection, Ends, Open};

/// The most a list may have, in bytes; 100,000 channels are 100 MB.
const LIST_CAP: u64 = 128 << 20;
/// A name and some tags, in bytes.
const WHOAMI_CAP: u64 = 64 << 10;

#[derive(Deserialize)]
struct Channel {
    #[serde(default)]
    connection_details: ConnectionDetails,
    number: Option<u64>,
    #[serde(default)]
    global_prefetch_count: Num,
    #[serde(default)]
    messages_unacknowledged: Num,
    #[serde(default)]
    message_stats: Stats,
}

#[derive(Deserialize)]
struct WhoAmI {
    name: String,
    #[serde(default)]
    tags: Tags,
}

/// A list, and before 3.9 one text with commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tags {
    List(Vec<String>),
    Text(String),
}

impl Default for Tags {
    fn default() -> Self {
        Tags::List(Vec::new())
    }
}

impl Tags {
    fn any(&self, wanted: &[&str]) -> bool {
        let is = |tag: &str| wanted.contains(&tag.trim());
        match self {
            Tags::List(tags) => tags.iter().any(|tag| is(tag)),
            Tags::Text(tags) => tags.split(',').any(is),
        }
    }
}

/// Of a channel: the connection that it is on.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ConnectionDetails {
    name: String,
    peer_host: Option<String>,
    peer_port: Option<u16>,
}

/// Of a consumer: the channel that it is on. Its `name` is the channel's, not the connection's.
/// Empty where the broker has no statistics of it yet, or it is of another protocol.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ChannelDetails {
    connection_name: String,
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
    #[serde(default)]
    channel_details: ChannelDetails,
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
    #[serde(default)]
    user_provided_name: Option<String>,
    #[serde(default)]
    peer_host: Option<String>,
    #[serde(default)]
    peer_port: Option<u16>,
}

/// Both ends, out of `10.0.0.1:4567 -> 10.0.0.2:5672`, or of the peer's fields.
fn ends(name: &str, peer_host: Option<&str>, peer_port: Option<u16>) -> Ends {
    let end = |text: &str| {
        let address: SocketAddr = text.trim().parse().ok()?;
        Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
    };
    let (client, server) = match name.split_once("->") {
        Some((client, server)) => (end(client), end(server)),
        None => (None, None),
    };
    let peer = || {
        let ip: IpAddr = peer_host?.parse().ok()?;
        Some(SocketAddr::new(ip.to_canonical(), peer_port?))
    };
    Ends {
        client: client.or_else(peer),
        server,
    }
}

/// Reads the connections, and the channels of each with their consumers.
///
/// # Errors
/// [`Reason::Unsupported`] where the broker keeps no statistics.
pub async fn open(
    http: &Http,
    endpoint: &Endpoint,
    now: fn() -> Moment,
    deadline: Instant,
) -> Result<Open, Failure> {
    // The consumers first: a channel that closes in between takes its consumers with it, while one
    // without consumers would look like a worker that lost them.
    sees_everything(http, endpoint, deadline).await?;
    let consumers: Vec<Consumer> = list(http, endpoint, "/api/consumers", deadline).await?;
    let as_of = now();
    let channels: Vec<Channel> = list(http, endpoint, "/api/channels", deadline).await?;
    let connections: Vec<Connection> = list(http, endpoint, "/api/connections", deadline).await?;
    let mut of: HashMap<(String, Option<u64>), Vec<ConsumerFacts>> = HashMap::new();
    for consumer in consumers {
        let key = (
            consumer.channel_details.connection_name.clone(),
            consumer.channel_details.number,
        );
        of.entry(key).or_default().push(consumer_facts(consumer));
    }
    let mut joined = Vec::with_capacity(channels.len());
    for channel in channels {
        let of_connection = &channel.connection_details;
        let key = (of_connection.name.clone(), channel.number);
        joined.push(BrokerChannel {
            ends: ends(
                &of_connection.name,
                of_connection.peer_host.as_deref(),
                of_connection.peer_port,
            ),
            facts: channel_facts(channel, of.remove(&key).unwrap_or_default(), as_of),
        });
    }
    let connections = connections.into_iter().map(|connection| BrokerConnection {
        ends: ends(
            &connection.name,
            connection.peer_host.as_deref(),
            connection.peer_port,
        ),
        name: connection.name,
        given_name: connection.user_provided_name,
    });
    Ok(Open {
        as_of,
        channels: joined,
        connections: connections.collect(),
        strays: of.into_values().flatten().collect(),
    })
}

/// A user without the tag sees its own connections only, and is not told so.
async fn sees_everything(
    http: &Http,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<(), Failure> {
    let get = Get::new("/api/whoami", WHOAMI_CAP);
    let (_, body) = http.get_small(endpoint, get, deadline).await?;
    let place = || format!("{}/api/whoami", endpoint.authority());
    let who: WhoAmI = serde_json::from_slice(&body)
        .map_err(|_| Failure::new(Reason::Malformed, format!("{} is not understood", place())))?;
    match who.tags.any(&["monitoring", "administrator"]) {
        true => Ok(()),
        false => {
            let message = format!(
                "{}: {} has neither the tag monitoring nor administrator, and sees its own \
                 connections only",
                place(),
                who.name
            );
            Err(Failure::new(Reason::Access, message))
        }
    }
}

fn channel_facts(channel: Channel, consumers: Vec<ConsumerFacts>, as_of: Moment) -> ChannelFacts {
    // A channel on which nothing happened yet has no counters at all.
    let count = |counter: Num| counter.count().unwrap_or(0);
    let stats = channel.message_stats;
    ChannelFacts {
        connection: channel.connection_details.name,
        number: channel.number,
        channel_prefetch: channel.global_prefetch_count.count(),
        unacked: channel.messages_unacknowledged.count(),
        acked: Some(count(stats.ack)),
        delivered: Some(count(stats.deliver) + count(stats.deliver_no_ack)),
        as_of: Some(as_of),
        consumers,
    }
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

async fn list<T: DeserializeOwned + Send>(
    http: &Http,
    endpoint: &Endpoint,
    path: &str,
    deadline: Instant,
) -> Result<Vec<T>, Failure> {
    let get = Get::new(path, LIST_CAP);
    let (mut cutter, mut list) = (Cutter::default(), Vec::new());
    let read = http.get(endpoint, get, deadline, |chunk| {
        cutter.feed(chunk, |element| match serde_json::from_slice(element) {
            Ok(entry) => {
                list.push(entry);
                true
            }
            Err(_) => false,
        })
    });
    read.await.map_err(unsupported)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_without_a_channel_is_read_and_belongs_to_none() {
        let list = r#"[
            {"channel_details": [], "queue": {"name": "q", "vhost": "/"}},
            {"channel_details": {"connection_name": "a -> b", "name": "a -> b (1)", "number": 1},
             "queue": {"name": "q", "vhost": "/"}, "ack_required": true, "prefetch_count": 5}
        ]"#;
        let consumers: Vec<Consumer> = serde_json::from_str(list).unwrap();
        let of = |at: usize| consumers[at].channel_details.connection_name.as_str();
        assert_eq!((of(0), of(1)), ("", "a -> b"));
    }

    #[test]
    fn tags_are_a_list_or_a_text_with_commas() {
        let sees = |tags: &str| {
            let who = format!(r#"{{"name": "u", "tags": {tags}}}"#);
            let who: WhoAmI = serde_json::from_str(&who).unwrap();
            who.tags.any(&["monitoring", "administrator"])
        };
        assert!(sees(r#"["management", "monitoring"]"#) && sees(r#""administrator""#));
        assert!(sees(r#""management, monitoring""#));
        assert!(!sees(r#"["management"]"#) && !sees(r#""""#) && !sees("[]"));
    }
}
