//! One step: planned on the newest world, let through the gate, written down, done, written down.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::drive::{Drive, Stop};
use super::words;
use crate::model::{
    Done, Failure, Generation, Intent, Outcome, Reason, Risk, Step as Entry, StepResult, Target,
};
use crate::recover::actions::{self, Asked, Effect, Next, Plan, World};
use crate::recover::playbook::{Playbook, Step};

/// The world is waited for at least this long after an act, so that what was done is seen.
const SEEN: Duration = Duration::from_secs(20);

/// What became of a step: whether anything was done, or why it failed.
pub(super) type Stepped = Result<bool, String>;

impl Drive {
    pub(super) async fn step(
        &mut self,
        playbook: &Playbook,
        rung: u32,
        step: &Step,
    ) -> Result<Stepped, Stop> {
        let until = Instant::now() + step.timeout.get();
        let begun_at = self.shared.now();
        let (mut attempt, mut acted) = (1, false);
        loop {
            self.may_go_on(playbook)?;
            let patience = SEEN.min(until.saturating_duration_since(Instant::now()));
            let world = match self.journal.is_empty() {
                true => self.shared.world(),
                false => self.shared.world_after(self.last_act, patience).await,
            };
            let Some(world) = world else {
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
                    if step.action.risk() > Risk::Safe {
                        if !self.acted() && self.is_over(playbook).await {
                            return Err(Stop::new(
                                Outcome::SelfResolved,
                                "it was over before anything was disturbed",
                            ));
                        }
                        let one = std::slice::from_ref(step);
                        if self.pass(playbook, one, plan.victims.as_deref()).await? {
                            // Time passed at the gate: what was planned may not be right any more.
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
        let number = self.intend(intent).await?;
        let hands = std::sync::Arc::clone(&self.shared.setup().hands);
        let patience = until.saturating_duration_since(Instant::now());
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
                if let Some(undo) = undo {
                    self.undo.push(undo);
                }
                let result = match needless {
                    true => StepResult::Needless,
                    false => StepResult::Done,
                };
                (done(Some(acted_at), result, words, after), Ok(needless))
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

    /// Written down, and so it may be done.
    async fn intend(&mut self, intent: Intent) -> Result<u32, String> {
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
        }
        Ok(number)
    }

    pub(super) async fn conclude(&mut self, number: u32, done: Done) {
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
    }

    /// Takes back what can be, newest first; what came of it, in words.
    pub(super) async fn take_back(&mut self) -> String {
        let mut told = String::new();
        while let Some(job) = self.undo.pop() {
            let hands = std::sync::Arc::clone(&self.shared.setup().hands);
            let intent = Intent {
                rung: self.run.rung,
                attempt: 1,
                action: "undo".to_owned(),
                risk: Risk::Safe,
                target: self.run.target.clone(),
                plan: "take back what did not help".to_owned(),
                before: Vec::new(),
            };
            let Ok(number) = self.intend(intent).await else {
                continue;
            };
            let at = self.shared.now();
            let (result, words, after) = match job(hands).await {
                Ok(effect) => (StepResult::Undone, effect.words, effect.after),
                Err(failure) => (StepResult::UndoFailed, failure.to_string(), Vec::new()),
            };
            told.push_str(&format!("; {words}"));
            self.last_act = (self.shared.now)();
            self.conclude(number, done(Some(at), result, words, after))
                .await;
        }
        told
    }
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
