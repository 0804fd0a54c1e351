//! `warrener recover`: a playbook run by a person.

mod follow;
mod plan;

use serde_json::json;

use super::client::{Client, ServerArgs};
use super::output::{Problem, say, width};
use super::runs::{needs_a_server, source::parse};
use super::{Exit, finish};
use crate::publish::runs::Answer;

const AFTER_HELP: &str = "\
Examples:
  warrener recover worker-unhealthy --target task-worker --dry-run   what would be done, now
  warrener recover worker-unhealthy --target task-worker --wait      do it, and follow it to its end
  warrener recover config-invalid --target .env                      repair an env file and restart
                                                                     what uses it
  warrener recover --emergency                                       everything that is open, in
                                                                     order: configuration, broker,
                                                                     workers

What a person asks for needs no approval and no alert, but the guard is asked all the same: a run that
would do harm, or that is paused, is held and says why. `warrener runs show N` tells its story.

It needs a running `warrener serve` at --url, and the token of its web.auth.bearer_file.

Exit codes: 0 it was taken (--wait: it recovered; --dry-run: it would go); 1 refused, or it did not
recover, or something stands against it; 2 the command line is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The playbook's name; the shipped ones: broker-down, config-invalid, emergency, housekeeping,
    /// worker-unhealthy
    #[arg(value_name = "PLAYBOOK", required_unless_present = "emergency")]
    playbook: Option<String>,
    /// Everything that is open, in the order configuration, broker, workers
    #[arg(long, conflicts_with = "playbook")]
    emergency: bool,
    /// What it is to repair: a worker's name, or a key such as queue:%2F:tasks [default: the only
    /// one that there can be]
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Only tell what would be done, now, and what stands against it
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Follow it to its end
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: Args) -> Exit {
    finish(async {
        let client = args.server.client()?;
        let playbook = match args.emergency {
            true => "emergency",
            false => args.playbook.as_deref().unwrap_or_default(),
        };
        let body = json!({
            "playbook": playbook,
            "target": args.target,
            "dry_run": args.dry_run,
        });
        let answer = client.post("/api/v1/runs", &body).await;
        let answer = answer.map_err(needs_a_server)?;
        let answer: Answer =
            parse(&answer).map_err(|why| Problem::Failed(format!("{}: {why}", client.url())))?;
        match answer {
            Answer {
                plan: Some(plan), ..
            } => {
                say(&plan::render(&plan, width()));
                Ok(match plan.holds.is_empty() {
                    true => Exit::Fine,
                    false => Exit::Failed,
                })
            }
            Answer { run: Some(run), .. } => taken(&client, run, args.wait).await,
            Answer { .. } => {
                let words = format!("{}: it answered neither run nor plan", client.url());
                Err(Problem::Failed(words))
            }
        }
    })
}

async fn taken(client: &Client, run: i64, wait: bool) -> Result<Exit, Problem> {
    if !wait {
        say(&format!(
            "Run {run} works on it. To see it: warrener runs show {run}\n"
        ));
        return Ok(Exit::Fine);
    }
    say(&format!(
        "Run {run} works on it. Ctrl-C ends this command, not the run: warrener runs cancel {run}\n"
    ));
    follow::follow(client, run).await
}
