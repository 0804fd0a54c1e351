//! Forgetting what the configuration does not keep any longer, a piece at a time.

use std::time::Duration;

use super::Engine;

/// Time from one look for what is too old to the next.
const EVERY: Duration = Duration::from_secs(3600);

impl Engine {
    pub(super) async fn tidy(&mut self) {
        let now = (self.shared.now)();
        if self.tidied_at.is_some_and(|at| now.since(at) < EVERY) {
            return;
        }
        let keep = self.shared.setup().config.ledger.keep;
        let before = self.shared.now().before(keep.get());
        match self.shared.ledger.write(move |l| l.forget(before)).await {
            // The rest at the next turns.
            Ok(forgotten) if forgotten.more => {}
            Ok(_) => self.tidied_at = Some(now),
            Err(error) => {
                tracing::debug!(%error, "nothing was forgotten");
                self.tidied_at = Some(now);
            }
        }
    }
}
