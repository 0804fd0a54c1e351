//! One run, from its plan to its end: rung by rung, each held at the gate, done and verified.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::shared::{Shared, Wishes};
use super::words;
use crate::model::{
    Evidence, FindingKey, HoldReason, Incident, Level, Moment, Outcome, Run, RunState, Step,
    TriggerCode, TriggerSource,
};
use crate::recover::ledger::{Ledger, LedgerError};
use crate::recover::playbook::{Action, Playbook, Rung};
use crate::recover::verify;

/// Time from one attempt to write to the next, while the ledger can't be written.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest wait for the next snapshot before it is looked again at what is there.
const LOOK: Duration = Duration::from_secs(2);

/// Why a run does not go on.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) outcome: Outcome,
    pub(super) words: String,
    /// What is known of the cause that holds it for good, where a person has to be told of it still.
    pub(super) cause: Option<Vec<Evidence>>,
}

impl Stop {
    pub(super) fn new(outcome: Outcome, words: impl Into<String>) -> Self {
        Stop {
            outcome,
            words: words.into(),
            cause: None,
        }
    }
}

/// One run under way.
pub(super) struct Drive {
    pub(super) shared: Arc<Shared>,
    pub(super) run: Run,
    pub(super) incident: Incident,
    pub(super) wishes: watch::Receiver<Wishes>,
    pub(super) assessed: watch::Receiver<Option<crate::recover::last_good::Assessed>>,
    /// What was done, in order.
    pub(super) journal: Vec<Step>,
    /// Something above safe was done.
    pub(super) disturbed: bool,
    /// When something was done last.
    pub(super) last_act: Moment,
    /// What it waits for.
    pub(super) held: Option<HoldReason>,
    /// What has to be repaired first, where it waits for that.
    pub(super) cause: Option<FindingKey>,
    /// How often it came within a day, where that is too often.
    pub(super) recurs: Option<u64>,
    /// What the playbook has people told at its end.
    pub(super) last_words: Option<String>,
    /// The holds that people were told of.
    pub(super) told: BTreeSet<HoldReason>,
    /// The assessment that first did not show the symptom any more.
    clear_at: Option<Moment>,
    /// A rung did not help.
    pub(super) tried: bool,
    begun: Option<Instant>,
    /// How long it waited for the ledger, in milliseconds: that is no step's own time.
    waited: AtomicU64,
}

/// What came of a rung.
pub(super) enum Climbed {
    /// Verified.
    Helped,
    /// Something was done and it did not help, or a step failed; why.
    NotHelped(String),
    /// Nothing had to be done, and it is not over.
    Needless,
    /// People were told; there is nothing to verify.
    Told,
}

impl Drive {
    pub(super) fn new(
        shared: Arc<Shared>,
        run: Run,
        incident: Incident,
        journal: Vec<Step>,
    ) -> Self {
        let wishes = shared.listen(run.id);
        let assessed = shared.assessed.clone();
        let now = (shared.now)();
        // What was told before warrener ended is not told again.
        let held = match run.state {
            RunState::Held(reason) => Some(reason),
            RunState::AwaitingApproval => Some(HoldReason::Mode),
            _ => None,
        };
        Drive {
            disturbed: journal.iter().any(words::disturbs),
            begun: run.started_at.map(|_| Instant::now()),
            shared,
            run,
            incident,
            wishes,
            assessed,
            journal,
            last_act: now,
            held,
            cause: None,
            recurs: None,
            last_words: None,
            told: held.into_iter().collect(),
            clear_at: None,
            tried: false,
            waited: AtomicU64::new(0),
        }
    }

    /// Goes on until the run is over, and writes down how it ended.
    pub(super) async fn go(mut self) {
        let id = self.run.id;
        self.hear().await;
        let stop = match self.climb().await {
            Ok(stop) | Err(stop) => stop,
        };
        self.end(stop).await;
        self.shared.forget(id);
    }

    /// What people said of it before this warrener began.
    async fn hear(&self) {
        let id = self.run.id;
        if let Ok(said) = self.shared.ledger.read(move |ledger| ledger.said(id)).await {
            self.shared.wish(id, |wishes| {
                wishes.approved |= said.approved;
                wishes.cancelled |= said.called_off;
            });
        }
    }

    async fn climb(&mut self) -> Result<Stop, Stop> {
        let Some(playbook) = self.playbook() else {
            return Err(Stop::new(
                Outcome::Cancelled,
                "its playbook is not there any more",
            ));
        };
        if playbook.drives.is_some() {
            return self.emergency(&playbook).await;
        }
        let code = self.code(&playbook);
        let rungs: Vec<(usize, Rung)> = playbook
            .rungs_for(&code)
            .map(|(index, rung)| (index, rung.clone()))
            .collect();
        let first = self.first_rung(&rungs).await;
        let mut why = String::from("no rung of the playbook is for this");
        for (index, rung) in rungs.iter().skip(first) {
            if words::is_taken_back(&self.journal, *index as u32) {
                let undone = self.take_back().await;
                why = format!("rung `{}` did not help{undone}", rung.name);
                self.tried = true;
                continue;
            }
            match self.rung(&playbook, *index, rung).await? {
                Climbed::Helped => {
                    let words = format!("verified after rung `{}`", rung.name);
                    return Ok(Stop::new(Outcome::Recovered, words));
                }
                Climbed::NotHelped(words) => {
                    let undone = self.take_back().await;
                    why = format!("rung `{}` did not help: {words}{undone}", rung.name);
                    self.tried = true;
                }
                Climbed::Needless => {}
                Climbed::Told => {}
            }
        }
        let outcome = match self.journal.iter().any(words::was_undone) {
            true => Outcome::RolledBack,
            false => Outcome::Failed,
        };
        Ok(Stop::new(outcome, why))
    }

    async fn rung(
        &mut self,
        playbook: &Playbook,
        index: usize,
        rung: &Rung,
    ) -> Result<Climbed, Stop> {
        let number = index as u32;
        if self.run.rung != number {
            let id = self.run.id;
            self.write(move |ledger| ledger.set_rung(id, number)).await;
            self.run.rung = number;
        }
        // What was done before warrener ended is still to be gone on with and verified: that its
        // symptom is not seen any more must not hold it.
        if !words::acted_on(&self.journal, number) {
            if let Some(hold) = self.is_beyond(playbook, rung).await {
                return Ok(Climbed::NotHelped(hold));
            }
            self.pass(playbook, &rung.steps).await?;
            self.tell_recurrence(number).await;
        }
        let only_tells = words::only_tells(rung);
        let from = words::reached(&self.journal, number, &rung.steps);
        for (at, step) in rung.steps.iter().enumerate().skip(from) {
            // What tells that it is done is told once it is known whether it helped.
            if let (false, Action::Notify(args)) = (only_tells, &step.action)
                && at + 1 == rung.steps.len()
            {
                self.last_words.clone_from(&args.text);
                continue;
            }
            if let Err(words) = self.step(playbook, number, step).await? {
                return Ok(Climbed::NotHelped(words));
            }
        }
        if only_tells {
            return Ok(Climbed::Told);
        }
        let Some(verify) = rung.verify.as_ref().or(playbook.verify.as_ref()) else {
            return Ok(Climbed::NotHelped("it has nothing that verifies it".into()));
        };
        // Also what was done before warrener ended; looking alone is nothing to verify.
        let of_this = |step: &&Step| step.intent.rung == number;
        let acted = self.journal.iter().filter(of_this).any(words::changed);
        if !acted && !self.would_verify(playbook, verify) {
            return Ok(Climbed::Needless);
        }
        self.verify(playbook, verify).await
    }

    /// What the ladder is chosen by: the finding; for a playbook asked for by name, the one that it
    /// answers and that is there.
    fn code(&self, playbook: &Playbook) -> TriggerCode {
        let key = &self.incident.key;
        match &key.code {
            TriggerCode::Asked(_) => {
                let world = self.shared.world();
                let symptom = world
                    .as_ref()
                    .and_then(|world| verify::symptom(&key.code, &key.target, playbook, world));
                symptom.map_or(key.code.clone(), |finding| {
                    TriggerCode::Finding(finding.code)
                })
            }
            code => code.clone(),
        }
    }

    fn playbook(&self) -> Option<Playbook> {
        self.shared
            .setup()
            .playbooks
            .get(&self.run.playbook)
            .cloned()
    }

    /// Called off, or out of time.
    pub(super) fn may_go_on(&mut self, playbook: &Playbook) -> Result<(), Stop> {
        if self.wishes.borrow().cancelled {
            return Err(Stop::new(Outcome::Cancelled, "a person called it off"));
        }
        let late = self
            .begun
            .is_some_and(|begun| begun.elapsed() > playbook.timeout.get() + self.waited());
        if late {
            let words = format!("it took longer than {}", playbook.timeout);
            let outcome = match self.run.state {
                RunState::Held(_) => Outcome::Held,
                _ => Outcome::Failed,
            };
            return Err(Stop::new(outcome, words));
        }
        Ok(())
    }

    /// Waits for the next snapshot or a person's word; not for long.
    pub(super) async fn next_look(&mut self) {
        let next = async {
            tokio::select! {
                changed = self.assessed.changed() => changed.is_ok(),
                changed = self.wishes.changed() => changed.is_ok(),
            }
        };
        match timeout(LOOK, next).await {
            // Nothing will come any more: warrener ends.
            Ok(false) => tokio::time::sleep(LOOK).await,
            _ => {
                self.assessed.borrow_and_update();
            }
        }
    }

    /// It is over without anything disturbing having been done: two assessments say so.
    pub(super) async fn is_over(&mut self, playbook: &Playbook) -> bool {
        let Some(world) = self.shared.world() else {
            return false;
        };
        let over = match &self.incident.key.code {
            TriggerCode::Asked(_) => false,
            TriggerCode::Finding(_) => {
                let (code, target) = (&self.incident.key.code, &self.run.target);
                verify::is_gone(code, target, playbook, &world)
                    && verify::is_judged(target, self.incident.opened_at, &world)
            }
            TriggerCode::Alert(name) if name.as_str().starts_with("Health") => {
                world.assessment.level == Level::Normal
            }
            TriggerCode::Alert(_) => {
                let id = self.incident.id;
                let fires = self
                    .shared
                    .ledger
                    .read(move |ledger| ledger.still_fires(id));
                !fires.await.unwrap_or(true)
            }
        };
        let at = world.assessment.at;
        match (over, self.clear_at) {
            (false, _) => self.clear_at = None,
            (true, None) => self.clear_at = Some(at),
            (true, Some(first)) => return verify::is_later(at, first),
        }
        false
    }

    /// Takes the run to another state; waits while the ledger can't be written.
    pub(super) async fn advance(&mut self, to: RunState, hold: Option<crate::model::Hold>) {
        if self.run.state == to {
            return;
        }
        let (id, from) = (self.run.id, self.run.state);
        let now = self.shared.now();
        let kept = hold.clone();
        self.write(move |ledger| ledger.advance(id, from, to, kept.as_ref(), now))
            .await;
        self.run.state = to;
        if hold.is_some() {
            self.run.hold = hold;
        }
        if to == RunState::Running {
            self.begun.get_or_insert_with(Instant::now);
        }
    }

    /// Writes, and goes on trying while the ledger can't be written: what was done is not forgotten.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Ledger) -> Result<T, LedgerError> + Send + Clone + 'static,
    ) -> Option<T> {
        let came = Instant::now();
        let written = loop {
            match self.shared.ledger.write(change.clone()).await {
                Ok(value) => break Some(value),
                Err(error) if error.is_observe_only() => tokio::time::sleep(AGAIN).await,
                Err(error) => {
                    tracing::error!(run = self.run.id.0, %error, "not written down");
                    break None;
                }
            }
        };
        let waited = u64::try_from(came.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.waited.fetch_add(waited, Ordering::Relaxed);
        written
    }

    /// How long it waited for the ledger.
    pub(super) fn waited(&self) -> Duration {
        Duration::from_millis(self.waited.load(Ordering::Relaxed))
    }

    /// Something was done, not only looked at.
    pub(super) fn acted(&self) -> bool {
        self.journal.iter().any(words::changed)
    }

    /// Whether a person asked for it or approved it, or it was let go before.
    pub(super) fn approved(&self) -> bool {
        self.wishes.borrow().approved || self.run.started_at.is_some()
    }

    pub(super) fn source(&self) -> TriggerSource {
        self.run.source
    }
}
