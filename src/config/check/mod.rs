//! What types can't hold: whether the keys of a configuration agree with each other.

mod broker;
mod env_files;
mod recovery;
mod workers;

use std::path::{Path, PathBuf};

use super::Config;
use super::path::KeyPath;
use super::units::Period;

/// One thing that does not agree.
#[derive(Debug)]
pub(super) struct Finding {
    pub path: KeyPath,
    pub problem: String,
    pub remedy: String,
}

/// Everything that does not agree in `config`, as it was written: before paths are resolved.
pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    broker::check(config, &mut findings);
    workers::check(config, &mut findings);
    env_files::check(config, &mut findings);
    recovery::check(config, &mut findings);
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, path: KeyPath, problem: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding {
            path,
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    /// A program and its arguments: there must be one.
    fn program(&mut self, path: KeyPath, argv: &[String]) {
        if argv.first().is_none_or(|program| program.is_empty()) {
            self.add(
                path,
                "names no program",
                "give the program and its arguments as a list",
            );
        }
    }

    /// A time between readings that a fleet can be watched by.
    fn interval(&mut self, path: KeyPath, period: Period) {
        let millis = period.get().as_millis();
        if !(100..=3_600_000).contains(&millis) {
            let problem = format!("`{period}` is not from 100ms to 1h");
            self.add(path, problem, "a few seconds are usual, as in `5s`");
        }
    }
}

/// The path of nested keys.
fn keys(keys: &[&str]) -> KeyPath {
    keys.iter()
        .fold(KeyPath::default(), |path, key| path.key(key))
}

/// `./.env` and `.env` are one file.
fn plain(path: &Path) -> PathBuf {
    Path::new("/").join(path).components().collect()
}
