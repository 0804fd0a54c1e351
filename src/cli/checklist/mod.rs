//! `warrener report`: the checklist of the day, the week or the month, worked through.

mod page;

use super::client::{ServerArgs, Unanswered};
use super::ledger;
use super::output::{Problem, pretty, say, width};
use super::runs::source::parse;
use super::status::source::Origin;
use super::{ConfigArgs, Exit, finish};
use crate::publish::report::{Material, Period, Report};
use crate::recover::clock::Zone;
use crate::recover::prometheus;

const AFTER_HELP: &str = "\
Examples:
  warrener report                      the last 24 hours: score, findings, logs, disk, memory
  warrener report --weekly             7 days: configuration, workers, backups, maintenance
  warrener report --monthly            30 days: patterns, what helped, noisy alerts, forecasts
  warrener report --weekly --format md > report.md

Each line ends in `ok`, `look` (for a person to look at) or `not known`, with its evidence. What is
concluded is advice: nothing is done because of it. To have it sent to Slack by itself:
report.daily, report.weekly, report.monthly in warrener.yml (docs/CONFIG.md).

It asks the server at --url. Where none runs, it reads the ledger in the state directory of
--config.file and probes once by itself.

Exit codes: 0 the report was made, 1 it could not be, 2 the command line or warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The last 24 hours [default]
    #[arg(long, group = "period")]
    daily: bool,
    /// The last 7 days
    #[arg(long, group = "period")]
    weekly: bool,
    /// The last 30 days, and the patterns of the past year
    #[arg(long, group = "period")]
    monthly: bool,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// Markdown
    Md,
    /// The document of GET /api/v1/report (docs/API.md)
    Json,
}

pub(super) fn run(args: Args) -> Exit {
    finish(async {
        let period = match (args.weekly, args.monthly) {
            (true, _) => Period::Weekly,
            (_, true) => Period::Monthly,
            _ => Period::Daily,
        };
        let (report, note) = read(&args, period).await?;
        if let (Some(note), Format::Md | Format::Json) = (&note, args.format) {
            eprintln!("warrener: {note}");
        }
        match args.format {
            Format::Text => say(&page::render(&report, note.as_deref(), width())),
            Format::Md => say(&report.to_markdown()),
            Format::Json => {
                let wrong = |error| Problem::Failed(format!("it can't be printed: {error}"));
                let json = serde_json::to_string(&report).map_err(wrong)?;
                say(&pretty(&json).map_err(wrong)?);
            }
        }
        Ok(Exit::Fine)
    })
}

/// From the server; where none is there and none was named, from the ledger and probes of its own.
async fn read(args: &Args, period: Period) -> Result<(Report, Option<String>), Problem> {
    let client = args.server.client()?;
    let path = format!("/api/v1/report?period={}", period.as_str());
    let nobody = match client.get(&path).await {
        Ok(json) => {
            let wrong = |why| Problem::Failed(format!("{}: {why}", client.url()));
            return Ok((parse(&json).map_err(wrong)?, None));
        }
        Err(nobody @ Unanswered::NobodyThere(_)) if args.server.url.is_none() => nobody.to_string(),
        Err(unanswered) => return Err(unanswered.into()),
    };
    let file = args.config.file();
    let own = ledger::open(file.as_deref(), &nobody)?;
    let (now, zone) = (ledger::now(), Zone::system());
    let past = Report::past(&own.ledger, period, now);
    let past = past.map_err(|error| Problem::Failed(error.to_string()))?;
    let firing = prometheus::firing(&own.config).await;
    let reading = Origin::new(client, Some(file)).read().await?;
    let report = Report::new(
        period,
        Material {
            identity: &own.config.identity,
            past: &past,
            status: Some(&reading.status),
            firing: firing.as_ref(),
            zone: &zone,
            now,
        },
    );
    let note = format!(
        "{nobody}: read from {}, and probed once just now",
        own.ledger.file().display()
    );
    Ok((report, Some(note)))
}
