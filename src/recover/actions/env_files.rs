//! What the actions on env files share: which files a target is about, what is there of them, and
//! the words for where values come from. Never a value.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Asked, World, foreign};
use crate::config::{Config, EnvFile};
use crate::envfile::{ContentKey, Document, MAX_ENV_FILE_BYTES, read};
use crate::model::facts::EnvFileFacts;
use crate::model::{Failure, Generation, Moment, Reason, Step, StepResult, Target};
use crate::platform::folder::Folder;
use crate::platform::place::Place;
use crate::recover::State;
use crate::recover::last_good::Store;
use crate::recover::repair::{Prepared, Refusal};

/// In the pool of what may hang: a file on a dead mount stops nobody else.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|panic| Failure::new(Reason::Panic, panic.to_string()))
}

/// The env files that the run's target is about, in the order of the configuration.
///
/// # Errors
/// In words: the target is none of the configuration's.
pub(super) async fn concerned(asked: &Asked<'_>, world: &World) -> Result<Vec<EnvFile>, String> {
    if let Some(why) = foreign(asked, world) {
        return Err(why);
    }
    let files = &world.config.env_files;
    let at = |path: &str| files.iter().find(|file| named(file) == path).cloned();
    match &asked.run.target {
        Target::EnvFile { path } => match at(path) {
            Some(file) => Ok(vec![file]),
            None => Err(format!("{path} is none of `env_files`")),
        },
        target @ (Target::Worker { .. } | Target::Queue { .. }) => {
            let workers = world.targets.workers_of(target);
            let own: Vec<_> = workers
                .iter()
                .filter_map(|worker| world.targets.env_file_of(worker))
                .collect();
            let among = |file: &&EnvFile| own.contains(&named(file).as_str());
            Ok(files.iter().filter(among).cloned().collect())
        }
        Target::Broker | Target::Node { .. } => {
            let config = Arc::clone(&world.config);
            let feeding = blocking(move || feeding(&config)).await;
            feeding.map_err(|failure| failure.to_string())
        }
        Target::Disk { .. } | Target::Host | Target::Glob { .. } | Target::Probe { .. } => {
            Ok(files.clone())
        }
    }
}

/// Those that have a say in `broker.amqp`: by their schema, or by what they hold.
fn feeding(config: &Config) -> Vec<EnvFile> {
    let templates = &config.broker.amqp.0;
    let variables: Vec<_> = templates.iter().flat_map(|t| t.variables()).collect();
    let feeds = |file: &&EnvFile| {
        let document = read(&file.path).ok();
        let holds = |name: &str| document.as_ref().is_some_and(|d| d.get(name).is_some());
        let mut variables = variables.iter();
        variables.any(|name| file.keys.contains_key(*name) || holds(name))
    };
    config.env_files.iter().filter(feeds).cloned().collect()
}

/// Its path, as it stands in targets.
pub(super) fn named(file: &EnvFile) -> String {
    file.path.display().to_string()
}

/// Its target.
pub(super) fn target(file: &EnvFile) -> Target {
    Target::EnvFile { path: named(file) }
}

/// What this step did already to `target`, if it did.
pub(super) fn did<'a>(own: &'a [Step], target: &Target) -> Option<&'a Step> {
    let done = |step: &&Step| {
        let result = step.done.as_ref().map(|done| done.result);
        let done = [
            StepResult::Done,
            StepResult::Needless,
            StepResult::ObservedDone,
        ];
        result.is_some_and(|result| done.contains(&result))
    };
    let mut own = own.iter().rev().filter(done);
    own.find(|step| step.intent.target == *target)
}

/// The key that contents are told apart with. May block.
pub(super) fn content_key(state: &Path) -> io::Result<ContentKey> {
    let opened = State::open(state).map_err(io::Error::other)?;
    opened.content_key()
}

/// What the file at `path` is now. May block.
///
/// # Errors
/// It is there and can't be read.
pub(super) fn generation(path: &Path, key: &ContentKey) -> io::Result<Generation> {
    let place = Place::of(path).map_err(io::Error::other);
    let read =
        place.and_then(|place| Folder::open(&place.folder)?.read(&place.name, MAX_ENV_FILE_BYTES));
    match read {
        Ok((bytes, _)) => Ok(of_content(path, Some(&bytes), key)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(of_content(path, None, key)),
        Err(error) => Err(error),
    }
}

/// What a file with this content is; `None` for one that is not there.
pub(super) fn of_content(path: &Path, content: Option<&[u8]>, key: &ContentKey) -> Generation {
    Generation::File {
        path: path.display().to_string(),
        hash: content.map(|bytes| key.hash(bytes).hex()),
    }
}

/// What the files at `paths` are now; what can't be read is left out.
pub(super) async fn generations(paths: Vec<PathBuf>, key: ContentKey) -> Vec<Generation> {
    let read = blocking(move || {
        let paths = paths.iter();
        paths
            .filter_map(|path| generation(path, &key).ok())
            .collect()
    });
    read.await.unwrap_or_default()
}

/// What the newest reading says of a file.
pub(super) fn seen(world: &World, name: &str) -> Option<EnvFileFacts> {
    let facts = world.snapshot.envfile.facts()?;
    facts.files.iter().find(|file| file.path == name).cloned()
}

/// Whether what `prepared` found logged in once. May block.
pub(super) fn is_proven(
    prepared: &Prepared,
    seen: Option<&EnvFileFacts>,
    key: &ContentKey,
) -> bool {
    let job = &prepared.job;
    prepared.found().is_some_and(|found| {
        let held = Store::look(&job.state).and_then(|store| store.holds(&job.env_file.path, found));
        let seen = seen.is_some_and(|seen| {
            seen.content == Some(key.hash(found)) && seen.login == Some(Ok(()))
        });
        seen || held.unwrap_or(false)
    })
}

/// A refusal as the failure of a job.
pub(super) fn failure(file: &str, refusal: &Refusal) -> Failure {
    let reason = match refusal {
        Refusal::NothingKnown | Refusal::NoLastGood => Reason::Unresolved,
        _ => Reason::Io,
    };
    Failure::new(reason, format!("{file}: {refusal}"))
}

/// How long ago something was, in its largest unit.
pub(super) fn ago(taken: SystemTime, now: Moment) -> String {
    let taken = taken.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = (now.unix_seconds() - taken.as_secs_f64()).max(0.0) as u64;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// The keys whose value is another, sorted; of both sides.
pub(super) fn differing(before: &Document, after: &Document) -> Vec<String> {
    let keys = before.assignments().chain(after.assignments());
    let mut keys: Vec<_> = keys
        .map(|assignment| assignment.key.clone())
        .filter(|key| before.get(key) != after.get(key))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}
