//! Where requests from outside come in: the webhook's body, a person's wish. The one door of
//! recovery for the server and the command line.
//!
//! Must not know: HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::intake::{Batch, Body, PayloadError};
use super::ledger::{Handle, Ledger, LedgerError, Taken};
use super::targets::Targets;
pub use super::whole::Whole;
use crate::config::Config;
use crate::model::{
    Hold, Incident, Moment, Pause, Risk, Run, RunId, Standing, Target, Timestamp, TriggerSource,
};

/// What alerts are read by; replaced by a reload.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What there is on this host.
    pub targets: Targets,
    /// This host's name in labels.
    pub identity: String,
    /// The configuration.
    pub config: Arc<Config>,
}

/// The door.
#[derive(Clone, Debug)]
pub struct Desk {
    pub(super) ledger: Handle,
    pub(super) reading: watch::Receiver<Arc<Reading>>,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) standing: watch::Receiver<Arc<Standing>>,
    pub(super) news: Arc<Notify>,
    pub(super) counts: Arc<Counts>,
    pub(super) now: fn() -> Moment,
}

/// What was counted since warrener began.
#[derive(Debug, Default)]
pub struct Counts {
    alerts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counts {
    fn count(&self, taken: &Taken) {
        let mut alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut add = |what, n: u64| *alerts.entry(what).or_default() += n;
        add("trigger", taken.triggers);
        add("quarantined", taken.quarantined);
        add("heartbeat", taken.heartbeats);
        add("for_people", taken.for_people);
        add("not_mine", taken.not_mine);
    }

    /// Alerts by what became of them.
    pub fn alerts(&self) -> BTreeMap<&'static str, u64> {
        let alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.clone()
    }
}

/// What a body held, once all of it is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Alerts that ask for recovery.
    pub triggers: u64,
    /// Of them, those that say what was not said before.
    pub new: u64,
    /// Alerts that were put aside.
    pub quarantined: u64,
    /// Alerts that are for others: people, other hosts, the heartbeat.
    pub ignored: u64,
}

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotAccepted {
    /// It can't be read.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// It can't be written down; it is to be sent again.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The playbook's name.
    pub playbook: String,
    /// What it is to repair; without one, the only one that there can be, else refused.
    pub target: Option<Target>,
    /// Only the plan.
    pub dry_run: bool,
    /// Who asks: [`TriggerSource::Command`] or [`TriggerSource::Page`].
    pub source: TriggerSource,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// This run works on it now; it may have done so before.
    Run(RunId),
    /// What would be done.
    Plan(DryRun),
}

/// What a playbook would do, now, for a target; nothing was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DryRun {
    /// The playbook.
    pub playbook: String,
    /// The target's key.
    pub target: String,
    /// Everything that stands against it; empty: it would go.
    pub holds: Vec<Hold>,
    /// Its rungs, gentle to drastic; each is tried only when the one before did not help.
    pub rungs: Vec<PlannedRung>,
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRung {
    /// Its name.
    pub name: String,
    /// Its steps.
    pub steps: Vec<PlannedStep>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The action: `worker.stop`.
    pub action: String,
    /// Its risk.
    pub risk: Risk,
    /// What it would do now, in words.
    pub words: String,
}

/// Why a wish was not granted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is nothing of that name or number.
    #[error("{0}")]
    NotThere(String),
    /// It is not asked for rightly, or not now.
    #[error("{0}")]
    NotNow(String),
    /// It can't be written down.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// warrener ends.
    #[error("warrener is stopping")]
    Stopping,
}

/// What the engine is asked by a person.
#[derive(Debug)]
pub enum Order {
    /// Run a playbook, or tell what it would do.
    Ask(Ask, oneshot::Sender<Result<Answer, Refused>>),
    /// Let a run go.
    Approve(RunId, oneshot::Sender<Result<(), Refused>>),
    /// Call a run off.
    Cancel(RunId, oneshot::Sender<Result<(), Refused>>),
}

/// Orders that may wait; more wait at the door.
const ORDERS: usize = 16;

impl Desk {
    /// A desk in front of `ledger`, and the orders that are left at it.
    pub fn new(
        ledger: Handle,
        reading: watch::Receiver<Arc<Reading>>,
        standing: watch::Receiver<Arc<Standing>>,
        now: fn() -> Moment,
    ) -> (Self, mpsc::Receiver<Order>) {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let desk = Desk {
            ledger,
            reading,
            orders,
            standing,
            news: Arc::default(),
            counts: Arc::default(),
            now,
        };
        (desk, ordered)
    }

    /// Takes in what Alertmanager posts: when this returns well, all of it is on the disk. Its alerts
    /// are read where they are written, one by one: nobody who shares the runtime waits for them.
    ///
    /// # Errors
    /// [`NotAccepted`]; none of it was taken then.
    pub async fn webhook(
        &self,
        body: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Accepted, NotAccepted> {
        let reading = Arc::clone(&self.reading.borrow());
        let body = Body::open(body)?;
        let now: Timestamp = (self.now)().into();
        let taken = self.ledger.write(move |ledger| {
            let alerts = body.alerts(&reading.targets, &reading.identity);
            ledger.take_in(alerts, now)
        });
        Ok(self.taken(taken.await?))
    }

    /// Writes a batch down, and has it looked at.
    pub(super) async fn enter(&self, batch: Batch) -> Result<Accepted, LedgerError> {
        let now: Timestamp = (self.now)().into();
        let taken = self
            .ledger
            .write(move |ledger| ledger.take_in(batch.into_alerts(), now));
        Ok(self.taken(taken.await?))
    }

    fn taken(&self, taken: Taken) -> Accepted {
        self.counts.count(&taken);
        self.news.notify_one();
        Accepted {
            triggers: taken.triggers,
            new: taken.new,
            quarantined: taken.quarantined,
            ignored: taken.heartbeats + taken.for_people + taken.not_mine,
        }
    }

    /// Where recovery stands.
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing.borrow())
    }

    /// Told at each change of where recovery stands.
    pub fn standings(&self) -> watch::Receiver<Arc<Standing>> {
        self.standing.clone()
    }

    /// What there is on this host.
    pub fn targets(&self) -> Targets {
        self.reading.borrow().targets.clone()
    }

    /// This host's name in labels.
    pub fn identity(&self) -> String {
        self.reading.borrow().identity.clone()
    }

    /// What `read` makes of the ledger.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.ledger.read(read).await
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>, LedgerError> {
        self.ledger.read(move |ledger| ledger.runs(limit)).await
    }

    /// One run, whole; `None` when there is none of that number.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn run(&self, id: RunId) -> Result<Option<Whole>, LedgerError> {
        self.ledger
            .read(move |ledger| Whole::read(ledger, id))
            .await
    }

    /// The newest incidents, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn incidents(&self, limit: u32) -> Result<Vec<Incident>, LedgerError> {
        let read = move |ledger: &super::ledger::Ledger| ledger.incidents(limit);
        self.ledger.read(read).await
    }

    /// Runs a playbook for a person, or tells what it would do.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn ask(&self, ask: Ask) -> Result<Answer, Refused> {
        self.order(|answer| Order::Ask(ask, answer)).await
    }

    /// Lets a run that waits for a person go; the guard is asked again.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn approve(&self, run: RunId) -> Result<(), Refused> {
        self.order(|answer| Order::Approve(run, answer)).await
    }

    /// Calls a run off. A step that is under way ends first.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn cancel(&self, run: RunId) -> Result<(), Refused> {
        self.order(|answer| Order::Cancel(run, answer)).await
    }

    /// Pauses one target or everything.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn pause(&self, pause: Pause) -> Result<(), LedgerError> {
        self.ledger.write(move |l| l.pause(&pause)).await?;
        self.news.notify_one();
        Ok(())
    }

    /// Ends the pause of one target, or that of everything; whether there was one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn resume(&self, target: Option<Target>) -> Result<bool, LedgerError> {
        let ended = self
            .ledger
            .write(move |l| l.resume(target.as_ref()))
            .await?;
        self.news.notify_one();
        Ok(ended)
    }

    async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Order,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        let sent = self.orders.send(order(answer)).await;
        sent.map_err(|_| Refused::Stopping)?;
        answered.await.map_err(|_| Refused::Stopping)?
    }
}
