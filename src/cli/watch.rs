//! `warrener watch`: look more closely for a while.

use serde_json::{Value, json};

use super::client::ServerArgs;
use super::output::{Problem, say};
use super::pause::period;
use super::words::instant;
use super::{Exit, finish};
use crate::config::units::Period;

const AFTER_HELP: &str = "\
Examples:
  warrener watch --for 30m       after an incident: read everything twice as often for half an hour
  warrener watch --end           as usual again
  warrener status --watch        follow what is seen, in another terminal

While the level is not normal the server does so by itself. Intervals are halved, never under a
second, never so short that a reading takes more than a tenth of the time, and a probe that is costly
for the broker is left as it is. Nothing else changes: findings open and close by the usual intervals.

It asks the server at --url, with the token of its web.auth.bearer_file.

Exit codes: 0 fine, 1 failed, 2 the command line is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// How long, as in 30m or 2h, at most a day
    #[arg(long = "for", value_name = "TIME", value_parser = period, default_value = "10m")]
    lasts: Period,
    /// Watch as usual again
    #[arg(long, conflicts_with = "lasts")]
    end: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: Args) -> Exit {
    finish(async {
        let seconds = if args.end {
            0
        } else {
            args.lasts.get().as_secs()
        };
        let client = args.server.client()?;
        let answer = client
            .post("/api/v1/watch", &json!({ "for": seconds }))
            .await?;
        say(&told(&answer)?);
        Ok(Exit::Fine)
    })
}

fn told(answer: &str) -> Result<String, Problem> {
    let answer: Value = serde_json::from_str(answer)
        .map_err(|error| Problem::Failed(format!("the answer can't be read: {error}")))?;
    let words = match (answer["until"].as_f64(), answer["restless"].as_bool()) {
        (Some(until), _) => format!("Watching closely until {}", instant(until)),
        (None, Some(true)) => {
            "Nobody asks any more; still watching closely, for the level is not normal".to_owned()
        }
        (None, _) => "Watching as usual".to_owned(),
    };
    Ok(format!("{words}; to follow it: warrener status --watch\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_from_now_on_is_told() {
        let told = |answer| told(answer).unwrap();
        let until = told(r#"{"version": 1, "until": 1800000000.0, "restless": true}"#);
        assert!(
            until.starts_with("Watching closely until 2027-01-15 08:00:00 UTC"),
            "{until}"
        );
        let level = told(r#"{"version": 1, "until": null, "restless": true}"#);
        assert!(level.contains("the level is not normal"), "{level}");
        let usual = told(r#"{"version": 1, "until": null, "restless": false}"#);
        assert!(usual.starts_with("Watching as usual;"), "{usual}");
    }
}
