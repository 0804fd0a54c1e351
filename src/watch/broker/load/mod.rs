//! A bounded load through queues of its own, with publisher confirms and a consumer: what
//! `warrener stress` asks for. It is no probe.
//!
//! The queue belongs to the consumer's connection, which publishes nothing: a broker that blocks
//! publishers reads nothing from them, also not that they are gone, and would keep the queue until
//! their heartbeats fail.

mod histogram;
mod own;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;

pub use histogram::Histogram;
pub use own::QUEUE_PREFIX;

use super::access::{Access, Login};
use super::amqp::TlsClient;
use crate::model::{Failure, Reason};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages a second, over all connections.
    pub rate: f64,
    /// How long they are sent.
    pub lasts: Duration,
    /// Bytes of a message, 8 at least.
    pub size: usize,
    /// Publishers, each with a queue and a consumer of its own.
    pub connections: u16,
}

/// How far it is; looked at while it runs.
#[derive(Debug, Default)]
pub struct Counts {
    /// Messages sent.
    pub sent: AtomicU64,
    /// Of these, confirmed by the broker.
    pub confirmed: AtomicU64,
    /// Of these, received by a consumer.
    pub received: AtomicU64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Messages sent.
    pub sent: u64,
    /// From sending to the broker's confirmation.
    pub confirmed: Histogram,
    /// From sending to the consumer.
    pub received: Histogram,
    /// Messages that the broker refused or returned.
    pub refused: u64,
    /// How long messages were sent.
    pub lasted: Duration,
    /// Why it ended early, if the broker or the connection did it.
    pub failure: Option<Failure>,
}

impl Counts {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends until the plan is done, `stop` says so, the broker blocks publishers, or a connection
/// fails. No queue is left behind, however it ends.
///
/// # Errors
/// Why it could not begin.
pub async fn load(
    access: &Access,
    tls: &TlsClient,
    plan: Plan,
    counts: &Counts,
    stop: watch::Receiver<bool>,
) -> Result<Report, Failure> {
    let logins = access.logins().await?;
    let login = logins.first().filter(|login| !login.amqp.is_empty());
    let none = || Failure::new(Reason::Unsupported, "broker.amqp is not configured");
    let Login { amqp, .. } = login.ok_or_else(none)?;
    // Over the nodes of a cluster in turn.
    let places = amqp
        .iter()
        .cycle()
        .take(usize::from(plan.connections.max(1)));
    let opened = join_all(places.map(|endpoint| own::Lane::open(endpoint, tls))).await;
    let lanes: Vec<_> = opened.into_iter().collect::<Result<_, _>>()?;

    let share = Plan {
        rate: plan.rate / f64::from(plan.connections.max(1)),
        ..plan
    };
    let begun = Instant::now();
    let (end, ended) = watch::channel(false);
    let running = lanes.into_iter().map(|lane| {
        let (stop, ended, end) = (stop.clone(), ended.clone(), &end);
        async move {
            let report = lane.run(share, counts, stop, ended).await;
            if report.failure.is_some() {
                // One that fails ends all.
                end.send_replace(true);
            }
            report
        }
    });
    let mut all = Report::default();
    for report in join_all(running).await {
        all.sent += report.sent;
        all.confirmed.add(&report.confirmed);
        all.received.add(&report.received);
        all.refused += report.refused;
        all.lasted = all.lasted.max(report.lasted);
        all.failure = all.failure.or(report.failure);
    }
    all.lasted = all.lasted.min(begun.elapsed());
    Ok(all)
}
