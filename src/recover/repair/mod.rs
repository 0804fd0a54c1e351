//! Repairing an env file to its schema.
//!
//! ```text
//! prepare: the file, last known good, default_from ─> plan (pure) ─> Prepared, to be shown or run
//! run: lock ─> unchanged? ─> log in with the new values ─> back up ─> swap ─> look again
//! ```
//!
//! Only keys that break the schema are touched; every other byte stays. The login comes before the
//! swap, so what is worse than what was there is never written at all.

mod outcome;
mod plan;
mod prepare;
mod run;

use std::path::PathBuf;

pub use outcome::{Done, Outcome, Refusal};
pub use plan::{Change, Hopeless, Origin, Plan, Sources, plan};
pub use prepare::{Prepared, prepare, prepare_content, prepare_rollback};
pub use run::run;

use crate::config::{Config, EnvFile, Template};

/// What is to be repaired, under which configuration.
#[derive(Clone, Debug)]
pub struct Job {
    /// The env file and its schema.
    pub env_file: EnvFile,
    /// How the broker's AMQP URLs are made of its values.
    pub amqp: Vec<Template>,
    /// The other env files: what they give is not for this one to say.
    pub others: Vec<EnvFile>,
    /// The state directory: last known good, backups, the lock.
    pub state: PathBuf,
    /// The workers that are started with it.
    pub workers: Vec<String>,
}

impl Job {
    /// The repair of `env_file` under `config`.
    pub fn of(config: &Config, env_file: &EnvFile) -> Self {
        Job {
            env_file: env_file.clone(),
            amqp: config.broker.amqp.0.clone(),
            others: config
                .env_files
                .iter()
                .filter(|other| other.path != env_file.path)
                .cloned()
                .collect(),
            state: config.state.clone(),
            workers: config
                .workers_with(&env_file.path)
                .map(str::to_owned)
                .collect(),
        }
    }
}
