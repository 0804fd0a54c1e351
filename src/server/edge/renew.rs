//! The web configuration read again when one of its files changes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Guard;
use crate::config::read_bounded;
use crate::config::web_file::WebFile;
use crate::model::Moment;
use crate::publish::metrics::{Local, Reload};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// The files may be on a mount that is dead.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is looked at of one file, in bytes; a larger one is refused anyway.
const MOST: u64 = 1 << 20;

/// The web configuration in force.
pub struct Edge {
    file: Option<PathBuf>,
    guard: watch::Sender<Arc<Guard>>,
    local: Arc<Local>,
    now: fn() -> Moment,
    state: Mutex<State>,
}

struct State {
    seen: Seen,
    in_force_since: Moment,
    /// A reading that was given up and may still end.
    stuck: Option<JoinHandle<Option<Reading>>>,
}

/// The files that were looked at, each with what its content hashes to.
type Seen = Vec<(PathBuf, u64)>;

struct Reading {
    seen: Seen,
    guard: Result<Guard, String>,
}

impl Edge {
    /// Reads `file`; without one, everybody comes in over plain HTTP.
    ///
    /// # Errors
    /// What is wrong with it, in words for people.
    pub fn open(
        file: Option<PathBuf>,
        local: Arc<Local>,
        now: fn() -> Moment,
    ) -> Result<Arc<Self>, String> {
        let (seen, guard) = match &file {
            Some(file) => {
                let Reading { seen, guard } = read(file);
                (seen, guard?)
            }
            None => (Vec::new(), Guard::open()?),
        };
        let edge = Edge {
            file,
            guard: watch::Sender::new(Arc::new(guard)),
            local,
            now,
            state: Mutex::new(State {
                seen,
                in_force_since: now(),
                stuck: None,
            }),
        };
        if edge.file.is_some() {
            edge.enter(true, now());
        }
        Ok(Arc::new(edge))
    }

    /// The configuration in force, now and after each change.
    pub fn guards(&self) -> watch::Receiver<Arc<Guard>> {
        self.guard.subscribe()
    }

    /// Follows the files for ever.
    pub async fn follow(self: Arc<Self>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.file.is_some() {
            ticks.tick().await;
            // What is wrong was logged.
            drop(self.look(false).await);
        }
    }

    /// Reads the file now.
    ///
    /// # Errors
    /// What is wrong with it; the old one stays in force.
    pub async fn reload(&self) -> Result<(), String> {
        self.look(true).await
    }

    async fn look(&self, whatever: bool) -> Result<(), String> {
        let Some(file) = self.file.clone() else {
            return Ok(());
        };
        let mut state = self.state.lock().await;
        let mut reading = match state.stuck.take() {
            Some(stuck) => stuck,
            None => {
                let seen = state.seen.clone();
                tokio::task::spawn_blocking(move || {
                    (whatever || look_at(seen.iter().map(|(path, _)| path.clone())) != seen)
                        .then(|| read(&file))
                })
            }
        };
        let outcome = match timeout(PATIENCE, &mut reading).await {
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some(reading))) => {
                state.seen = reading.seen;
                reading.guard
            }
            Ok(Err(panic)) => Err(panic.to_string()),
            Err(_) => {
                state.stuck = Some(reading);
                Err("the files of the web configuration did not answer in time".to_owned())
            }
        };
        let outcome = outcome.and_then(|next| match self.guard.borrow().lost_in(&next) {
            None => Ok(next),
            Some(lost) => Err(format!(
                "the web configuration would lose {lost}: warrener takes no guard away while it \
                 runs; restart it if that is meant"
            )),
        });
        match outcome {
            Ok(next) => {
                self.guard.send_replace(Arc::new(next));
                state.in_force_since = (self.now)();
                self.enter(true, state.in_force_since);
                tracing::info!("the web configuration was read again");
                Ok(())
            }
            Err(problems) => {
                self.enter(false, state.in_force_since);
                for problem in problems.lines() {
                    tracing::error!(
                        problem,
                        "web configuration rejected, the old one stays in force"
                    );
                }
                Err(problems)
            }
        }
    }

    fn enter(&self, accepted: bool, in_force_since: Moment) {
        self.local.web().read(Reload {
            accepted,
            in_force_since,
        });
    }
}

/// Reads the file and what it names. What was there is looked at first: a change meanwhile shows at
/// the next look.
fn read(file: &Path) -> Reading {
    let alone = look_at([file.to_owned()].into_iter());
    match WebFile::load(file) {
        Ok(web) => {
            let mut seen = alone;
            seen.extend(look_at(web.paths().into_iter().map(Path::to_owned)));
            warn(&web);
            let guard = Guard::build(web, file);
            Reading { seen, guard }
        }
        Err(errors) => Reading {
            seen: alone,
            guard: Err(errors.to_string()),
        },
    }
}

fn look_at(paths: impl Iterator<Item = PathBuf>) -> Seen {
    paths
        .map(|path| {
            let mut hasher = DefaultHasher::new();
            match read_bounded(&path, MOST) {
                Ok(bytes) => bytes.hash(&mut hasher),
                Err(error) => error.to_string().hash(&mut hasher),
            }
            (path, hasher.finish())
        })
        .collect()
}

/// What is no mistake, and yet what its author wants to know.
fn warn(web: &WebFile) {
    if web.http_server_config.http2 == Some(true) {
        tracing::warn!("http_server_config.http2: HTTP/1.1 is spoken; clients agree on it by ALPN");
    }
    let file = web.tls_server_config.as_ref();
    let file = file.and_then(|tls| tls.key_file.as_ref());
    if let Some(file) = file
        && readable_by_others(file)
    {
        let file = file.display();
        tracing::warn!(%file, "every user of this machine can read the key: chmod o= it");
    }
}

fn readable_by_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(file);
    meta.is_ok_and(|meta| meta.permissions().mode() & 0o004 != 0)
}
