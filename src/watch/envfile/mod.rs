//! The env files: what is wrong with them, and what they leave without a value in the configuration.
//!
//! ```text
//! bytes and permissions of the file ─> document ─> schema, permissions, keyed hash ─> facts
//!                                      values ─> a login in the background (attempts) ─┘
//! ```
//!
//! Must not know: AMQP. How to log in is given to it.

mod attempts;
mod memory;
mod permissions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::attempts::Attempts;
pub use self::memory::Memory;
pub use self::permissions::insecurities;
use super::Probe;
use super::cycle::now;
use super::patient::Patient;
use crate::config::{Config, EnvFile, FileVariables, Found, Template, Variables};
use crate::envfile::{
    ContentKey, Document, LogIn, OwnLogin, given_elsewhere, own_login, read_with, violations,
};
use crate::model::facts::{EnvFileFacts, EnvfileFacts, UnresolvedVariable};
use crate::model::{Failure, ProbeName, Reason};

/// How long the files are waited for; they have a few kilobytes.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads the env files of a configuration.
pub struct EnvfileProbe {
    sources: Arc<Sources>,
    reading: Patient<Reading>,
    memory: Arc<Memory>,
    attempts: Attempts,
}

struct Sources {
    env_files: Vec<EnvFile>,
    templates: Vec<Template>,
    amqp: Vec<Template>,
    key: Option<ContentKey>,
}

/// What one reading of the disk brought.
struct Reading {
    unresolved: Vec<UnresolvedVariable>,
    files: Vec<(EnvFileFacts, Option<OwnLogin>)>,
}

impl EnvfileProbe {
    /// A probe for the env files and variables of `config`. Contents are told apart with `key`;
    /// `log_in` tries what a file says of the broker.
    pub fn new(
        config: &Config,
        key: Option<ContentKey>,
        memory: Arc<Memory>,
        log_in: LogIn,
    ) -> Self {
        let sources = Sources {
            env_files: config.env_files.clone(),
            templates: config.templates().cloned().collect(),
            amqp: config.broker.amqp.0.clone(),
            key,
        };
        EnvfileProbe {
            sources: Arc::new(sources),
            reading: Patient::default(),
            memory,
            attempts: Attempts::new(log_in),
        }
    }
}

impl Probe for EnvfileProbe {
    type Facts = EnvfileFacts;

    const NAME: ProbeName = ProbeName::Envfile;

    async fn read(&mut self) -> Result<EnvfileFacts, Failure> {
        let sources = Arc::clone(&self.sources);
        let reading = self.reading.run(PATIENCE, move || read(&sources)).await;
        let reading = reading
            .map_err(|not_done| Failure::new(Reason::Io, format!("the env files: {not_done}")))?;
        let now = now();
        let paths = self.sources.env_files.iter().map(|file| &file.path);
        let files = reading
            .files
            .into_iter()
            .zip(paths)
            .map(|((facts, own), path)| {
                let content = facts.content;
                EnvFileFacts {
                    changed_at: self.memory.changed_at(path, content, now),
                    last_good: self.memory.last_good(path),
                    login: self.attempts.of(path, content, own, now),
                    ..facts
                }
            });
        Ok(EnvfileFacts {
            files: files.collect(),
            unresolved: reading.unresolved,
        })
    }

    async fn woken(&mut self) {
        self.attempts.landed().await;
    }
}

/// Each file once, so that all that is told of it is of one content.
fn read(sources: &Sources) -> Reading {
    let one = |schema| one(schema, sources.key.as_ref());
    let (mut facts, values): (Vec<_>, Vec<_>) = sources.env_files.iter().map(one).unzip();
    let variables = Variables::of(|name| std::env::var(name).ok(), values);
    let mut logins = Vec::with_capacity(facts.len());
    let files = sources.env_files.iter().zip(&variables.files);
    for ((schema, file), facts) in files.zip(&mut facts) {
        let elsewhere = given_elsewhere(&sources.amqp, &variables, &schema.path);
        let own = own_login(&sources.amqp, file, schema, &elsewhere);
        facts.says_login = Some(own.is_some());
        logins.push(own);
    }
    Reading {
        unresolved: unresolved(&variables, &sources.templates),
        files: facts.into_iter().zip(logins).collect(),
    }
}

fn one(schema: &EnvFile, key: Option<&ContentKey>) -> (EnvFileFacts, FileVariables) {
    let path = &schema.path;
    let mut facts = EnvFileFacts {
        path: path.display().to_string(),
        ..EnvFileFacts::default()
    };
    let file = match read_with(path) {
        Ok((bytes, meta)) => {
            facts.content = key.map(|key| key.hash(&bytes));
            facts.insecurities = insecurities(path, &meta, schema.mode);
            FileVariables::of(path.clone(), &Document::parse(&bytes))
        }
        Err(error) => FileVariables::unread(path.clone(), &error.reason),
    };
    facts.exists = Some(!file.missing);
    facts.problem = (!file.missing && !file.problems.is_empty()).then(|| file.problems.join("; "));
    // Of a file that is not there, its absence is told; of one unreadable, that.
    facts.violations = (!file.missing && !file.values.is_empty() || file.problems.is_empty())
        .then(|| violations(&file, schema));
    (facts, file)
}

fn unresolved(variables: &Variables, templates: &[Template]) -> Vec<UnresolvedVariable> {
    let missing = templates.iter().filter_map(|t| t.resolve(variables).err());
    let by_name: BTreeMap<String, bool> = missing
        .flat_map(|unresolved| unresolved.missing)
        .map(|m| {
            let empty = m.looked_in.iter().any(|(_, found)| *found == Found::Empty);
            (m.name, empty)
        })
        .collect();
    by_name
        .into_iter()
        .map(|(name, empty)| UnresolvedVariable { name, empty })
        .collect()
}
