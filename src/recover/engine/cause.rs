//! A symptom whose cause could not be repaired: it is not acted on, for the cause would bring it back,
//! and it does not wait in silence either. Its run ends held, and a person is told with what is known
//! of the cause, unless one was called about the cause already and this is no worse: that is one
//! trouble. It is looked at again when the cause is over.

use super::drive::{Drive, Stop};
use crate::model::{
    Finding, FindingKey, HoldReason, Incident, IncidentKey, Outcome, Run, RunState, TriggerCode,
};
use crate::recover::ledger::{Ledger, LedgerError};
use crate::recover::notify;

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

/// Whether a symptom is more than a person who was called about its cause has heard of. What is not
/// seen any more is not, nor what a cause that comes and goes brings with it.
pub(super) fn is_worse(symptom: &FindingKey, cause: &FindingKey, findings: &[Finding]) -> bool {
    let severity = |key: &FindingKey| {
        let mut all = findings.iter();
        all.find(|one| one.key() == *key).map(|one| one.severity)
    };
    let both = severity(symptom).zip(severity(cause));
    both.is_some_and(|(symptom, cause)| symptom > cause)
}

impl Drive {
    /// Why it need not wait for its cause any longer.
    pub(super) async fn lost_cause(&self) -> Option<Stop> {
        let cause = self.cause.clone()?;
        let found = self.cause_and_run(cause.clone()).await.ok().flatten();
        let (incident, run, called) = found?;
        let (own, id) = (self.incident.id, incident.id);
        self.write(move |ledger| ledger.set_cause(own, Some(id)))
            .await;
        let world = self.shared.world();
        let findings = world.map_or(Vec::new(), |world| world.assessment.findings.clone());
        let known = called && !self.is_worse_than(&cause, &findings);
        let evidence = findings
            .iter()
            .filter(|finding| finding.key() == cause)
            .flat_map(|finding| finding.evidence.clone())
            .collect();
        let words = format!(
            "its cause, {}, could not be repaired: run {} is {}; look at `warrener runs show {}`",
            incident.key, run.id.0, run.state, run.id.0
        );
        Some(Stop {
            outcome: Outcome::Held,
            words,
            cause: (!known).then_some(evidence),
        })
    }

    fn is_worse_than(&self, cause: &FindingKey, findings: &[Finding]) -> bool {
        let (code, target) = (&self.incident.key.code, &self.incident.key.target);
        let own = code.finding().map(|code| FindingKey {
            code,
            target: target.clone(),
        });
        own.is_some_and(|own| is_worse(&own, cause, findings))
    }

    /// The open incident of a cause, its run that did not help, and whether a person was called about it.
    async fn cause_and_run(
        &self,
        cause: FindingKey,
    ) -> Result<Option<(Incident, Run, bool)>, LedgerError> {
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
            let Some(run) = gave_up(&runs).cloned() else {
                return Ok(None);
            };
            let called = notify::called(ledger, incident.id)?;
            Ok(Some((incident, run, called)))
        };
        self.shared.ledger.read(read).await
    }
}
