//! The last known good, kept while serving: opens what it needs of the state directory, and runs the
//! keeper of one configuration at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::{Config, Source};
use crate::envfile::ContentKey;
use crate::recover::State;
use crate::recover::last_good::{Assessed, Keeper, Store};
use crate::watch::envfile::Memory;

/// The state directory may be on a mount that is dead: it is given up after this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was assessed, newest always at hand.
pub(super) type Newest = watch::Receiver<Option<Assessed>>;

/// Keeps the good contents of the env files.
pub(super) struct Keeping {
    key: Option<ContentKey>,
    memory: Arc<Memory>,
    assessed: Newest,
    task: Option<JoinHandle<()>>,
}

/// The key that contents are told apart with: that of the state directory, else one of this process
/// alone.
pub(super) async fn content_key(config: &Config) -> Option<ContentKey> {
    let random = || ContentKey::random_bytes().map(|bytes| ContentKey::new(&bytes));
    if config.source == Source::Defaults {
        return random();
    }
    let path = config.state.clone();
    let read = in_time(move || {
        let state = State::open(&path).map_err(|error| error.to_string())?;
        let key = state.content_key();
        key.map_err(|error| format!("{}: {error}", path.display()))
    });
    match read.await {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::warn!(
                error,
                "no last known good is kept; a change of an env file while warrener does not run \
                 goes unseen"
            );
            random()
        }
    }
}

impl Keeping {
    pub(super) fn new(key: Option<ContentKey>, memory: Arc<Memory>, assessed: Newest) -> Self {
        Keeping {
            key,
            memory,
            assessed,
            task: None,
        }
    }

    /// Keeps by `config` from now on.
    pub(super) fn follow(&mut self, config: &Config) {
        if let Some(before) = self.task.take() {
            before.abort();
        }
        let wanted = config.source != Source::Defaults && !config.env_files.is_empty();
        let Some(key) = self.key.clone().filter(|_| wanted) else {
            return;
        };
        let (memory, assessed) = (Arc::clone(&self.memory), self.assessed.clone());
        let config = config.clone();
        self.task = Some(tokio::spawn(async move {
            match in_time(store(config.state.clone())).await {
                Ok(store) => Keeper::new(&config, store, key, memory).run(assessed).await,
                Err(error) => tracing::warn!(error, "no last known good is kept"),
            }
        }));
    }
}

fn store(path: PathBuf) -> impl FnOnce() -> Result<Store, String> + Send {
    move || {
        let state = State::open(&path).map_err(|error| error.to_string())?;
        Store::open(&state).map_err(|error| format!("{}: {error}", path.display()))
    }
}

async fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match timeout(PATIENCE, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(panic.to_string()),
        Err(_) => Err("the state directory did not answer in time".to_owned()),
    }
}
