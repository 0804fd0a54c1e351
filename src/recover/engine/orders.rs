//! What a person asks for.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Engine;
use super::dry_run::dry_run;
use crate::model::{
    IncidentKey, Run, RunId, RunMode, RunState, Target, Trigger, TriggerCode, TriggerSource,
    TriggerStatus,
};
use crate::recover::actions::World;
use crate::recover::desk::{Answer, Ask, Order, Refused};
use crate::recover::intake::kind;
use crate::recover::ledger::Word;
use crate::recover::playbook::Playbook;
use crate::recover::targets::Selected;

impl Engine {
    pub(super) async fn order(&mut self, order: Order) {
        // Whoever asked may have gone.
        match order {
            Order::Ask(ask, answer) if ask.dry_run => self.tell_plan(&ask, answer),
            Order::Ask(ask, answer) => drop(answer.send(self.ask(ask).await)),
            Order::Approve(run, answer) => drop(answer.send(self.say(run, Word::Approved).await)),
            Order::Cancel(run, answer) => drop(answer.send(self.say(run, Word::CalledOff).await)),
        }
    }

    /// Said in the ledger before it is said to whoever works on it: it outlives warrener.
    async fn say(&self, run: RunId, word: Word) -> Result<(), Refused> {
        self.is_open(run).await?;
        let now = self.shared.now();
        let said = self.shared.ledger.write(move |l| l.say(run, word, now));
        said.await?;
        self.shared.wish(run, |wishes| match word {
            Word::Approved => wishes.approved = true,
            Word::CalledOff => wishes.cancelled = true,
        });
        Ok(())
    }

    async fn is_open(&self, run: RunId) -> Result<(), Refused> {
        let found = self
            .shared
            .ledger
            .read(move |ledger| ledger.run(run))
            .await?;
        match found {
            None => Err(Refused::NotThere(format!("there is no run {}", run.0))),
            Some(run) if run.state.is_over() => Err(Refused::NotNow(format!(
                "run {} is over: {}",
                run.id.0, run.state
            ))),
            Some(_) => Ok(()),
        }
    }

    /// Controls are asked for it, and may take their time: nobody waits for that here.
    fn tell_plan(&self, ask: &Ask, answer: oneshot::Sender<Result<Answer, Refused>>) {
        let (playbook, target, world) = match self.meant(ask) {
            Ok(meant) => meant,
            Err(refused) => return drop(answer.send(Err(refused))),
        };
        let (shared, source) = (Arc::clone(&self.shared), ask.source);
        tokio::spawn(async move {
            let plan = dry_run(shared, playbook, target, source, world).await;
            drop(answer.send(plan.map(Answer::Plan)));
        });
    }

    /// What is asked for, as it is now.
    fn meant(&self, ask: &Ask) -> Result<(Playbook, Target, World), Refused> {
        let world = self.shared.world();
        let world =
            world.ok_or_else(|| Refused::NotNow("nothing was read yet: try again".into()))?;
        let setup = self.shared.setup();
        let Some(playbook) = setup.playbooks.get(&ask.playbook) else {
            let known: Vec<_> = setup.playbooks.iter().map(|p| p.name.as_str()).collect();
            let words = format!(
                "there is no playbook `{}`; there are {}",
                ask.playbook,
                known.join(", ")
            );
            return Err(Refused::NotThere(words));
        };
        let target = target(ask, playbook, &world)?;
        Ok((playbook.clone(), target, world))
    }

    async fn ask(&mut self, ask: Ask) -> Result<Answer, Refused> {
        let (playbook, target, world) = self.meant(&ask)?;
        let (playbook, setup) = (&playbook, self.shared.setup());
        if setup.mode(&playbook.name) == RunMode::Off {
            let words = format!(
                "recovery is off for {}: set recovery.mode in warrener.yml",
                playbook.name
            );
            return Err(Refused::NotNow(words));
        }
        if let Some(run) = self.working_on(playbook, &target).await? {
            self.say(run, Word::Approved).await?;
            return Ok(Answer::Run(run));
        }
        let (now, source) = (self.shared.now(), ask.source);
        let trigger = Trigger {
            source,
            code: TriggerCode::Asked(playbook.name.clone()),
            target: target.clone(),
            status: TriggerStatus::Firing,
            fingerprint: format!(
                "{}:{}:{}:{}",
                source.as_str(),
                playbook.name,
                target.key(),
                now.0
            ),
            starts_at: Some(now),
            labels: Default::default(),
        };
        let key = IncidentKey {
            code: trigger.code.clone(),
            target: target.clone(),
        };
        self.shared
            .ledger
            .write(move |l| l.receive(&[trigger], &[], now))
            .await?;
        if playbook.drives.is_some() {
            self.everything(source, &world).await?;
        }
        self.take_up(&world).await?;
        self.follow(&world).await?;
        if playbook.drives.is_some() {
            self.let_go().await?;
        }
        let open = self
            .shared
            .ledger
            .read(crate::recover::ledger::Ledger::open_incidents)
            .await?;
        let incident = open.into_iter().find(|incident| incident.key == key);
        let incident = incident.ok_or_else(|| Refused::NotNow("it could not be begun".into()))?;
        let runs = self
            .shared
            .ledger
            .read(move |ledger| ledger.runs_of(incident.id))
            .await?;
        let newest = runs.last().map(|run| run.id);
        newest
            .map(Answer::Run)
            .ok_or_else(|| Refused::NotNow("it could not be begun".into()))
    }

    /// A run that works on the same already, by the same playbook.
    async fn working_on(
        &self,
        playbook: &Playbook,
        target: &Target,
    ) -> Result<Option<RunId>, Refused> {
        let now = self.shared.now();
        let runs = self
            .shared
            .ledger
            .read(move |ledger| ledger.runs_since(now))
            .await?;
        let mut open = runs.into_iter().filter(|run| !run.state.is_over());
        let same = open.find(|run| run.playbook == playbook.name && run.target == *target);
        Ok(same.map(|run| run.id))
    }

    /// What only waits for a person's word has it.
    async fn let_go(&self) -> Result<(), Refused> {
        let now = self.shared.now();
        let read = self.shared.ledger.read(move |l| l.runs_since(now));
        let waits =
            |run: &&Run| matches!(run.state, RunState::Proposed | RunState::AwaitingApproval);
        for run in read.await?.iter().filter(waits) {
            self.say(run.id, Word::Approved).await?;
        }
        Ok(())
    }

    /// A person's emergency is about all that is wrong: every finding that a playbook answers becomes
    /// an incident of theirs.
    async fn everything(&self, source: TriggerSource, world: &World) -> Result<(), Refused> {
        let (setup, now) = (self.shared.setup(), self.shared.now());
        let findings = world.assessment.findings.iter().filter(|finding| {
            let workers = world.targets.workers_of(&finding.target);
            let code = TriggerCode::Finding(finding.code);
            setup.playbooks.matching(&code, &workers).is_some()
                && finding.severity > crate::model::Severity::Information
        });
        let triggers: Vec<_> = findings
            .map(|finding| Trigger {
                source,
                code: TriggerCode::Finding(finding.code),
                target: finding.target.clone(),
                status: TriggerStatus::Firing,
                fingerprint: format!("{}:{}:{}", source.as_str(), finding.key(), now.0),
                starts_at: Some(finding.since.into()),
                labels: Default::default(),
            })
            .collect();
        self.shared
            .ledger
            .write(move |l| l.receive(&triggers, &[], now))
            .await?;
        Ok(())
    }
}

/// What is meant: as said, or the only thing that there is of what the playbook is for.
fn target(ask: &Ask, playbook: &Playbook, world: &World) -> Result<Target, Refused> {
    if playbook.drives.is_some() {
        return Ok(Target::Host);
    }
    if let Some(target) = &ask.target {
        return match world.targets.select(target) {
            Selected::Mine => Ok(target.clone()),
            _ => Err(Refused::NotThere(format!(
                "the configuration of this host has no {target}"
            ))),
        };
    }
    let kinds: Vec<_> = playbook.findings().map(kind).collect();
    let mut found: Vec<Target> = Vec::new();
    let findings = world.assessment.findings.iter();
    found.extend(
        findings
            .filter(|f| playbook.findings().any(|code| code == f.code))
            .map(|f| f.target.clone()),
    );
    found.sort();
    found.dedup();
    if found.is_empty() {
        let configured = world.targets.all();
        found.extend(
            configured
                .into_iter()
                .filter(|target| kinds.contains(&target.kind())),
        );
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(Refused::NotThere(format!(
            "say which target {} is for: --target",
            playbook.name
        ))),
        several => {
            let keys: Vec<_> = several.iter().map(Target::key).collect();
            Err(Refused::NotThere(format!(
                "say which target: --target {}",
                keys.join(" | ")
            )))
        }
    }
}
