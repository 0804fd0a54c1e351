//! `logs.cleanup`: logs over their size are compressed, those over their age removed. Only what a
//! declared glob matches, and what was compressed of it here, is touched.

mod choose;
mod chore;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use self::choose::{Chore, What, choose};
use super::env_files::blocking;
use super::{Asked, Effect, Hands, Next, Plan, World, foreign, job};
use crate::config::LogFiles;
use crate::model::{Failure, Reason, StepResult, Target};

/// Of the step's time so much may be used for what takes long.
const SHARE: f64 = 0.8;
/// Most files told by name.
const TOLD: usize = 10;

pub(super) async fn next(asked: &Asked<'_>, world: &World, _hands: &Hands) -> Next {
    if let Some(why) = foreign(asked, world) {
        return Next::Refuse(why);
    }
    let done = asked.own.iter().rev().find_map(|step| step.done.as_ref());
    let over = [StepResult::Done, StepResult::Needless];
    if let Some(done) = done.filter(|done| over.contains(&done.result)) {
        return Next::Done(done.words.clone());
    }
    let all = &world.config.files.logs;
    let meant = |files: &&LogFiles| match &asked.run.target {
        Target::Glob { glob } => *glob == files.glob,
        _ => false,
    };
    let mut chosen: Vec<_> = all.iter().filter(meant).cloned().collect();
    if chosen.is_empty() {
        chosen.clone_from(all);
    }
    let globs: Vec<_> = chosen.iter().map(|files| files.glob.clone()).collect();
    let looked = blocking(move || choose(&chosen, SystemTime::now())).await;
    let (chores, problems) = match looked {
        Ok(looked) => looked,
        Err(failure) => return Next::Refuse(failure.to_string()),
    };
    match (chores.is_empty(), problems.is_empty()) {
        (true, true) if globs.is_empty() => return Next::Done("no logs are configured".into()),
        (true, true) => return Next::Done("no log is over its size or its age".into()),
        (true, false) => return Next::Refuse(problems.join("; ")),
        (false, _) => {}
    }
    let mut words = planned(&chores);
    if !problems.is_empty() {
        words = format!("{words}; not looked at: {}", problems.join("; "));
    }
    let time = asked.step.timeout.get().mul_f64(SHARE);
    Next::Act(Plan {
        words,
        target: asked.run.target.clone(),
        before: Vec::new(),
        victims: None,
        job: job(move |_| async move {
            let outcome = blocking(move || {
                let until = Instant::now() + time;
                chore::all(Path::new("/proc"), &chores, until)
            });
            told(&outcome.await?)
        }),
    })
}

fn planned(chores: &[Chore]) -> String {
    let one = |chore: &Chore| {
        let (path, size) = (chore.path.display(), bytes(chore.size));
        match chore.what {
            What::Remove(age) => format!("remove {path} ({size}, {} d old)", days(age)),
            What::Compress(_) => format!("compress {path} ({size})"),
        }
    };
    let mut words: Vec<_> = chores.iter().take(TOLD).map(one).collect();
    if let Some(more) = chores.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let rest = chores[TOLD..].iter().map(|chore| chore.size).sum();
        words.push(format!("and {more} more ({})", bytes(rest)));
    }
    words.join(", ")
}

/// What became of the chores.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    removed: (u64, u64),
    compressed: (u64, u64),
    left: Vec<String>,
    failed: Vec<String>,
}

fn told(outcome: &Outcome) -> Result<Effect, Failure> {
    let mut words = Vec::new();
    let files = |n: u64| format!("{n} {}", if n == 1 { "file" } else { "files" });
    if let (n @ 1.., size) = outcome.removed {
        words.push(format!("removed {} ({})", files(n), bytes(size)));
    }
    if let (n @ 1.., size) = outcome.compressed {
        words.push(format!("compressed {} ({})", files(n), bytes(size)));
    }
    let nothing = words.is_empty();
    let mut list = |what: &str, items: &[String]| {
        if !items.is_empty() {
            let shown: Vec<_> = items.iter().take(TOLD).map(String::as_str).collect();
            let more = items.len().saturating_sub(TOLD);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            words.push(format!("{what}: {}{more}", shown.join(", ")));
        }
    };
    list("left alone", &outcome.left);
    list("failed", &outcome.failed);
    let words = words.join("; ");
    match (nothing, outcome.failed.is_empty()) {
        (true, false) => Err(Failure::new(Reason::Io, words)),
        (true, true) => Ok(Effect::needless(words)),
        (false, _) => Ok(Effect::done(words)),
    }
}

fn days(age: Duration) -> u64 {
    age.as_secs() / 86_400
}

fn bytes(size: u64) -> String {
    const STEPS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = size as f64;
    let mut unit = "bytes";
    for step in STEPS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = step;
    }
    match unit {
        "bytes" => format!("{size} bytes"),
        _ => format!("{value:.1} {unit}"),
    }
}
