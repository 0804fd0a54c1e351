//! `warrener.yml`, read into types that are right by construction.
//!
//! ```text
//! bytes -> yaml (positions) -> decode (types, key paths) -> check (meaning) -> Config
//! ```
//!
//! Every error names file, line, column, key and remedy ([`ConfigErrors`]). The doc comments of
//! the fields are the reference: the JSON schema and `docs/CONFIG.md` are made from them.
//!
//! Must not know: brokers, processes, HTTP. It reads one file and says what it means.

mod broker;
mod check;
mod condition;
mod control;
mod cron;
mod decode;
mod defaults;
mod document;
mod env_files;
mod env_values;
mod error;
mod expression;
mod fault;
mod file;
mod host;
mod load;
mod node;
mod one_or_many;
mod path;
mod queues;
mod recovery;
mod resolve;
mod scalar;
mod suggest;
mod systemd_units;
mod template;
pub mod units;
mod variables;
mod variant;
mod web;
pub mod web_file;
mod workers;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use broker::{Broker, BrokerSource, Roundtrip, Tls};
pub use condition::{Condition, Test};
pub use control::{CommandControl, Control, DockerControl, ProcessControl};
pub use cron::Cron;
pub use document::{Places, read_document, read_text};
pub use env_files::{EnvFile, Key, KeyType, Rule};
pub use error::{ConfigError, ConfigErrors, Position};
pub use expression::{Pattern, Regex};
pub use file::{ReadError, read_bounded, read_bounded_with};
pub use host::{BackupFiles, Files, Host, LogFiles};
pub use load::MAX_CONFIG_BYTES;
pub use one_or_many::OneOrMany;
pub use path::KeyPath;
pub use queues::{Pinned, Queues};
pub use recovery::{
    Health, Housekeeping, Ledger, Level, Notify, PlaybookLimits, Recovery, RecoveryMode, Reports,
    RunBudget, Slack, Webhook, Weights,
};
pub use scalar::Malformed;
pub(crate) use scalar::scalar;
pub use systemd_units::UnitName;
pub use template::Template;
pub use variables::{FileVariables, Found, Missing, Place, Unresolved, Variables};
pub use web::{Auth, Basic, Web};
pub use workers::{Hang, Match, Signal, Stop, Worker};

/// Everything `warrener.yml` says. Relative paths are resolved against the folder of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it came from.
    #[serde(skip)]
    pub source: Source,
    /// This host's name in labels; an agent acts only on what its own file names. Unset: the
    /// host's name.
    pub identity: String,
    /// Folder of the ledger, the last known good files and the process records. Where it can't be
    /// written, warrener observes only, and says so.
    pub state: PathBuf,
    /// The broker to watch.
    pub broker: Broker,
    /// Which queues are measured one by one, and what is expected of them.
    pub queues: Queues,
    /// The kinds of workers, by name.
    pub workers: BTreeMap<String, Worker>,
    /// The env files to watch and repair; `${VAR}` is looked up in them, in this order.
    pub env_files: Vec<EnvFile>,
    /// The machine's room to live.
    pub host: Host,
    /// Logs and backups.
    pub files: Files,
    /// The health score.
    pub health: Health,
    /// How far repair may go by itself.
    pub recovery: Recovery,
    /// Whom to tell.
    pub notify: Notify,
    /// Reports that are sent by themselves.
    pub report: Reports,
    /// The durable record.
    pub ledger: Ledger,
    /// The web server.
    pub web: Web,
}

/// Where a configuration came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// No file: a local broker, observed only.
    #[default]
    Defaults,
}
