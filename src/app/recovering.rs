//! Recovery while serving: the ledger, the engine and its door, and what a reload gives them.

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::StartError;
use super::keeping::Newest;
use super::reporting::Reporter;
use crate::config::{Config, ConfigErrors, Source, Template};
use crate::envfile::LogIn;
use crate::model::Standing;
use crate::publish::Latest;
use crate::recover::alertmanager::{Passes, Reconciler, Silences};
use crate::recover::desk::{Desk, Reading};
use crate::recover::engine::{Engine, Parts, Setup};
use crate::recover::ledger::Handle;
use crate::recover::notify::{NoticeCounts, Sender};
use crate::recover::targets::Targets;
use crate::watch::cycle;

/// Recovery under way.
pub(super) struct Recovering {
    ledger: Handle,
    setup: watch::Sender<Arc<Setup>>,
    reading: watch::Sender<Arc<Reading>>,
    outbox: Arc<Notify>,
    notices: Arc<NoticeCounts>,
    state: std::path::PathBuf,
    sender: Option<JoinHandle<()>>,
    latest: watch::Receiver<Arc<Latest>>,
    reporter: Option<JoinHandle<()>>,
    desk: Desk,
    silences: watch::Sender<Arc<Silences>>,
    passes: Arc<Passes>,
    /// The Alertmanager that is asked.
    asked: Option<Template>,
    reconciler: Option<JoinHandle<()>>,
    engine: Option<JoinHandle<()>>,
}

impl Recovering {
    /// Begins with `config`; and the door to it.
    ///
    /// # Errors
    /// The playbooks are wrong, or the ledger's thread can't be started.
    pub(super) fn start(
        config: &Config,
        log_in: LogIn,
        assessed: Newest,
        latest: watch::Receiver<Arc<Latest>>,
        standing: watch::Sender<Arc<Standing>>,
    ) -> Result<(Self, Desk), StartError> {
        let ledger = Handle::start(config.state.clone()).map_err(StartError::Thread)?;
        let setup = Setup::new(config, log_in, ledger.clone(), cycle::now)?;
        let (setup, setups) = watch::channel(Arc::new(setup));
        let (reading, readings) = watch::channel(Arc::new(reading(config)));
        let (outbox, notices) = (Arc::new(Notify::new()), Arc::new(NoticeCounts::default()));
        let (silences, silences_now) = watch::channel(Arc::default());
        let (engine, desk) = Engine::new(Parts {
            ledger: ledger.clone(),
            setup: setups,
            reading: readings,
            assessed,
            standing,
            outbox: Arc::clone(&outbox),
            notices: Arc::clone(&notices),
            silences: silences_now,
            now: cycle::now,
        });
        // Without a file warrener only observes, and leaves nothing on the disk.
        let observes = config.source == Source::Defaults;
        let mut recovering = Recovering {
            ledger,
            setup,
            reading,
            outbox,
            notices,
            sender: None,
            latest,
            reporter: None,
            desk: desk.clone(),
            silences,
            passes: Arc::default(),
            asked: None,
            reconciler: None,
            state: config.state.clone(),
            engine: (!observes).then(|| tokio::spawn(engine.run())),
        };
        if !observes {
            recovering.send(config);
            recovering.report(config);
            recovering.reconcile(config);
        }
        Ok((recovering, desk))
    }

    /// What `config` will give, before it is in force.
    ///
    /// # Errors
    /// What is wrong with the playbooks.
    pub(super) fn prepare(&self, config: &Config, log_in: LogIn) -> Result<Setup, ConfigErrors> {
        Setup::new(config, log_in, self.ledger.clone(), cycle::now)
    }

    /// Goes on with another configuration; what is under way ends by the old one's playbook.
    pub(super) fn follow(&mut self, config: &Config, setup: Setup) {
        if config.state != self.state {
            tracing::warn!(
                state = %config.state.display(),
                "the ledger stays where it is until warrener is started again"
            );
        }
        self.setup.send_replace(Arc::new(setup));
        self.send(config);
        self.report(config);
        self.reading.send_replace(Arc::new(reading(config)));
        self.reconcile(config);
    }

    /// Asks the Alertmanager of `config` from now on, where it names one.
    fn reconcile(&mut self, config: &Config) {
        if let Some(before) = self.reconciler.take() {
            before.abort();
        }
        if self.asked != config.recovery.alertmanager {
            // Those of another Alertmanager, or of none, say nothing.
            self.silences.send_replace(Arc::default());
            self.asked.clone_from(&config.recovery.alertmanager);
        }
        let (desk, silences) = (self.desk.clone(), self.silences.clone());
        let passes = Arc::clone(&self.passes);
        match Reconciler::new(desk, Arc::new(config.clone()), silences, passes) {
            Ok(Some(reconciler)) => self.reconciler = Some(tokio::spawn(reconciler.run())),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "Alertmanager is not asked"),
        }
    }

    /// Sends the reports that `config` plans from now on.
    fn report(&mut self, config: &Config) {
        if let Some(before) = self.reporter.take() {
            before.abort();
        }
        let reporter = Reporter {
            ledger: self.ledger.clone(),
            config: Arc::new(config.clone()),
            latest: self.latest.clone(),
            outbox: Arc::clone(&self.outbox),
            now: cycle::now,
        };
        if reporter.has_work() {
            self.reporter = Some(tokio::spawn(reporter.run()));
        }
    }

    /// Sends what is in the outbox to the channels of `config` from now on.
    fn send(&mut self, config: &Config) {
        if let Some(before) = self.sender.take() {
            before.abort();
        }
        let (ledger, counts) = (self.ledger.clone(), Arc::clone(&self.notices));
        match Sender::new(ledger, Arc::new(config.clone()), counts) {
            Ok(sender) => {
                let outbox = Arc::clone(&self.outbox);
                self.sender = Some(tokio::spawn(sender.run(outbox, cycle::now)));
            }
            Err(error) => tracing::error!(%error, "nobody is told anything"),
        }
    }

    /// Begins nothing more. What is under way is looked up in the world at the next start.
    pub(super) async fn stop(&mut self) {
        if let Some(reconciler) = self.reconciler.take() {
            reconciler.abort();
        }
        if let Some(engine) = self.engine.take() {
            engine.abort();
            // It was told to end: how it did is of no interest.
            engine.await.ok();
        }
    }
}

fn reading(config: &Config) -> Reading {
    Reading {
        config: Arc::new(config.clone()),
        targets: Targets::of(config),
        identity: config.identity.clone(),
    }
}
