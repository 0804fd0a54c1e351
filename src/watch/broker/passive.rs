//! What AMQP alone tells, where a broker has neither plugin: that a login works, the broker's
//! version, and depth and consumers of the queues that are named.

use std::collections::BTreeMap;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Queue};
use tokio::time::{Instant, timeout_at};

use super::access::Login;
use super::amqp::{AmqpEndpoint, Line, ServerProperties, Session, TlsClient};
use super::detect::share;
use crate::model::facts::QueueFacts;
use crate::model::{Failure, Reason};

const CONNECTION_NAME: &str = "warrener-passive";

/// AMQP's short strings hold no more bytes; RabbitMQ has no longer queue names.
const LONGEST_NAME: usize = 255;

/// What one reading brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PassiveReading {
    /// RabbitMQ's version.
    pub version: Option<String>,
    /// Erlang's version.
    pub erlang_version: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// One for each queue that was asked for, in that order; `exists` is `None` where the broker
    /// would not say.
    pub queues: Vec<QueueFacts>,
}

/// Logs in as `login`, at the first node that lets it, and declares each of `queues` (virtual host
/// and name) passively. One connection per virtual host, opened and closed again each time: an open
/// one would show a broker that lets nobody in any more as healthy.
///
/// # Errors
/// The login failed on every node, or `deadline` passed. That a queue does not exist, or may not be
/// looked at, is no error; nor is a virtual host other than the login's that lets nobody in: its
/// queues are unknown then.
pub async fn read(
    login: &Login,
    tls: &TlsClient,
    queues: &[(String, String)],
    deadline: Instant,
) -> Result<PassiveReading, Failure> {
    let reading = async {
        let mut failure = Failure::new(Reason::Unsupported, "broker.amqp is not configured");
        for (at, endpoint) in login.amqp.iter().enumerate() {
            let until = share(deadline, login.amqp.len() - at);
            match timeout_at(until, at_node(endpoint, tls, queues)).await {
                Ok(Ok(reading)) => return Ok(reading),
                Ok(Err(other)) => failure = other,
                Err(_) => failure = too_late(endpoint),
            }
        }
        Err(failure)
    };
    reading.await
}

fn too_late(endpoint: &AmqpEndpoint) -> Failure {
    let message = format!("{}: no answer within the deadline", endpoint.place());
    Failure::new(Reason::Timeout, message)
}

async fn at_node(
    endpoint: &AmqpEndpoint,
    tls: &TlsClient,
    queues: &[(String, String)],
) -> Result<PassiveReading, Failure> {
    let mut by_vhost: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    by_vhost.insert(&endpoint.vhost, Vec::new());
    for (at, (vhost, _)) in queues.iter().enumerate() {
        by_vhost.entry(vhost).or_default().push(at);
    }
    let mut facts: Vec<QueueFacts> = queues
        .iter()
        .map(|(vhost, name)| QueueFacts {
            vhost: vhost.clone(),
            name: name.clone(),
            pinned: true,
            ..QueueFacts::default()
        })
        .collect();
    let mut server = ServerProperties::default();
    for (vhost, asked) in by_vhost {
        let line = Line::connect(endpoint, tls).await?;
        let session = match line.login(endpoint, vhost, CONNECTION_NAME).await {
            Ok(session) => session,
            Err(failure) if vhost == endpoint.vhost => return Err(failure),
            Err(failure) => {
                tracing::debug!(vhost, %failure, "queues of this virtual host are unknown");
                if failure.reason == Reason::Vhost {
                    asked.iter().for_each(|at| facts[*at].exists = Some(false));
                }
                continue;
            }
        };
        server = session.server();
        let mut declarer = Declarer {
            session,
            channel: None,
        };
        for at in asked {
            declarer.fill(&mut facts[at]).await?;
        }
        declarer.session.close().await?;
    }
    Ok(PassiveReading {
        version: server.version,
        erlang_version: server.erlang_version,
        cluster: server.cluster,
        queues: facts,
    })
}

/// Declares passively; each refusal costs it its channel.
struct Declarer {
    session: Session,
    channel: Option<Channel>,
}

impl Declarer {
    async fn fill(&mut self, facts: &mut QueueFacts) -> Result<(), Failure> {
        if facts.name.len() > LONGEST_NAME {
            facts.exists = Some(false);
            return Ok(());
        }
        match self.declare(&facts.name).await {
            Ok(queue) => {
                facts.exists = Some(true);
                facts.ready = Some(queue.message_count().into());
                facts.consumers = Some(queue.consumer_count().into());
            }
            Err(Refusal::NotFound) => facts.exists = Some(false),
            // Exclusive to somebody else: it exists, and nothing more is said.
            Err(Refusal::Locked) => facts.exists = Some(true),
            Err(Refusal::Down) => {
                facts.exists = Some(true);
                facts.state = Some("down".to_owned());
            }
            Err(Refusal::Forbidden) => {}
            Err(Refusal::Broken(failure)) => return Err(failure),
        }
        Ok(())
    }

    async fn declare(&mut self, name: &str) -> Result<Queue, Refusal> {
        let channel = match self.channel.take() {
            Some(channel) => channel,
            None => self.session.channel().await.map_err(Refusal::Broken)?,
        };
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = channel
            .queue_declare(name.into(), passive, FieldTable::default())
            .await
            .map_err(|error| refusal(&self.session, &error))?;
        self.channel = Some(channel);
        Ok(queue)
    }
}

enum Refusal {
    NotFound,
    Locked,
    /// It is there, but the node that leads it is not.
    Down,
    Forbidden,
    Broken(Failure),
}

fn refusal(session: &Session, error: &lapin::Error) -> Refusal {
    use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
    if let lapin::ErrorKind::ProtocolError(error) = error.kind()
        && let AMQPErrorKind::Soft(kind) = error.kind()
    {
        match kind {
            AMQPSoftError::NOTFOUND if error.get_message().as_str().contains("no queue") => {
                return Refusal::NotFound;
            }
            AMQPSoftError::NOTFOUND => return Refusal::Down,
            AMQPSoftError::RESOURCELOCKED => return Refusal::Locked,
            AMQPSoftError::ACCESSREFUSED => return Refusal::Forbidden,
            _ => {}
        }
    }
    Refusal::Broken(session.failure(error))
}
