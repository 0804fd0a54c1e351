//! `backups.verify`: whether the newest backup of each glob is there, young, large enough and whole.
//! The same look as the `files` probe's, at this moment.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Asked, Effect, Hands, Next, Plan, World, foreign, job};
use crate::config::BackupFiles;
use crate::model::facts::BackupFacts;
use crate::model::{Failure, Reason, StepResult, Target};
use crate::watch::files::look_at_backups;

/// Of the step's time so much is the program's.
const SHARE: f64 = 0.9;

pub(super) async fn next(asked: &Asked<'_>, world: &World, _hands: &Hands) -> Next {
    if let Some(why) = foreign(asked, world) {
        return Next::Refuse(why);
    }
    let done = asked.own.iter().rev().find_map(|step| step.done.as_ref());
    if let Some(done) = done.filter(|done| done.result == StepResult::Done) {
        return Next::Done(done.words.clone());
    }
    let all = &world.config.files.backups;
    let meant = |files: &&BackupFiles| match &asked.run.target {
        Target::Glob { glob } => *glob == files.glob,
        _ => false,
    };
    let mut chosen: Vec<_> = all.iter().filter(meant).cloned().collect();
    if chosen.is_empty() {
        chosen.clone_from(all);
    }
    if chosen.is_empty() {
        return Next::Done("no backups are configured".into());
    }
    let facts = world.snapshot.files.facts();
    let known = move |files: &BackupFiles| {
        let facts = facts.as_ref()?;
        facts.backups.iter().find(|f| f.glob == files.glob).cloned()
    };
    let deadline = asked.step.timeout.get().mul_f64(SHARE);
    let globs: Vec<_> = chosen.iter().map(|files| files.glob.as_str()).collect();
    Next::Act(Plan {
        words: format!("look at the newest backup of {}", globs.join(", ")),
        target: asked.run.target.clone(),
        before: Vec::new(),
        victims: None,
        job: job(move |_| async move {
            let looks = chosen.iter().map(|files| {
                let known = known(files);
                async move {
                    let facts = look_at_backups(files, known.as_ref(), deadline).await;
                    judge(files, &facts)
                }
            });
            let (well, wrong): (Vec<_>, Vec<_>) =
                join_all(looks).await.into_iter().partition(Result::is_ok);
            let wrong: Vec<_> = wrong.into_iter().filter_map(Result::err).collect();
            if !wrong.is_empty() {
                return Err(Failure::new(Reason::Io, wrong.join("; ")));
            }
            let well: Vec<_> = well.into_iter().flatten().collect();
            Ok(Effect::done(well.join("; ")))
        }),
    })
}

/// What is well with the newest backup, in words.
///
/// # Errors
/// What is not.
fn judge(files: &BackupFiles, facts: &BackupFacts) -> Result<String, String> {
    if let Some(problem) = &facts.problem {
        return Err(format!("{}: {problem}", facts.glob));
    }
    let Some(newest) = &facts.newest else {
        return Err(format!("there is no backup {}", facts.glob));
    };
    let path = &newest.path;
    let hours = |time: Duration| format!("{:.1} h", time.as_secs_f64() / 3600.0);
    if let (Some(age), Some(most)) = (facts.newest_age, files.max_age)
        && age > most.get()
    {
        let (age, most) = (hours(age), hours(most.get()));
        return Err(format!("{path} is {age} old, at most {most} are allowed"));
    }
    if !facts.is_settled() {
        return Ok(format!("{path} is still being written"));
    }
    let least = files.min_size.map_or(1, |least| least.bytes());
    if newest.size < least {
        let size = newest.size;
        return Err(format!(
            "{path} has {size} bytes, at least {least} are expected"
        ));
    }
    match (&facts.verified, &files.verify) {
        (Some(Err(why)), _) => Err(format!("{path} is broken: {why}")),
        (Some(Ok(())), _) => Ok(format!("{path} is whole")),
        (None, Some(_)) => Ok(format!(
            "{path} was not verified in time; the probe goes on with it"
        )),
        (None, None) => Ok(format!(
            "{path} is there; no program says whether it is whole"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::SystemTime;

    use super::super::stage::{End, Stage};
    use super::*;

    const CONFIG: &str = "files:\n  backups:\n  - {glob: 'b/*.gz', max_age: 26h, min_size: 4B, \
                          verify: [grep, -q, whole, '{}']}\n  - {glob: 'c/*'}\n";

    fn aged(path: &Path, age: Duration) {
        let file = std::fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    #[tokio::test]
    async fn what_is_whole_is_told_and_what_is_not_fails() {
        let mut stage = Stage::new(CONFIG, &[], Reason::Auth);
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let failed = |end: End| match end {
            End::Failed(failure) => failure.message,
            other => panic!("{other:?}"),
        };
        let (_, end) = stage.step("backups.verify: {}").await;
        let said = failed(end);
        assert_eq!(said.matches("there is no backup").count(), 2, "{said}");

        aged(&stage.write("c/1", "x"), hours(100));
        let newest = stage.write("b/2.gz", "whole one");
        aged(&newest, hours(1));
        let (told, end) = stage.step("backups.verify: {}").await;
        assert!(told[1].contains("b/2.gz is whole"), "{told:?}");
        assert!(told[1].contains("c/1 is there"), "{told:?}");
        assert_eq!(end, End::Done(told[1].clone()));

        aged(&newest, hours(27));
        let (_, end) = stage.step("backups.verify: {}").await;
        let said = failed(end);
        assert!(said.contains("27.0 h old"), "{said}");
        aged(&stage.write("b/3.gz", "broken"), hours(1));
        let (_, end) = stage.step("backups.verify: {}").await;
        let said = failed(end);
        assert!(
            said.contains("b/3.gz is broken: grep ended with 1"),
            "{said}"
        );
        aged(&stage.write("b/4.gz", "who"), hours(0));
        let (told, _) = stage.step("backups.verify: {}").await;
        assert!(told[1].contains("still being written"), "{told:?}");
        aged(&stage.path("b/4.gz"), Duration::from_secs(70));
        let (_, end) = stage.step("backups.verify: {}").await;
        let said = failed(end);
        assert!(said.contains("3 bytes"), "{said}");
        // One glob that is asked about is looked at alone.
        let glob = stage.world.config.files.backups[1].glob.clone();
        stage.about(Target::Glob { glob });
        let (told, _) = stage.step("backups.verify: {}").await;
        assert!(
            told[1].contains("c/1") && !told[1].contains("b/"),
            "{told:?}"
        );
    }

    #[test]
    fn one_that_is_verified_for_too_long_is_not_broken() {
        let stage = Stage::new(CONFIG, &[], Reason::Auth);
        let files = &stage.world.config.files.backups[0];
        let facts = BackupFacts {
            newest: Some(crate::model::facts::NamedSize {
                path: "/b".into(),
                size: 10,
            }),
            ..BackupFacts::default()
        };
        assert!(
            judge(files, &facts)
                .unwrap()
                .contains("not verified in time")
        );
    }
}
