//! The `roundtrip` probe: one message through a queue of its own, as a worker would send it.
//!
//! A port check calls a stopped broker healthy, because the kernel accepts for it; this does not.
//! The queue is exclusive and goes with the connection, so nothing stays in the broker, however a
//! round trip ends.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryFutureExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use tokio::time::{Instant, timeout_at};

use super::access::{Access, Login};
use super::amqp::{AmqpEndpoint, Line, Session, TlsClient};
use super::detect::share;
use super::stand_in::{By, Told};
use crate::model::facts::{Phase, RoundtripFacts};
use crate::model::{Failure, ProbeName, Reason};
use crate::watch::Probe;

/// How the round trip's queues begin: they are never shown. The user needs the permissions
/// configure and read on them, and write on `amq.default`.
pub const QUEUE_PREFIX: &str = "warrener.roundtrip.";

const CONNECTION_NAME: &str = "warrener-roundtrip";

/// Sends a message through the broker and back.
pub struct RoundtripProbe {
    access: Arc<Access>,
    tls: Arc<TlsClient>,
    patience: Duration,
    told: Told,
}

impl RoundtripProbe {
    /// `deadline` is the one after which a reading is dropped; this gives up a little earlier by
    /// itself, to say in which phase it was.
    pub fn new(access: Arc<Access>, tls: Arc<TlsClient>, deadline: Duration) -> Self {
        let margin = (deadline / 10).min(Duration::from_millis(500));
        RoundtripProbe {
            access,
            tls,
            patience: deadline - margin,
            told: Told::default(),
        }
    }

    /// Through the first node of `login` that lets it.
    async fn by(&self, login: &Login, end: Instant) -> Result<Trip, Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        for (at, endpoint) in login.amqp.iter().enumerate() {
            let deadline = share(end, login.amqp.len() - at);
            let mut trip = Trip::until(deadline);
            let outcome = trip.through(endpoint, &self.tls).await;
            // A broker that took the queue took the login too, whatever came after.
            if outcome.is_ok() || trip.passed(Phase::Declare) {
                self.access.worked(login);
            }
            match outcome {
                Ok(()) => return Ok(trip),
                Err(failure) => {
                    let everywhere = same_on_every_node(failure.reason);
                    failures.push(failure);
                    if everywhere {
                        break;
                    }
                }
            }
        }
        Err(joined(failures))
    }
}

impl Probe for RoundtripProbe {
    type Facts = RoundtripFacts;

    const NAME: ProbeName = ProbeName::Roundtrip;

    async fn read(&mut self) -> Result<RoundtripFacts, Failure> {
        let end = Instant::now() + self.patience;
        let logins = self.access.logins().await?;
        let mut failed: Option<Failure> = None;
        for (at, login) in logins.iter().enumerate() {
            let deadline = share(end, logins.len() - at);
            match self.by(login, deadline).await {
                Ok(trip) => {
                    let by = By::new(login, failed);
                    self.told.tell(Self::NAME, &by);
                    return Ok(RoundtripFacts {
                        phases: trip.phases,
                        fallback_login: by.fallback,
                        configured_failure: by.configured_failure,
                    });
                }
                Err(failure) => {
                    let hopeless = !another_login_may_help(failure.reason);
                    let first = failed.get_or_insert(failure);
                    if hopeless {
                        return Err(first.clone());
                    }
                }
            }
        }
        Err(failed.unwrap_or_else(|| joined(Vec::new())))
    }
}

/// Whether a changed host, port, user, password or virtual host may be why, so that the login
/// that last worked is worth a try: nearly always. Not where the broker itself speaks of an alarm.
fn another_login_may_help(reason: Reason) -> bool {
    !matches!(reason, Reason::Blocked | Reason::Panic)
}

/// Whether the other nodes of a cluster would say the same.
fn same_on_every_node(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Auth | Reason::Vhost | Reason::Access | Reason::Blocked
    )
}

/// One failure out of those of several nodes: the first one's reason, every one's words.
fn joined(failures: Vec<Failure>) -> Failure {
    let words: Vec<&str> = failures.iter().map(|f| f.message.as_str()).collect();
    match failures.first() {
        Some(first) => Failure::new(first.reason, words.join("; ")),
        None => Failure::new(Reason::Unsupported, "broker.amqp is not configured"),
    }
}

/// One round trip, phase by phase.
struct Trip {
    phases: Vec<(Phase, Duration)>,
    started: Instant,
    deadline: Instant,
}

impl Trip {
    fn until(deadline: Instant) -> Self {
        Trip {
            phases: Vec::with_capacity(Phase::ALL.len()),
            started: Instant::now(),
            deadline,
        }
    }

    fn passed(&self, phase: Phase) -> bool {
        self.phases.iter().any(|(passed, _)| *passed == phase)
    }

    async fn through(&mut self, endpoint: &AmqpEndpoint, tls: &TlsClient) -> Result<(), Failure> {
        let place = &endpoint.place();
        let line = self
            .phase(Phase::Connect, place, Line::connect(endpoint, tls))
            .await?;
        let login = line.login(endpoint, &endpoint.vhost, CONNECTION_NAME);
        let mut session = self.phase(Phase::Login, place, login).await?;
        let declare = OwnQueue::declare(&mut session);
        let mut own = self.phase(Phase::Declare, place, declare).await?;
        let token = unique();
        let publish = own.publish(&mut session, &token);
        self.phase(Phase::Publish, place, publish).await?;
        let consume = own.consume(&mut session, &token);
        let tag = self.phase(Phase::Consume, place, consume).await?;
        let ack = own.ack(&mut session, tag);
        self.phase(Phase::Ack, place, ack).await?;
        drop(own);
        self.phase(Phase::Close, place, session.close()).await
    }

    /// Times `work`, and gives it up at the deadline.
    async fn phase<T>(
        &mut self,
        phase: Phase,
        place: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let outcome = match timeout_at(self.deadline, work).await {
            Ok(outcome) => outcome.map_err(|failure| {
                Failure::new(
                    failure.reason,
                    format!("{}: {}", phase.as_str(), failure.message),
                )
            }),
            Err(_) => Err(Failure::new(
                Reason::Timeout,
                format!(
                    "{}: {place}: no answer for {:.1} s, {:.1} s after the beginning",
                    phase.as_str(),
                    begun.elapsed().as_secs_f64(),
                    self.started.elapsed().as_secs_f64(),
                ),
            )),
        };
        if outcome.is_ok() {
            self.phases.push((phase, begun.elapsed()));
        }
        outcome
    }
}

/// The queue of one round trip.
struct OwnQueue {
    channel: Channel,
    name: ShortString,
    consumer: Consumer,
}

impl OwnQueue {
    async fn declare(session: &mut Session) -> Result<Self, Failure> {
        let channel = session.channel().await?;
        let name = ShortString::from(format!("{QUEUE_PREFIX}{}", unique()));
        let exclusive = QueueDeclareOptions {
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let requests = async {
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            channel
                .queue_declare(name.clone(), exclusive, FieldTable::default())
                .await?;
            let options = BasicConsumeOptions {
                exclusive: true,
                ..BasicConsumeOptions::default()
            };
            channel
                .basic_consume(name.clone(), "".into(), options, FieldTable::default())
                .await
        };
        let consumer = session.wait(requests).await?;
        Ok(OwnQueue {
            channel,
            name,
            consumer,
        })
    }

    /// Until the broker has confirmed that the message is in the queue.
    async fn publish(&self, session: &mut Session, token: &str) -> Result<(), Failure> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        // Not persistent, and of no use to anybody in a minute.
        let properties = BasicProperties::default()
            .with_delivery_mode(1)
            .with_expiration("60000".into());
        let confirmed = self
            .channel
            .basic_publish(
                "".into(),
                self.name.clone(),
                options,
                token.as_bytes(),
                properties,
            )
            .and_then(|confirm| confirm);
        let confirmation = session.wait(confirmed).await?;
        let acked = confirmation.is_ack();
        match confirmation.take_message() {
            None if acked => Ok(()),
            returned => Err(Failure::new(
                Reason::Malformed,
                format!(
                    "{}: the broker {} the message",
                    session.place(),
                    if returned.is_some() {
                        "returned"
                    } else {
                        "refused"
                    },
                ),
            )),
        }
    }

    /// The delivery tag of the message, once it is back.
    async fn consume(&mut self, session: &mut Session, token: &str) -> Result<u64, Failure> {
        let cancelled = || {
            lapin::ErrorKind::InvalidChannelState(lapin::ChannelState::Closed, "consumer cancelled")
        };
        let next = self.consumer.next();
        let delivery = session
            .wait(async { next.await.unwrap_or_else(|| Err(cancelled().into())) })
            .await?;
        if delivery.data != token.as_bytes() {
            let what = format!("{}: another message came back", session.place());
            return Err(Failure::new(Reason::Malformed, what));
        }
        Ok(delivery.delivery_tag)
    }

    /// Until the broker has worked off the acknowledgement: it answers in order, so an answer to
    /// what was asked after it proves that.
    async fn ack(&self, session: &mut Session, tag: u64) -> Result<(), Failure> {
        let passive = QueueDeclareOptions {
            passive: true,
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let requests = async {
            self.channel
                .basic_ack(tag, BasicAckOptions::default())
                .await?;
            self.channel
                .queue_declare(self.name.clone(), passive, FieldTable::default())
                .await
        };
        session.wait(requests).await.map(drop)
    }
}

/// 16 hexadecimal digits that nobody else has.
fn unique() -> String {
    let now = std::time::SystemTime::now();
    format!(
        "{:016x}",
        RandomState::new().hash_one((std::process::id(), now))
    )
}
