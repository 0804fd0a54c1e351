//! Starting and stopping containers.
//!
//! The engine says `stop` of a container that was stopped or restarted through it, and the observing
//! half (`events.rs`) takes that for a person's wish; so it would be, for ever, if warrener ended
//! before it started the container again. So nothing here stops or restarts: the container is sent
//! its signals (`kill`), of which the engine says no such thing, and does not start it anew by its
//! restart policy either.
//!
//! A container keeps the environment that it was made with. One of a Compose service is made anew by
//! removing it and having Compose (`compose.rs`) make what the service lacks; how another one was
//! made nobody knows.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::ContainerStateStatusEnum as Status;
use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptions, StartContainerOptions,
};
use tokio::time::{Instant, timeout_at};

use super::compose::Compose;
use super::failure::failure;
use super::session::Session;
use super::{Containers, Docker, default_host, inspect, instance};
use crate::model::{Failure, Reason};
use crate::platform::act::{Acted, StartHow, StopHow, StopSignal, generation};
use crate::platform::observe::{Instance, InstanceState};

/// For one answer; a start may have to make a file system first.
const PATIENCE: Duration = Duration::from_secs(60);
/// For the whole of one reading.
const READING: Duration = Duration::from_secs(10);
/// What ends sooner after its start has not started.
const SETTLE: Duration = Duration::from_millis(300);
/// How long SIGKILL may take: only what the kernel holds needs more.
const FORCE: Duration = Duration::from_secs(10);

/// Containers that are started and stopped.
#[derive(Debug)]
pub(in crate::platform) struct Hands {
    docker: Docker,
}

impl Hands {
    /// Of the engine at this address, or the usual one.
    pub(in crate::platform) fn new(containers: Containers, host: Option<String>) -> Self {
        let mut docker = Docker::new(containers);
        docker.host = host;
        docker.deadline = READING;
        Hands { docker }
    }

    pub(in crate::platform) async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        self.docker.instances().await
    }

    pub(in crate::platform) async fn start(
        &mut self,
        name: &str,
        how: &StartHow,
    ) -> Result<Acted, Failure> {
        let there = self.find(name).await?;
        refuse_paused(&there)?;
        if how.anew || there.container.is_none() {
            return self.make_anew(&there).await;
        }
        if there.state == InstanceState::Running {
            return Ok(acted(format!("{name} runs already"), false, &there));
        }
        let hand = self.hand(&there)?;
        let client = hand.client();
        let started = client.start_container(hand.id, None::<StartContainerOptions>);
        started.await.map_err(|error| hand.told(&error))?;
        let after = hand.settled().await?;
        Ok(acted(format!("{name} started"), false, &after))
    }

    pub(in crate::platform) async fn stop(
        &mut self,
        name: &str,
        how: &StopHow,
    ) -> Result<Acted, Failure> {
        let there = self.find(name).await?;
        refuse_paused(&there)?;
        if there.container.is_none() || is_down(&there) {
            return Ok(acted(format!("{name} does not run"), false, &there));
        }
        let hand = self.hand(&there)?;
        let mut gone = None;
        if how.signal != StopSignal::Kill {
            hand.kill(how.signal.name()).await?;
            // What is stopped can't act on a signal; to all others this says nothing.
            hand.kill("SIGCONT").await?;
            gone = hand.gone(how.grace).await?;
        }
        let forced = gone.is_none();
        if forced {
            hand.kill("SIGKILL").await?;
            gone = hand.gone(FORCE).await?;
        }
        let Some(after) = gone else {
            let message = format!(
                "{name} still runs after SIGKILL, and nothing may take its place: a process that \
                 waits in the kernel (state D) is reached by no signal"
            );
            return Err(Failure::new(Reason::Timeout, message));
        };
        let done = if forced { "killed" } else { "stopped" };
        Ok(acted(format!("{name} {done}"), forced, &after))
    }

    /// A container's processes end with its first one.
    pub(in crate::platform) async fn clean(&mut self, name: &str) -> Result<Acted, Failure> {
        let there = self.find(name).await?;
        Ok(acted(
            format!("{name} leaves nothing behind"),
            false,
            &there,
        ))
    }

    /// Makes the container of a service from its Compose file as that is now.
    async fn make_anew(&mut self, there: &Instance) -> Result<Acted, Failure> {
        let name = there.name.clone();
        let Containers::Service { folder, service } = self.docker.containers.clone() else {
            let why = match &there.container {
                Some(_) => "keeps the environment that it was made with, and",
                None => "is not there, and",
            };
            let message = format!(
                "{name} {why} warrener does not know how it was made: make it anew by hand, or \
                 name it by `compose` and `service` in its control"
            );
            return Err(Failure::new(Reason::Unsupported, message));
        };
        // Before anything is taken away.
        let host = self.docker.host.clone().unwrap_or_else(default_host);
        let compose = Compose::find(&folder, &host).await?;
        let before = self.docker.instances().await?;
        let ids: Vec<_> = before
            .iter()
            .filter_map(|one| one.container.clone())
            .collect();
        let mut forced = false;
        if there.container.is_some() {
            let how = StopHow {
                signal: StopSignal::Term,
                grace: FORCE,
            };
            forced = self.stop(&name, &how).await?.forced;
            let hand = self.hand(there)?;
            let client = hand.client();
            let removed = client.remove_container(hand.id, None::<RemoveContainerOptions>);
            removed.await.map_err(|error| hand.told(&error))?;
        }
        compose.make(&service, ids.len().max(1)).await?;
        let after = self.docker.instances().await?;
        let made = after.into_iter().find(|one| {
            let id = one.container.as_ref();
            id.is_some_and(|id| !ids.contains(id))
        });
        let made = made.ok_or_else(|| {
            let message = format!("{name}: Compose has made no new container of {service}");
            Failure::new(Reason::Malformed, message)
        })?;
        let hand = self.hand(&made)?;
        let client = hand.client();
        let started = client.start_container(hand.id, None::<StartContainerOptions>);
        started.await.map_err(|error| hand.told(&error))?;
        let settled = hand.settled().await?;
        Ok(acted(format!("{} made anew", made.name), forced, &settled))
    }

    async fn find(&mut self, name: &str) -> Result<Instance, Failure> {
        let mut there = self.docker.instances().await?.into_iter();
        there.find(|instance| instance.name == name).ok_or_else(|| {
            let message = format!("{name} is none of the containers of this control");
            Failure::new(Reason::Unsupported, message)
        })
    }

    /// Holds the container that an instance is.
    fn hand<'a>(&'a self, there: &'a Instance) -> Result<Hand<'a>, Failure> {
        let lost = || Failure::new(Reason::Closed, "the connection to the engine was lost");
        Ok(Hand {
            session: self.docker.session.as_ref().ok_or_else(lost)?,
            host: self.docker.host.clone().unwrap_or_else(default_host),
            name: &there.name,
            id: there.container.as_deref().unwrap_or_default(),
        })
    }
}

impl StopSignal {
    fn name(self) -> &'static str {
        match self {
            StopSignal::Term => "SIGTERM",
            StopSignal::Int => "SIGINT",
            StopSignal::Quit => "SIGQUIT",
            StopSignal::Hup => "SIGHUP",
            StopSignal::Usr1 => "SIGUSR1",
            StopSignal::Usr2 => "SIGUSR2",
            StopSignal::Kill => "SIGKILL",
        }
    }
}

struct Hand<'a> {
    session: &'a Session,
    host: String,
    name: &'a str,
    id: &'a str,
}

impl Hand<'_> {
    fn client(&self) -> bollard::Docker {
        self.session.client.clone().with_timeout(PATIENCE)
    }

    /// One that has ended meanwhile needs no signal.
    async fn kill(&self, signal: &str) -> Result<(), Failure> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        match self.client().kill_container(self.id, Some(options)).await {
            Err(Error::DockerResponseServerError {
                status_code: 404 | 409,
                ..
            }) => Ok(()),
            done => done.map_err(|error| self.told(&error)),
        }
    }

    /// The container as it is now; gone is down.
    async fn now(&self) -> Result<Instance, Failure> {
        let inspected = inspect(self.session, self.id).await;
        let inspected = inspected.map_err(|error| self.told(&error))?;
        Ok(inspected.map_or_else(
            || Instance {
                name: self.name.to_owned(),
                ..Instance::default()
            },
            |inspected| {
                let mut now = instance(self.name, &inspected, None);
                let status = inspected.state.and_then(|state| state.status);
                if status == Some(Status::STOPPING) {
                    now.state = InstanceState::Stopping;
                }
                now
            },
        ))
    }

    /// The container, once it has been up for a moment.
    async fn settled(&self) -> Result<Instance, Failure> {
        let deadline = Instant::now() + SETTLE;
        loop {
            self.session.caught_up();
            let now = self.now().await?;
            if now.state != InstanceState::Running {
                let how = match now.last_exit {
                    Some(code @ ..0) => format!("was ended by signal {}", -code),
                    Some(code) => format!("ended with {code}"),
                    None => "ended".to_owned(),
                };
                let message = format!("{0} {how} at once; `docker logs {0}` says why", self.name);
                return Err(Failure::new(Reason::Io, message));
            }
            if timeout_at(deadline, self.session.changed()).await.is_err() {
                return Ok(now);
            }
        }
    }

    /// The container, once it is down; `None` when the time is over.
    async fn gone(&self, within: Duration) -> Result<Option<Instance>, Failure> {
        let deadline = Instant::now() + within;
        loop {
            self.session.caught_up();
            let now = self.now().await?;
            if is_down(&now) {
                return Ok(Some(now));
            }
            if timeout_at(deadline, self.session.changed()).await.is_err() {
                return Ok(None);
            }
        }
    }

    fn told(&self, error: &Error) -> Failure {
        let Failure { reason, message } = failure(error, &self.host);
        Failure::new(reason, format!("{}: {message}", self.name))
    }
}

fn is_down(instance: &Instance) -> bool {
    matches!(
        instance.state,
        InstanceState::Stopped | InstanceState::Failed
    )
}

/// Only a person pauses a container.
fn refuse_paused(there: &Instance) -> Result<(), Failure> {
    let running = there.state == InstanceState::Running;
    if running && there.stopped_by_operator == Some(true) {
        let message = format!(
            "{0} is paused, which only a person does, and is left alone: `docker unpause {0}`",
            there.name
        );
        return Err(Failure::new(Reason::Unsupported, message));
    }
    Ok(())
}

fn acted(words: String, forced: bool, after: &Instance) -> Acted {
    Acted {
        words,
        forced,
        // The engine tells one life from the next; the boot is not asked for.
        after: generation(after, ""),
    }
}
