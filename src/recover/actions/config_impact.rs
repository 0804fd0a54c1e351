//! `config.impact`: who uses an env file, and who runs with another content of it. Changes nothing.

use super::env_files::{concerned, named};
use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::config::EnvFile;
use crate::model::facts::{DriftFacts, ProcessFacts, WorkersFacts};
use crate::model::{Generation, Moment, StepResult, Timestamp};

/// Most keys told of one worker.
const TOLD: usize = 8;

pub(super) async fn next(asked: &Asked<'_>, world: &World, _hands: &Hands) -> Next {
    let files = match concerned(asked, world).await {
        Ok(files) => files,
        Err(why) => return Next::Refuse(why),
    };
    let done = asked.own.iter().rev().find_map(|step| step.done.as_ref());
    if let Some(done) = done.filter(|done| done.result == StepResult::Done) {
        return Next::Done(done.words.clone());
    }
    let section = &world.snapshot.workers;
    if section.interval.is_some() && is_before_change(asked, &files, section.read_at()) {
        return Next::Wait("the workers were not looked at since the file was written".into());
    }
    let facts = section.facts();
    let words = files
        .iter()
        .map(|file| impact(file, world, facts.as_deref()));
    let words: Vec<_> = words.collect();
    let words = match words.is_empty() {
        true => "no env file has to do with it".to_owned(),
        false => words.join("; "),
    };
    let names: Vec<_> = files.iter().map(named).collect();
    Next::Act(Plan {
        words: format!("find out which workers use {}", names.join(", ")),
        target: asked.run.target.clone(),
        before: Vec::new(),
        victims: None,
        job: job(move |_| async move { Ok(Effect::done(words)) }),
    })
}

/// What was read of the workers is older than what this run wrote.
fn is_before_change(asked: &Asked<'_>, files: &[EnvFile], read_at: Option<Moment>) -> bool {
    let of_these = |generation: &Generation| match generation {
        Generation::File { path, .. } => files.iter().any(|file| named(file) == *path),
        _ => false,
    };
    let written = asked.journal.iter().filter(|step| {
        let after = step.done.iter().flat_map(|done| &done.after);
        after.into_iter().any(of_these)
    });
    let written = written.filter_map(|step| step.done_at).max();
    match (written, read_at.map(Timestamp::from)) {
        (Some(written), Some(read)) => read <= written,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn impact(file: &EnvFile, world: &World, facts: Option<&WorkersFacts>) -> String {
    let users: Vec<_> = world.config.workers_with(&file.path).collect();
    if users.is_empty() {
        return format!("no worker is started with {}", named(file));
    }
    let told = users.into_iter().map(|name| {
        let worker = facts.and_then(|facts| facts.workers.iter().find(|w| w.name == name));
        match worker.and_then(|worker| worker.processes.as_deref()) {
            None => format!("{name} (its processes are not known)"),
            Some([]) => format!("{name} (none runs)"),
            Some(processes) => format!("{name} ({})", drift(processes)),
        }
    });
    let told: Vec<_> = told.collect();
    format!("{} is used by {}", named(file), told.join(", "))
}

fn drift(processes: &[ProcessFacts]) -> String {
    let other = |drift: &DriftFacts| {
        let keys = drift.keys.as_ref().is_some_and(|keys| !keys.is_empty());
        keys || (drift.keys.is_none() && drift.file_changed == Some(true))
    };
    let drifted: Vec<_> = processes.iter().filter(|p| other(&p.drift)).collect();
    if drifted.is_empty() {
        return format!("{} run, with what it holds now", processes.len());
    }
    let keys = drifted.iter().flat_map(|p| p.drift.keys.iter().flatten());
    let mut keys: Vec<_> = keys.map(|drifted| drifted.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let more = keys.len().saturating_sub(TOLD);
    keys.truncate(TOLD);
    let mut what = match keys.is_empty() {
        true => "content".to_owned(),
        false => keys.join(", "),
    };
    if more > 0 {
        what = format!("{what} and {more} more");
    }
    let (drifted, all) = (drifted.len(), processes.len());
    format!("{drifted} of {all} run with another {what}")
}
