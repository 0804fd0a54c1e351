//! What came of writing an env file, in words, and how it is taken back.

use std::path::Path;

use super::Effect;
use super::env_files::{failure, generations};
use crate::envfile::ContentKey;
use crate::model::{Failure, Reason, Undo};
use crate::recover::repair::{Done, Hopeless, Outcome};

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
