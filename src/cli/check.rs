//! `warrener check`.

use super::{ConfigArgs, Exit};
use crate::config::{Config, Source, Variables};
use crate::server::Credentials;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// What is no mistake of the file, and yet what its author wants to know.
fn warn(config: &Config) {
    for section in config.not_in_this_version() {
        eprintln!("warning: `{section}` is configured, but this version does not act on it yet");
    }
    let variables = Variables::read(|name| std::env::var(name).ok(), &config.env_files);
    for unresolved in config
        .templates()
        .filter_map(|t| t.resolve(&variables).err())
    {
        eprintln!("warning: {unresolved}");
    }
}

pub(super) fn run(args: Args) -> Exit {
    let loaded = Config::load(args.config.file().as_deref());
    match loaded {
        Ok(config) => {
            if let Err(problem) = Credentials::read(&config.web) {
                eprintln!("warrener: {problem}");
                return Exit::Usage;
            }
            warn(&config);
            match config.source {
                Source::File(path) => println!("{}: valid", path.display()),
                Source::Defaults => println!(
                    "no warrener.yml here: `warrener serve` would use RABBITMQ_* from the \
                     environment and ./.env, and observe only"
                ),
            }
            Exit::Fine
        }
        Err(errors) => {
            eprintln!("{errors}");
            Exit::Usage
        }
    }
}
