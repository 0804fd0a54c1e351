//! How a run ends: written down, told, and, where evidence says so, its incident closed.

use super::drive::{Drive, Stop};
use crate::model::{Outcome, RunState, TriggerCode};
use crate::recover::notify::Kind;

impl Drive {
    pub(super) async fn end(&mut self, stop: Stop) {
        let Stop { outcome, words } = stop;
        let to = RunState::Ended(outcome);
        let to = match self.run.state.may_become(to) {
            true => to,
            // Only from where it is may it end: what is refused there is told as failed or held.
            false => RunState::Ended(match self.run.started_at {
                Some(_) => Outcome::Failed,
                None => Outcome::Held,
            }),
        };
        let id = self.run.id;
        tracing::info!(run = id.0, playbook = self.run.playbook, target = %self.run.target, outcome = %outcome, words, "ended");
        self.advance(to, None).await;
        let asked = matches!(self.incident.key.code, TriggerCode::Asked(_));
        if asked || matches!(outcome, Outcome::Recovered | Outcome::SelfResolved) {
            let (incident, now) = (self.incident.id, self.shared.now());
            self.write(move |ledger| ledger.close(incident, now)).await;
        }
        match outcome {
            Outcome::Recovered => {
                let began = self.began().await;
                let now = self.shared.now();
                let since = |at: crate::model::Timestamp| at.since(began).as_secs_f64();
                let to_act = self.run.started_at.map(since);
                self.shared
                    .enter_times(&self.run.playbook, to_act, since(now));
                self.tell(Kind::Recovered, None).await;
            }
            Outcome::Failed | Outcome::RolledBack | Outcome::Unknown => {
                let told = self
                    .journal
                    .iter()
                    .any(|step| step.intent.action == "escalate");
                if !told {
                    let todo = format!("{words}; look at `warrener runs show {}`", id.0);
                    self.tell(Kind::Escalated, Some(todo)).await;
                }
            }
            Outcome::Held | Outcome::Cancelled | Outcome::SelfResolved => {}
        }
        self.shared.news.notify_one();
    }

    /// When the trouble began: as the alert says, or when the incident was opened.
    async fn began(&self) -> crate::model::Timestamp {
        let incident = self.incident.clone();
        let began = self
            .shared
            .ledger
            .read(move |ledger| ledger.began(&incident))
            .await;
        began.ok().flatten().unwrap_or(self.incident.opened_at)
    }
}
