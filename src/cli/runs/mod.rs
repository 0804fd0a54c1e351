//! `warrener runs`: what recovery did, does and waits for.

mod list;
mod show;
pub(super) mod source;
#[cfg(test)]
mod tests;
pub(super) mod told;

use serde_json::json;

use super::client::{ServerArgs, Unanswered};
use super::ledger::now_seconds;
use super::output::{Problem, pretty, say, width};
use super::{ConfigArgs, Exit, finish};
use crate::model::RunId;
use crate::publish::runs::{Runs, VERSION, Whole};
use crate::recover::desk;
use crate::recover::ledger::Ledger;
use source::{Read, read};

const AFTER_HELP: &str = "\
Examples:
  warrener runs                  the newest runs
  warrener runs show 12          the whole story of run 12: why, what was done, how it ended
  warrener runs approve 12       let run 12 go, which waits for a person (recovery.mode: approve)
  warrener runs cancel 12        call run 12 off; a step that is under way ends first
  warrener runs show 12 --json   the same document as GET /api/v1/runs/12 (docs/API.md)

list and show ask the server at --url. Where none runs, they read the ledger in the state directory
of --config.file. approve and cancel need a server, and the token of its web.auth.bearer_file.

Exit codes: 0 fine, 1 failed or no such run, 2 the command line or warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the newest runs
    List(ListArgs),
    /// Tell the whole story of one run
    Show(ShowArgs),
    /// Let a run go that waits for a person
    Approve(OrderArgs),
    /// Call a run off
    Cancel(OrderArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    from: From,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The run's number, as `warrener runs` lists it
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    from: From,
}

/// Where it is read from, and how it is written.
#[derive(Debug, clap::Args)]
struct From {
    /// Print the document as it is (docs/API.md describes it)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
struct OrderArgs {
    /// The run's number, as `warrener runs` lists it
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: Args) -> Exit {
    finish(async {
        match args.what {
            None => list(args.list).await,
            Some(What::List(args)) => list(args).await,
            Some(What::Show(args)) => show(args).await,
            Some(What::Approve(args)) => {
                let words = "may go: the guard is asked again";
                order(args, "approve", words).await
            }
            Some(What::Cancel(args)) => {
                let words = "is called off; a step that is under way ends first";
                order(args, "cancel", words).await
            }
        }
    })
}

async fn list(args: ListArgs) -> Result<Exit, Problem> {
    let (from, limit) = (args.from, args.limit);
    let own = |ledger: &Ledger| {
        let runs = ledger.runs(limit);
        Ok(Runs::new(&runs.map_err(source::unread)?))
    };
    // The server's list is as long as it makes it; the rest is not shown.
    let mut read: Read<Runs> = read(&from.server, &from.config, "/api/v1/runs", own).await?;
    read.value.runs.truncate(limit as usize);
    written(&from, &read, |runs, note| {
        list::render(runs, note, now_seconds(), width())
    })
}

async fn show(args: ShowArgs) -> Result<Exit, Problem> {
    let (from, id) = (args.from, args.id);
    let own = |ledger: &Ledger| {
        let whole = desk::Whole::read(ledger, RunId(id)).map_err(source::unread)?;
        let none = || {
            let words = "there is no run of this number; `warrener runs` lists them";
            Problem::Failed(words.to_owned())
        };
        Ok(Whole::from(&whole.ok_or_else(none)?))
    };
    let path = format!("/api/v1/runs/{id}");
    let read: Read<Whole> = read(&from.server, &from.config, &path, own).await?;
    written(&from, &read, |whole, note| {
        show::render(whole, note, now_seconds(), width())
    })
}

/// As JSON, or as a page.
fn written<T>(
    from: &From,
    read: &Read<T>,
    page: impl FnOnce(&T, Option<&str>) -> String,
) -> Result<Exit, Problem> {
    if from.json {
        if let Some(note) = &read.note {
            eprintln!("warrener: {note}");
        }
        let wrong = |error| Problem::Failed(format!("it can't be printed: {error}"));
        say(&pretty(&read.json).map_err(wrong)?);
    } else {
        say(&page(&read.value, read.note.as_deref()));
    }
    Ok(Exit::Fine)
}

async fn order(args: OrderArgs, what: &str, words: &str) -> Result<Exit, Problem> {
    let (client, id) = (args.server.client()?, args.id);
    let path = format!("/api/v1/runs/{id}/{what}");
    client
        .post(&path, &json!({}))
        .await
        .map_err(needs_a_server)?;
    say(&format!(
        "Run {id} {words}. To see it: warrener runs show {id}\n"
    ));
    Ok(Exit::Fine)
}

/// What only a server does.
pub(super) fn needs_a_server(unanswered: Unanswered) -> Problem {
    match unanswered {
        Unanswered::NobodyThere(url) => Problem::Failed(format!(
            "no server at {url}: `warrener serve` does the work; start it, or name its address \
             with --url"
        )),
        unanswered => unanswered.into(),
    }
}
