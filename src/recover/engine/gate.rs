//! The gate: the guard is asked, one run at a time, and a run that is held waits here until it may
//! go, is over, or is called off.

use super::drive::{Drive, Stop};
use super::words;
use crate::model::facts::ProcessId;
use crate::model::{
    Hold, HoldReason, Moment, Outcome, Risk, RunMode, RunState, Timestamp, TriggerCode,
};
use crate::recover::actions::World;
use crate::recover::guard::{self, Cluster, Decision, LocalNode, Request};
use crate::recover::notify::{Kind, Message, was_told};
use crate::recover::playbook::{Action, Playbook, Rung, Step};
use crate::recover::verify;

/// Holds that a person should know of at once; the others pass, or are a person's own doing.
const TOLD: [HoldReason; 4] = [
    HoldReason::UnknownTarget,
    HoldReason::BlastRadius,
    HoldReason::MessageSafety,
    HoldReason::Budget,
];

impl Drive {
    /// Waits until the guard says Go for `steps`, and takes the run to running.
    pub(super) async fn pass(&mut self, playbook: &Playbook, steps: &[Step]) -> Result<(), Stop> {
        while !self.is_let(playbook, steps, None).await? {}
        Ok(())
    }

    /// A further rung that the level does not let it climb: one did not help already, and what follows
    /// calls a person.
    pub(super) async fn is_beyond(&mut self, playbook: &Playbook, rung: &Rung) -> Option<String> {
        if !self.tried {
            return None;
        }
        match self.ask(playbook, &rung.steps, None).await {
            Some(Decision::Hold(hold)) if hold.reason == HoldReason::Level => {
                Some(hold.to_string())
            }
            _ => None,
        }
    }

    /// Asks the guard once whether `steps` may be done, and takes the run to running; where it may
    /// not, until the next look.
    pub(super) async fn is_let(
        &mut self,
        playbook: &Playbook,
        steps: &[Step],
        victims: Option<&[ProcessId]>,
    ) -> Result<bool, Stop> {
        self.may_go_on(playbook)?;
        if !self.acted() && self.is_over(playbook).await {
            return Err(Stop::new(
                Outcome::SelfResolved,
                "it was over before anything was disturbed",
            ));
        }
        self.expire(playbook)?;
        match self.ask(playbook, steps, victims).await {
            Some(Decision::Go) => return Ok(true),
            Some(Decision::Hold(hold)) => self.hold(hold).await?,
            // The world or the record can't be told.
            None => {}
        }
        self.next_look().await;
        Ok(false)
    }

    /// Nobody said a word for too long; or a person asked, and is not waiting for it any more.
    fn expire(&self, playbook: &Playbook) -> Result<(), Stop> {
        let waits = matches!(
            self.run.state,
            RunState::Proposed | RunState::AwaitingApproval
        );
        let waits = waits && self.run.started_at.is_none() && self.held.is_some();
        let asked = matches!(self.incident.key.code, TriggerCode::Asked(_));
        let held = matches!(self.run.state, RunState::Held(_)) && self.run.started_at.is_none();
        let since = self.shared.now().since(self.run.created_at);
        if since <= playbook.approval.get() {
            return Ok(());
        }
        let words = match (waits, asked && held) {
            (true, _) => format!("nobody approved it within {}", playbook.approval),
            (_, true) => format!("it was held for {}: ask again", playbook.approval),
            _ => return Ok(()),
        };
        Err(Stop::new(Outcome::Held, words))
    }

    /// Asks the guard; on Go the run is at work before another may ask.
    async fn ask(
        &mut self,
        playbook: &Playbook,
        steps: &[Step],
        victims: Option<&[ProcessId]>,
    ) -> Option<Decision> {
        let shared = std::sync::Arc::clone(&self.shared);
        let world = shared.world()?;
        let disturbs = steps.iter().any(|step| step.action.risk() > Risk::Safe);
        if disturbs && !self.causes_are_known(playbook, &world) {
            return None;
        }
        let restarts = steps
            .iter()
            .any(|s| matches!(s.action, Action::BrokerRestart(_)));
        let concerned = restarts || world.config.broker.control.is_some() && self.is_broker();
        let node = match concerned {
            true => shared.node(&world).await,
            false => super::shared::Node::default(),
        };
        let cluster = match restarts && node.is == LocalNode::Hung {
            true => super::peers::cluster(&world).await,
            false => Cluster::default(),
        };
        let _gate = shared.gate.lock().await;
        let record = shared.record().await.ok()?;
        let trouble = shared.ledger.trouble();
        let (id, key) = (self.incident.id, &self.incident.key);
        let silence = shared.silence(id, key).await;
        let request = Request {
            run: Some(self.run.id),
            code: &self.incident.key.code,
            target: Some(&self.run.target),
            source: self.source(),
            approved: self.approved(),
            playbook,
            steps,
            touches: &self.run.touches,
            victims,
            silence: silence.as_ref(),
        };
        let view = record.view(&world, node, &cluster, trouble.as_ref());
        let decision = guard::decide(&request, &view);
        self.cause = guard::cause(&request, &view);
        if decision == Decision::Go {
            self.held = None;
            self.advance(RunState::Running, None).await;
        }
        Some(decision)
    }

    /// What could be its cause was read since it was found: a symptom must not be acted on because it
    /// was seen a moment before its cause.
    fn causes_are_known(&self, playbook: &Playbook, world: &World) -> bool {
        let (code, target) = (&self.incident.key.code, &self.run.target);
        let Some(finding) = verify::symptom(code, target, playbook, world) else {
            return true;
        };
        let (snapshot, rank) = (&world.snapshot, crate::assess::rank(finding.code));
        let since = |at: Option<Moment>| at.is_some_and(|at| verify::is_later(at, finding.since));
        let files = world.config.env_files.is_empty()
            || snapshot.envfile.success() == Some(false)
            || since(snapshot.envfile.read_at());
        let broker = snapshot.broker.success() == Some(false) || since(snapshot.broker.read_at());
        (rank == 0 || files) && (rank <= 1 || broker)
    }

    fn is_broker(&self) -> bool {
        use crate::model::Target;
        matches!(self.run.target, Target::Broker | Target::Node { .. })
    }

    /// Waits for a reason to go away: written down and counted when it comes, told once.
    async fn hold(&mut self, hold: Hold) -> Result<(), Stop> {
        let reason = hold.reason;
        if reason == HoldReason::CauseFirst && self.run.started_at.is_some() {
            // What it holds is what the repair of the cause needs.
            self.advance(RunState::Held(reason), Some(hold.clone()))
                .await;
            return Err(Stop::new(Outcome::Held, hold.to_string()));
        }
        if reason == HoldReason::CauseFirst
            && let Some(stop) = self.lost_cause().await
        {
            self.advance(RunState::Held(reason), Some(hold)).await;
            return Err(stop);
        }
        if self.held == Some(reason) {
            return Ok(());
        }
        self.held = Some(reason);
        self.shared.count_hold(reason);
        tracing::info!(run = self.run.id.0, playbook = self.run.playbook, %reason, words = hold.words, "held");
        let asks = self.run.started_at.is_none() && reason == HoldReason::Mode;
        let waits_for_a_person = asks && self.shared.ledger.trouble().is_none();
        match self.run.mode {
            RunMode::Approve if waits_for_a_person => {
                self.advance(RunState::AwaitingApproval, Some(hold)).await;
                let todo = format!(
                    "look at `warrener runs show {0}`, then `warrener runs approve {0}` or `cancel {0}`",
                    self.run.id.0
                );
                self.tell(Kind::AwaitingApproval, Some(todo)).await;
            }
            RunMode::Propose if waits_for_a_person => {
                // It stays proposed: that is its whole state.
                if self.run.state != RunState::Proposed {
                    self.advance(RunState::Proposed, Some(hold)).await;
                }
                let todo = format!(
                    "`warrener runs show {0}` tells the plan; `warrener runs approve {0}` has it done",
                    self.run.id.0
                );
                self.tell(Kind::Proposed, Some(todo)).await;
            }
            _ => {
                let words = hold.to_string();
                self.advance(RunState::Held(reason), Some(hold)).await;
                if TOLD.contains(&reason) && self.told.insert(reason) {
                    self.tell(Kind::Held, Some(format!("it is not repaired: {words}")))
                        .await;
                }
            }
        }
        Ok(())
    }

    /// Tells people about this run.
    pub(super) async fn tell(&self, kind: Kind, todo: Option<String>) {
        let message = self.message(kind, todo);
        self.shared.tell(message).await;
    }

    /// Whether people were told so about its incident since then; never, where nothing was begun.
    pub(super) async fn was_told(&self, kind: Kind, begun: Option<Timestamp>) -> bool {
        let (ledger, config) = (&self.shared.ledger, &self.shared.setup().config);
        let what = (kind, self.incident.id);
        match begun {
            Some(since) => was_told(ledger, config, what, since).await.unwrap_or(false),
            None => false,
        }
    }

    /// What people are told about this run as it is now.
    pub(super) fn message(&self, kind: Kind, todo: Option<String>) -> Message {
        let world = self.shared.world();
        let finding = world.as_ref().and_then(|world| {
            let playbook = self
                .shared
                .setup()
                .playbooks
                .get(&self.run.playbook)?
                .clone();
            let (code, target) = (&self.incident.key.code, &self.run.target);
            verify::symptom(code, target, &playbook, world).cloned()
        });
        let level = world
            .as_ref()
            .map_or(crate::model::Level::Normal, |w| w.assessment.level);
        let took = self
            .run
            .started_at
            .map(|at| self.shared.now().since(at).as_secs_f64());
        let what = match &finding {
            Some(finding) => format!("{}: {}", self.incident.key, finding.summary),
            None => self.incident.key.to_string(),
        };
        let mut evidence = finding.map(|f| f.evidence).unwrap_or_default();
        if let (Kind::Held, Some(hold)) = (kind, &self.run.hold) {
            evidence.extend(hold.evidence.iter().cloned());
        }
        Message {
            kind,
            level,
            incident: Some(self.incident.id),
            what,
            done: words::told(&self.journal),
            evidence,
            since: Some(self.incident.opened_at),
            took,
            todo,
        }
    }
}
