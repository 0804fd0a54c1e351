//! Fills [`Variables`] from env files.

use crate::config::{EnvFile, FileVariables, ReadError, Variables};

use super::read;

impl Variables {
    /// The values of this moment: `environment` first, then `env_files` in their order. Cheap; read
    /// again for each probe cycle.
    ///
    /// What is wrong with a file is told in [`FileVariables::problems`]; nothing here fails.
    pub fn read(
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        env_files: &[EnvFile],
    ) -> Self {
        let files = env_files.iter().map(file).collect();
        Self {
            environment: Box::new(environment),
            files,
        }
    }
}

fn file(env_file: &EnvFile) -> FileVariables {
    let path = env_file.path.clone();
    let document = match read(&path) {
        Ok(document) => document,
        Err(error) => {
            let missing = matches!(error.reason, ReadError::Missing);
            let problems = vec![error.reason.to_string()];
            return FileVariables {
                path,
                values: Vec::new(),
                problems,
                missing,
            };
        }
    };
    let faults = document.faults();
    let problems = faults
        .map(|(line, fault)| format!("line {line}: {fault}"))
        .collect();
    let values = document
        .assignments()
        .map(|a| (a.key.clone(), a.value.clone()))
        .collect();
    FileVariables {
        path,
        values,
        problems,
        missing: false,
    }
}
