//! One login at one node: connected in two steps, so that each can be timed and named.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use futures_util::{Stream, StreamExt};
use lapin::types::LongString;
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties, Event};

use super::endpoint::AmqpEndpoint;
use super::failure::failure;
use super::reactor;
use super::server::{ServerProperties, properties};
use super::tls::TlsClient;
use super::wire::{self, Cut, Wire};
use crate::model::{Failure, Reason};

/// Seconds. Short, because a broker that blocks publishers reads nothing from them, also not that
/// they are gone: only its own heartbeats tell it, and until then the connection stays open there.
const HEARTBEAT: u16 = 4;

/// Bytes. lapin's two buffers hold 32 frames each, 4 MiB with what the broker would offer; what we
/// send and receive is tiny. RabbitMQ 4 takes nothing smaller.
const FRAME_MAX: u32 = 8192;

const CHANNEL_MAX: u16 = 8;

/// A connection on which nobody has logged in yet.
pub(in super::super) struct Line {
    wire: Wire,
    cut: Cut,
}

impl Line {
    /// Connects to `endpoint`: name, TCP, TLS.
    pub(in super::super) async fn connect(
        endpoint: &AmqpEndpoint,
        tls: &TlsClient,
    ) -> Result<Self, Failure> {
        let (wire, cut) = wire::connect(endpoint, tls).await?;
        Ok(Line { wire, cut })
    }

    /// Logs in as `endpoint` says, into `vhost`. The broker lists the connection as `name`.
    pub(in super::super) async fn login(
        self,
        endpoint: &AmqpEndpoint,
        vhost: &str,
        name: &'static str,
    ) -> Result<Session, Failure> {
        let place = endpoint.place();
        // lapin asks for a connection once: it is told never to try again.
        let wire = Mutex::new(Some(self.wire));
        let connect = async move |_, _| match wire.lock().map(|mut wire| wire.take()) {
            Ok(Some(wire)) => Ok(AsyncTcpStream::Plain(wire)),
            _ => Err(std::io::Error::from(std::io::ErrorKind::NotConnected).into()),
        };
        let connection =
            Connection::connector(uri(endpoint, vhost), reactor::current(), connect, who(name))
                .await
                .map_err(|error| {
                    let failure = failure(&place, &error, &self.cut.greeting());
                    name_vhost(failure, vhost)
                })?;
        Ok(Session {
            events: Box::pin(connection.events_listener()),
            connection,
            cut: self.cut,
            place,
        })
    }
}

fn name_vhost(mut failure: Failure, vhost: &str) -> Failure {
    if failure.reason == Reason::Vhost && vhost.is_empty() {
        failure.message += "; the URL ends in `/`, the default virtual host is `/%2f`";
    }
    failure
}

fn uri(endpoint: &AmqpEndpoint, vhost: &str) -> AMQPUri {
    AMQPUri {
        // TLS is ours to make.
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo {
                username: endpoint.user.clone(),
                password: endpoint.password.expose().to_owned(),
            },
            host: endpoint.host.clone(),
            port: endpoint.port,
        },
        vhost: vhost.to_owned(),
        query: AMQPQueryString {
            frame_max: Some(FRAME_MAX),
            channel_max: Some(CHANNEL_MAX),
            heartbeat: Some(HEARTBEAT),
            ..AMQPQueryString::default()
        },
    }
}

fn who(name: &'static str) -> ConnectionProperties {
    ConnectionProperties::default()
        .with_connection_name(name.into())
        .with_client_property("product".into(), "warrener".into())
        .with_client_property(
            "version".into(),
            LongString::from(env!("CARGO_PKG_VERSION")),
        )
}

/// An open connection. Dropped, it ends at once and takes lapin's thread and tasks with it; the
/// broker then forgets what was exclusive to it.
pub(in super::super) struct Session {
    connection: Connection,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    cut: Cut,
    place: String,
}

impl Session {
    /// What the broker says of itself.
    pub(in super::super) fn server(&self) -> ServerProperties {
        properties(&self.cut.greeting())
    }

    /// `host:port`.
    pub(in super::super) fn place(&self) -> &str {
        &self.place
    }

    /// A new channel.
    pub(in super::super) async fn channel(&mut self) -> Result<Channel, Failure> {
        let Session {
            connection, events, ..
        } = self;
        let outcome = unless_blocked(events, connection.create_channel()).await;
        self.named(outcome)
    }

    /// Waits for `request`, and no longer once the broker says that it blocks publishers.
    pub(in super::super) async fn wait<T>(
        &mut self,
        request: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, Failure> {
        let outcome = unless_blocked(&mut self.events, request).await;
        self.named(outcome)
    }

    /// Closes in order, and waits for the broker's answer.
    pub(in super::super) async fn close(self) -> Result<(), Failure> {
        let outcome = self.connection.close(200, "done".into()).await;
        self.named(outcome.map_err(Interruption::Error))
    }

    /// The failure that lapin's `error` is.
    pub(in super::super) fn failure(&self, error: &lapin::Error) -> Failure {
        failure(&self.place, error, &self.cut.greeting())
    }

    fn named<T>(&self, outcome: Result<T, Interruption>) -> Result<T, Failure> {
        outcome.map_err(|interruption| match interruption {
            Interruption::Error(error) => self.failure(&error),
            Interruption::Blocked(why) => Failure::new(
                Reason::Blocked,
                format!("{}: the broker blocks publishers: {why}", self.place),
            ),
        })
    }
}

enum Interruption {
    Error(lapin::Error),
    Blocked(String),
}

async fn unless_blocked<T>(
    events: &mut (impl Stream<Item = Event> + Unpin),
    request: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Interruption> {
    let blocked = async {
        loop {
            match events.next().await {
                Some(Event::ConnectionBlocked(why)) => return why,
                Some(_) => {}
                // The connection's end shows in the request.
                None => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        biased;
        why = blocked => Err(Interruption::Blocked(why)),
        outcome = request => outcome.map_err(Interruption::Error),
    }
}
