//! `warrener status`: health, explained.
//!
//! ```text
//! source (a server, or this process's own probes) ─> Status ─> page, findings, detail ─> screen
//! ```

mod detail;
mod findings;
mod host;
mod page;
mod recovery;
mod screen;
pub(super) mod source;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use super::client::{Client, URL};
use super::output::{Problem, failed, pretty, say, width};
use super::proof::Proof;
use super::{ConfigArgs, Exit, layout, paint, runtime};
use crate::model::Level;
use crate::publish::status::Status;
use page::View;
use source::{Origin, Reading};

const AFTER_HELP: &str = "\
Examples:
  warrener status                      score, level, what is wrong and why, what is done about it
  warrener status --detailed           also nodes, queues, processes, env files, disks, logs, probes
  warrener status --watch              the same, drawn again every 2 s until Ctrl-C
  warrener status --json               for programs: docs/API.md describes it
  warrener status --ready              is the server up? for a container's health check
  warrener status --url http://app-2:15699    of another host

It asks the server; where none runs, and none was named, it probes by itself, once.

Exit codes: 0 normal or caution (score 70 or more), 1 warning or critical, 2 the command line or
warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Show what every probe saw: nodes, queues, processes, env files, host, files
    #[arg(long)]
    detailed: bool,
    /// Print the server's document as it is (docs/API.md describes it)
    #[arg(long, conflicts_with_all = ["detailed", "watch"])]
    json: bool,
    /// Draw it again every so many seconds until Ctrl-C
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    watch: Option<u64>,
    /// Only tell whether the server is up and has read everything once: a container's health check
    #[arg(long, conflicts_with_all = ["detailed", "json", "watch"])]
    ready: bool,
    /// The server to ask [default: http://127.0.0.1:15699; with none there, probe by itself]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    proof: Proof,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> Exit {
    let url = args.url.as_deref().unwrap_or(URL);
    let client = match Client::new(url, &args.proof) {
        Ok(client) => client,
        Err(problem) => {
            eprintln!("warrener: {problem}");
            return Exit::Usage;
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("warrener: the runtime could not start: {error}");
            return Exit::Failed;
        }
    };
    if args.ready {
        return match runtime.block_on(client.get("/-/ready")) {
            Ok(words) => {
                say(&words);
                Exit::Fine
            }
            Err(unanswered) => failed(&Problem::from(unanswered)),
        };
    }
    // A server that was named and is not there is not replaced by something else.
    let own = args.url.is_none().then(|| args.config.file());
    let mut origin = Origin::new(client, own);
    let exit = runtime.block_on(async {
        match args.watch {
            Some(seconds) => {
                let every = Duration::from_secs(seconds);
                screen::watch(&mut origin, every, args.detailed).await
            }
            None => once(&mut origin, &args).await,
        }
    });
    // A name look-up or a mount that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    exit
}

async fn once(origin: &mut Origin, args: &Args) -> Exit {
    let reading = match origin.read().await {
        Ok(reading) => reading,
        Err(problem) => return failed(&problem),
    };
    if args.json {
        if let Some(note) = &reading.note {
            eprintln!("warrener: {note}");
        }
        match pretty(&reading.json) {
            Ok(text) => say(&text),
            Err(error) => {
                eprintln!("warrener: the status can't be printed: {error}");
                return Exit::Failed;
            }
        }
    } else {
        say(&draw(&reading, width(), args.detailed));
    }
    judged(&reading.status)
}

/// The page of a reading, with colours.
fn draw(reading: &Reading, width: usize, detailed: bool) -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(reading.status.at, |now| now.as_secs_f64());
    let view = View {
        width,
        detailed,
        now,
        note: reading.note.as_deref(),
    };
    page::render(&reading.status, &view)
}

fn judged(status: &Status) -> Exit {
    match status.level {
        Level::Normal | Level::Caution => Exit::Fine,
        Level::Warning | Level::Critical => Exit::Failed,
    }
}
