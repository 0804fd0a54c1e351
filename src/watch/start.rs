//! Which probes there are, with what they need: one line each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::broker::access::Access;
use super::broker::amqp::TlsClient;
use super::broker::channels::OpenAtBroker;
use super::broker::http::Http;
use super::broker::load::{self, Counts, Plan, Report};
use super::broker::login::log_in;
use super::broker::nodes::BrokerProbe;
use super::broker::queues::{QueuesOptions, QueuesProbe};
use super::broker::roundtrip::RoundtripProbe;
use super::cycle::{self, Assembler, Pace, Probes};
use super::envfile::{EnvfileProbe, Memory};
use super::files::FilesProbe;
use super::host::HostProbe;
use super::workers::WorkersProbe;
use crate::config::{BrokerSource, Config, Files, Regex};
use crate::envfile::{ContentKey, LogIn};
use crate::model::facts::Source;
use crate::model::{Attention, Failure};
use crate::platform::proc::Proc;

/// The longest that a reading of the broker is waited for, whatever its interval.
const BROKER_DEADLINE: Duration = Duration::from_secs(5);
/// A round trip has seven phases to go through.
const ROUNDTRIP_DEADLINE: Duration = Duration::from_secs(10);
/// The local ones answer at once, or something is very wrong.
const LOCAL_DEADLINE: Duration = Duration::from_secs(5);
/// A queue list may take longer than its interval: it delays nobody, and slows itself down.
const QUEUES_DEADLINE: Duration = Duration::from_secs(15);

/// What the probes share, and what outlives a reload: the login that last worked, and what is known
/// of the env files.
#[derive(Default)]
pub struct Watch {
    access: Mutex<Option<Arc<Access>>>,
    key: Option<ContentKey>,
    env_files: Arc<Memory>,
}

impl Watch {
    /// Contents of env files are told apart with `key`; without one they are not.
    pub fn new(key: Option<ContentKey>) -> Self {
        Watch {
            key,
            ..Watch::default()
        }
    }

    /// What is known of the env files.
    pub fn env_files(&self) -> Arc<Memory> {
        Arc::clone(&self.env_files)
    }

    /// What the probes are made of under `config`.
    ///
    /// # Errors
    /// The HTTP client can't be made.
    pub fn build(&self, config: &Config) -> Result<Build, Failure> {
        let tls = Arc::new(TlsClient::new(config.broker.tls.as_ref()));
        let http = Http::new(Arc::clone(&tls))?;
        let mut access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match access.take() {
            Some(before) => before.succeed(config),
            None => Access::new(config),
        };
        let next = Arc::new(next);
        *access = Some(Arc::clone(&next));
        Ok(Build {
            http,
            access: next,
            tls,
            config: Arc::new(config.clone()),
            key: self.key.clone(),
            env_files: self.env_files(),
        })
    }
}

/// Makes the probes of one configuration; each maker may be called again after a panic.
#[derive(Clone)]
pub struct Build {
    http: Http,
    access: Arc<Access>,
    tls: Arc<TlsClient>,
    config: Arc<Config>,
    key: Option<ContentKey>,
    env_files: Arc<Memory>,
}

impl Build {
    /// Starts every probe, to run more often while `attention` says so. Those of another
    /// configuration must have ended.
    pub fn start(
        &self,
        assembler: &Assembler,
        attention: tokio::sync::watch::Receiver<Attention>,
    ) -> Probes {
        let mut probes = Probes::new(attention);
        let build = || self.clone();
        probes.add(assembler, self.broker_pace(), build().broker(), |s| {
            &mut s.broker
        });
        probes.add(assembler, self.queues_pace(), build().queues(), |s| {
            &mut s.queues
        });
        probes.add(assembler, self.roundtrip_pace(), build().roundtrip(), |s| {
            &mut s.roundtrip
        });
        probes.add(assembler, self.local_pace(), build().host(), |s| {
            &mut s.host
        });
        probes.add(assembler, self.local_pace(), build().envfile(), |s| {
            &mut s.envfile
        });
        if !self.config.workers.is_empty() {
            probes.add(assembler, self.local_pace(), build().workers(), |s| {
                &mut s.workers
            });
        }
        if self.config.files != Files::default() {
            probes.add(assembler, self.local_pace(), build().files(), |s| {
                &mut s.files
            });
        }
        probes
    }

    /// How the `broker` probe is paced.
    pub fn broker_pace(&self) -> Pace {
        let every = self.config.broker.every.get();
        Pace {
            every,
            deadline: every.clamp(Duration::from_secs(1), BROKER_DEADLINE),
        }
    }

    /// How the `queues` probe is paced.
    pub fn queues_pace(&self) -> Pace {
        let every = self.config.broker.every.get();
        Pace {
            every,
            deadline: (every * 3).clamp(BROKER_DEADLINE, QUEUES_DEADLINE),
        }
    }

    /// How the `roundtrip` probe is paced.
    pub fn roundtrip_pace(&self) -> Pace {
        let every = self.config.broker.roundtrip.every.get();
        Pace {
            every,
            deadline: every.clamp(Duration::from_secs(2), ROUNDTRIP_DEADLINE),
        }
    }

    /// How the probes of this host are paced.
    pub fn local_pace(&self) -> Pace {
        Pace {
            every: self.config.broker.every.get(),
            deadline: LOCAL_DEADLINE,
        }
    }

    fn source(&self) -> Option<Source> {
        match self.config.broker.source {
            BrokerSource::Auto => None,
            BrokerSource::Prometheus => Some(Source::Prometheus),
            BrokerSource::Management => Some(Source::Management),
            BrokerSource::Passive => Some(Source::Passive),
        }
    }

    /// Makes the `broker` probe.
    pub fn broker(self) -> impl Fn() -> BrokerProbe<Arc<Access>, Arc<TlsClient>> + Send + 'static {
        move || {
            let pace = self.broker_pace();
            let (logins, amqp) = (Arc::clone(&self.access), Arc::clone(&self.tls));
            let http = self.http.clone();
            BrokerProbe::new(logins, amqp, http, self.source(), pace.every, inner(pace))
        }
    }

    /// Makes the `queues` probe.
    pub fn queues(self) -> impl Fn() -> QueuesProbe<Arc<Access>, Arc<TlsClient>> + Send + 'static {
        move || {
            let queues = &self.config.queues;
            let expressions = |list: &[Regex]| {
                list.iter()
                    .map(|r| regex::Regex::clone(r))
                    .collect::<Vec<_>>()
            };
            let pinned = queues
                .pinned
                .iter()
                .map(|(name, p)| (p.vhost.clone(), name.clone()));
            let options = QueuesOptions {
                vhosts: expressions(&queues.vhosts),
                include: expressions(&queues.include),
                exclude: expressions(&queues.exclude),
                pinned: pinned.collect(),
                per_queue_limit: queues.per_queue_limit,
            };
            let pace = self.queues_pace();
            let (logins, amqp) = (Arc::clone(&self.access), Arc::clone(&self.tls));
            let (http, source) = (self.http.clone(), self.source());
            QueuesProbe::new(logins, amqp, http, source, options, pace.every, inner(pace))
        }
    }

    /// Makes the `roundtrip` probe.
    pub fn roundtrip(self) -> impl Fn() -> RoundtripProbe + Send + 'static {
        move || {
            let deadline = self.roundtrip_pace().deadline;
            RoundtripProbe::new(Arc::clone(&self.access), Arc::clone(&self.tls), deadline)
        }
    }

    /// Makes the `host` probe.
    pub fn host(self) -> impl Fn() -> HostProbe<Proc> + Send + 'static {
        move || HostProbe::new(Arc::new(Proc::default()), self.config.host.disks.clone())
    }

    /// Makes the `workers` probe.
    pub fn workers(
        self,
    ) -> impl Fn() -> WorkersProbe<Proc, OpenAtBroker<Arc<Access>>> + Send + 'static {
        move || {
            let deadline = self.queues_pace().deadline;
            let (logins, http) = (Arc::clone(&self.access), self.http.clone());
            let channels = OpenAtBroker::new(logins, http, deadline, cycle::now);
            WorkersProbe::new(
                &self.config,
                Arc::new(Proc::default()),
                channels,
                cycle::now,
            )
        }
    }

    /// Makes the `envfile` probe.
    pub fn envfile(self) -> impl Fn() -> EnvfileProbe + Send + 'static {
        move || {
            let (key, memory) = (self.key.clone(), Arc::clone(&self.env_files));
            EnvfileProbe::new(&self.config, key, memory, self.log_in())
        }
    }

    /// Tries logins, with the certificates of the configuration.
    pub fn log_in(&self) -> LogIn {
        let tls = Arc::clone(&self.tls);
        Arc::new(move |urls| {
            let tls = Arc::clone(&tls);
            Box::pin(async move { log_in(&urls, &tls).await })
        })
    }

    /// Puts a load on the broker until it is done or `stop` says so.
    ///
    /// # Errors
    /// Why it could not begin.
    pub async fn load(
        &self,
        plan: Plan,
        counts: &Counts,
        stop: tokio::sync::watch::Receiver<bool>,
    ) -> Result<Report, Failure> {
        load::load(&self.access, &self.tls, plan, counts, stop).await
    }

    /// Makes the `files` probe.
    pub fn files(self) -> impl Fn() -> FilesProbe + Send + 'static {
        move || FilesProbe::new(&self.config)
    }
}

/// The time a broker probe gives itself: it ends before the cycle ends it, and so can tell what it
/// has when one node of several does not answer.
fn inner(pace: Pace) -> Duration {
    pace.deadline.mul_f64(0.8)
}
