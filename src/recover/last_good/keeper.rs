//! Watches what is assessed, and keeps what proved good.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::{GoodSince, Store, is_good};
use crate::config::Config;
use crate::envfile::{ContentKey, MAX_ENV_FILE_BYTES};
use crate::model::facts::ContentHash;
use crate::model::{Assessment, Snapshot};
use crate::platform::folder::Folder;
use crate::platform::place::Place;
use crate::watch::envfile::Memory;

/// A snapshot and what it was assessed to be.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// What was seen.
    pub snapshot: Arc<Snapshot>,
    /// What it means.
    pub assessment: Arc<Assessment>,
}

/// Keeps the good contents of one configuration's env files.
pub struct Keeper {
    store: Arc<Store>,
    key: ContentKey,
    files: Vec<Watched>,
    memory: Arc<Memory>,
    good_since: GoodSince,
}

struct Watched {
    path: PathBuf,
    /// Workers that are started with it.
    workers: Vec<String>,
    keep_after: Duration,
    /// The content that was kept last.
    done: Option<ContentHash>,
    /// The newest attempt to keep one failed.
    failing: bool,
}

impl Keeper {
    /// Of the env files of `config`. Contents are compared by `key`, the one they were hashed with;
    /// what is kept is told to `memory`.
    pub fn new(config: &Config, store: Store, key: ContentKey, memory: Arc<Memory>) -> Self {
        let files = config.env_files.iter().map(|file| Watched {
            path: file.path.clone(),
            workers: config.workers_with(&file.path).map(str::to_owned).collect(),
            keep_after: file.keep_after.get(),
            done: None,
            failing: false,
        });
        Keeper {
            files: files.collect(),
            store: Arc::new(store),
            key,
            memory,
            good_since: GoodSince::default(),
        }
    }

    /// Runs until nothing is assessed any more.
    pub async fn run(mut self, mut assessed: watch::Receiver<Option<Assessed>>) {
        self.tell_what_there_is().await;
        while assessed.changed().await.is_ok() {
            let newest = assessed.borrow_and_update().clone();
            if let Some(newest) = newest {
                self.look(&newest).await;
            }
        }
    }

    /// What was kept before this start.
    async fn tell_what_there_is(&self) {
        let store = Arc::clone(&self.store);
        let paths: Vec<_> = self.files.iter().map(|file| file.path.clone()).collect();
        let memory = Arc::clone(&self.memory);
        let read = tokio::task::spawn_blocking(move || {
            for path in paths {
                match store.taken(&path) {
                    Ok(Some(taken)) => memory.kept(&path, taken),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(
                        file = %path.display(),
                        %error,
                        "the record of the last known good can't be read; it is begun anew"
                    ),
                }
            }
        });
        read.await.ok();
    }

    async fn look(&mut self, assessed: &Assessed) {
        let snapshot = &assessed.snapshot;
        let Some(facts) = snapshot.envfile.facts() else {
            return;
        };
        for watched in &mut self.files {
            let name = watched.path.display().to_string();
            let Some(file) = facts.files.iter().find(|file| file.path == name) else {
                continue;
            };
            let good = is_good(file, &watched.workers, snapshot, &assessed.assessment);
            let may_keep = self
                .good_since
                .may_keep(file, good, watched.keep_after, snapshot.at);
            match may_keep {
                Ok(content) if watched.done != Some(content) => {
                    let (store, key) = (Arc::clone(&self.store), self.key.clone());
                    let memory = Arc::clone(&self.memory);
                    let path = watched.path.clone();
                    match keep(store, key, memory, path, content).await {
                        Ok(()) => (watched.done, watched.failing) = (Some(content), false),
                        Err(error) => {
                            // Said once; tried again when it was good for as long once more.
                            self.good_since.forget(&name);
                            if !std::mem::replace(&mut watched.failing, true) {
                                let file = &name;
                                tracing::warn!(%file, %error, "can't be kept as last known good");
                            }
                        }
                    }
                }
                Ok(_) => {}
                Err(why) => {
                    tracing::debug!(file = %name, reason = why.as_str(), "not kept as good");
                }
            }
        }
    }
}

/// In the pool of what may hang: a file on a dead mount stops this task and nothing else.
async fn keep(
    store: Arc<Store>,
    key: ContentKey,
    memory: Arc<Memory>,
    path: PathBuf,
    content: ContentHash,
) -> io::Result<()> {
    let name = path.display().to_string();
    let kept = tokio::task::spawn_blocking(move || {
        let taken = try_keep(&store, &key, &path, content)?;
        if let Some(taken) = taken {
            memory.kept(&path, taken);
        }
        Ok::<_, io::Error>(taken)
    });
    match kept.await {
        Ok(outcome) => {
            if outcome?.is_some() {
                tracing::info!(file = %name, "kept as the last known good");
            }
            Ok(())
        }
        Err(panic) => Err(io::Error::other(panic)),
    }
}

/// `None` where the file is another one by now.
fn try_keep(
    store: &Store,
    key: &ContentKey,
    path: &Path,
    content: ContentHash,
) -> io::Result<Option<SystemTime>> {
    let place = Place::of(path).map_err(io::Error::other)?;
    let folder = Folder::open(&place.folder)?;
    let (bytes, rights) = folder.read(&place.name, MAX_ENV_FILE_BYTES)?;
    if key.hash(&bytes) != content {
        return Ok(None);
    }
    store
        .keep(path, &bytes, &rights, SystemTime::now())
        .map(Some)
}
