//! `warrener pause` and `warrener resume`.

use serde_json::{Value, json};

use super::client::{ServerArgs, Unanswered};
use super::output::{Problem, say};
use super::words::{instant, printable};
use super::{ConfigArgs, Exit, finish, ledger};
use crate::config::units::Period;
use crate::model::{Pause, Target};
use crate::recover::ledger::LedgerError;
use crate::recover::targets::Targets;

const AFTER_HELP: &str = "\
Examples:
  warrener pause --for 1h --reason deployment    nothing at all for an hour
  warrener pause --target task-worker            leave one kind of worker alone until it is resumed
  warrener pause --target env_file:/srv/.env     by its key, as `warrener status --json` shows it
  warrener resume                                end the pause of everything
  warrener resume --target task-worker           end that of one target

A pause is written down and survives restarts. What a run does at the time is finished; its next step
is held. What a person asks for with `warrener recover` is held too.

It asks the server at --url, with the token of its web.auth.bearer_file. Where none runs, it is
written into the ledger of --config.file, for the next start.

Exit codes: 0 fine, 1 failed, 2 the command line or warrener.yml is wrong.";

/// `pause`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Only this target: a worker's name, or a key such as queue:%2F:tasks [default: everything]
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// It ends by itself after this long, as in 30m or 1h [default: when it is resumed]
    #[arg(long = "for", value_name = "TIME", value_parser = period)]
    lasts: Option<Period>,
    /// Why, for the others [default: who asks]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// `resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ResumeArgs {
    /// End the pause of this target [default: that of everything]
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// In whole seconds, as the server counts.
fn period(text: &str) -> Result<Period, String> {
    let period: Period = text.parse().map_err(|malformed| format!("{malformed}"))?;
    if period.get().as_secs() == 0 {
        return Err("write a second or more".to_owned());
    }
    Ok(period)
}

pub(super) fn pause(args: Args) -> Exit {
    let reason = args.reason.clone().unwrap_or_else(who);
    finish(async {
        let body = json!({
            "target": args.target,
            "for": args.lasts.map(|lasts| lasts.get().as_secs()),
            "reason": reason,
        });
        let client = args.server.client()?;
        let (target, until) = match client.post("/api/v1/pause", &body).await {
            Ok(answer) => paused(&answer),
            Err(Unanswered::NobodyThere(url)) if args.server.url.is_none() => {
                own_pause(&args, reason, &url)?
            }
            Err(unanswered) => return Err(unanswered.into()),
        };
        let what = target.as_deref().map_or("everything".into(), printable);
        let until = match until {
            Some(until) => format!("until {}", instant(until)),
            None => "until it is resumed".to_owned(),
        };
        let option = target.map(|key| format!(" --target {}", printable(&key)));
        let option = option.unwrap_or_default();
        say(&format!(
            "Paused: {what}, {until}. No automatic action; to end it: warrener resume{option}\n"
        ));
        Ok(Exit::Fine)
    })
}

/// The target's key and the end of a server's pause.
fn paused(answer: &str) -> (Option<String>, Option<f64>) {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let pause = &answer["pause"];
    let key = pause["target"]["key"].as_str().map(str::to_owned);
    (key, pause["until"].as_f64())
}

/// Written into the ledger, which no server holds.
fn own_pause(
    args: &Args,
    reason: String,
    url: &str,
) -> Result<(Option<String>, Option<f64>), Problem> {
    let mut own = ledger::open(args.config.file().as_deref(), &nobody(url))?;
    let since = ledger::now();
    let pause = Pause {
        target: meant(&own, args.target.as_deref())?,
        since,
        until: args.lasts.map(|lasts| since.after(lasts.get())),
        reason,
    };
    own.ledger.pause(&pause).map_err(unwritten)?;
    let until = pause.until.map(|until| until.unix_seconds());
    Ok((pause.target.as_ref().map(Target::key), until))
}

pub(super) fn resume(args: ResumeArgs) -> Exit {
    finish(async {
        let client = args.server.client()?;
        let body = json!({ "target": args.target });
        let (target, ended) = match client.post("/api/v1/resume", &body).await {
            Ok(answer) => {
                let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                let target = answer["target"].as_str().map(str::to_owned);
                (target, answer["ended"].as_bool().unwrap_or_default())
            }
            Err(Unanswered::NobodyThere(url)) if args.server.url.is_none() => {
                let mut own = ledger::open(args.config.file().as_deref(), &nobody(&url))?;
                let target = meant(&own, args.target.as_deref())?;
                let ended = own.ledger.resume(target.as_ref()).map_err(unwritten)?;
                (target.as_ref().map(Target::key), ended)
            }
            Err(unanswered) => return Err(unanswered.into()),
        };
        let what = target.as_deref().map_or("everything".into(), printable);
        say(&match ended {
            true => format!("Resumed: {what}.\n"),
            false => format!(
                "Nothing to resume: {what} was not paused; `warrener status` shows what is.\n"
            ),
        });
        Ok(Exit::Fine)
    })
}

fn nobody(url: &str) -> String {
    format!("no server at {url}")
}

fn meant(own: &ledger::Own, target: Option<&str>) -> Result<Option<Target>, Problem> {
    let targets = Targets::of(&own.config);
    let meant = target.map(|text| targets.meant(text));
    meant.transpose().map_err(Problem::Failed)
}

fn unwritten(error: LedgerError) -> Problem {
    Problem::Failed(error.to_string())
}

/// Who asks, as far as the environment says.
fn who() -> String {
    let variable = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    match variable("SUDO_USER").or_else(|| variable("USER")) {
        Some(user) => format!("{}, at the command line", printable(&user)),
        None => "a person at the command line".to_owned(),
    }
}
