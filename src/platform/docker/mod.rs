//! Docker's containers, over the engine's API: read here, started and stopped in `act.rs`.
//!
//! Who stopped a container is told by the engine's events (`events.rs`): those that are heard, and
//! the some hundred newest that the engine keeps in memory until it ends.

pub(super) mod act;
mod compose;
mod container;
mod events;
mod failure;
mod logs;
mod session;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, ContainerSummary};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

pub use self::logs::{EachLine, Stream};

use self::container::instance;
use self::failure::failure;
use self::session::{Filters, Session};
use super::observe::{Instance, InstanceState};
use crate::model::{Failure, Reason};

/// For the whole of one reading; shorter than its probe waits, so that the reason is told.
const DEADLINE: Duration = Duration::from_millis(1800);
/// Containers asked for at once.
const AT_ONCE: usize = 8;

const SERVICE: &str = "com.docker.compose.service";
const FOLDER: &str = "com.docker.compose.project.working_dir";
const PROJECT: &str = "com.docker.compose.project";
const NUMBER: &str = "com.docker.compose.container-number";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// Which containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Containers {
    /// Those of a service of the Compose project in a folder.
    Service {
        /// The project's folder, absolute.
        folder: PathBuf,
        /// The service's name.
        service: String,
    },
    /// Those of these names.
    Named(Vec<String>),
}

/// Some containers of one engine.
#[derive(Debug)]
pub struct Docker {
    containers: Containers,
    host: Option<String>,
    session: Option<Session>,
    /// The ids of the last reading, by the names of the configuration.
    known: HashMap<String, Vec<String>>,
    deadline: Duration,
}

impl Docker {
    /// These containers of the engine at `DOCKER_HOST`, or at its usual socket.
    pub fn new(containers: Containers) -> Self {
        Docker {
            containers,
            host: None,
            session: None,
            known: HashMap::new(),
            deadline: DEADLINE,
        }
    }

    /// Of the engine at `host`, as `DOCKER_HOST` is written.
    #[must_use]
    pub fn at(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The containers as they are now; those of a service by their numbers, a service or a name
    /// that has none as one unknown instance. Connects when it has to; may be dropped at any time.
    ///
    /// # Errors
    /// Why the engine could not be asked.
    pub async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        let host = self.host.clone().unwrap_or_else(default_host);
        let outcome = timeout(self.deadline, self.read(&host)).await;
        let outcome = match outcome {
            Ok(outcome) => outcome.map_err(|error| failure(&error, &host)),
            Err(_) => {
                let message = format!("{host}: no answer within {:?}", self.deadline);
                Err(Failure::new(Reason::Timeout, message))
            }
        };
        if outcome.is_err() {
            // The next reading begins anew.
            self.session = None;
        }
        outcome
    }

    /// Ends when one of the containers changed since they were read last, or the engine is gone;
    /// pending until they have been read. May be dropped at any time.
    pub async fn changed(&mut self) {
        match &self.session {
            Some(session) => session.changed().await,
            None => std::future::pending().await,
        }
    }

    async fn read(&mut self, host: &str) -> Result<Vec<Instance>, Error> {
        let session = match self.session.take().filter(|session| !session.is_over()) {
            Some(session) => session,
            None => Session::open(host, self.containers.filters()).await?,
        };
        let session = self.session.insert(session);
        session.caught_up();
        let found = match &self.containers {
            Containers::Service { folder, service } => {
                let found = of_service(session, folder, service).await?;
                vec![(service.clone(), found)]
            }
            Containers::Named(names) => {
                let named = stream::iter(names.clone()).map(|name| of_name(session, name));
                named.buffered(AT_ONCE).try_collect().await?
            }
        };
        let now = SystemTime::now();
        let mut ends = session.ends();
        let mut instances = Vec::new();
        for (asked, containers) in found {
            let unknown = Instance {
                name: asked.clone(),
                state: InstanceState::Unknown,
                ..Instance::default()
            };
            let known = self.known.entry(asked).or_default();
            if containers.is_empty() {
                let gone = known.iter();
                let stopped = gone.filter_map(|id| ends.stopped_on_purpose(id, now));
                instances.push(Instance {
                    stopped_by_operator: stopped.reduce(|all, one| all && one),
                    ..unknown
                });
                continue;
            }
            let ids = containers.iter().filter_map(|(_, one)| one.id.clone());
            *known = ids.collect();
            instances.extend(containers.iter().map(|(name, inspected)| {
                let id = inspected.id.as_deref().unwrap_or_default();
                instance(name, inspected, ends.stopped_on_purpose(id, now))
            }));
        }
        let known: Vec<_> = self.known.values().flatten().cloned().collect();
        ends.forget_removed(&known);
        Ok(instances)
    }
}

impl Containers {
    /// As the engine selects them; the folder is compared here.
    fn filters(&self) -> Filters {
        match self {
            Containers::Service { service, .. } => {
                Filters::from([("label".into(), vec![format!("{SERVICE}={service}")])])
            }
            Containers::Named(names) => Filters::from([("container".into(), names.clone())]),
        }
    }
}

fn default_host() -> String {
    let set = std::env::var("DOCKER_HOST").ok();
    set.filter(|host| !host.is_empty())
        .unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// `None` when there is none of that name or id.
async fn inspect(session: &Session, name: &str) -> Result<Option<ContainerInspectResponse>, Error> {
    let options = None::<InspectContainerOptions>;
    match session.client.inspect_container(name, options).await {
        Ok(inspected) => Ok(Some(inspected)),
        Err(Error::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn of_service(
    session: &Session,
    folder: &Path,
    service: &str,
) -> Result<Vec<(String, ContainerInspectResponse)>, Error> {
    let filters = Filters::from([("label".into(), vec![format!("{SERVICE}={service}")])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let listed = session.client.list_containers(Some(options)).await?;
    let mut ours = Vec::new();
    for summary in listed {
        if belongs(&summary, folder).await {
            ours.push(summary);
        }
    }
    ours.sort_by_key(|summary| label(summary, NUMBER).and_then(|n| n.parse::<u64>().ok()));
    let inspected = stream::iter(ours).map(|summary| of_id(session, summary.id));
    let inspected: Vec<_> = inspected.buffered(AT_ONCE).try_collect().await?;
    Ok(inspected.into_iter().flatten().collect())
}

/// Those of a name of the configuration: one or none.
async fn of_name(
    session: &Session,
    name: String,
) -> Result<(String, Vec<(String, ContainerInspectResponse)>), Error> {
    let found = inspect(session, &name).await?;
    let found = found.map(|inspected| (name.clone(), inspected));
    Ok((name, Vec::from_iter(found)))
}

/// One that was listed, by its own name; one that is gone since is none.
async fn of_id(
    session: &Session,
    id: Option<String>,
) -> Result<Option<(String, ContainerInspectResponse)>, Error> {
    let found = inspect(session, id.as_deref().unwrap_or_default()).await?;
    Ok(found.map(|inspected| {
        let name = inspected.name.as_deref().unwrap_or_default();
        (name.trim_start_matches('/').to_owned(), inspected)
    }))
}

fn label<'a>(summary: &'a ContainerSummary, name: &str) -> Option<&'a str> {
    summary.labels.as_ref()?.get(name).map(String::as_str)
}

/// Whether a container of the service is one of the project in `folder`, and not one that
/// `compose run` made for once.
async fn belongs(summary: &ContainerSummary, folder: &Path) -> bool {
    if label(summary, ONE_OFF).is_some_and(|one_off| one_off.eq_ignore_ascii_case("true")) {
        return false;
    }
    let Some(written) = label(summary, FOLDER) else {
        // Other implementations of Compose write only the project's name.
        return label(summary, PROJECT) == Some(&project_name(folder));
    };
    if Path::new(written) == folder {
        return true;
    }
    // One of them may lead through a symlink.
    let real = async |path| tokio::fs::canonicalize(path).await.ok();
    match (real(Path::new(written)).await, real(folder).await) {
        (Some(written), Some(folder)) => written == folder,
        _ => false,
    }
}

/// The name that Compose gives a project by its folder.
fn project_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_lowercase();
    let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = name.chars().filter(legal).collect();
    name.trim_start_matches(['-', '_']).to_owned()
}
