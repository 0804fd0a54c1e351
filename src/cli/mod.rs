//! The command line: one file per subcommand.
//!
//! Exit codes: 0 fine, 1 what was asked about is unhealthy or failed, 2 usage or configuration
//! error.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the command line's business"
)]

mod bundle;
mod check;
mod checklist;
mod client;
mod completions;
mod env_files;
mod fix;
mod init;
mod layout;
mod ledger;
mod logging;
mod logs;
mod man;
mod output;
mod paint;
mod pause;
mod probe;
mod proof;
mod recover;
mod reload;
mod report;
mod rules;
mod runs;
mod serve;
mod status;
mod stress;
mod watch;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::publish::words;

/// An outcome with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Everything is fine.
    Fine,
    /// What was asked about is unhealthy, or the work failed.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
        })
    }
}

/// Keeps a RabbitMQ worker fleet alive.
///
/// Watches broker, queues, worker processes, env files and the host, scores their health, exports
/// it to Prometheus, and repairs what it may. With no configuration file it reads RABBITMQ_HOST,
/// RABBITMQ_PORT, RABBITMQ_USER and RABBITMQ_PASS from the environment and from ./.env, probes
/// localhost, and changes nothing.
#[derive(Debug, Parser)]
#[command(name = "warrener", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
In an emergency:
  1. Look. Nothing is changed
     warrener status                         what is wrong, since when, the evidence, the cause
     warrener logs --errors --since 1h       what the workers wrote, grouped, most recent last
     warrener probe                          read everything once, now; needs no server
  2. Recover, in the right order: configuration, broker, workers
     warrener recover --emergency --dry-run  what would be done, and what stands against it
     warrener recover --emergency --wait     do it, and follow it to its verified end
     warrener pause                          or: no automatic action, I work by hand (resume ends it)
  3. Follow up
     warrener watch --for 30m                read everything twice as often for a while
     warrener status --watch                 until the score is 90 or more, and stays there
     warrener runs                           what was done, and what waits for my approval

The server is asked at http://127.0.0.1:15699 unless --url names another. What acts (recover, pause,
watch, runs approve) needs its token: --token-file FILE, the file of web.auth.bearer_file.

Every day: status --detailed, logs --errors --since 24h, runs. docs/OPERATIONS.md has the checklists.

Start here:
  warrener init      draft a warrener.yml for what runs here
  warrener check     are warrener.yml and the env files right? --live: do the logins work?
  warrener serve     watch, export metrics on port 15699, repair what it may
  warrener reload    have a changed warrener.yml taken, or hear why it is not
  warrener report    the checklist of the day, worked through (--weekly, --monthly)

`warrener COMMAND --help` has examples. Exit codes: 0 fine, 1 unhealthy or failed, 2 usage or
configuration error.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run: export metrics over HTTP until stopped
    Serve(serve::Args),
    /// Show health, explained: score, findings with their evidence and causes, what would be done
    Status(status::Args),
    /// Read broker, queues and host once, now, and print what was seen
    Probe(probe::Args),
    /// Check warrener.yml and the env files and say what is wrong, where, and how to mend it
    Check(check::Args),
    /// Repair env files to their schema: from the last known good, default_from, default
    Fix(fix::Args),
    /// Run a playbook now, or tell what it would do
    Recover(recover::Args),
    /// List what recovery did, tell a run's whole story, approve or cancel one
    Runs(runs::Args),
    /// Show the workers' logs: merged by time, grouped by what they say, errors alone if asked
    Logs(logs::Args),
    /// Work the checklist of the day, the week or the month through, each line with its evidence
    Report(checklist::Args),
    /// No automatic action, for one target or for all, until it is resumed; survives restarts
    Pause(pause::Args),
    /// End a pause
    Resume(pause::ResumeArgs),
    /// Look more closely for a while: probes at shorter intervals
    Watch(watch::Args),
    /// Put a bounded load on the broker through queues of its own, and tell the latencies
    Stress(stress::Args),
    /// Have the server read its configuration again; a wrong one is rejected, and the old one stays
    Reload(reload::Args),
    /// Draft a warrener.yml from the env files, units and processes found here
    Init(init::Args),
    /// Write the bundled alert rules, dashboards and runbooks
    Rules(rules::Args),
    /// Print the completions for a shell
    Completions(completions::Args),
    /// Write the manual pages to a folder: for packages
    #[command(hide = true)]
    Man(man::Args),
}

/// Where the configuration is, for every command that reads one.
#[derive(Debug, clap::Args)]
struct ConfigArgs {
    /// The configuration file [default: ./warrener.yml if there is one]
    #[arg(long = "config.file", value_name = "FILE")]
    config_file: Option<PathBuf>,
}

impl ConfigArgs {
    /// The file to read: as given, or the one in this folder.
    fn file(&self) -> Option<PathBuf> {
        self.config_file.clone().or_else(|| {
            let here = PathBuf::from("warrener.yml");
            // One that can't be read must be told, not passed over: only an absent one is absent.
            let absent = here
                .symlink_metadata()
                .is_err_and(|e| e.kind() == ErrorKind::NotFound);
            (!absent).then_some(here)
        })
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Fine
            };
            error.print().ok();
            return exit.into();
        }
    };
    let exit = match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Status(args) => status::run(args),
        Command::Probe(args) => probe::run(args),
        Command::Check(args) => check::run(args),
        Command::Fix(args) => fix::run(args),
        Command::Recover(args) => recover::run(args),
        Command::Runs(args) => runs::run(args),
        Command::Logs(args) => logs::run(args),
        Command::Report(args) => checklist::run(args),
        Command::Pause(args) => pause::pause(args),
        Command::Resume(args) => pause::resume(args),
        Command::Watch(args) => watch::run(args),
        Command::Stress(args) => stress::run(args),
        Command::Reload(args) => reload::run(args),
        Command::Init(args) => init::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(&args),
    };
    exit.into()
}

/// The runtime of a command: two workers suffice, for the work is waiting.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build()
}

/// Does the work of a command, and says why where it could not.
fn finish(work: impl Future<Output = Result<Exit, output::Problem>>) -> Exit {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("warrener: the runtime could not start: {error}");
            return Exit::Failed;
        }
    };
    let done = runtime.block_on(work);
    // A name look-up that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    done.unwrap_or_else(|problem| output::failed(&problem))
}

#[cfg(test)]
mod tests;
