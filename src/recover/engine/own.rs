//! What concerns warrener itself: a ledger that can't be written, alerts that no longer come. Told
//! once, and again when it comes back.

use std::time::Duration;

use super::Engine;
use crate::model::{Level, Timestamp};
use crate::recover::notify::{Kind, Message, tell_unrecorded};

/// A heartbeat that is missed for this long, also since warrener began.
const SILENT: Duration = Duration::from_secs(600);

/// What was told already.
#[derive(Debug, Default)]
pub(super) struct Own {
    unwritable: Option<String>,
    silent: bool,
}

impl Engine {
    pub(super) async fn watch_over_itself(&mut self) {
        let trouble = self.shared.ledger.trouble();
        if let Some(trouble) = &trouble {
            if self.own.unwritable.as_deref() != Some(trouble.kind) {
                self.own.unwritable = Some(trouble.kind.to_owned());
                let what = format!(
                    "nothing can be recorded, so nothing is repaired: {}",
                    trouble.words
                );
                let config = std::sync::Arc::clone(&self.shared.setup().config);
                let todo = "make room, or let warrener write its state directory";
                let now = self.shared.now();
                // It may take as long as a channel does not answer.
                let message = self.about_itself(what, todo);
                tokio::spawn(async move { tell_unrecorded(&config, message, now).await });
            }
        } else if self.own.unwritable.take().is_some() {
            let what = "the ledger can be written again".to_owned();
            let message = self.about_itself(what, "nothing: recovery goes on");
            self.shared.tell(message).await;
        }
        let watchdog_at = self.standing.borrow().watchdog_at;
        let (begun, now) = (self.shared.begun, (self.shared.now)());
        let silent = now.since(begun) > SILENT && pipeline_silent(watchdog_at, now.into());
        if silent && !self.own.silent {
            let what =
                "no Watchdog alert came for 10 minutes: alerts do not reach warrener".to_owned();
            let todo = "look at Prometheus, Alertmanager and its receiver for warrener";
            self.shared.tell(self.about_itself(what, todo)).await;
        }
        self.own.silent = silent;
    }

    fn about_itself(&self, what: String, todo: &str) -> Message {
        let level = self
            .shared
            .world()
            .map_or(Level::Normal, |world| world.assessment.level);
        Message {
            kind: Kind::Own,
            level,
            incident: None,
            what,
            done: Vec::new(),
            evidence: Vec::new(),
            since: None,
            took: None,
            todo: Some(todo.to_owned()),
        }
    }
}

/// Heartbeats came once, and do not any more.
fn pipeline_silent(watchdog_at: Option<Timestamp>, now: Timestamp) -> bool {
    watchdog_at.is_some_and(|at| now.since(at) > SILENT)
}
