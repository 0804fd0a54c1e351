//! `warrener stress`: a bounded load through queues of its own, and what it was like.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{interval, sleep};

use super::client::{Client, ServerArgs};
use super::layout::Page;
use super::output::{Problem, say, width};
use super::pause::period;
use super::words::{bytes, count, printable, sentence, time};
use super::{ConfigArgs, Exit, finish};
use crate::config::Config;
use crate::config::units::{ByteSize, Period};
use crate::model::Code;
use crate::publish::status::Status;
use crate::watch::Watch;
use crate::watch::broker::load::{Counts, Histogram, Plan, Report};

/// Beyond these it takes `--yes`.
const USUAL_RATE: f64 = 1000.0;
const USUAL_BYTES: f64 = (16 << 20) as f64;
const USUAL_TIME: Duration = Duration::from_secs(600);
/// The most there is, also with it.
const MOST_RATE: f64 = 50_000.0;
const MOST_TIME: Duration = Duration::from_secs(3600);
const MOST_SIZE: u64 = 16 << 20;

/// How often the server is asked how things are.
const LOOK: Duration = Duration::from_secs(2);
/// How often progress is told, on a terminal and elsewhere.
const DRAW: Duration = Duration::from_millis(500);
const LINE: Duration = Duration::from_secs(5);

const AFTER_HELP: &str = "\
Examples:
  warrener stress                              100 messages a second for 30 s
  warrener stress --rate 500 --for 2m          more, and longer
  warrener stress --size 16KiB --connections 4  larger messages, over four connections

Messages go through queues of its own (warrener.stress.*), which vanish with it, also after Ctrl-C or
a crash; no queue of yours is touched, but broker, disk and network are shared. It stops by itself
when the broker blocks publishers, when the server reports a memory or disk alarm, and when the level
becomes worse than it was at the beginning. Above 1000 messages/s, 16 MiB/s or 10 minutes it asks for
--yes. The broker's user needs what the round trip needs: configure and read on warrener.stress.*,
write on amq.default.

Exit codes: 0 it ran as asked, 1 it ended early or messages were lost, 2 the command line or
warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Messages a second, over all connections
    #[arg(long, value_name = "N", default_value_t = 100.0, value_parser = rate)]
    rate: f64,
    /// How long
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = period)]
    lasts: Period,
    /// Bytes of a message
    #[arg(long, value_name = "SIZE", default_value = "1KiB", value_parser = size)]
    size: ByteSize,
    /// Publishers, each with a connection, a queue and a consumer of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// Also beyond what is usual
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| *rate >= 0.1 && *rate <= MOST_RATE);
    rate.ok_or_else(|| format!("write a number from 0.1 to {MOST_RATE}"))
}

fn size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text.parse().map_err(|malformed| format!("{malformed}"))?;
    match size.bytes() {
        8..=MOST_SIZE => Ok(size),
        _ => Err("write 8B to 16MiB".to_owned()),
    }
}

pub(super) fn run(args: Args) -> Exit {
    finish(stress(args))
}

async fn stress(args: Args) -> Result<Exit, Problem> {
    let plan = plan(&args).map_err(|words| Problem::Usage(format!("warrener: {words}")))?;
    let config = Config::load(args.config.file().as_deref())
        .map_err(|errors| Problem::Usage(errors.to_string()))?;
    let build = Watch::default()
        .build(&config)
        .map_err(|f| Problem::Failed(f.to_string()))?;
    let client = args.server.client()?;
    let before = match look(&client).await {
        Ok(status) => Some(status),
        Err(words) if args.server.url.is_some() => return Err(Problem::Failed(words)),
        Err(words) => {
            eprintln!(
                "warrener: {words}: only the broker itself can stop it, by blocking publishers"
            );
            None
        }
    };
    if let Some(alarm) = before.as_ref().and_then(alarm) {
        return Err(Problem::Failed(format!("not begun: {alarm}")));
    }

    let (stop, stopped) = watch::channel(false);
    let counts = Counts::default();
    let load = build.load(plan, &counts, stopped);
    let guard = async {
        let why = tokio::select! {
            why = worse(&client, before.as_ref()) => why,
            _ = tokio::signal::ctrl_c() => "you stopped it".to_owned(),
        };
        stop.send_replace(true);
        why
    };
    let (report, why) = {
        let mut load = std::pin::pin!(load);
        let mut guard = std::pin::pin!(guard);
        let mut progress = std::pin::pin!(progress(plan, &counts));
        let mut why = None;
        loop {
            tokio::select! {
                report = &mut load => break (report, why),
                told = &mut guard, if why.is_none() => why = Some(told),
                () = &mut progress => {}
            }
        }
    };
    clear_line();
    let report = report.map_err(|failure| Problem::Failed(format!("not begun: {failure}")))?;
    let why = report.failure.as_ref().map(ToString::to_string).or(why);
    say(&page(&plan, &report, why.as_deref(), width()));
    let whole = report.received.count() == report.sent && report.refused == 0;
    Ok(if why.is_none() && whole {
        Exit::Fine
    } else {
        Exit::Failed
    })
}

/// What is asked for, if it may be.
fn plan(args: &Args) -> Result<Plan, String> {
    let (lasts, size) = (args.lasts.get(), args.size.bytes());
    if lasts > MOST_TIME {
        return Err("--for: an hour at most".to_owned());
    }
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let per_second = args.rate * size as f64;
    let much = [
        (args.rate > USUAL_RATE, "more than 1000 messages/s"),
        (per_second > USUAL_BYTES, "more than 16 MiB/s"),
        (lasts > USUAL_TIME, "more than 10 minutes"),
    ];
    let much: Vec<_> = much
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, words)| *words)
        .collect();
    if !much.is_empty() && !args.yes {
        return Err(format!(
            "this is {}, on a broker that others use: say --yes if you mean it",
            much.join(" and ")
        ));
    }
    Ok(Plan {
        rate: args.rate,
        lasts,
        size: usize::try_from(size).unwrap_or(usize::MAX),
        connections: args.connections,
    })
}

async fn look(client: &Client) -> Result<Status, String> {
    let json = client
        .get("/api/v1/status")
        .await
        .map_err(|error| error.to_string())?;
    serde_json::from_str(&json).map_err(|error| format!("its status can't be read: {error}"))
}

/// The broker's alarm, if one is up.
fn alarm(status: &Status) -> Option<String> {
    let alarms = [Code::BrokerMemoryAlarm, Code::BrokerDiskAlarm];
    let found = status
        .findings
        .iter()
        .find(|finding| alarms.iter().any(|code| finding.code == code.as_str()))?;
    Some(format!(
        "{} is up: {}",
        found.code,
        printable(&found.summary)
    ))
}

/// Ends when things are worse than `before`, with how.
async fn worse(client: &Client, before: Option<&Status>) -> String {
    let Some(before) = before else {
        return std::future::pending().await;
    };
    loop {
        sleep(LOOK).await;
        // A server that does not answer for once is no reason.
        let Ok(now) = look(client).await else {
            continue;
        };
        if let Some(alarm) = alarm(&now) {
            return alarm;
        }
        if now.level > before.level {
            let (was, is) = (before.level.as_str(), now.level.as_str());
            let score = (before.score, now.score);
            return format!(
                "the level became {is} ({}), from {was} ({})",
                score.1, score.0
            );
        }
    }
}

/// Tells how far it is, until it is dropped.
async fn progress(plan: Plan, counts: &Counts) {
    let terminal = std::io::stderr().is_terminal();
    let mut ticks = interval(if terminal { DRAW } else { LINE });
    ticks.tick().await;
    let begun = Instant::now();
    loop {
        ticks.tick().await;
        let line = line(&plan, counts, begun.elapsed());
        if terminal {
            eprint!("\r\u{1b}[K{line}");
            std::io::stderr().flush().ok();
        } else {
            eprintln!("{line}");
        }
    }
}

fn clear_line() {
    if std::io::stderr().is_terminal() {
        eprint!("\r\u{1b}[K");
    }
}

fn line(plan: &Plan, counts: &Counts, elapsed: Duration) -> String {
    const BAR: usize = 20;
    let part = (elapsed.as_secs_f64() / plan.lasts.as_secs_f64()).min(1.0);
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "0 to 20"
    )]
    let done = (part * BAR as f64) as usize;
    let [sent, confirmed, received] = [&counts.sent, &counts.confirmed, &counts.received]
        .map(|counter| count(counter.load(Ordering::Relaxed)));
    format!(
        "[{}{}] {} of {} s: sent {sent}, confirmed {confirmed}, received {received}",
        "#".repeat(done),
        ".".repeat(BAR - done),
        elapsed.as_secs().min(plan.lasts.as_secs()),
        plan.lasts.as_secs()
    )
}

fn page(plan: &Plan, report: &Report, why: Option<&str>, width: usize) -> String {
    let mut page = Page::new(width);
    let connections = match plan.connections {
        1 => "1 connection".to_owned(),
        n => format!("{n} connections"),
    };
    let size = bytes(Some(plan.size as u64));
    page.line(
        0,
        &format!(
            "{} messages/s of {size} over {connections} for {}",
            plan.rate,
            time(plan.lasts)
        ),
    );
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown")]
    let rate = report.sent as f64 / report.lasted.as_secs_f64().max(0.001);
    page.line(
        2,
        &format!(
            "sent {} in {} ({rate:.1}/s), confirmed {}, received {}, refused {}",
            count(report.sent),
            time(report.lasted),
            count(report.confirmed.count()),
            count(report.received.count()),
            count(report.refused)
        ),
    );
    if rate < plan.rate * 0.95 && why.is_none() {
        page.line(
            2,
            "the broker, or this machine, did not keep up with what was asked for",
        );
    }
    page.blank();
    let head = ["LATENCY", "p50", "p90", "p99", "p99.9", "MAX"];
    let rows = [
        row("until confirmed", &report.confirmed),
        row("until received", &report.received),
    ];
    page.table(0, &head, &rows);
    if let Some(why) = why {
        page.blank();
        let words = format!("ended after {}: {why}", time(report.lasted));
        page.line(0, &sentence(&words));
    }
    page.into_text()
}

fn row(name: &str, histogram: &Histogram) -> Vec<String> {
    let told = |latency: Option<Duration>| {
        latency.map_or("?".to_owned(), |latency| {
            format!("{:.2} ms", latency.as_secs_f64() * 1000.0)
        })
    };
    let parts = [500, 900, 990, 999].map(|part| told(histogram.per_mille(part)));
    let longest = told(histogram.longest());
    [name.to_owned()]
        .into_iter()
        .chain(parts)
        .chain([longest])
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn asked(line: &str) -> Result<Plan, String> {
        let words = ["stress"].into_iter().chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        plan(&line.args)
    }

    #[test]
    fn what_is_much_has_to_be_meant() {
        assert_eq!(asked("").unwrap().rate, 100.0);
        for much in ["--rate 1001", "--rate 900 --size 32KiB", "--for 11m"] {
            assert!(asked(much).unwrap_err().contains("--yes"), "{much}");
            assert!(asked(&format!("{much} --yes")).is_ok(), "{much}");
        }
        for wrong in [
            "--rate 0",
            "--rate nan",
            "--rate 1e9 --yes",
            "--for 2h --yes",
            "--size 1B",
        ] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_result_is_told_with_percentiles_and_why_it_ended() {
        let mut report = Report {
            sent: 2,
            lasted: Duration::from_secs(2),
            ..Report::default()
        };
        report.confirmed.record(Duration::from_millis(2));
        let text = page(
            &asked("--for 9s").unwrap(),
            &report,
            Some("an alarm is up"),
            80,
        );
        assert!(text.contains("until confirmed  2.00 ms"), "{text}");
        assert!(text.contains("until received         ?"), "{text}");
        assert!(
            text.ends_with("Ended after 2.0 s: an alarm is up.\n"),
            "{text}"
        );
    }
}
