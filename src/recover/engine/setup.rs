//! Everything that one configuration gives recovery; a reload makes another.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::config::{Config, ConfigErrors, Control, DockerControl, RecoveryMode};
use crate::envfile::LogIn;
use crate::model::{Answer, Moment, RunMode, Target, TriggerCode};
use crate::platform::act::{Actor, CommandSpec, Controlled, ProcessSpec};
use crate::platform::docker::Containers;
use crate::platform::proc::Proc;
use crate::recover::actions::{Hands, Login};
use crate::recover::ledger::Handle;
use crate::recover::playbook::{Playbook, Playbooks};
use crate::recover::targets::Targets;

/// The name by which the broker's node is controlled.
const BROKER: &str = "broker";

/// What one configuration gives.
#[derive(Debug)]
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// What of it can be repaired.
    pub targets: Arc<Targets>,
    /// What answers what.
    pub playbooks: Playbooks,
    /// What acts.
    pub hands: Arc<Hands>,
}

impl Setup {
    /// Of `config`. Nothing is started or asked yet.
    ///
    /// # Errors
    /// What is wrong with the playbooks.
    pub fn new(
        config: &Config,
        log_in: LogIn,
        ledger: Handle,
        now: fn() -> Moment,
    ) -> Result<Self, ConfigErrors> {
        let playbooks = Playbooks::load(config.recovery.own_playbooks.as_deref())?;
        playbooks.agree_with(config)?;
        Ok(Self::with(playbooks, config, log_in, ledger, now))
    }

    /// With these playbooks, which agree with `config`.
    pub(super) fn with(
        playbooks: Playbooks,
        config: &Config,
        log_in: LogIn,
        ledger: Handle,
        now: fn() -> Moment,
    ) -> Self {
        let config = Arc::new(config.clone());
        let state = &config.state;
        let workers = config.workers.iter().filter_map(|(name, worker)| {
            let control = worker.control.as_ref()?;
            let actor = Actor::new(controlled(name, control, worker.count, state));
            Some((name.clone(), Mutex::new(actor)))
        });
        let broker = config.broker.control.as_ref();
        let hands = Hands {
            workers: workers.collect(),
            broker: broker
                .map(|control| Mutex::new(Actor::new(controlled(BROKER, control, 1, state)))),
            log_in: Login(log_in),
            state: state.clone(),
            boot_id: Proc::default().boot_id().unwrap_or_default(),
            ledger,
            now,
            config: Arc::clone(&config),
        };
        Setup {
            targets: Arc::new(Targets::of(&config)),
            config,
            playbooks,
            hands: Arc::new(hands),
        }
    }

    /// Whether anything answers `code`, where the target's workers are `workers`.
    pub(super) fn answers(&self, code: &TriggerCode, workers: &[String]) -> bool {
        let playbook = self.playbooks.matching(code, workers);
        playbook.is_some_and(|playbook| self.mode(&playbook.name) > RunMode::Off)
    }

    /// What answers which findings, as [`Playbooks::matching`] chooses.
    pub(super) fn all_answers(&self) -> Vec<Answer> {
        let mut playbooks: Vec<&Playbook> = self.playbooks.iter().collect();
        playbooks.sort_by_key(|playbook| playbook.rank());
        let answers = playbooks.into_iter().map(|playbook| {
            let only = playbook.only_for.as_ref().map(|only| {
                let theirs =
                    |target: &Target| self.targets.workers_of(target) == [only.worker.clone()];
                self.targets.all().into_iter().filter(theirs).collect()
            });
            let summary = match playbook.is_shipped() {
                true => None,
                false => Some(playbook.summary.trim_end_matches('.').to_owned()),
            };
            Answer {
                playbook: playbook.name.clone(),
                summary,
                codes: playbook.findings().collect(),
                only,
                mode: self.mode(&playbook.name),
            }
        });
        answers.filter(|answer| !answer.codes.is_empty()).collect()
    }

    /// How far a playbook may go by itself: the least of what it, the configuration as a whole and the
    /// configuration for it say.
    pub fn mode(&self, playbook: &str) -> RunMode {
        let recovery = &self.config.recovery;
        let own = self.playbooks.get(playbook).map(|p| p.mode);
        let limit = recovery.playbooks.get(playbook).and_then(|l| l.mode);
        let modes = [Some(recovery.mode), own, limit];
        mode(
            modes
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(RecoveryMode::Off),
        )
    }
}

/// The configuration's word as a run's.
pub fn mode(mode: RecoveryMode) -> RunMode {
    match mode {
        RecoveryMode::Off => RunMode::Off,
        RecoveryMode::Propose => RunMode::Propose,
        RecoveryMode::Approve => RunMode::Approve,
        RecoveryMode::Auto => RunMode::Auto,
    }
}

fn controlled(name: &str, control: &Control, count: u32, state: &Path) -> Controlled {
    match control {
        Control::Process(process) => Controlled::Process(ProcessSpec {
            worker: name.to_owned(),
            command: process.command.clone(),
            cwd: process.cwd.clone(),
            log: process.log.clone(),
            count,
            state: state.to_owned(),
        }),
        Control::Systemd(units) => {
            let names = units.iter().flat_map(|unit| unit.names());
            Controlled::Systemd(names.cloned().collect())
        }
        Control::Docker(docker) => Controlled::Docker(containers(docker)),
        Control::Command(command) => Controlled::Command(CommandSpec {
            start: command.start.clone(),
            stop: command.stop.clone(),
            status: command.status.clone(),
        }),
    }
}

fn containers(docker: &DockerControl) -> Containers {
    match (&docker.compose, &docker.service) {
        (Some(folder), Some(service)) => Containers::Service {
            folder: folder.clone(),
            service: service.clone(),
        },
        _ => Containers::Named(docker.container.to_vec()),
    }
}
