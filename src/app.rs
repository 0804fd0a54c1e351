//! The only module that names every layer: build, run, reload, drain.

mod judging;
mod keeping;
mod limits;
mod recovering;
mod reporting;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::judging::Judge;
use self::judging::Judging;
use crate::assess::History;
use crate::config::{Config, ConfigErrors, Source};
use crate::model::{Attention, Failure, Level, Moment, Snapshot, Standing};
use crate::platform::service::Service;
use crate::publish::metrics::{Local, Publisher, Reload};
use crate::publish::{Exposition, Latest};
use crate::recover::engine::Setup;
use crate::recover::last_good::Assessed;
use crate::server::{self, Credentials, Edge, ReloadRequest, Reloaded};
use crate::watch::cycle::{self, Assembler, Probes};
use crate::watch::{Build, Watch};

use self::keeping::{Keeping, content_key};
use self::recovering::Recovering;

/// How long requests under way may take at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// How long the files of a new configuration may take to be read.
const RELOAD_DEADLINE: Duration = Duration::from_secs(10);

/// What `serve` was asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration file; without one, the defaults.
    pub config_file: Option<PathBuf>,
    /// Addresses to listen on.
    pub listen: Vec<String>,
    /// Where the exposition is.
    pub telemetry_path: String,
    /// The web configuration, in the format of Prometheus's exporters.
    pub web_config_file: Option<PathBuf>,
}

/// Why `serve` did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The web configuration is wrong.
    #[error("{0}")]
    Web(String),
    /// A file that the configuration names can't be used.
    #[error("{0}")]
    Secrets(String),
    /// An address can't be listened on.
    #[error("can't listen on {address}: {error}; choose another with --web.listen-address")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The probes can't be made.
    #[error("{0}")]
    Watch(Failure),
    /// A thread can't be started.
    #[error("can't start a thread: {0}")]
    Thread(std::io::Error),
    /// Something that must go on ended; to serve what it left would be to lie.
    #[error("the {0} ended unexpectedly: see the log")]
    Ended(&'static str),
    /// Signals can't be received.
    #[error("can't receive signals: {0}")]
    Signals(std::io::Error),
}

/// What runs under one configuration.
struct Running {
    options: Options,
    assembler: Assembler,
    watch: Watch,
    /// In force; replaced, with its probes, by a reload.
    config: Config,
    probes: Probes,
    credentials: watch::Sender<Credentials>,
    judging: watch::Sender<Judging>,
    attention: watch::Sender<Attention>,
    keeping: Keeping,
    recovering: Recovering,
    edge: Arc<Edge>,
    service: Service,
    local: Arc<Local>,
    in_force_since: Moment,
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(options: Options) -> Result<(), StartError> {
    let config = load(&options)?;
    let credentials = Credentials::read(&config.web).map_err(StartError::Secrets)?;
    let local = Arc::new(Local::default());
    let web_config = options.web_config_file.clone();
    let edge = Edge::open(web_config, Arc::clone(&local), cycle::now).map_err(StartError::Web)?;
    let listeners = server::bind(&options.listen)
        .await
        .map_err(|(address, error)| StartError::Listen { address, error })?;
    let mut hangup = signal(SignalKind::hangup()).map_err(StartError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;

    let assembler = Assembler::start();
    let (credentials, credentials_now) = watch::channel(credentials);
    let (reload, mut reloads) = mpsc::channel::<ReloadRequest>(4);
    let (stop, stopping) = watch::channel(false);
    let (judging, judging_now) = watch::channel(Judging::of(&config));
    let (standing, standing_now) = watch::channel(Arc::new(judging::standing(&config)));
    let attention = watch::Sender::new(Attention::default());
    let mut published = publish(
        assembler.snapshots(),
        judging_now,
        standing_now,
        attention.clone(),
        Arc::clone(&local),
    )
    .map_err(StartError::Thread)?;

    let key = content_key(&config).await;
    let mut judged = published.assessed.clone();
    let watch = Watch::new(key.clone());
    let keeping = Keeping::new(key, watch.env_files(), published.assessed.clone());
    let build = watch.build(&config).map_err(StartError::Watch)?;
    let (recovering, desk) = Recovering::start(
        &config,
        build.log_in(),
        published.assessed,
        published.latest.clone(),
        standing,
    )?;
    let state = server::State {
        exposition: published.expositions,
        latest: published.latest,
        local: Arc::clone(&local),
        guards: edge.guards(),
        ready: published.ready,
        stopping: stopping.clone(),
        credentials: credentials_now,
        desk,
        attention: attention.clone(),
        reload,
        now: cycle::now,
    };
    let probes = build.start(&assembler, attention.subscribe());
    let mut running = Running {
        options,
        assembler,
        watch,
        config,
        probes,
        credentials,
        judging,
        attention,
        keeping,
        recovering,
        edge,
        service: Service::from_environment(),
        local,
        in_force_since: cycle::now(),
    };
    running.keeping.follow(&running.config);
    running.accepted();

    for address in listeners.addresses() {
        tracing::info!(%address, "listening");
    }
    let router = server::router(state, &running.options.telemetry_path);
    let mut stopped = stopping;
    tokio::spawn(Arc::clone(&running.edge).follow());
    let mut serving = tokio::spawn(listeners.serve(
        router,
        running.edge.guards(),
        Arc::clone(running.local.web()),
        async move { drop(stopped.wait_for(|stop| *stop).await) },
        DRAIN,
    ));

    running.serves();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = &mut published.ended => return Err(StartError::Ended("publisher")),
            _ = &mut serving => return Err(StartError::Ended("web server")),
            // The work is what the watchdog guards: read, assembled, assessed and encoded.
            Ok(()) = judged.changed() => running.service.progressed(Instant::now()),
            _ = hangup.recv() => drop(running.reload().await),
            Some(answer) = reloads.recv() => drop(answer.send(running.reload().await)),
        }
    }
    running.service.stopping();
    running.recovering.stop().await;
    tracing::info!("stopping: requests under way may finish");
    stop.send_replace(true);
    if let Err(error) = serving.await {
        tracing::error!(%error, "the web server ended in a panic");
    }
    Ok(())
}

fn load(options: &Options) -> Result<Config, ConfigErrors> {
    let config = Config::load(options.config_file.as_deref())?;
    match &config.source {
        Source::File(path) => tracing::info!(file = %path.display(), "configuration loaded"),
        Source::Defaults => tracing::info!(
            "no configuration file: RABBITMQ_* from the environment and ./.env, observing only"
        ),
    }
    Ok(config)
}

impl Running {
    /// Both configurations; each that is wrong stays as it was.
    async fn reload(&mut self) -> Result<Reloaded, String> {
        self.service.reloading();
        let web = self.edge.reload().await;
        let own = self.reload_own().await;
        self.serves();
        match (own, web) {
            (Err(own), Err(web)) => Err(format!("{own}\n{web}")),
            (own, web_read) => {
                let web = self.options.web_config_file.clone();
                own.and(web_read).map(|()| Reloaded::of(&self.config, web))
            }
        }
    }

    /// The service manager is told, and how often there is something to assess.
    fn serves(&mut self) {
        self.service.ready(self.config.broker.every.get());
    }

    /// Parse, then swap. What is wrong is logged, returned and counted; the old one stays in force.
    async fn reload_own(&mut self) -> Result<(), String> {
        match self.try_reload().await {
            Ok((credentials, config, build, setup)) => {
                self.credentials.send_replace(credentials);
                self.judging.send_replace(Judging::of(&config));
                self.probes.stop().await;
                if (&config.broker, &config.queues) != (&self.config.broker, &self.config.queues) {
                    self.assembler.enter(forget_the_broker).await;
                }
                self.probes = build.start(&self.assembler, self.attention.subscribe());
                self.keeping.follow(&config);
                self.recovering.follow(&config, setup);
                self.config = config;
                self.in_force_since = cycle::now();
                self.accepted();
                Ok(())
            }
            Err(problems) => {
                for problem in problems.lines() {
                    tracing::error!(
                        problem,
                        "configuration rejected, the old one stays in force"
                    );
                }
                let rejected = Reload {
                    accepted: false,
                    in_force_since: self.in_force_since,
                };
                self.local.reloaded(rejected);
                Err(problems)
            }
        }
    }

    /// Everything that can fail, before anything is swapped.
    async fn try_reload(&self) -> Result<(Credentials, Config, Build, Setup), String> {
        let options = self.options.clone();
        let read = tokio::task::spawn_blocking(move || {
            let config = load(&options).map_err(|errors| errors.to_string())?;
            Ok::<_, String>((Credentials::read(&config.web)?, config))
        });
        // A file on a dead mount must not keep a signal from being seen.
        let read = tokio::time::timeout(RELOAD_DEADLINE, read).await;
        let (credentials, config) = read
            .map_err(|_| "the configuration's files did not answer in time".to_owned())?
            .map_err(|panic| panic.to_string())??;
        let build = self
            .watch
            .build(&config)
            .map_err(|failure| failure.to_string())?;
        let setup = self.recovering.prepare(&config, build.log_in());
        let setup = setup.map_err(|errors| errors.to_string())?;
        Ok((credentials, config, build, setup))
    }

    fn accepted(&self) {
        self.local.reloaded(Reload {
            accepted: true,
            in_force_since: self.in_force_since,
        });
    }
}

/// What was read of another broker, or of queues that were chosen otherwise, is not to be shown.
fn forget_the_broker(snapshot: &mut Snapshot) {
    snapshot.broker.forget();
    snapshot.queues.forget();
    snapshot.roundtrip.forget();
}

/// What the publisher gives: the newest exposition, status and assessment, whether warrener is
/// ready, and its end.
struct Published {
    expositions: watch::Receiver<Arc<Exposition>>,
    latest: watch::Receiver<Arc<Latest>>,
    ready: watch::Receiver<bool>,
    assessed: watch::Receiver<Option<Assessed>>,
    ended: oneshot::Receiver<()>,
}

/// Assesses and encodes every snapshot in a thread of its own: neither the runtime's workers nor
/// whatever hangs in its pool delay it. It ends with the assembler, or by a panic. Where recovery
/// stands is told with the next snapshot.
fn publish(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    judging: watch::Receiver<Judging>,
    standing: watch::Receiver<Arc<Standing>>,
    attention: watch::Sender<Attention>,
    local: Arc<Local>,
) -> std::io::Result<Published> {
    let (mut publisher, mut history) = (Publisher::new(local), History::default());
    let (newest, assessed) = watch::channel(None);
    let mut turn = move |snapshot: Arc<Snapshot>| {
        let judging = judging.borrow().clone();
        let standing = Arc::clone(&standing.borrow());
        let (assessment, status) = judging.judge(&snapshot, &standing, &mut history);
        let restless = assessment.level != Level::Normal;
        attention
            .send_if_modified(|paid| std::mem::replace(&mut paid.restless, restless) != restless);
        let latest = Arc::new(Latest::new(status));
        let exposition = publisher.publish(&snapshot, &assessment, judging.limits(), &standing);
        let exposition = Arc::new(exposition);
        let assessment = Arc::new(assessment);
        newest.send_replace(Some(Assessed {
            snapshot,
            assessment,
        }));
        (exposition, latest)
    };
    let first = Arc::clone(&snapshots.borrow_and_update());
    let (exposition, latest) = turn(first);
    let (exposition, expositions) = watch::channel(exposition);
    let (newest_status, latest) = watch::channel(latest);
    let (readiness, ready) = watch::channel(false);
    let (end, ended) = oneshot::channel::<()>();
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("publisher".into())
        .spawn(move || {
            let _end = end;
            while runtime.block_on(snapshots.changed()).is_ok() {
                let snapshot = Arc::clone(&snapshots.borrow_and_update());
                let tried = snapshot.every_probe_was_tried();
                let (next, state) = turn(snapshot);
                exposition.send_replace(next);
                newest_status.send_replace(state);
                readiness.send_if_modified(|ready| std::mem::replace(ready, tried) != tried);
            }
        })?;
    Ok(Published {
        expositions,
        latest,
        ready,
        assessed,
        ended,
    })
}
