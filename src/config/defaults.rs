//! What holds without a `warrener.yml`, and what a file may leave out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{
    Broker, Config, EnvFile, Files, Health, Host, Ledger, Notify, OneOrMany, Queues, Recovery,
    RecoveryMode, Reports, Source, Template, Web,
};

const STATE: &str = "/var/lib/warrener";
const AMQP: &str = "amqp://${RABBITMQ_USER:-guest}:${RABBITMQ_PASS:-guest}@${RABBITMQ_HOST:-localhost}:${RABBITMQ_PORT:-5672}/${RABBITMQ_VHOST:-%2f}";
const MANAGEMENT: &str = "http://${RABBITMQ_HOST:-localhost}:15672";
const PROMETHEUS: &str = "http://${RABBITMQ_HOST:-localhost}:15692";

impl Default for Config {
    fn default() -> Self {
        Self {
            source: Source::Defaults,
            identity: String::new(),
            state: PathBuf::from(STATE),
            broker: Broker::default(),
            queues: Queues::default(),
            workers: BTreeMap::new(),
            env_files: Vec::new(),
            host: Host::default(),
            files: Files::default(),
            health: Health::default(),
            recovery: Recovery::default(),
            notify: Notify::default(),
            report: Reports::default(),
            ledger: Ledger::default(),
            web: Web::default(),
        }
    }
}

impl Config {
    /// What holds with no file at all: the local broker, its credentials from `RABBITMQ_*` in the
    /// environment or `.env` in `dir`; observed only. The `.env` need not be there.
    pub fn defaults(dir: &Path) -> Self {
        let env_file = EnvFile::at(dir.join(".env"));
        let mut config = Self {
            env_files: vec![env_file],
            ..Self::default()
        };
        config.recovery.mode = RecoveryMode::Off;
        config.fill();
        config
    }

    /// Every string that may hold `${VAR}`.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let broker = &self.broker;
        let urls = [&broker.amqp, &broker.management, &broker.prometheus];
        urls.into_iter()
            .flat_map(|urls| urls.0.iter())
            .chain(&self.recovery.alertmanager)
            .chain(&self.report.prometheus)
    }

    /// Fills in what depends on the host or on other keys.
    pub(super) fn fill(&mut self) {
        if self.identity.is_empty() {
            self.identity = host_name();
        }
        let broker = &mut self.broker;
        let none = broker.amqp.is_empty() && broker.management.is_empty();
        if none && broker.prometheus.is_empty() {
            broker.amqp = built_in(AMQP);
            broker.management = built_in(MANAGEMENT);
            broker.prometheus = built_in(PROMETHEUS);
        }
    }
}

/// A test holds that these parse.
fn built_in(text: &str) -> OneOrMany<Template> {
    OneOrMany(text.parse().into_iter().collect())
}

fn host_name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}
