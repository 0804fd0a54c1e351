//! Triggers into incidents, incidents into runs, and what evidence closes.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::Engine;
use super::cause::left_to_cause;
use super::consequence::{self, Acting};
use super::step::touches;
use crate::model::{
    Finding, FindingKey, Incident, IncidentId, IncidentKey, Level, Moment, Outcome, Remedy, Run,
    RunId, RunMode, RunState, Severity, Target, Timestamp, Trigger, TriggerCode, TriggerSource,
    TriggerStatus,
};
use crate::recover::actions::World;
use crate::recover::ledger::{Ledger, LedgerError, NewRun, Pending, Stamp, Wanted};
use crate::recover::verify::{is_later, is_readable};

/// Triggers taken up at once.
const PIECE: u32 = 2000;
/// Time after a run that failed before another is tried; doubled for each that failed before.
const REST: Duration = Duration::from_secs(600);
const LONGEST_REST: Duration = Duration::from_secs(6 * 3600);

/// What is remembered of an open incident between looks.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// The assessment that first did not show it.
    clear_at: HashMap<IncidentId, Moment>,
    /// The assessment that was last held against the alerts that still fire.
    pub(super) again_at: Option<Moment>,
    /// What was seen to follow from a run.
    followed: HashSet<(RunId, FindingKey)>,
}

impl Engine {
    /// Takes up what came in.
    pub(super) async fn take_up(&mut self, world: &World) -> Result<(), LedgerError> {
        let (setup, now) = (self.shared.setup(), self.shared.now());
        let acting = self.acting().await?;
        if setup.config.recovery.reflex {
            self.reflex(world, &acting).await?;
        }
        loop {
            let (setup, world, acting) =
                (std::sync::Arc::clone(&setup), world.clone(), acting.clone());
            let wanted = move |pending: &Pending| {
                let Trigger {
                    code,
                    target,
                    source,
                    ..
                } = &pending.trigger;
                if !setup.answers(code, &world.targets.workers_of(target)) {
                    return Wanted::No;
                }
                let key = IncidentKey {
                    code: code.clone(),
                    target: target.clone(),
                };
                let of = consequence::of_key(&key, &world.assessment, &acting, &world.targets);
                match of.filter(|_| !source.is_a_person()) {
                    Some(acting) => Wanted::Follows(acting.incident.id),
                    None => Wanted::Own,
                }
            };
            let taken = self
                .shared
                .ledger
                .write(move |l| l.take_up(PIECE, now, wanted))
                .await?;
            let count = taken.len();
            for (pending, incident, opened) in taken {
                if let (Some(incident), true) = (incident, opened) {
                    tracing::info!(incident = incident.id.0, what = %incident.key, source = pending.trigger.source.as_str(), "incident opened");
                    self.sources.insert(incident.id, pending.trigger.source);
                }
            }
            if count < PIECE as usize {
                return Ok(());
            }
        }
    }

    /// What the runs at work act on.
    pub(super) async fn acting(&self) -> Result<Vec<Acting>, LedgerError> {
        let now = self.shared.now();
        let read = move |ledger: &Ledger| {
            let mut acting = Vec::new();
            for run in ledger.runs_since(now)?.iter().filter(|r| r.is_at_work()) {
                let journal = ledger.steps(run.id)?;
                if let Some(incident) = ledger.incident(run.incident)? {
                    acting.extend(consequence::acting(run, &incident, &journal));
                }
            }
            Ok(acting)
        };
        self.shared.ledger.read(read).await
    }

    /// Findings as triggers, where no incident is open for them; what follows from a run once.
    async fn reflex(&mut self, world: &World, acting: &[Acting]) -> Result<(), LedgerError> {
        let at_work = |run: &RunId| acting.iter().any(|one| one.run == *run);
        self.looks.followed.retain(|(run, _)| at_work(run));
        let open = self.shared.ledger.read(Ledger::open_incidents).await?;
        let is_open = |finding: &Finding| {
            open.iter().any(|incident| {
                incident.key.code == TriggerCode::Finding(finding.code)
                    && incident.key.target == finding.target
            })
        };
        let setup = self.shared.setup();
        let answered = |finding: &&Finding| {
            let workers = world.targets.workers_of(&finding.target);
            let code = TriggerCode::Finding(finding.code);
            finding.severity > Severity::Information
                && finding.cause.is_none()
                && finding.code.remedy() != Remedy::Notify
                && setup.answers(&code, &workers)
        };
        let findings = world.assessment.findings.iter();
        let mut new = Vec::new();
        for finding in findings.filter(answered).filter(|f| !is_open(f)) {
            if let Some(of) = consequence::follows(finding, acting, &world.targets) {
                if !self.looks.followed.insert((of.run, finding.key())) {
                    continue;
                }
                tracing::info!(run = of.run.0, incident = of.incident.id.0, what = %finding.key(), "follows from a run at work");
            }
            new.push(finding);
        }
        self.enter(new.into_iter(), TriggerSource::Finding).await
    }

    async fn enter<'a>(
        &self,
        findings: impl Iterator<Item = &'a Finding>,
        source: TriggerSource,
    ) -> Result<(), LedgerError> {
        let now = self.shared.now();
        let triggers: Vec<Trigger> = findings
            .map(|finding| Trigger {
                source,
                code: TriggerCode::Finding(finding.code),
                target: finding.target.clone(),
                status: TriggerStatus::Firing,
                // Each time anew: the incident before it was closed.
                fingerprint: format!("{}:{}:{}", source.as_str(), finding.key(), now.0),
                starts_at: Some(finding.since.into()),
                labels: Default::default(),
            })
            .collect();
        if triggers.is_empty() {
            return Ok(());
        }
        let entered = self
            .shared
            .ledger
            .write(move |l| l.receive(&triggers, &[], now))
            .await;
        entered.map(drop)
    }

    /// Closes what evidence says is over, joins symptoms to causes, and makes the runs that are due.
    pub(super) async fn follow(&mut self, world: &World) -> Result<(), LedgerError> {
        let read = |ledger: &Ledger| {
            let incidents = ledger.open_incidents()?;
            let mut runs = Vec::new();
            for incident in &incidents {
                runs.push(ledger.runs_of(incident.id)?);
            }
            Ok(incidents.into_iter().zip(runs).collect::<Vec<_>>())
        };
        let open: Vec<(Incident, Vec<Run>)> = self.shared.ledger.read(read).await?;
        let ids: HashSet<_> = open.iter().map(|(incident, _)| incident.id).collect();
        self.looks.clear_at.retain(|id, _| ids.contains(id));
        self.sources.retain(|id, _| ids.contains(id));
        self.causes(&open, world).await?;
        // Configuration before broker before workers: what goes first is made first.
        let mut open = open;
        let still_open = |id: &IncidentId| ids.contains(id);
        open.sort_by_key(|(incident, _)| {
            incident
                .key
                .code
                .finding()
                .map_or(u8::MAX, crate::assess::rank)
        });
        for (incident, runs) in open {
            if runs.iter().any(|run| !run.state.is_over()) {
                continue;
            }
            let asked = matches!(incident.key.code, TriggerCode::Asked(_));
            // Its run closes what was asked for; one that could not is not waited for.
            let over = asked && !runs.is_empty();
            if over || self.is_clear(&incident, world).await? {
                let (id, now) = (incident.id, self.shared.now());
                self.shared
                    .ledger
                    .write(move |ledger| ledger.close(id, now))
                    .await?;
                tracing::info!(incident = id.0, what = %incident.key, "incident closed: it is not seen any more");
                continue;
            }
            let due = match left_to_cause(&incident, &runs) {
                // As soon as its cause is over, and not before.
                true => !incident.cause.as_ref().is_some_and(still_open),
                false => is_due(&runs, self.shared.now()),
            };
            if due {
                self.propose(&incident, world).await?;
            }
        }
        Ok(())
    }

    /// Notes of which incident another is a symptom.
    async fn causes(
        &self,
        open: &[(Incident, Vec<Run>)],
        world: &World,
    ) -> Result<(), LedgerError> {
        let of = |code: &TriggerCode, target: &Target| {
            let mut incidents = open.iter().map(|(incident, _)| incident);
            incidents.find(|i| i.key.code == *code && i.key.target == *target)
        };
        for finding in &world.assessment.findings {
            let (Some(cause), Some(own)) = (
                &finding.cause,
                of(&TriggerCode::Finding(finding.code), &finding.target),
            ) else {
                continue;
            };
            let cause = of(&TriggerCode::Finding(cause.code), &cause.target).map(|i| i.id);
            if own.cause != cause && cause.is_some() {
                let id = own.id;
                self.shared
                    .ledger
                    .write(move |ledger| ledger.set_cause(id, cause))
                    .await?;
            }
        }
        Ok(())
    }

    /// Two assessments in a row do not show it.
    async fn is_clear(&mut self, incident: &Incident, world: &World) -> Result<bool, LedgerError> {
        let key = &incident.key;
        let clear = match &key.code {
            TriggerCode::Finding(code) => {
                let mut findings = world.assessment.findings.iter();
                let there = findings.any(|f| f.code == *code && f.target == key.target);
                !there && is_readable(&key.target, &world.snapshot)
            }
            TriggerCode::Alert(name) if name.as_str().starts_with("Health") => {
                world.assessment.level == Level::Normal
            }
            TriggerCode::Alert(_) => {
                let id = incident.id;
                !self
                    .shared
                    .ledger
                    .read(move |ledger| ledger.still_fires(id))
                    .await?
            }
            // Its run closes it, unless nothing can run it any more.
            TriggerCode::Asked(playbook) => self.shared.setup().playbooks.get(playbook).is_none(),
        };
        let at = world.assessment.at;
        if !clear {
            self.looks.clear_at.remove(&incident.id);
            return Ok(false);
        }
        let first = *self.looks.clear_at.entry(incident.id).or_insert(at);
        Ok(is_later(at, first))
    }

    async fn propose(&mut self, incident: &Incident, world: &World) -> Result<(), LedgerError> {
        let setup = self.shared.setup();
        let workers = world.targets.workers_of(&incident.key.target);
        let Some(playbook) = setup.playbooks.matching(&incident.key.code, &workers) else {
            return Ok(());
        };
        let source = match self.sources.get(&incident.id) {
            Some(source) => *source,
            None => self.source_of(incident).await?,
        };
        let mode = match source.is_a_person() {
            true => RunMode::Auto,
            false => setup.mode(&playbook.name),
        };
        if setup.mode(&playbook.name) == RunMode::Off {
            return Ok(());
        }
        let new = NewRun {
            incident: incident.id,
            playbook: playbook.name.clone(),
            target: incident.key.target.clone(),
            touches: touches(&incident.key.target, playbook, world),
            source,
            mode,
        };
        let now = self.shared.now();
        let run = self
            .shared
            .ledger
            .write(move |ledger| ledger.propose(&new, now))
            .await?;
        tracing::info!(run = run.id.0, playbook = run.playbook, target = %run.target, mode = %run.mode, "run proposed");
        self.spawn(run, incident.clone(), Vec::new());
        Ok(())
    }

    /// Who asked first.
    async fn source_of(&self, incident: &Incident) -> Result<TriggerSource, LedgerError> {
        let id = incident.id;
        let first = self
            .shared
            .ledger
            .read(move |ledger| ledger.source_of(id))
            .await?;
        Ok(first.unwrap_or(TriggerSource::Reconcile))
    }

    /// Whether the ledger can be written again, tried now and then while it can't.
    pub(super) async fn try_again(&self, now: Timestamp) {
        let tried = self
            .shared
            .ledger
            .write(move |ledger| ledger.stamp(Stamp::Written, now))
            .await;
        if tried.is_ok() {
            tracing::info!("the ledger can be written again");
        }
    }
}

/// Whether a run is to be made: none was, or the last failed and has rested. What a person called off
/// stays so.
pub(super) fn is_due(runs: &[Run], now: Timestamp) -> bool {
    let Some(last) = runs.iter().max_by_key(|run| run.id) else {
        return true;
    };
    let RunState::Ended(outcome) = last.state else {
        return false;
    };
    let ended = last.ended_at.unwrap_or(last.created_at);
    match outcome {
        Outcome::Cancelled => false,
        Outcome::Recovered | Outcome::SelfResolved => true,
        // It made room for the repair of its cause: it may wait again.
        Outcome::Held if last.started_at.is_some() => true,
        Outcome::Failed | Outcome::RolledBack | Outcome::Unknown | Outcome::Held => {
            let failed = runs.len().saturating_sub(1).min(16) as u32;
            let rest = REST
                .saturating_mul(2u32.saturating_pow(failed))
                .min(LONGEST_REST);
            // After the clock was set back, what lies ahead is as far away as it was behind.
            now.since(ended).max(ended.since(now)) >= rest
        }
    }
}
