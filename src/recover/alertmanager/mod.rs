//! Alertmanager, asked: what fires, and what is silenced. What was posted while warrener was down, or
//! to a webhook that did not work, is found here.
//!
//! ```text
//! every 60 s: what the ledger holds for firing ─> GET alerts ──> not known: firing ─┐
//!                                                           └─> gone twice: resolved ┴─> desk
//!                                            └──> GET silences ─> whoever watches them
//! ```
//!
//! A heartbeat that is only seen here is none: it would hide that nothing is posted any more.
//!
//! Must not know: what is done about an alert, whether a silence holds it.

mod alerts;
mod silences;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::desk::{Accepted, Desk};
use super::http::{Answer, Call, Client, Values};
use super::ledger::{LedgerError, Stamp};
use crate::config::{Config, Template};
use crate::model::{Failure, Reason, Timestamp};
use crate::watch::broker::http::Endpoint;

pub use silences::{Matcher, Silence, Silences};

/// Time from one pass to the next.
const EVERY: Duration = Duration::from_secs(60);
/// Time to the next one after one that failed.
const AGAIN: Duration = Duration::from_secs(15);
/// The most that is read of the alerts, in bytes: 10,000 large ones.
const MOST_ALERTS: usize = 32 << 20;
/// The most that is read of the silences, in bytes.
const MOST_SILENCES: usize = 16 << 20;
const ALERTS: &str = "/api/v2/alerts?active=true&silenced=true&inhibited=true";
const SILENCES: &str = "/api/v2/silences";

/// A heartbeat that did not come for so long is missed.
pub const SILENT_AFTER: Duration = Duration::from_secs(5 * 60);

/// Whether the pipeline from Prometheus to the webhook is silent: a `Watchdog` was once heard, and
/// none for `limit`.
pub fn pipeline_silent(watchdog_at: Option<Timestamp>, now: Timestamp, limit: Duration) -> bool {
    watchdog_at.is_some_and(|at| now.since(at) >= limit)
}

/// Passes since warrener began.
#[derive(Debug, Default)]
pub struct Passes {
    succeeded: AtomicU64,
    failed: AtomicU64,
}

impl Passes {
    /// Those that succeeded, and those that failed.
    pub fn get(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.succeeded), read(&self.failed))
    }
}

/// Why a pass failed.
#[derive(Debug, thiserror::Error)]
pub enum NotReconciled {
    /// Alertmanager did not tell.
    #[error(transparent)]
    Alertmanager(#[from] Failure),
    /// What it told can't be written down.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Asks one Alertmanager.
pub struct Reconciler {
    desk: Desk,
    config: Arc<Config>,
    url: Template,
    client: Client,
    values: Values,
    silences: watch::Sender<Arc<Silences>>,
    passes: Arc<Passes>,
    /// Fingerprints that were missing at the last pass.
    missing: BTreeSet<String>,
    /// Beginnings of the alerts that are put aside as long as they are listed.
    aside: BTreeSet<String>,
    /// Why the last pass failed.
    trouble: Option<String>,
}

impl Reconciler {
    /// Of the Alertmanager of `config`; `None` where it names none. The silences are told to
    /// `silences`.
    ///
    /// # Errors
    /// The HTTP client can't be made.
    pub fn new(
        desk: Desk,
        config: Arc<Config>,
        silences: watch::Sender<Arc<Silences>>,
        passes: Arc<Passes>,
    ) -> Result<Option<Self>, Failure> {
        let Some(url) = config.recovery.alertmanager.clone() else {
            return Ok(None);
        };
        Ok(Some(Reconciler {
            desk,
            config,
            url,
            client: Client::new(None)?,
            values: Values::default(),
            silences,
            passes,
            missing: BTreeSet::new(),
            aside: BTreeSet::new(),
            trouble: None,
        }))
    }

    /// A pass at once, and one every minute, or sooner after one that failed, for ever. Can be dropped at any time.
    pub async fn run(mut self) {
        let mut next = Instant::now();
        loop {
            let trouble = match self.pass().await {
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            };
            match (&trouble, &self.trouble) {
                (Some(error), None) => tracing::warn!(error, "Alertmanager can't be asked"),
                (None, Some(_)) => tracing::info!("Alertmanager can be asked again"),
                _ => {}
            }
            let wait = match trouble {
                None => EVERY,
                Some(_) => AGAIN,
            };
            self.trouble = trouble;
            // A pass that took long is not made up for.
            next = (next + wait).max(Instant::now());
            sleep_until(next).await;
        }
    }

    /// Asks once. What could be read is entered, also where the rest could not.
    ///
    /// # Errors
    /// [`NotReconciled`].
    pub async fn pass(&mut self) -> Result<Accepted, NotReconciled> {
        let outcome = self.ask().await;
        let count = match &outcome {
            Ok(_) => &self.passes.succeeded,
            Err(_) => &self.passes.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    async fn ask(&mut self) -> Result<Accepted, NotReconciled> {
        // Before it is asked: what is posted meanwhile can't be missing from its answer.
        let known = self.desk.ledger.read(|ledger| ledger.firing()).await?;
        let key = "recovery.alertmanager";
        let endpoint = self.values.endpoint(key, &self.url, &self.config).await?;
        let (alerts, silences) = tokio::join!(
            self.get(&endpoint, ALERTS, MOST_ALERTS),
            self.get(&endpoint, SILENCES, MOST_SILENCES),
        );
        let silences = silences.and_then(|body| {
            Silences::read(&body).map_err(|why| malformed(&endpoint, SILENCES, &why))
        });
        if let Ok(silences) = &silences {
            self.silences.send_replace(Arc::new(silences.clone()));
        }
        let body = alerts?;
        let reading = Arc::clone(&self.desk.reading.borrow());
        let listed = alerts::read(&body, &reading)
            .map_err(|why| malformed(&endpoint, "/api/v2/alerts", &why))?;
        drop(body);
        let batch = listed.batch(known, &mut self.missing, &mut self.aside);
        let accepted = match batch.triggers.is_empty() && batch.quarantined.is_empty() {
            true => Accepted::default(),
            false => self.desk.enter(batch).await?,
        };
        let now: Timestamp = (self.desk.now)().into();
        let stamp = self
            .desk
            .ledger
            .write(move |l| l.stamp(Stamp::Reconciled, now));
        stamp.await?;
        silences?;
        Ok(accepted)
    }

    async fn get(&self, endpoint: &Endpoint, path: &str, cap: usize) -> Result<Vec<u8>, Failure> {
        let answer = self.client.send(Call::get(endpoint, path).cap(cap)).await?;
        match answer.is_success() {
            true => Ok(answer.body),
            false => Err(refused(endpoint, &answer)),
        }
    }
}

fn refused(endpoint: &Endpoint, answer: &Answer) -> Failure {
    let (place, status) = (endpoint.place(), answer.status);
    let remedy = match status {
        401 | 403 => "; give a user and password in recovery.alertmanager",
        404 => "; recovery.alertmanager is the URL without /api/v2",
        _ => "",
    };
    Failure::new(Reason::Status, format!("{place} answered {status}{remedy}"))
}

fn malformed(endpoint: &Endpoint, path: &str, why: &serde_json::Error) -> Failure {
    let place = endpoint.place();
    let (line, column) = (why.line(), why.column());
    let words =
        format!("{place}{path}: not what Alertmanager answers (line {line}, column {column})");
    Failure::new(Reason::Malformed, words)
}
