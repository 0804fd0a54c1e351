//! Alerts that still fire though their incident was closed, taken up again once what they tell of is
//! seen again.

use std::collections::HashSet;

use super::{Engine, consequence};
use crate::model::{IncidentKey, Level, Target, TriggerCode};
use crate::recover::actions::World;
use crate::recover::ledger::{Ledger, LedgerError};

/// The alerts about the level.
const HEALTH: [&str; 3] = ["HealthCaution", "HealthWarning", "HealthCritical"];

impl Engine {
    /// Alerts that still fire, of what is seen to be wrong again though its incident was closed.
    pub(super) async fn again(&mut self, world: &World) -> Result<(), LedgerError> {
        // What is seen changes with the assessment alone, not with what comes in.
        if self.looks.again_at.replace(world.assessment.at) == Some(world.assessment.at) {
            return Ok(());
        }
        let acting = self.acting().await?;
        let (setup, targets) = (self.shared.setup(), &world.targets);
        let claims = HEALTH.into_iter().filter(|name| {
            Level::of_alert(name).is_some_and(|claimed| world.assessment.level >= claimed)
        });
        let claims = claims.filter_map(TriggerCode::of_alert);
        let findings = world.assessment.findings.iter();
        let findings = findings.map(|f| (TriggerCode::Finding(f.code), f.target.clone()));
        let mut seen: HashSet<_> = findings
            .chain(claims.map(|code| (code, Target::Host)))
            .filter(|(code, target)| setup.answers(code, &targets.workers_of(target)))
            .map(|(code, target)| IncidentKey { code, target })
            .filter(|key| consequence::of_key(key, &world.assessment, &acting, targets).is_none())
            .collect();
        for incident in self.shared.ledger.read(Ledger::open_incidents).await? {
            seen.remove(&incident.key);
        }
        // Asked for last: the ledger looks at every alert that fires.
        if seen.is_empty() {
            return Ok(());
        }
        let unattended = self
            .shared
            .ledger
            .read(move |ledger| ledger.unattended(&seen));
        let ids = unattended.await?;
        if ids.is_empty() {
            return Ok(());
        }
        let put_back = self.shared.ledger.write(move |l| l.put_back(&ids));
        put_back.await
    }
}
