//! How a run ends: written down with what is told, and, where evidence says so, its incident closed.

use std::sync::Arc;

use super::crash::Point;
use super::drive::{Drive, Stop};
use crate::model::{Outcome, RunState, TriggerCode};
use crate::recover::ledger::LedgerError;
use crate::recover::notify::{Kind, Message, letters};

impl Drive {
    pub(super) async fn end(&mut self, stop: Stop) {
        let outcome = stop.outcome;
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
        tracing::info!(run = id.0, playbook = self.run.playbook, target = %self.run.target, outcome = %outcome, words = stop.words, "ended");
        let asked = matches!(self.incident.key.code, TriggerCode::Asked(_));
        let closes = asked || matches!(outcome, Outcome::Recovered | Outcome::SelfResolved);
        let (incident, now, from) = (self.incident.id, self.shared.now(), self.run.state);
        let config = Arc::clone(&self.shared.setup().config);
        let letters = self.last_message(stop).map(|m| letters(&config, m, now));
        // At once: nobody may look in between and make another run, and what ended is told, also when
        // warrener ends here.
        self.write(move |ledger| {
            ledger.whole(|ledger| {
                ledger.advance(id, from, to, None, now)?;
                // That it ended stands, whatever else is refused.
                if closes {
                    unless_refused(ledger.close(incident, now))?;
                }
                let mut letters = letters.iter();
                letters.try_for_each(|letters| unless_refused(letters.put(ledger)))
            })
        })
        .await;
        self.run.state = to;
        self.shared.posted();
        self.shared.crash.here(&self.run.playbook, Point::Ended);
        if outcome == Outcome::Recovered {
            let began = self.began().await;
            let now = self.shared.now();
            let since = |at: crate::model::Timestamp| at.since(began).as_secs_f64();
            let to_act = self.run.started_at.map(since);
            self.shared
                .enter_times(&self.run.playbook, to_act, since(now));
        }
        self.shared.news.notify_one();
    }

    /// What people are told of the end.
    fn last_message(&self, stop: Stop) -> Option<Message> {
        let Stop {
            outcome,
            words,
            cause,
        } = stop;
        let todo = format!("{words}; look at `warrener runs show {}`", self.run.id.0);
        let mut journal = self.journal.iter();
        match (outcome, cause) {
            (Outcome::Recovered, _) => Some(self.message(Kind::Recovered, self.last_words.clone())),
            (Outcome::Failed | Outcome::RolledBack | Outcome::Unknown, _) => {
                let told = journal.any(|step| step.intent.action == "escalate");
                (!told).then(|| self.message(Kind::Escalated, Some(todo)))
            }
            (Outcome::Held, Some(evidence)) => {
                let mut message = self.message(Kind::Escalated, Some(words));
                message.evidence.extend(evidence);
                Some(message)
            }
            (Outcome::Held | Outcome::Cancelled | Outcome::SelfResolved, _) => None,
        }
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

/// What can't be written is tried again; what is refused is in the log.
fn unless_refused(changed: Result<(), LedgerError>) -> Result<(), LedgerError> {
    match changed {
        Err(error) if !error.is_observe_only() => {
            tracing::error!(%error, "not written down");
            Ok(())
        }
        changed => changed,
    }
}
