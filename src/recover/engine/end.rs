//! How a run ends: written down, told, and, where evidence says so, its incident closed.

use super::crash::Point;
use super::drive::{Drive, Stop};
use crate::model::{Outcome, RunState, TriggerCode};
use crate::recover::notify::Kind;

impl Drive {
    pub(super) async fn end(&mut self, stop: Stop) {
        let Stop { outcome, words } = stop;
        if outcome == Outcome::SelfResolved && self.run.state == RunState::Verifying {
            self.advance(RunState::Running, None).await;
        }
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
        let asked = matches!(self.incident.key.code, TriggerCode::Asked(_));
        let closes = asked || matches!(outcome, Outcome::Recovered | Outcome::SelfResolved);
        let (incident, now, from) = (self.incident.id, self.shared.now(), self.run.state);
        // At once: nobody may look in between and make another run.
        self.write(move |ledger| {
            ledger.advance(id, from, to, None, now)?;
            match closes {
                true => ledger.close(incident, now),
                false => Ok(()),
            }
        })
        .await;
        self.run.state = to;
        self.shared.crash.here(&self.run.playbook, Point::Ended);
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
