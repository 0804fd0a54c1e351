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

#[cfg(test)]
mod tests {
    use super::super::stage::{End, Stage, now};
    use super::*;
    use crate::model::facts::{DriftedKey, KeyChange, WorkerFacts};
    use crate::model::{Reason, Target};

    const CONFIG: &str = "workers:\n  a: {match: {cmdline: a}, env_file: .env}\n  \
        b: {match: {cmdline: b}, env_file: .env}\n  c: {match: {cmdline: c}}\n\
        env_files:\n- {path: .env, keys: {USER: {required: true, default: guest}}}\n\
        - {path: unused.env}\n";

    fn process(keys: Option<&[&str]>, file_changed: Option<bool>) -> ProcessFacts {
        let drifted = |key: &&str| DriftedKey {
            key: (*key).to_owned(),
            change: KeyChange::Changed,
        };
        ProcessFacts {
            drift: DriftFacts {
                keys: keys.map(|keys| keys.iter().map(drifted).collect()),
                file_changed,
            },
            ..ProcessFacts::default()
        }
    }

    fn workers() -> WorkersFacts {
        let worker = |name: &str, processes| WorkerFacts {
            name: name.to_owned(),
            processes: Some(processes),
            ..WorkerFacts::default()
        };
        WorkersFacts {
            workers: vec![
                worker(
                    "a",
                    vec![
                        process(Some(&["USER", "HOST"]), None),
                        process(Some(&[]), Some(true)),
                        process(None, Some(true)),
                    ],
                ),
                worker("b", vec![process(Some(&[]), None)]),
            ],
            ..WorkersFacts::default()
        }
    }

    #[tokio::test]
    async fn who_uses_it_and_who_runs_with_another() {
        let mut stage = Stage::new(CONFIG, &[], Reason::Auth);
        let env = stage.path(".env").display().to_string();
        stage.about(Target::EnvFile { path: env.clone() });
        let (told, _) = stage.step("config.impact: {}").await;
        let unknown = "(its processes are not known)";
        let words = format!("{env} is used by a {unknown}, b {unknown}");
        assert_eq!(told[1], words);
        stage.see_workers(workers());
        let (told, end) = stage.step("config.impact: {}").await;
        let words = format!(
            "{env} is used by a (2 of 3 run with another HOST, USER), b (1 run, with what it holds \
             now)"
        );
        assert_eq!(told[1], words);
        assert_eq!(end, End::Done(words));
        let path = stage.path("unused.env").display().to_string();
        stage.about(Target::EnvFile { path: path.clone() });
        let (told, _) = stage.step("config.impact: {}").await;
        assert_eq!(told[1], format!("no worker is started with {path}"));
    }

    /// What was read of the workers before the file was written says nothing of it.
    #[tokio::test]
    async fn it_waits_for_a_reading_after_the_repair() {
        let mut stage = Stage::new(CONFIG, &[], Reason::Auth);
        stage.write(".env", "USER=\n");
        stage.see_workers(workers());
        stage.about(stage.env_file(".env"));
        stage.step("config.repair: {}").await;
        let (told, end) = stage.step("config.impact: {}").await;
        assert!(told.is_empty() && matches!(end, End::Waits(_)), "{end:?}");
        let written = Timestamp::from(now());
        testbed::wait_until(
            "a later millisecond",
            std::time::Duration::from_secs(5),
            || Timestamp::from(now()) > written,
        )
        .unwrap();
        stage.see_workers(workers());
        let (_, end) = stage.step("config.impact: {}").await;
        assert!(matches!(end, End::Done(_)), "{end:?}");
    }
}
