//! What was wrong in the period, and what became of it.

use std::collections::BTreeMap;

use super::words::{count, time};
use super::{Answer, Case, Line};
use crate::model::{Incident, Outcome, PastRun, RunState, Target, TriggerCode, TriggerSource};

/// Most lines of evidence.
const MOST: usize = 20;

fn outcome(run: &PastRun) -> Option<Outcome> {
    match run.run.state {
        RunState::Ended(outcome) => Some(outcome),
        _ => None,
    }
}

/// A person is needed, or was.
fn went_wrong(run: &PastRun) -> bool {
    let wrong = [Outcome::Failed, Outcome::RolledBack, Outcome::Unknown];
    outcome(run).is_some_and(|outcome| wrong.contains(&outcome))
}

fn is_trouble(incident: &Incident) -> bool {
    !matches!(incident.key.code, TriggerCode::Asked(_))
}

fn by_outcome<'a>(runs: impl Iterator<Item = &'a PastRun>) -> String {
    let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
    for outcome in runs.filter_map(outcome) {
        *counts.entry(outcome).or_default() += 1;
    }
    let words = counts.iter();
    let words: Vec<_> = words
        .map(|(outcome, n)| format!("{n} {}", outcome.as_str().replace('_', " ")))
        .collect();
    match words.as_slice() {
        [] => "none ended".to_owned(),
        words => words.join(", "),
    }
}

pub(super) fn incidents(case: Case<'_>) -> Line {
    let recent = case.recent;
    let all: Vec<_> = recent.incidents.iter().filter(|i| is_trouble(i)).collect();
    let open = all.iter().filter(|i| i.closed_at.is_none()).count() as u64;
    let wrong: Vec<_> = recent.runs.iter().filter(|run| went_wrong(run)).collect();
    let answer = match (open, wrong.len()) {
        (0, 0) => Answer::Ok,
        _ => Answer::Look,
    };
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for incident in &all {
        *kinds.entry(incident.key.to_string()).or_default() += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let kinds = kinds.into_iter().map(|(key, n)| format!("{key}: {n}"));
    let told = wrong.iter().map(|run| {
        let state = outcome(run).map_or("", Outcome::as_str).replace('_', " ");
        format!(
            "run {} for {} {state}: warrener runs show {}",
            run.run.id.0, run.code, run.run.id.0
        )
    });
    let runs = format!("runs: {}", by_outcome(recent.runs.iter()));
    let words = format!("{}, {open} open", count(all.len() as u64, "incident"));
    let evidence = std::iter::once(runs).chain(told.take(MOST / 2));
    Line::new("incidents and their recovery", answer, words)
        .with(evidence.chain(kinds.take(MOST / 2)))
}

pub(super) fn by_clock(case: Case<'_>) -> Line {
    const CHECK: &str = "preventive maintenance";
    let zone = case.material.zone;
    let by_clock = |run: &&PastRun| run.run.source == TriggerSource::Clock;
    let runs: Vec<_> = case.recent.runs.iter().filter(by_clock).collect();
    let scheduled = case.material.status.iter();
    let scheduled = scheduled.flat_map(|status| &status.recovery.scheduled);
    let next: Vec<_> = scheduled
        .map(|line| {
            let at = crate::model::Timestamp::of_unix_seconds;
            let next = line
                .next
                .map_or("never".to_owned(), |next| zone.words(at(next)));
            format!(
                "{} at `{}` ({}): next {next}",
                line.playbook, line.cron, line.zone
            )
        })
        .collect();
    let wrong = runs.iter().filter(|run| went_wrong(run)).count();
    let waits = |run: &&&PastRun| outcome(run).is_none() || outcome(run) == Some(Outcome::Held);
    let waiting = runs.iter().filter(waits).count() as u64;
    let (answer, words) = match (runs.len() as u64, next.len()) {
        (0, 0) => (
            Answer::NotKnown,
            "nothing is scheduled: recovery.housekeeping".to_owned(),
        ),
        (0, _) => (Answer::NotKnown, "it was not time for any yet".to_owned()),
        (n, _) if wrong > 0 || waiting > 0 => (
            Answer::Look,
            format!("{}, {wrong} failed, {waiting} not done", count(n, "run")),
        ),
        (n, _) => (Answer::Ok, count(n, "run")),
    };
    let outcomes = format!("by the clock: {}", by_outcome(runs.iter().copied()));
    let outcomes = (!runs.is_empty()).then_some(outcomes);
    Line::new(CHECK, answer, words).with(outcomes.into_iter().chain(next))
}

pub(super) fn workers(case: Case<'_>) -> Line {
    const CHECK: &str = "worker performance";
    let recent = case.recent;
    let kinds = case
        .material
        .status
        .iter()
        .flat_map(|status| &status.workers);
    let kinds: Vec<_> = kinds.flat_map(|workers| &workers.kinds).collect();
    let mut names: Vec<String> = kinds.iter().map(|kind| kind.name.clone()).collect();
    for incident in &recent.incidents {
        if let Target::Worker { name } = &incident.key.target
            && !names.contains(name)
        {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        return Line::new(
            CHECK,
            Answer::NotKnown,
            "no worker is configured or was seen",
        );
    }
    let mut look = 0;
    let mut evidence = Vec::new();
    for name in &names {
        let target = Target::Worker { name: name.clone() };
        let incidents = recent
            .incidents
            .iter()
            .filter(|i| i.key.target == target && is_trouble(i));
        let incidents = incidents.count() as u64;
        let runs: Vec<_> = recent
            .runs
            .iter()
            .filter(|run| run.run.target == target)
            .collect();
        let recovered = runs
            .iter()
            .filter(|run| outcome(run) == Some(Outcome::Recovered));
        let mut times: Vec<f64> = recovered
            .filter_map(|run| Some(run.run.ended_at?.since(run.run.created_at).as_secs_f64()))
            .collect();
        times.sort_by(f64::total_cmp);
        let median = times
            .get(times.len() / 2)
            .map(|median| format!(", half recovered in {}", time(*median)));
        let kind = kinds.iter().find(|kind| kind.name == *name);
        let short =
            kind.is_some_and(|kind| kind.running.is_some_and(|n| n < u64::from(kind.desired)));
        let running = kind.map(|kind| {
            let running = kind.running.map_or("?".to_owned(), |n| n.to_string());
            format!(
                "{running} of {} run, {} since warrener began; ",
                kind.desired,
                count(kind.restarts, "restart")
            )
        });
        let failed = runs.iter().any(|run| went_wrong(run));
        look += u64::from(short || failed);
        evidence.push(format!(
            "{name}: {}{}, runs: {}{}",
            running.unwrap_or_default(),
            count(incidents, "incident"),
            by_outcome(runs.into_iter()),
            median.unwrap_or_default()
        ));
    }
    let words = format!(
        "{} of {} to look at",
        look,
        count(names.len() as u64, "worker")
    );
    let answer = if look > 0 { Answer::Look } else { Answer::Ok };
    Line::new(CHECK, answer, words).with(evidence)
}
