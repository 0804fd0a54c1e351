//! `config.rollback`: an env file becomes the last known good, whole. What a person wrote since is
//! in the backup.

use super::env_files::{ago, concerned, did, differing, named, of_content, seen, target};
use super::written::{Looked, finish, look, lost};
use super::{Asked, Hands, Next, Plan, World, job};
use crate::config::EnvFile;
use crate::model::{Code, Moment, StepResult, Target};
use crate::recover::repair::{Prepared, prepare_rollback, run};

pub(super) async fn next(asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    let files = match chosen(asked, world).await {
        Ok(files) => files,
        Err(why) => return Next::Refuse(why),
    };
    let (mut well, mut wrong) = (Vec::new(), Vec::new());
    for file in &files {
        let name = named(file);
        match look(file, world, hands, prepare_rollback).await {
            Err(failure) => wrong.push(failure.message),
            Ok(looked) if looked.prepared.plan.is_empty() => well.push(name),
            Ok(_) if did(asked.own, &target(file)).is_some() => {
                wrong.push(format!(
                    "{name}: something changed it again after it was rolled back"
                ));
            }
            Ok(looked) => match looked.prepared.plan.hopeless.as_slice() {
                [] => return Next::Act(act(file, looked, world)),
                hopeless => {
                    let lost = lost(hopeless);
                    wrong.push(format!(
                        "{name}: its last known good breaks its schema: {lost}"
                    ));
                }
            },
        }
    }
    match (files.is_empty(), wrong.is_empty()) {
        (true, _) => {
            Next::Done("no env file is seen to break its schema or to fail a login".into())
        }
        (_, true) => Next::Done(format!("{} is the last known good", well.join(", "))),
        (_, false) => Next::Refuse(wrong.join("; ")),
    }
}

/// The file that is named, whatever is wrong with it; where none is, only those that are not well.
async fn chosen(asked: &Asked<'_>, world: &World) -> Result<Vec<EnvFile>, String> {
    let mut files = concerned(asked, world).await?;
    match &asked.run.target {
        Target::EnvFile { .. } | Target::Worker { .. } => {}
        Target::Broker | Target::Node { .. } | Target::Queue { .. } => {
            files.retain(|file| !is_well(file, world) || failed(file, asked));
        }
        Target::Disk { .. } | Target::Host | Target::Glob { .. } | Target::Probe { .. } => {
            return Err("the target names no env file".into());
        }
    }
    Ok(files)
}

/// The run itself saw that it is not well, if nobody else did yet.
fn failed(file: &EnvFile, asked: &Asked<'_>) -> bool {
    let mut newest = asked.journal.iter().rev();
    let looked = newest
        .find(|step| step.intent.action == "config.validate" && step.intent.target == target(file));
    let done = looked.and_then(|step| step.done.as_ref());
    done.is_some_and(|done| done.result == StepResult::Failed)
}

fn is_well(file: &EnvFile, world: &World) -> bool {
    let mut findings = world.assessment.findings.iter();
    let found = findings.any(|f| f.code == Code::ConfigInvalid && f.target == target(file));
    let failed = seen(world, &named(file)).is_some_and(|seen| {
        let violated = seen
            .violations
            .is_some_and(|violations| !violations.is_empty());
        violated || matches!(seen.login, Some(Err(_)))
    });
    !found && !failed
}

fn act(file: &EnvFile, looked: Looked, world: &World) -> Plan {
    let Looked {
        prepared,
        key,
        proven,
    } = looked;
    let path = file.path.clone();
    Plan {
        words: planned(&prepared, world.now),
        target: target(file),
        before: vec![of_content(&path, prepared.found(), &key)],
        victims: None,
        job: job(move |hands| async move {
            let done = run(prepared, &hands.log_in.0).await;
            let what = "put the last known good back".to_owned();
            finish(done, what, &path, key, proven).await
        }),
    }
}

fn planned(prepared: &Prepared, now: Moment) -> String {
    let (plan, path) = (&prepared.plan, prepared.job.env_file.path.display());
    let kept = plan
        .restored
        .map_or_else(String::new, |taken| ago(taken, now));
    let keys = differing(plan.before(), plan.after());
    let keys = match keys.is_empty() {
        true => "no value changes".to_owned(),
        false => format!("other values for {}", keys.join(", ")),
    };
    format!(
        "put the last known good of {path}, kept {kept}, back whole: {keys}; a login with it comes \
         before the swap"
    )
}
