//! One step: planned on the newest world, let through the gate, written down, done, written down.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::crash::Point;
use super::drive::{Drive, Stop};
use super::words;
use crate::model::{
    Done, Failure, Generation, Intent, Reason, Risk, RunState, Step as Entry, StepResult, Target,
};
use crate::recover::actions::{self, Asked, Effect, Next, Plan, World};
use crate::recover::notify::Kind;
use crate::recover::playbook::{Action, Playbook, Step};

/// The world is waited for at least this long after an act, so that what was done is seen.
const SEEN: Duration = Duration::from_secs(20);
/// What was planned so long ago is planned anew.
const STALE: Duration = Duration::from_secs(2);

/// What became of a step: whether anything was done, or why it failed.
pub(super) type Stepped = Result<bool, String>;

impl Drive {
    pub(super) async fn step(
        &mut self,
        playbook: &Playbook,
        rung: u32,
        step: &Step,
    ) -> Result<Stepped, Stop> {
        let (mut until, mut waited) = (Instant::now() + step.timeout.get(), self.waited());
        // What it did before warrener ended belongs to it.
        let own = words::own(&self.journal, rung, step.action.name());
        let begun_at = own.first().map_or(self.shared.now(), |s| s.intended_at);
        let (mut attempt, mut acted) = (1, false);
        loop {
            // What it waited for the ledger is not its own time.
            until += self.waited().saturating_sub(waited);
            waited = self.waited();
            self.may_go_on(playbook)?;
            let patience = SEEN.min(until.saturating_duration_since(Instant::now()));
            let workers = step.action.touches_workers();
            let world = match self.journal.is_empty() {
                true => self.shared.world(),
                false => {
                    let (after, shared) = (self.last_act, &self.shared);
                    shared.world_after(after, workers, patience).await
                }
            };
            let Some(world) = world else {
                // What was read before the last act tells nothing about now.
                if Instant::now() >= until {
                    let words = format!("{}: nothing was read since", step.action.name());
                    self.note(rung, attempt, step, (StepResult::Failed, words.clone()))
                        .await;
                    return Ok(Err(words));
                }
                self.next_look().await;
                continue;
            };
            match self.plan(rung, step, begun_at, &world, until).await {
                Next::Done(what) => {
                    if !acted && !self.journal.iter().any(|entry| of(entry, rung, step)) {
                        let result = (StepResult::Needless, what);
                        self.note(rung, attempt, step, result).await;
                    }
                    return Ok(Ok(acted));
                }
                Next::Wait(what) if Instant::now() < until => {
                    tracing::debug!(run = self.run.id.0, what, "waits");
                    self.next_look().await;
                }
                Next::Wait(what) => {
                    let words = format!("{} after {}: {what}", step.action.name(), step.timeout);
                    self.note(rung, attempt, step, (StepResult::Failed, words.clone()))
                        .await;
                    return Ok(Err(words));
                }
                Next::Refuse(what) => {
                    self.note(rung, attempt, step, (StepResult::Failed, what.clone()))
                        .await;
                    return Ok(Err(format!("{}: {what}", step.action.name())));
                }
                Next::Act(plan) => {
                    let free = completes(self.disturbed, step, &plan);
                    let asks = step.action.risk() > Risk::Safe && !free;
                    if asks || self.run.state != RunState::Running {
                        let came = Instant::now();
                        let one = std::slice::from_ref(step);
                        let victims = plan.victims.as_deref().unwrap_or_default();
                        let is_let = self.is_let(playbook, one, Some(victims)).await?;
                        // The wait is not its own.
                        until += came.elapsed();
                        waited = self.waited();
                        if !is_let {
                            // What was planned may not be right any more.
                            continue;
                        }
                    }
                    match self.act(rung, attempt, step, plan, until).await {
                        Ok(needless) => acted |= !needless,
                        Err(words) if attempt <= step.retries && Instant::now() < until => {
                            tracing::warn!(run = self.run.id.0, words, attempt, "tried again");
                            let backoff = step.backoff.get() * 2u32.saturating_pow(attempt - 1);
                            tokio::time::sleep(backoff).await;
                            attempt += 1;
                        }
                        Err(words) => return Ok(Err(format!("{}: {words}", step.action.name()))),
                    }
                }
            }
        }
    }

    async fn plan(
        &self,
        rung: u32,
        step: &Step,
        begun_at: crate::model::Timestamp,
        world: &World,
        until: Instant,
    ) -> Next {
        let own = words::own(&self.journal, rung, step.action.name());
        let asked = Asked {
            incident: &self.incident,
            run: &self.run,
            step,
            begun_at,
            journal: &self.journal,
            own: &own,
        };
        let setup = self.shared.setup();
        let patience = until
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        match timeout(patience, actions::next(&asked, world, &setup.hands)).await {
            Ok(next) => next,
            Err(_) => Next::Wait("its control does not answer".into()),
        }
    }

    /// Intent, act, outcome. Whether there was nothing to do, or why it failed.
    async fn act(
        &mut self,
        rung: u32,
        attempt: u32,
        step: &Step,
        plan: Plan,
        until: Instant,
    ) -> Result<bool, String> {
        let intent = Intent {
            rung,
            attempt,
            action: step.action.name().to_owned(),
            risk: step.action.risk(),
            target: plan.target,
            plan: plan.words,
            before: plan.before,
        };
        let patience = until.saturating_duration_since(Instant::now());
        let waited = self.waited();
        let number = self.intend(intent).await?;
        let waited = self.waited().saturating_sub(waited);
        if waited > STALE {
            // Nothing was done yet, and what holds it back may have come up meanwhile.
            let words = format!("the ledger could not be written for {} s", waited.as_secs());
            let result = StepResult::ObservedNotDone;
            self.conclude(number, done(None, result, words, Vec::new()))
                .await;
            return Ok(true);
        }
        let hands = std::sync::Arc::clone(&self.shared.setup().hands);
        self.disturbed |= step.action.risk() > Risk::Safe;
        let acted_at = self.shared.now();
        let outcome = match timeout(patience, (plan.job)(hands)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let words = format!("not done within {}", step.timeout);
                Err(Failure::new(Reason::Timeout, words))
            }
        };
        self.last_act = (self.shared.now)();
        let (done, result) = match outcome {
            Ok(Effect {
                words,
                needless,
                after,
                undo,
            }) => {
                let result = match needless {
                    true => StepResult::Needless,
                    false => StepResult::Done,
                };
                let done = Done {
                    undo,
                    ..done(Some(acted_at), result, words, after)
                };
                (done, Ok(needless))
            }
            Err(failure) => {
                let words = failure.to_string();
                let failed = done(
                    Some(acted_at),
                    StepResult::Failed,
                    words.clone(),
                    Vec::new(),
                );
                (failed, Err(words))
            }
        };
        self.conclude(number, done).await;
        result
    }

    /// Writes down a step that came to no act.
    async fn note(&mut self, rung: u32, attempt: u32, step: &Step, result: (StepResult, String)) {
        // Nothing is done: that needs nobody's leave.
        self.advance(RunState::Running, None).await;
        let intent = Intent {
            rung,
            attempt,
            action: step.action.name().to_owned(),
            risk: step.action.risk(),
            target: self.run.target.clone(),
            plan: "look whether anything is to be done".to_owned(),
            before: Vec::new(),
        };
        if let Ok(number) = self.intend(intent).await {
            let (result, words) = result;
            self.conclude(number, done(None, result, words, Vec::new()))
                .await;
        }
    }

    /// What an emergency does itself.
    pub(super) async fn call_a_person(&mut self) {
        let intent = Intent {
            rung: 0,
            attempt: 1,
            action: "escalate".to_owned(),
            risk: Risk::Safe,
            target: self.run.target.clone(),
            plan: "call a person, in every channel".to_owned(),
            before: Vec::new(),
        };
        // It may have been told before warrener ended.
        let begun = self.journal.first().map(|step| step.intended_at);
        let Ok(number) = self.intend(intent).await else {
            return;
        };
        let at = self.shared.now();
        let todo = "the open incidents are repaired in the order configuration, broker, workers; look at `warrener runs`";
        if !self.was_told(Kind::Emergency, begun).await {
            self.tell(Kind::Emergency, Some(todo.into())).await;
        }
        let words = "it is in the outbox".to_owned();
        self.conclude(number, done(Some(at), StepResult::Done, words, Vec::new()))
            .await;
    }

    /// Written down, and so it may be done.
    pub(super) async fn intend(&mut self, intent: Intent) -> Result<u32, String> {
        self.shared.crash.here(&intent.action, Point::BeforeIntent);
        let (id, now, kept) = (self.run.id, self.shared.now(), intent.clone());
        let number = self
            .write(move |ledger| ledger.intend(id, &kept, now))
            .await;
        let number = number.ok_or("what is to be done could not be written down")?;
        self.run.started_at.get_or_insert(now);
        self.journal.push(Entry {
            run: id,
            number,
            intent,
            intended_at: now,
            done: None,
            done_at: None,
        });
        let entry = self.journal.last();
        if let Some(entry) = entry {
            tracing::info!(run = id.0, step = number, action = entry.intent.action, target = %entry.intent.target, plan = entry.intent.plan, "does");
            self.shared
                .crash
                .here(&entry.intent.action, Point::AfterIntent);
        }
        Ok(number)
    }

    pub(super) async fn conclude(&mut self, number: u32, done: Done) {
        self.crash(number, Point::AfterAct);
        let (id, now, kept) = (self.run.id, self.shared.now(), done.clone());
        tracing::info!(
            run = id.0,
            step = number,
            result = done.result.as_str(),
            words = done.words,
            "done"
        );
        self.write(move |ledger| ledger.conclude(id, number, &kept, now))
            .await;
        if let Some(entry) = self.journal.iter_mut().find(|entry| entry.number == number) {
            entry.done = Some(done);
            entry.done_at = Some(now);
        }
        self.crash(number, Point::AfterOutcome);
    }

    /// Ends warrener if that was ordered for this point of the step.
    fn crash(&self, number: u32, point: Point) {
        let mut journal = self.journal.iter();
        if let Some(entry) = journal.find(|entry| entry.number == number) {
            self.shared.crash.here(&entry.intent.action, point);
        }
    }
}

/// It stops nothing, and goes on with what the run began: what it stopped must not stay stopped until
/// somebody gives leave again.
fn completes(disturbed: bool, step: &Step, plan: &Plan) -> bool {
    let stops = plan.victims.as_ref().is_some_and(|all| !all.is_empty());
    let starts = matches!(
        step.action,
        Action::WorkerCleanup(_) | Action::WorkerStart(_) | Action::WorkersRestartStaged(_)
    );
    disturbed && starts && !stops
}

fn of(entry: &Entry, rung: u32, step: &Step) -> bool {
    entry.intent.rung == rung && entry.intent.action == step.action.name()
}

pub(super) fn done(
    acted_at: Option<crate::model::Timestamp>,
    result: StepResult,
    words: String,
    after: Vec<Generation>,
) -> Done {
    Done {
        acted_at,
        result,
        words,
        after,
        undo: None,
    }
}

/// What a run may disturb: its target, the workers that are touched, the broker that is restarted.
pub(super) fn touches(target: &Target, playbook: &Playbook, world: &World) -> Vec<Target> {
    let mut touched = vec![target.clone()];
    let steps = || playbook.ladder.iter().flat_map(|rung| &rung.steps);
    if steps().any(|step| step.action.touches_workers()) {
        let workers = world.targets.workers_of(target);
        touched.extend(workers.into_iter().map(|name| Target::Worker { name }));
    }
    if steps().any(|step| step.action.name() == "broker.restart") {
        touched.push(Target::Broker);
    }
    if steps().any(|step| step.action.name() == "config.repair") {
        let files = crate::recover::verify::env_files_of(target, world);
        touched.extend(files.into_iter().map(|path| Target::EnvFile { path }));
    }
    touched.sort();
    touched.dedup();
    touched
}
