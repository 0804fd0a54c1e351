//! `config.repair`: an env file gets back the values that its schema asks for.
//!
//! Each file is written at most once in a step. Looked at again it keeps its schema, so a step that
//! a crash cut off goes on behind what it did.

use super::env_files::{ago, concerned, did, named, of_content, target};
use super::written::{Looked, finish, look, lost};
use super::{Asked, Hands, Next, Plan, World, job};
use crate::config::EnvFile;
use crate::model::Moment;
use crate::recover::repair::{self, Origin, Prepared, prepare, run};

pub(super) async fn next(asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    let files = match concerned(asked, world).await {
        Ok(files) => files,
        Err(why) => return Next::Refuse(why),
    };
    let (mut well, mut wrong) = (Vec::new(), Vec::new());
    for file in &files {
        let looked = look(file, world, hands, prepare).await;
        match looked {
            Err(failure) => wrong.push(failure.message),
            Ok(Looked { prepared, .. }) if prepared.plan.is_empty() => {
                match prepared.plan.hopeless.as_slice() {
                    [] => well.push(named(file)),
                    hopeless => wrong.push(format!("{}: {}", named(file), lost(hopeless))),
                }
            }
            Ok(_) if did(asked.own, &target(file)).is_some() => {
                let file = named(file);
                wrong.push(format!(
                    "{file}: something broke it again after it was repaired"
                ));
            }
            Ok(looked) => match unfit(&looked.prepared) {
                Some(why) => wrong.push(format!("{}: {why}", named(file))),
                None => return Next::Act(act(file, looked, world)),
            },
        }
    }
    match (files.is_empty(), wrong.is_empty()) {
        (true, _) => Next::Done("no env file has to do with it".into()),
        (_, true) => Next::Done(format!("{} keeps its schema", well.join(", "))),
        (_, false) => Next::Refuse(wrong.join("; ")),
    }
}

/// Why nobody but a person should write what is planned.
fn unfit(prepared: &Prepared) -> Option<String> {
    let plan = &prepared.plan;
    let from_good = |origin: &Origin| matches!(origin, Origin::LastGood(_));
    let guessed = plan.changes.iter().find(|change| !from_good(&change.from));
    // A default may be another broker's; what is known to work must not be passed over for it.
    if let (Some(why), Some(guessed)) = (&prepared.last_good_unread, guessed) {
        let key = &guessed.key;
        return Some(format!(
            "the last known good can't be read ({why}), and nothing less is good enough for {key}"
        ));
    }
    let keys = &prepared.job.env_file.keys;
    let faults = plan.before().faults().count();
    let is_one = keys.keys().any(|key| plan.before().get(key).is_some());
    let known = plan.changes.iter().any(|change| from_good(&change.from));
    (faults > 0 && !is_one && known).then(|| {
        format!(
            "it holds none of its keys, and {faults} lines that are no assignment: it is to be \
             rolled back, not repaired"
        )
    })
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
            let what = repaired(&prepared.plan);
            let done = run(prepared, &hands.log_in.0).await;
            finish(done, what, &path, key, proven).await
        }),
    }
}

/// What would be written, key by key, and from where.
fn planned(prepared: &Prepared, now: Moment) -> String {
    let (plan, path) = (&prepared.plan, prepared.job.env_file.path.display());
    let source = |origin: &Origin| match origin {
        Origin::LastGood(taken) => format!("the last known good, kept {}", ago(*taken, now)),
        Origin::DefaultFrom(path) => format!("default_from {}", path.display()),
        Origin::Default => "its default".to_owned(),
    };
    let changes = plan.changes.iter().map(|change| {
        let was = change.was.as_str();
        format!("{} ({was}) from {}", change.key, source(&change.from))
    });
    let mut parts: Vec<String> = changes.collect();
    if let Some(taken) = plan.restored {
        let kept = ago(taken, now);
        parts.insert(
            0,
            format!("the whole file from the last known good, kept {kept}"),
        );
    }
    if !plan.hopeless.is_empty() {
        parts.push(lost(&plan.hopeless));
    }
    let guessed = plan.changes.iter().any(|c| c.from == Origin::Default);
    let warning = match guessed {
        true => "; a default never logged in here, and may be another broker's",
        false => "",
    };
    format!(
        "repair {path}: {}; a login with it comes before the swap{warning}",
        parts.join(", ")
    )
}

fn repaired(plan: &repair::Plan) -> String {
    let keys: Vec<_> = plan.changes.iter().map(|c| c.key.as_str()).collect();
    match (plan.restored, keys.is_empty()) {
        (Some(_), true) => "put back whole".into(),
        (Some(_), false) => format!("put back whole, with other {}", keys.join(", ")),
        (None, _) => format!("repaired {}", keys.join(", ")),
    }
}
