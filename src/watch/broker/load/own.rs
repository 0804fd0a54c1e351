//! One publisher, its queue, and the consumer that the queue belongs to.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::amqp::{AmqpEndpoint, Line, Session, TlsClient};
use super::{Counts, Plan, Report};
use crate::model::{Failure, Reason};

/// How the load's queues begin: they are never shown. The user needs the permissions configure and
/// read on them, and write on `amq.default`.
pub const QUEUE_PREFIX: &str = "warrener.stress.";

/// How long the beginning may take, and what is under way at the end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages on their way at once; more are not sent before some are through.
const IN_FLIGHT: usize = 1000;
/// Messages that the consumer holds at once.
const PREFETCH: u16 = 500;

/// A publisher with its queue and consumer.
pub(super) struct Lane {
    publisher: Session,
    channel: Channel,
    owner: Session,
    consumer: Consumer,
    queue: ShortString,
}

impl Lane {
    pub(super) async fn open(endpoint: &AmqpEndpoint, tls: &TlsClient) -> Result<Self, Failure> {
        let late = |_| {
            let words = format!("{}: no answer within {PATIENCE:?}", endpoint.place());
            Failure::new(Reason::Timeout, words)
        };
        timeout(PATIENCE, Self::opened(endpoint, tls))
            .await
            .map_err(late)?
    }

    async fn opened(endpoint: &AmqpEndpoint, tls: &TlsClient) -> Result<Self, Failure> {
        let session = async |name| {
            let line = Line::connect(endpoint, tls).await?;
            line.login(endpoint, &endpoint.vhost, name).await
        };
        let mut owner = session("warrener-stress-consumer").await?;
        let mut publisher = session("warrener-stress-publisher").await?;
        let now = std::time::SystemTime::now();
        let unique = RandomState::new().hash_one((std::process::id(), now));
        let queue = ShortString::from(format!("{QUEUE_PREFIX}{unique:016x}"));
        let receives = owner.channel().await?;
        let declare = async {
            let own = QueueDeclareOptions {
                exclusive: true,
                auto_delete: true,
                ..QueueDeclareOptions::default()
            };
            receives
                .basic_qos(PREFETCH, BasicQosOptions::default())
                .await?;
            receives
                .queue_declare(queue.clone(), own, FieldTable::default())
                .await?;
            let options = BasicConsumeOptions::default();
            receives
                .basic_consume(queue.clone(), "".into(), options, FieldTable::default())
                .await
        };
        let consumer = owner.wait(declare).await?;
        let channel = publisher.channel().await?;
        let confirm = channel.confirm_select(ConfirmSelectOptions::default());
        publisher.wait(confirm).await?;
        Ok(Lane {
            publisher,
            channel,
            owner,
            consumer,
            queue,
        })
    }

    /// Sends by the plan, and tells what came of it; ends early when one of the two says so.
    pub(super) async fn run(
        self,
        plan: Plan,
        counts: &Counts,
        stop: watch::Receiver<bool>,
        ended: watch::Receiver<bool>,
    ) -> Report {
        let Lane {
            mut publisher,
            channel,
            owner,
            consumer,
            queue,
        } = self;
        let mut flow = Flow {
            channel: &channel,
            consumer,
            queue,
            plan,
            counts,
            begun: Instant::now(),
            on_the_way: VecDeque::new(),
            first: 0,
            report: Report::default(),
        };
        let outcome = publisher.wait(flow.go(stop, ended)).await;
        let mut report = flow.report;
        report.lasted = flow.begun.elapsed().min(plan.lasts);
        report.failure = outcome.err();
        // The queue goes with its owner, which no alarm keeps from leaving.
        timeout(PATIENCE, owner.close()).await.ok();
        if report.failure.is_none() {
            timeout(PATIENCE, publisher.close()).await.ok();
        }
        report
    }
}

/// The messages of one publisher.
struct Flow<'a> {
    channel: &'a Channel,
    consumer: Consumer,
    queue: ShortString,
    plan: Plan,
    counts: &'a Counts,
    begun: Instant,
    /// When those were sent that no consumer has received yet, the oldest first.
    on_the_way: VecDeque<Instant>,
    /// The number of the oldest of them.
    first: u64,
    report: Report,
}

impl Flow<'_> {
    async fn go(
        &mut self,
        mut stop: watch::Receiver<bool>,
        mut ended: watch::Receiver<bool>,
    ) -> lapin::Result<()> {
        let mut confirms = FuturesUnordered::new();
        let gap = Duration::from_secs_f64(1.0 / self.plan.rate);
        let mut body = vec![0; self.plan.size.max(8)];
        let mut due = self.begun;
        let mut end = self.begun + self.plan.lasts;
        let mut sending = true;
        loop {
            if !sending && confirms.is_empty() && self.on_the_way.is_empty() {
                return Ok(());
            }
            let room = self.on_the_way.len() < IN_FLIGHT && confirms.len() < IN_FLIGHT;
            tokio::select! {
                // Whoever asked for it may be gone: then it goes on as planned.
                Ok(_) = stop.wait_for(|stop| *stop), if sending => sending = false,
                Ok(_) = ended.wait_for(|ended| *ended), if sending => sending = false,
                Some(confirmed) = confirms.next() => self.confirmed(confirmed)?,
                delivery = self.consumer.next() => self.received(delivery).await?,
                () = sleep_until(due), if sending && room && due < end => {
                    let sent = Instant::now();
                    body[..8].copy_from_slice(&self.report.sent.to_be_bytes());
                    let confirm = self.publish(&body).await?;
                    confirms.push(async move { (sent, confirm.await) });
                    self.on_the_way.push_back(sent);
                    self.report.sent += 1;
                    Counts::add(&self.counts.sent);
                    // What could not be sent in time is not made up for in a flood.
                    due = (due + gap).max(sent.checked_sub(Duration::from_secs(1)).unwrap_or(sent));
                }
                () = sleep_until(end), if sending => sending = false,
                () = sleep_until(end + PATIENCE), if !sending => return Ok(()),
            }
            if !sending {
                end = end.min(Instant::now());
            }
        }
    }

    async fn publish(
        &self,
        body: &[u8],
    ) -> lapin::Result<impl Future<Output = lapin::Result<lapin::Confirmation>> + use<>> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = BasicProperties::default()
            .with_delivery_mode(1)
            .with_expiration("60000".into());
        let (exchange, queue) = ("".into(), self.queue.clone());
        self.channel
            .basic_publish(exchange, queue, options, body, properties)
            .await
    }

    fn confirmed(
        &mut self,
        (sent, outcome): (Instant, lapin::Result<lapin::Confirmation>),
    ) -> lapin::Result<()> {
        let confirmation = outcome?;
        if confirmation.is_ack() && confirmation.take_message().is_none() {
            self.report.confirmed.record(sent.elapsed());
            Counts::add(&self.counts.confirmed);
        } else {
            self.report.refused += 1;
        }
        Ok(())
    }

    async fn received(
        &mut self,
        delivery: Option<lapin::Result<lapin::message::Delivery>>,
    ) -> lapin::Result<()> {
        let gone = || {
            let state = lapin::ChannelState::Closed;
            lapin::ErrorKind::InvalidChannelState(state, "consumer cancelled").into()
        };
        let delivery = delivery.unwrap_or_else(|| Err(gone()))?;
        delivery.ack(BasicAckOptions::default()).await?;
        let Some(number) = delivery.data.first_chunk().map(|n| u64::from_be_bytes(*n)) else {
            return Ok(());
        };
        // They come in order; one that was refused never comes.
        while self.first <= number {
            let Some(sent) = self.on_the_way.pop_front() else {
                break;
            };
            if self.first == number {
                self.report.received.record(sent.elapsed());
                Counts::add(&self.counts.received);
            }
            self.first += 1;
        }
        Ok(())
    }
}
