//! What a run's steps tell people: made from the journal and the finding.

use super::{Asked, Effect, Next, Plan, World, job};
use crate::model::{Failure, Reason};
use crate::model::{Finding, Step, StepResult, Timestamp};
use crate::recover::notify::{Kind, Message, tell, was_told};
use crate::recover::playbook::NotifyArgs;

/// How it went.
const IN_THE_OUTBOX: &str = "it is in the outbox";

/// What is still to be told: everything, or nothing when it was, also when that could not be written
/// down before warrener ended. Told again rather than never.
pub(super) fn once(
    asked: &Asked<'_>,
    world: &World,
    kind: Kind,
    args: &NotifyArgs,
    words: &str,
) -> Next {
    let told = |result| matches!(result, StepResult::Done | StepResult::ObservedDone);
    let mut results = asked.own.iter().filter_map(|step| step.done.as_ref());
    if results.any(|done| told(done.result)) {
        return Next::Done(IN_THE_OUTBOX.into());
    }
    let message = message(asked, world, kind, args);
    let begun = begun(asked).map(|at| (at, (kind, asked.incident.id)));
    Next::Act(Plan {
        words: words.into(),
        target: asked.run.target.clone(),
        before: Vec::new(),
        victims: None,
        job: job(async move |hands| {
            if let Some((since, what)) = begun
                && let Ok(true) = was_told(&hands.ledger, &hands.config, what, since).await
            {
                return Ok(Effect::done(IN_THE_OUTBOX));
            }
            let now = (hands.now)().into();
            let told = tell(&hands.ledger, &hands.config, message, now).await;
            told.map_err(|error| Failure::new(Reason::Io, error.to_string()))?;
            Ok(Effect::done(IN_THE_OUTBOX))
        }),
    })
}

/// When this step was begun, where a warrener before this one ended in it.
fn begun(asked: &Asked<'_>) -> Option<Timestamp> {
    let mut newest = asked.journal.iter().rev().take_while(|step| {
        let intent = &step.intent;
        intent.rung == asked.run.rung && intent.action == asked.step.action.name()
    });
    let ended = |step: &&Step| {
        let result = step.done.as_ref().map(|done| done.result);
        matches!(result, None | Some(StepResult::ObservedNotDone))
    };
    newest.find(ended).map(|step| step.intended_at)
}

/// The message as things are now.
fn message(asked: &Asked<'_>, world: &World, kind: Kind, args: &NotifyArgs) -> Message {
    let incident = asked.incident;
    let finding = finding(asked, world);
    let now: Timestamp = world.now.into();
    let since = finding.map_or(incident.opened_at, |finding| finding.since.into());
    let worked = asked.run.started_at.map(|at| now.since(at).as_secs_f64());
    Message {
        kind,
        level: world.assessment.level,
        incident: Some(incident.id),
        what: incident.key.to_string(),
        done: done(asked),
        evidence: finding.map_or(Vec::new(), |finding| finding.evidence.clone()),
        since: Some(since.min(incident.opened_at)),
        took: worked.filter(|_| kind == Kind::Escalated),
        todo: args.text.clone(),
    }
}

/// What is wrong now, of what the incident is about.
fn finding<'a>(asked: &Asked<'_>, world: &'a World) -> Option<&'a Finding> {
    let key = &asked.incident.key;
    let code = key.code.finding()?;
    let mut findings = world.assessment.findings.iter();
    findings.find(|finding| finding.code == code && finding.target == key.target)
}

/// What the run did before this step, a line for each.
fn done(asked: &Asked<'_>) -> Vec<String> {
    let before = asked.journal.len().saturating_sub(asked.own.len());
    let steps = asked.journal[..before].iter();
    steps
        .map(|step| {
            let action = &step.intent.action;
            match &step.done {
                None => format!("{action}: {} (under way)", step.intent.plan),
                Some(done) if done.result == StepResult::Done => {
                    format!("{action}: {}", done.words)
                }
                Some(done) => {
                    let result = done.result.as_str().replace('_', " ");
                    format!("{action}: {} ({result})", done.words)
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
