//! What the broker shows of those who consume: the seam between the `workers` probe, which wants to
//! know, and the broker's room, which can tell.

use std::future::Future;
use std::net::SocketAddr;

use crate::model::facts::{ChannelFacts, ConsumerFacts};
use crate::model::{Failure, Moment};

/// One open channel, and who is at its other end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerChannel {
    /// The ends of its connection.
    pub ends: Ends,
    /// The channel with its consumers.
    pub facts: ChannelFacts,
}

/// Both ends of a connection, as the broker sees them; `None` where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// The client's.
    pub client: Option<SocketAddr>,
    /// The broker's.
    pub server: Option<SocketAddr>,
}

impl Ends {
    /// Client and broker, where both are known.
    pub fn pair(self) -> Option<(SocketAddr, SocketAddr)> {
        self.client.zip(self.server)
    }
}

/// One connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerConnection {
    /// As the broker names it; [`ChannelFacts::connection`] is the same.
    pub name: String,
    /// Its ends.
    pub ends: Ends,
    /// The name that its client gave it.
    pub given_name: Option<String>,
}

/// Everything that is open at the broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// When the broker was asked.
    pub as_of: Moment,
    /// The connections.
    pub connections: Vec<BrokerConnection>,
    /// Their channels.
    pub channels: Vec<BrokerChannel>,
    /// Consumers on none of these channels: too new for the broker's statistics, or of another
    /// protocol.
    pub strays: Vec<ConsumerFacts>,
}

/// What the broker, and the configuration of the way to it, say.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelsReading {
    /// Where the broker's AMQP endpoints are, all their addresses.
    pub broker: Vec<SocketAddr>,
    /// What is open there, or why that can't be told.
    pub open: Result<Open, Failure>,
}

/// Someone who can tell what is open at the broker.
pub trait Channels: Send + Sync + 'static {
    /// Reads it, within a deadline of its own.
    fn read(&self) -> impl Future<Output = ChannelsReading> + Send;
}
