//! `warrener check --env FILE`: stands before every start of a worker, so it reads two small files
//! and nothing else: no runtime, no network.

use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::env_files::{judge, schema_of, shown, usual};
use crate::config::Config;

pub(super) fn run(named: &[PathBuf], config_file: Option<&Path>) -> Exit {
    let config = match config_file.map(|file| Config::load(Some(file))).transpose() {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Exit::Usage;
        }
    };
    let mut fine = true;
    for path in named {
        let schema = match &config {
            Some(config) => match schema_of(config, path) {
                Ok(schema) => schema.clone(),
                Err(error) => {
                    eprintln!("warrener: {error}");
                    return Exit::Usage;
                }
            },
            None => usual(path, |_| true),
        };
        let verdict = judge(path, &schema, false);
        if super::told(&verdict, config.is_some()) {
            println!("{}: keeps its schema", shown(path));
        } else {
            fine = false;
        }
    }
    if fine { Exit::Fine } else { Exit::Failed }
}
