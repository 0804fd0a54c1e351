//! `warrener check`: the configuration and the env files, as far as they can be judged from here.

mod live;
mod start;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::env_files::{Verdict, judge, named_usual};
use super::{ConfigArgs, Exit};
use crate::config::{Config, Missing, Source, Unresolved, Variables};
use crate::recover::playbook::Playbooks;
use crate::server::{Credentials, Guard};

const AFTER_HELP: &str = "\
Examples:
  warrener check                       warrener.yml, its playbooks and its env files
  warrener check --live                also real logins, queues, programs and folders
  warrener check --env .env            one env file, before a worker starts

What is judged:
  warrener.yml       every key; a mistake is told with line, column and remedy
  playbooks          that those of `recovery` exist, and agree with the workers there are
  env files          against their schema under `env_files`: exit code 1 where one breaks it.
                     Permissions that let others in are warnings
  --live             also a real login with the values found, that queues, programs, folders and
                     disks of warrener.yml exist, and that the state directory can be written

Before a worker starts, so that it never runs on empty keys:
  systemd            ExecStartPre=/usr/bin/warrener check --env /srv/app/.env \\
                         --config.file /etc/warrener/warrener.yml
  container          entrypoint: warrener check --env /app/.env && exec python worker.py
With no warrener.yml, --env asks for RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER and
RABBITMQ_PASS. It reads files and nothing else: no network.

Exit codes: 0 fine, 1 an env file breaks its schema or --live found a failure, 2 warrener.yml or
the command line is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Also log in to the broker, and see whether what warrener.yml names is there
    #[arg(long, conflicts_with = "env")]
    live: bool,
    /// Only this env file, against its schema; repeat it for several
    #[arg(long = "env", value_name = "FILE")]
    env: Vec<PathBuf>,
    /// Also this web configuration, and that its certificates and keys fit
    #[arg(long = "web.config.file", value_name = "FILE", conflicts_with = "env")]
    web_config_file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> Exit {
    if let Some(file) = &args.web_config_file {
        if let Err(problems) = Guard::check(file) {
            eprintln!("{problems}");
            return Exit::Usage;
        }
        println!("{}: valid", file.display());
    }
    let file = args.config.file();
    if !args.env.is_empty() {
        return start::run(&args.env, file.as_deref());
    }
    let config = match Config::load(file.as_deref()) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Exit::Usage;
        }
    };
    if let Err(problem) = Credentials::read(&config.web) {
        eprintln!("warrener: {problem}");
        return Exit::Usage;
    }
    let playbooks = Playbooks::load(config.recovery.own_playbooks.as_deref());
    if let Err(errors) = playbooks.and_then(|playbooks| playbooks.agree_with(&config)) {
        eprintln!("{errors}");
        return Exit::Usage;
    }
    warn(&config);
    match &config.source {
        Source::File(path) => println!("{}: valid", path.display()),
        Source::Defaults => println!(
            "no warrener.yml here: `warrener serve` would use RABBITMQ_* from the environment and \
             ./.env, and observe only"
        ),
    }
    let mut fine = true;
    for file in &config.env_files {
        let declared = matches!(config.source, Source::File(_));
        let expected = file.keys.values().any(|key| key.required)
            || config.workers_with(&file.path).next().is_some();
        let schema = if declared {
            file.clone()
        } else {
            named_usual(&file.path)
        };
        fine &= told(&judge(&file.path, &schema, !expected), declared);
    }
    if args.live {
        fine &= live::run(&config);
    }
    if fine { Exit::Fine } else { Exit::Failed }
}

/// Says what is wrong with an env file; whether nothing is.
fn told(verdict: &Verdict, repairable: bool) -> bool {
    for warning in &verdict.warnings {
        eprintln!("warning: {warning}");
    }
    for error in &verdict.errors {
        println!("{error}");
    }
    match (verdict.errors.is_empty(), repairable) {
        (true, _) => return true,
        (false, true) => println!("    remedy: run `warrener fix`"),
        (false, false) => println!("    remedy: give these keys a value"),
    }
    false
}

/// What is no mistake of the file, and yet what its author wants to know.
fn warn(config: &Config) {
    let variables = Variables::read(|name| std::env::var(name).ok(), &config.env_files);
    let unresolved = config
        .templates()
        .filter_map(|t| t.resolve(&variables).err());
    let missing = unresolved.flat_map(|unresolved| unresolved.missing);
    let by_name: BTreeMap<String, Missing> = missing.map(|m| (m.name.clone(), m)).collect();
    for missing in by_name.into_values() {
        let missing = vec![missing];
        eprintln!("warning: {}", Unresolved { missing });
    }
}
