//! Carries a plan out.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Done, Job, Outcome, Prepared, Refusal};
use crate::config::FileVariables;
use crate::envfile::{Document, LogIn, MAX_ENV_FILE_BYTES, OwnLogin, own_login, path_id};
use crate::model::{Failure, Reason};
use crate::platform::folder::{ReplaceError, Rights};
use crate::recover::{State, StateError};

/// Held while a repair is under way.
const LOCK: &str = "repair.lock";
/// Where old contents are kept, in the state directory.
const BACKUPS: &str = "backups";
/// Old contents kept of each file.
const MOST_BACKUPS: usize = 10;

/// Carries `prepared` out. The broker is asked with `log_in` before anything is written.
pub async fn run(prepared: Prepared, log_in: &LogIn) -> Done {
    let (job, hopeless) = (prepared.job.clone(), prepared.plan.hopeless.clone());
    let done = |outcome| Done::new(&job, hopeless.clone(), outcome);
    if prepared.plan.is_empty() {
        return done(if hopeless.is_empty() {
            Outcome::NothingToDo
        } else {
            Outcome::Refused(Refusal::NothingKnown)
        });
    }
    let begun = blocking(move || {
        let held = begin(&prepared);
        held.map(|held| (prepared, held))
    });
    let (prepared, held) = match begun.await {
        Ok(begun) => begun,
        Err(refusal) => return done(Outcome::Refused(refusal)),
    };
    let verdict = judge(&prepared, log_in).await;
    if let Verdict::Worse(failure) = verdict {
        return done(Outcome::RolledBack(failure));
    }
    let written = blocking(move || write(&prepared, &held)).await;
    match written {
        Ok(backup) => {
            let outcome = match verdict {
                Verdict::Unverified(failure) => Outcome::WrittenUnverified(failure),
                verdict => Outcome::Repaired {
                    logged_in: matches!(verdict, Verdict::LoggedIn),
                },
            };
            Done {
                backup,
                ..done(outcome)
            }
        }
        Err(refusal) => done(Outcome::Refused(refusal)),
    }
}

/// Files may hang; whoever else shares the runtime does not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Refusal::Io("repair".into(), io::Error::other(panic))),
    }
}

/// The lock, for as long as it lives.
struct Held {
    state: State,
    _lock: File,
}

fn begin(prepared: &Prepared) -> Result<Held, Refusal> {
    let state = State::open(&prepared.job.state)?;
    let unusable = |error| {
        let path = prepared.job.state.clone();
        Refusal::State(StateError { path, error })
    };
    let lock = state.lock(LOCK).map_err(unusable)?.ok_or(Refusal::Busy)?;
    unchanged(prepared)?;
    Ok(Held { state, _lock: lock })
}

/// The file is still the one that the plan was made for.
fn unchanged(prepared: &Prepared) -> Result<(), Refusal> {
    let now = prepared
        .folder
        .read(&prepared.place.name, MAX_ENV_FILE_BYTES);
    let same = match (&prepared.found, now) {
        (Some(found), Ok((bytes, rights))) => *found == bytes && rights == prepared.rights,
        (None, Err(error)) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    };
    same.then_some(()).ok_or(Refusal::Changed)
}

/// What the broker says of the new values.
enum Verdict {
    /// The file has nothing to do with the broker.
    NotAsked,
    LoggedIn,
    /// It does not accept them, or does not answer; the old ones were no better.
    Unverified(Failure),
    /// It does not accept them, and accepted the old ones.
    Worse(Failure),
}

async fn judge(prepared: &Prepared, log_in: &LogIn) -> Verdict {
    let Prepared { job, plan, .. } = prepared;
    let own = |document: &Document| {
        let values = FileVariables::of(job.env_file.path.clone(), document);
        own_login(&job.amqp, &values, &job.env_file, &prepared.elsewhere)
    };
    let Some(after) = own(plan.after()) else {
        return Verdict::NotAsked;
    };
    let Err(failure) = try_login(&after, log_in).await else {
        return Verdict::LoggedIn;
    };
    // To put a content back whole costs what else was written: only for one that the broker takes,
    // or that nobody can ask about.
    let answered = matches!(
        failure.reason,
        Reason::Auth | Reason::Vhost | Reason::Access
    );
    if answered && plan.restored.is_some() && prepared.found.is_some() {
        return Verdict::Worse(failure);
    }
    let Some(before) = own(plan.before()) else {
        return Verdict::Unverified(failure);
    };
    // A default of the URL that lets in where the file had nothing may be a broker that happens to
    // listen there. It outweighs defaults, not values that logged in once.
    let counts = !before.borrowed || !plan.is_proven();
    if counts && try_login(&before, log_in).await.is_ok() {
        Verdict::Worse(failure)
    } else {
        Verdict::Unverified(failure)
    }
}

async fn try_login(own: &OwnLogin, log_in: &LogIn) -> Result<(), Failure> {
    match &own.urls {
        Ok(urls) => log_in(urls.clone()).await,
        Err(unresolved) => Err(Failure::new(Reason::Unresolved, unresolved.to_string())),
    }
}

/// Backs up and swaps; gives the path of the backup.
fn write(prepared: &Prepared, held: &Held) -> Result<Option<PathBuf>, Refusal> {
    // The login took its time.
    unchanged(prepared)?;
    let told = |error| Refusal::Io(prepared.place.path().display().to_string(), error);
    let backup = prepared
        .found
        .as_ref()
        .map(|found| back_up(&prepared.job, held, found))
        .transpose()?;
    let after = prepared.plan.after().print();
    let Prepared { folder, place, .. } = prepared;
    // A repair that was killed may have left its values there; the lock says that none is under way.
    folder.clear_beside(&place.name).map_err(told)?;
    // All that took time too.
    unchanged(prepared)?;
    let swapped = folder.replace(&place.name, &after, &prepared.rights);
    swapped.map_err(|error| match error {
        ReplaceError::Rights(error) => Refusal::Rights(error),
        ReplaceError::Io(error) => told(error),
    })?;
    let (now, _) = folder.read(&place.name, MAX_ENV_FILE_BYTES).map_err(told)?;
    if now != after {
        return Err(Refusal::Changed);
    }
    Ok(backup)
}

fn back_up(job: &Job, held: &Held, content: &[u8]) -> Result<PathBuf, Refusal> {
    let id = path_id(&job.env_file.path);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // Of equal length until the year 2286, so that they sort by age; and no two in the same instant.
    let name = format!("{id}.{}.env", since.unwrap_or_default().as_nanos());
    let kept = || -> io::Result<PathBuf> {
        let folder = held.state.sub(BACKUPS)?;
        let mut own = folder.names()?;
        own.retain(|name| name.starts_with(&id));
        // Attempts that come to nothing must not push out what is older.
        if let Some(newest) = own.last()
            && let Ok((bytes, _)) = folder.read(OsStr::new(newest), MAX_ENV_FILE_BYTES)
            && bytes == content
        {
            return Ok(folder.path().join(newest));
        }
        let written = folder.replace(OsStr::new(&name), content, &Rights::private());
        written.map_err(ReplaceError::into_io)?;
        for old in own.iter().rev().skip(MOST_BACKUPS - 1) {
            folder.remove(OsStr::new(old))?;
        }
        Ok(folder.path().join(&name))
    };
    kept().map_err(|error| Refusal::Io("the backup".into(), error))
}

#[cfg(test)]
mod tests;
