//! The env files, and what they leave without a value in the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Probe;
use super::patient::Patient;
use crate::config::{Config, EnvFile, Found, Template, Variables};
use crate::envfile::violations;
use crate::model::facts::{EnvFileFacts, EnvfileFacts, UnresolvedVariable};
use crate::model::{Failure, ProbeName, Reason};

/// How long the files are waited for; they have a few kilobytes.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads the env files of a configuration.
#[derive(Debug)]
pub struct EnvfileProbe {
    sources: Sources,
    reading: Patient<EnvfileFacts>,
}

#[derive(Clone, Debug)]
struct Sources {
    env_files: Vec<EnvFile>,
    templates: Vec<Template>,
}

impl EnvfileProbe {
    /// A probe for the env files and variables of `config`.
    pub fn new(config: &Config) -> Self {
        let sources = Sources {
            env_files: config.env_files.clone(),
            templates: config.templates().cloned().collect(),
        };
        EnvfileProbe {
            sources,
            reading: Patient::default(),
        }
    }
}

impl Probe for EnvfileProbe {
    type Facts = EnvfileFacts;

    const NAME: ProbeName = ProbeName::Envfile;

    async fn read(&mut self) -> Result<EnvfileFacts, Failure> {
        let sources = self.sources.clone();
        let work = move || {
            let variables = Variables::read(|name| std::env::var(name).ok(), &sources.env_files);
            facts(&variables, &sources)
        };
        let outcome = self.reading.run(PATIENCE, work).await;
        outcome.map_err(|not_done| Failure::new(Reason::Io, format!("the env files: {not_done}")))
    }
}

fn facts(variables: &Variables, sources: &Sources) -> EnvfileFacts {
    let missing = sources
        .templates
        .iter()
        .filter_map(|t| t.resolve(variables).err());
    let unresolved: BTreeMap<String, bool> = missing
        .flat_map(|unresolved| unresolved.missing)
        .map(|m| {
            (
                m.name,
                m.looked_in.iter().any(|(_, found)| *found == Found::Empty),
            )
        })
        .collect();
    let schemas = variables.files.iter().zip(&sources.env_files);
    let files = schemas.map(|(file, schema)| EnvFileFacts {
        path: file.path.display().to_string(),
        exists: Some(!file.missing),
        problem: (!file.missing && !file.problems.is_empty()).then(|| file.problems.join("; ")),
        // Of a file that is not there, its absence is told; of one unreadable, that.
        violations: (!file.missing && !file.values.is_empty() || file.problems.is_empty())
            .then(|| violations(file, schema)),
        ..EnvFileFacts::default()
    });
    EnvfileFacts {
        files: files.collect(),
        unresolved: unresolved
            .into_iter()
            .map(|(name, empty)| UnresolvedVariable { name, empty })
            .collect(),
    }
}
