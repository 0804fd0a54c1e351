//! `warrener pause` and `warrener resume`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Client, ServerArgs, Unanswered};
use super::output::{Problem, say};
use super::words::{instant, printable};
use super::{ConfigArgs, Exit, finish, ledger};
use crate::config::units::Period;
use crate::model::{Pause, Target, Timestamp};
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
pub(super) fn period(text: &str) -> Result<Period, String> {
    let period: Period = text.parse().map_err(|malformed| format!("{malformed}"))?;
    if period.get().as_secs() == 0 {
        return Err("write a second or more".to_owned());
    }
    Ok(period)
}

/// Where a pause is asked for, or written.
struct Place {
    client: Client,
    /// The configuration of the ledger to write into when no server is there; `None`: not to.
    config: Option<Option<PathBuf>>,
}

impl Place {
    fn new(server: &ServerArgs, config: &ConfigArgs) -> Result<Self, Problem> {
        Ok(Place {
            client: server.client()?,
            // A server that was named and is not there is not replaced by something else.
            config: server.url.is_none().then(|| config.file()),
        })
    }

    /// The server's answer; where none is there, the ledger and its configuration.
    async fn post(&self, path: &str, body: &Value) -> Result<Result<Value, ledger::Own>, Problem> {
        match (self.client.post(path, body).await, &self.config) {
            (Ok(answer), _) => Ok(Ok(serde_json::from_str(&answer).unwrap_or_default())),
            (Err(nobody @ Unanswered::NobodyThere(_)), Some(file)) => {
                ledger::open(file.as_deref(), &nobody.to_string()).map(Err)
            }
            (Err(unanswered), _) => Err(unanswered.into()),
        }
    }
}

pub(super) fn pause(args: Args) -> Exit {
    finish(async {
        let place = Place::new(&args.server, &args.config)?;
        let reason = args.reason.unwrap_or_else(who);
        say(&paused(&place, args.target.as_deref(), args.lasts, reason).await?);
        Ok(Exit::Fine)
    })
}

async fn paused(
    place: &Place,
    target: Option<&str>,
    lasts: Option<Period>,
    reason: String,
) -> Result<String, Problem> {
    let seconds = lasts.map(|lasts| lasts.get().as_secs());
    let body = json!({ "target": target, "for": seconds, "reason": reason });
    let (target, until) = match place.post("/api/v1/pause", &body).await? {
        Ok(answer) => {
            let pause = &answer["pause"];
            let key = pause["target"]["key"].as_str().map(str::to_owned);
            (key, pause["until"].as_f64())
        }
        Err(mut own) => {
            let since = ledger::now();
            let pause = Pause {
                target: meant(&own, target)?,
                since,
                until: lasts.map(|lasts| since.after(lasts.get())),
                reason,
            };
            own.ledger.pause(&pause).map_err(unwritten)?;
            let until = pause.until.map(Timestamp::unix_seconds);
            (pause.target.as_ref().map(Target::key), until)
        }
    };
    let what = target.as_deref().map_or("everything".into(), printable);
    let until = match until {
        Some(until) => format!("until {}", instant(until)),
        None => "until it is resumed".to_owned(),
    };
    let option = target.map(|key| format!(" --target {}", printable(&key)));
    let option = option.unwrap_or_default();
    Ok(format!(
        "Paused: {what}, {until}. No automatic action; to end it: warrener resume{option}\n"
    ))
}

pub(super) fn resume(args: ResumeArgs) -> Exit {
    finish(async {
        let place = Place::new(&args.server, &args.config)?;
        say(&resumed(&place, args.target.as_deref()).await?);
        Ok(Exit::Fine)
    })
}

async fn resumed(place: &Place, target: Option<&str>) -> Result<String, Problem> {
    let body = json!({ "target": target });
    let (target, ended) = match place.post("/api/v1/resume", &body).await? {
        Ok(answer) => {
            let target = answer["target"].as_str().map(str::to_owned);
            (target, answer["ended"].as_bool().unwrap_or_default())
        }
        Err(mut own) => {
            let target = meant(&own, target)?;
            let ended = own.ledger.resume(target.as_ref()).map_err(unwritten)?;
            (target.as_ref().map(Target::key), ended)
        }
    };
    let what = target.as_deref().map_or("everything".into(), printable);
    Ok(match ended {
        true => format!("Resumed: {what}.\n"),
        false => {
            format!("Nothing to resume: {what} was not paused; `warrener status` shows what is.\n")
        }
    })
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::proof::Proof;
    use crate::recover::ledger::Ledger;

    /// A configuration with a ledger, and no server.
    fn place() -> (tempfile::TempDir, Place) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("warrener.yml");
        let worker = "workers: {mail: {match: {cmdline: no-such-worker}}}\n";
        fs::write(&file, format!("state: state\n{worker}")).unwrap();
        // Bound by nobody: port 1 needs a privileged server that is never there.
        let client = Client::new("http://127.0.0.1:1", &Proof::default()).unwrap();
        let config = Some(Some(file));
        (dir, Place { client, config })
    }

    fn failed<T: std::fmt::Debug>(outcome: Result<T, Problem>) -> String {
        match outcome {
            Err(Problem::Failed(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn with_no_server_it_is_written_into_the_ledger() {
        let (dir, place) = place();
        let pause = |target, lasts| paused(&place, target, lasts, "a test".to_owned());
        let why = failed(pause(None, None).await);
        assert!(
            why.contains("no ledger in") && why.contains("--config.file"),
            "{why}"
        );
        let state = dir.path().join("state");
        assert!(!state.exists(), "it is the server's to make");

        drop(Ledger::open(&state, ledger::now()).unwrap());
        let words = pause(Some("mail"), Some(Period::secs(3600))).await.unwrap();
        assert!(
            words.starts_with("Paused: worker:mail, until 20"),
            "{words}"
        );
        assert!(
            words.ends_with("warrener resume --target worker:mail\n"),
            "{words}"
        );
        let words = pause(None, None).await.unwrap();
        assert!(
            words.starts_with("Paused: everything, until it is resumed."),
            "{words}"
        );
        let why = failed(pause(Some("nobody"), None).await);
        assert!(why.contains("worker:mail"), "{why}");
        {
            let ledger = Ledger::open(&state, ledger::now()).unwrap();
            let pauses = ledger.pauses(ledger::now()).unwrap();
            assert_eq!(pauses.len(), 2);
            assert!(pauses.iter().all(|pause| pause.reason == "a test"));
            let why = failed(pause(None, None).await);
            let remedy = why.contains("held by another warrener") && why.contains("--url");
            assert!(remedy, "{why}");
        }
        assert_eq!(
            resumed(&place, None).await.unwrap(),
            "Resumed: everything.\n"
        );
        let again = resumed(&place, None).await.unwrap();
        assert!(
            again.starts_with("Nothing to resume: everything"),
            "{again}"
        );
        assert_eq!(
            resumed(&place, Some("mail")).await.unwrap(),
            "Resumed: worker:mail.\n"
        );
    }

    #[tokio::test]
    async fn a_named_server_is_not_replaced_by_a_ledger() {
        let (_dir, mut place) = place();
        place.config = None;
        let why = failed(resumed(&place, None).await);
        assert!(why.contains("no server at http://127.0.0.1:1"), "{why}");
    }

    #[test]
    fn a_pause_lasts_whole_seconds() {
        assert_eq!(period("1h30m").unwrap(), Period::secs(5400));
        for wrong in ["", "0s", "500ms", "1", "soon"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }
}
