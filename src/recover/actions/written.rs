//! What is about to be written to an env file, what came of it, in words, and how it is taken back.

use std::path::Path;

use super::env_files::{blocking, content_key, failure, generations, is_proven, named, seen};
use super::{Effect, Hands, World};
use crate::config::EnvFile;
use crate::envfile::ContentKey;
use crate::model::{Failure, Reason, Undo};
use crate::recover::repair::{Done, Hopeless, Job, Outcome, Prepared, Refusal};

/// What is there, and what would be written.
pub(super) struct Looked {
    pub(super) prepared: Prepared,
    pub(super) key: ContentKey,
    /// What is there now logged in once.
    pub(super) proven: bool,
}

/// Looks at a file as it is now, and plans by `prepare`.
pub(super) async fn look(
    file: &EnvFile,
    world: &World,
    hands: &Hands,
    prepare: fn(Job) -> Result<Prepared, Refusal>,
) -> Result<Looked, Failure> {
    let (name, job) = (named(file), Job::of(&world.config, file));
    let (state, seen) = (hands.state.clone(), seen(world, &name));
    let looked = blocking(move || {
        let told = |error| failure(&name, &Refusal::Io("the key of contents".into(), error));
        let key = content_key(&state).map_err(told)?;
        let prepared = prepare(job).map_err(|refusal| failure(&name, &refusal))?;
        let proven = is_proven(&prepared, seen.as_ref(), &key);
        Ok(Looked {
            prepared,
            key,
            proven,
        })
    });
    looked.await?
}

/// What came of it. `proven`: what was there before logged in once, so that it may be put back.
pub(super) async fn finish(
    done: Done,
    what: String,
    path: &Path,
    key: ContentKey,
    proven: bool,
) -> Result<Effect, Failure> {
    let name = path.display().to_string();
    let login = match &done.outcome {
        Outcome::NothingToDo => return Ok(Effect::needless(format!("{name} is as it should be"))),
        Outcome::RolledBack(failure) => {
            let said = format!(
                "{name} was left as it is: the broker does not accept what would be written: {}",
                failure.message
            );
            return Err(Failure::new(failure.reason, said));
        }
        Outcome::Refused(refusal) => return Err(failure(&name, refusal)),
        Outcome::Repaired { logged_in: true } => "the broker accepts a login with it".to_owned(),
        Outcome::Repaired { logged_in: false } => "it has no login of its own".to_owned(),
        Outcome::WrittenUnverified(failure) => unverified(failure),
    };
    let mut words = format!("{what} in {name}; {login}");
    if !done.hopeless.is_empty() {
        words = format!("{words}; {}", lost(&done.hopeless));
    }
    let after = generations(vec![path.to_owned()], key).await;
    let undo = done.backup.filter(|_| proven).map(|backup| Undo {
        file: name,
        backup: backup.display().to_string(),
    });
    Ok(Effect {
        words,
        needless: false,
        after,
        undo,
    })
}

fn unverified(failure: &Failure) -> String {
    match failure.reason {
        Reason::Auth | Reason::Vhost | Reason::Access => {
            format!("the broker refuses a login with it: {failure}")
        }
        _ => format!("the broker could not be asked for a login with it: {failure}"),
    }
}

/// Keys without a value from anywhere.
pub(super) fn lost(hopeless: &[Hopeless]) -> String {
    let keys = hopeless.iter().map(|hopeless| {
        let violation = &hopeless.violation;
        format!("{} {}", violation.key, violation.words)
    });
    let keys: Vec<_> = keys.collect();
    format!("nothing has a value for {}", keys.join(", "))
}
