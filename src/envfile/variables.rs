//! Fills [`Variables`] from env files.

use std::path::PathBuf;

use super::{Document, read};
use crate::config::{EnvFile, FileVariables, ReadError, Variables};

impl Variables {
    /// The values of this moment: `environment` first, then `env_files` in their order. Cheap; read
    /// again for each probe cycle.
    ///
    /// What is wrong with a file is told in [`FileVariables::problems`]; nothing here fails.
    pub fn read(
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        env_files: &[EnvFile],
    ) -> Self {
        Self::of(environment, env_files.iter().map(file).collect())
    }

    /// Of files that were read.
    pub fn of(
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        files: Vec<FileVariables>,
    ) -> Self {
        Self {
            environment: Box::new(environment),
            files,
        }
    }
}

impl FileVariables {
    /// The values of a file that was read.
    pub fn of(path: PathBuf, document: &Document) -> Self {
        let faults = document.faults();
        FileVariables {
            path,
            values: document
                .assignments()
                .map(|a| (a.key.clone(), a.value.clone()))
                .collect(),
            problems: faults
                .map(|(line, fault)| format!("line {line}: {fault}"))
                .collect(),
            missing: false,
        }
    }

    /// Of a file that could not be read.
    pub fn unread(path: PathBuf, reason: &ReadError) -> Self {
        FileVariables {
            path,
            values: Vec::new(),
            problems: vec![reason.to_string()],
            missing: matches!(reason, ReadError::Missing),
        }
    }
}

fn file(env_file: &EnvFile) -> FileVariables {
    let path = env_file.path.clone();
    match read(&path) {
        Ok(document) => FileVariables::of(path, &document),
        Err(error) => FileVariables::unread(path, &error.reason),
    }
}
