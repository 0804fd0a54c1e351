//! One message through a queue of its own, phase by phase.

use std::time::Duration;

use crate::model::Failure;

/// The phases of a round trip, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Host name, TCP and TLS up to the first byte of AMQP.
    Connect,
    /// AMQP login and opening the virtual host.
    Login,
    /// Channel, exclusive auto-delete queue, consumer.
    Declare,
    /// Publish until the broker's confirm.
    Publish,
    /// From the confirm until the message came back.
    Consume,
    /// Acknowledge, and the broker's answer to a request behind it.
    Ack,
    /// Orderly close.
    Close,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Phase; 7] = [
        Phase::Connect,
        Phase::Login,
        Phase::Declare,
        Phase::Publish,
        Phase::Consume,
        Phase::Ack,
        Phase::Close,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Login => "login",
            Phase::Declare => "declare",
            Phase::Publish => "publish",
            Phase::Consume => "consume",
            Phase::Ack => "ack",
            Phase::Close => "close",
        }
    }
}

/// A round trip that succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundtripFacts {
    /// Each phase with its time, in order.
    pub phases: Vec<(Phase, Duration)>,
    /// True when the login that last worked was used instead of the configured one.
    pub fallback_login: bool,
    /// Why the configured login was not used, when the one that last worked was.
    pub configured_failure: Option<Failure>,
}

impl RoundtripFacts {
    /// All phases together.
    pub fn total(&self) -> Duration {
        self.phases.iter().map(|(_, d)| *d).sum()
    }
}
