//! The engine: what came in becomes incidents, incidents become runs, runs are driven to a named end.
//!
//! ```text
//! ledger: pending triggers ─> join ─> incident ─> follow ─> run ─> drive (one task for each)
//!                                                                   │ gate: guard, one at a time
//!                                                                   │ step: plan ─> intent ─> act ─> outcome
//!                                                                   └ verify ─> end
//! ```
//!
//! One task looks at each new snapshot; every run has a task of its own, and they meet at the gate.
//! What was done stands in the ledger before it is done, so that the next warrener goes on where this
//! one ended.
//!
//! Must not know: HTTP, how an action works.

mod again;
mod by_clock;
mod cause;
mod consequence;
mod crash;
mod drive;
mod dry_run;
mod end;
mod gate;
mod join;
mod orders;
mod own;
mod peers;
mod proof;
mod recurrence;
mod remember;
mod resume;
mod setup;
mod shared;
mod stand;
mod step;
mod tidy;
mod undo;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use setup::{Setup, mode};

use self::drive::Drive;
use self::join::Looks;
use self::own::Own;
use self::shared::Shared;
use crate::model::{
    Incident, IncidentId, Moment, Outcome, Run, RunId, RunState, Standing, Step, TriggerSource,
};
use crate::recover::alertmanager::Silences;
use crate::recover::desk::{Counts, Desk, Order, Reading};
use crate::recover::last_good::Assessed;
use crate::recover::ledger::{Handle, LedgerError};
use crate::recover::notify::NoticeCounts;

/// Looked again at least this often, also when nothing new is seen.
const LOOK: Duration = Duration::from_secs(2);

/// What the engine needs to begin.
#[derive(Debug)]
pub struct Parts {
    /// The ledger.
    pub ledger: Handle,
    /// The configuration in force, replaced by a reload.
    pub setup: watch::Receiver<Arc<Setup>>,
    /// How alerts are read, replaced by a reload.
    pub reading: watch::Receiver<Arc<Reading>>,
    /// The newest snapshot and its assessment.
    pub assessed: watch::Receiver<Option<Assessed>>,
    /// Where it is told where recovery stands.
    pub standing: watch::Sender<Arc<Standing>>,
    /// Told when something is in the outbox.
    pub outbox: Arc<Notify>,
    /// What became of notices.
    pub notices: Arc<NoticeCounts>,
    /// The silences of Alertmanager's.
    pub silences: watch::Receiver<Arc<Silences>>,
    /// The clock.
    pub now: fn() -> Moment,
}

/// Decides and drives.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    standing: watch::Sender<Arc<Standing>>,
    counts: Arc<Counts>,
    notices: Arc<NoticeCounts>,
    runs: JoinSet<()>,
    /// The runs that a task drives.
    driven: HashMap<RunId, tokio::task::Id>,
    looks: Looks,
    /// Who asked for the open incidents, as far as it was seen.
    sources: HashMap<IncidentId, TriggerSource>,
    resumed: bool,
    own: Own,
    memory: remember::Memory,
    timetable: by_clock::Timetable,
    /// What is too old was forgotten.
    tidied_at: Option<Moment>,
}

impl Engine {
    /// An engine that has not begun, and the door to it.
    pub fn new(parts: Parts) -> (Self, Desk) {
        let standings = parts.standing.subscribe();
        let (desk, orders) = Desk::new(parts.ledger.clone(), parts.reading, standings, parts.now);
        let news = Arc::clone(&desk.news);
        let counts = Arc::clone(&desk.counts);
        let shared = Shared::new(
            parts.ledger,
            parts.setup,
            parts.assessed,
            news,
            parts.outbox,
            parts.silences,
            parts.now,
        );
        let engine = Engine {
            shared: Arc::new(shared),
            orders,
            standing: parts.standing,
            counts,
            notices: parts.notices,
            runs: JoinSet::new(),
            driven: HashMap::new(),
            looks: Looks::default(),
            sources: HashMap::new(),
            resumed: false,
            own: Own::default(),
            memory: remember::Memory::default(),
            timetable: by_clock::Timetable::default(),
            tidied_at: None,
        };
        (engine, desk)
    }

    /// Runs until nobody holds its door, or it is dropped; what is under way then is looked up in the
    /// world at the next start.
    pub async fn run(mut self) {
        let mut assessed = self.shared.assessed.clone();
        let shared = Arc::clone(&self.shared);
        let mut watching = JoinSet::new();
        watching.spawn(async move { shared.watch_node().await });
        loop {
            let news = Arc::clone(&self.shared.news);
            let next = async {
                tokio::select! {
                    changed = assessed.changed() => changed.is_ok(),
                    () = news.notified() => true,
                }
            };
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.order(order).await,
                    None => return,
                },
                Some(ended) = self.runs.join_next_with_id(), if !self.runs.is_empty() => self.ended(ended).await,
                waited = timeout(LOOK, next) => if waited == Ok(false) { return },
            }
            assessed.borrow_and_update();
            self.turn().await;
        }
    }

    async fn turn(&mut self) {
        if self.shared.ledger.trouble().is_some() {
            self.try_again(self.shared.now()).await;
        }
        if let Err(error) = self.look().await
            && error.kind() != "io"
        {
            tracing::debug!(%error, "looked in vain");
        }
        if let Err(error) = self.remember().await {
            tracing::debug!(%error, "not remembered");
        }
        self.tidy().await;
        self.watch_over_itself().await;
        self.stand().await;
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        let Some(world) = self.shared.world() else {
            return Ok(());
        };
        // Before anything was read, nothing is known to be well or wrong.
        if !world.snapshot.every_probe_was_tried() {
            return Ok(());
        }
        if !self.resumed {
            self.resume().await?;
            self.resumed = true;
        }
        self.by_clock().await?;
        self.take_up(&world).await?;
        self.again(&world).await?;
        self.take_up(&world).await?;
        self.follow(&world).await
    }

    /// Goes on with what was not over when warrener last ended.
    async fn resume(&mut self) -> Result<(), LedgerError> {
        let read = |ledger: &crate::recover::ledger::Ledger| {
            let mut whole = Vec::new();
            for unfinished in ledger.unfinished()? {
                let steps = ledger.steps(unfinished.run.id)?;
                if let Some(incident) = ledger.incident(unfinished.run.incident)? {
                    whole.push((unfinished.run, incident, steps));
                }
            }
            Ok(whole)
        };
        for (run, incident, steps) in self.shared.ledger.read(read).await? {
            if self.driven.contains_key(&run.id) {
                continue;
            }
            tracing::info!(run = run.id.0, playbook = run.playbook, target = %run.target, state = %run.state, "goes on");
            self.spawn(run, incident, steps);
        }
        Ok(())
    }

    fn spawn(&mut self, run: Run, incident: Incident, journal: Vec<Step>) {
        let id = run.id;
        let mut drive = Drive::new(Arc::clone(&self.shared), run, incident, journal);
        let task = self.runs.spawn(async move {
            drive.look_back().await;
            drive.go().await;
        });
        self.driven.insert(id, task.id());
    }

    async fn ended(&mut self, ended: Result<(tokio::task::Id, ()), tokio::task::JoinError>) {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let run = self
            .driven
            .iter()
            .find(|(_, own)| **own == task)
            .map(|(run, _)| *run);
        if let Some(run) = run {
            self.driven.remove(&run);
            if let Err(error) = ended {
                tracing::error!(run = run.0, %error, "a run's task ended in a panic");
                self.shared.forget(run);
            }
            self.give_up(run).await;
        }
    }

    /// Ends a run that nobody drives any more and that is not over, so that nothing waits for it.
    async fn give_up(&self, id: RunId) {
        let now = self.shared.now();
        let given_up = self.shared.ledger.write(move |ledger| {
            let Some(run) = ledger.run(id)?.filter(|run| !run.state.is_over()) else {
                return Ok(());
            };
            let unknown = RunState::Ended(Outcome::Unknown);
            let to = match run.state.may_become(unknown) {
                true => unknown,
                false => RunState::Ended(Outcome::Cancelled),
            };
            ledger.advance(id, run.state, to, None, now)
        });
        if let Err(error) = given_up.await {
            tracing::error!(run = id.0, %error, "its end could not be written down");
        }
    }
}
