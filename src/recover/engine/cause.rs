//! A symptom whose cause could not be repaired: it is not acted on, for the cause would bring it back.
//! Its run ends held, and it is looked at again when the cause is over. Who was called for the cause is
//! not called for it once more; where a person called the cause's run off, nobody was, and a person is
//! told with what is known of the cause.

use super::drive::{Drive, Stop};
use crate::model::{
    FindingKey, HoldReason, Incident, IncidentKey, Outcome, Run, RunState, TriggerCode,
};
use crate::recover::ledger::{Ledger, LedgerError};

/// The newest run of a cause's, where it ended and did not help; of `runs`, oldest first.
pub(super) fn gave_up(runs: &[Run]) -> Option<&Run> {
    let last = runs.iter().max_by_key(|run| run.id)?;
    let in_vain = [
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::Unknown,
        Outcome::Cancelled,
    ];
    matches!(last.state, RunState::Ended(outcome) if in_vain.contains(&outcome)).then_some(last)
}

/// Whether the newest run of `runs` ended because of the cause of its incident.
pub(super) fn left_to_cause(incident: &Incident, runs: &[Run]) -> bool {
    let last = runs.iter().max_by_key(|run| run.id);
    let held = last.is_some_and(|run| {
        let for_it = run.hold.as_ref().map(|hold| hold.reason) == Some(HoldReason::CauseFirst);
        for_it && run.started_at.is_none() && run.state == RunState::Ended(Outcome::Held)
    });
    held && incident.cause.is_some()
}

impl Drive {
    /// Why it need not wait for its cause any longer.
    pub(super) async fn lost_cause(&self) -> Option<Stop> {
        let cause = self.cause.clone()?;
        let found = self.cause_and_run(cause.clone()).await.ok().flatten();
        let (incident, run) = found?;
        let (own, id) = (self.incident.id, incident.id);
        self.write(move |ledger| ledger.set_cause(own, Some(id)))
            .await;
        let world = self.shared.world();
        let findings = world.iter().flat_map(|world| &world.assessment.findings);
        let evidence = findings
            .filter(|finding| finding.key() == cause)
            .flat_map(|finding| finding.evidence.clone())
            .collect();
        let nobody_was_called = run.state == RunState::Ended(Outcome::Cancelled);
        let words = format!(
            "its cause, {}, could not be repaired: run {} is {}; look at `warrener runs show {}`",
            incident.key, run.id.0, run.state, run.id.0
        );
        Some(Stop {
            outcome: Outcome::Held,
            words,
            cause: nobody_was_called.then_some(evidence),
        })
    }

    /// The open incident of a cause, and its run that did not help.
    async fn cause_and_run(
        &self,
        cause: FindingKey,
    ) -> Result<Option<(Incident, Run)>, LedgerError> {
        let key = IncidentKey {
            code: TriggerCode::Finding(cause.code),
            target: cause.target,
        };
        let read = move |ledger: &Ledger| {
            let mut open = ledger.open_incidents()?.into_iter();
            let Some(incident) = open.find(|incident| incident.key == key) else {
                return Ok(None);
            };
            let runs = ledger.runs_of(incident.id)?;
            Ok(gave_up(&runs).cloned().map(|run| (incident, run)))
        };
        self.shared.ledger.read(read).await
    }
}
