//! What is open at the broker, for the `workers` probe, through the management API.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::access::Login;
use super::amqp::AmqpEndpoint;
use super::http::Http;
use super::management;
use super::members::nowhere;
use super::sources::Logins;
use crate::model::{Failure, Reason};
use crate::watch::channels::{Channels, ChannelsReading, Open};

/// Reads channels and connections by the logins of `L`.
pub struct OpenAtBroker<L> {
    logins: L,
    http: Http,
    deadline: Duration,
    now: fn() -> crate::model::Moment,
}

impl<L: Logins> OpenAtBroker<L> {
    /// Each reading ends within `deadline`.
    pub fn new(
        logins: L,
        http: Http,
        deadline: Duration,
        now: fn() -> crate::model::Moment,
    ) -> Self {
        OpenAtBroker {
            logins,
            http,
            deadline,
            now,
        }
    }

    /// By the first login and node that answers; otherwise why the first did not.
    async fn open(&self, logins: &[Login], deadline: Instant) -> Result<Open, Failure> {
        let endpoints = || logins.iter().flat_map(|login| &login.management);
        let tries = u32::try_from(endpoints().count()).unwrap_or(u32::MAX);
        let mut first = None;
        for (at, endpoint) in endpoints().enumerate() {
            // What is left is shared by those that were not tried yet.
            let left = tries.saturating_sub(u32::try_from(at).unwrap_or(u32::MAX));
            let now = Instant::now();
            let until = now + deadline.saturating_duration_since(now) / left.max(1);
            match management::open(&self.http, endpoint, self.now, until).await {
                Ok(open) => return Ok(open),
                Err(failure) => drop(first.get_or_insert(failure)),
            }
        }
        Err(first.unwrap_or_else(|| nowhere("management")))
    }
}

impl<L: Logins> Channels for OpenAtBroker<L> {
    async fn read(&self) -> ChannelsReading {
        let deadline = Instant::now() + self.deadline;
        let logins = match self.logins.logins().await {
            Ok(logins) => logins,
            Err(failure) => {
                return ChannelsReading {
                    broker: Vec::new(),
                    open: Err(failure),
                };
            }
        };
        let (open, broker) = tokio::join!(
            self.open(&logins, deadline),
            addresses(logins.iter().flat_map(|login| &login.amqp), deadline),
        );
        ChannelsReading { broker, open }
    }
}

/// Every address of the endpoints; a name that does not resolve has none.
async fn addresses(
    endpoints: impl Iterator<Item = &AmqpEndpoint>,
    deadline: Instant,
) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for endpoint in endpoints {
        let looked_up = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
        if let Ok(Ok(addresses)) = timeout_at(deadline, looked_up).await {
            found.extend(addresses.map(|a| SocketAddr::new(a.ip().to_canonical(), a.port())));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The reason of a failed list of channels, in the words of what it means.
pub(super) fn unsupported(failure: Failure) -> Failure {
    match failure.reason {
        Reason::Status => {
            let words = format!("{}; are the broker's statistics off?", failure.message);
            Failure::new(Reason::Unsupported, words)
        }
        _ => failure,
    }
}
