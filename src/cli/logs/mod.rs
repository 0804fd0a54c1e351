//! `warrener logs`: the logs of the configuration, merged by time and grouped by what they say.
//!
//! ```text
//! sources (files, journal, containers) ─> tail ─> entry (lines joined, secrets out) ─> group ─> page
//! ```
//!
//! Works without a server. What is read is bounded, whatever the logs' size: the newest counts.

mod entry;
mod files;
mod group;
mod instant;
mod page;
mod redact;
mod sources;
mod streams;
mod tail;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use regex::bytes::Regex;
use time::{OffsetDateTime, UtcOffset};

use super::output::{Problem, say, width};
use super::{ConfigArgs, Exit, finish};
use crate::config::Config;
use crate::config::units::Period;
use crate::platform::docker::Docker;
use crate::platform::journal;
use crate::watch::workers::containers;
use entry::Reader;
use group::Groups;
use instant::Clock;
use page::{Source, View};
use redact::Redactor;
use sources::{Keeper, USUAL_ERROR};
use streams::Streams;

/// Lines read of one journal or one container.
const MOST_LINES: u64 = 200_000;
/// After this long no more of the files is waited for: they may be on a dead mount.
const PATIENCE: Duration = Duration::from_secs(120);

const AFTER_HELP: &str = "\
Examples:
  warrener logs --errors                        what went wrong in the last hour, most recent last
  warrener logs --errors --since 10m            in the last ten minutes
  warrener logs --errors --worker task-worker   of one kind of worker
  warrener logs --since '2027-01-15 09:00:00'   everything since then (this machine's zone)
  warrener logs --each --limit 200              the newest 200 entries one by one
  warrener logs --errors --json                 for programs

It reads the files of files.logs and the `log` of each control.process, with their rotated and .gz
parts, the journal of systemd workers and the engine's logs of docker workers; no server is needed.
What counts as an error is `files.logs[].error`; elsewhere ERROR, CRITICAL, FATAL, tracebacks and
panics, and in the journal priority 3 and graver. A message without time belongs to the line before
it. Values of secrets in the env files are never printed.
What is not read within two minutes is left out and named; the rest is shown.

Exit codes: 0 read, 1 something could not be read, 2 the command line or warrener.yml is wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Only errors
    #[arg(long)]
    errors: bool,
    /// How far back: a time such as 30m, or an instant [default: 1h]
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1h",
        hide_default_value = true
    )]
    since: String,
    /// Only the logs of this kind of worker
    #[arg(long, value_name = "NAME")]
    worker: Option<String>,
    /// At most so many groups or entries, the newest
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Every entry by itself instead of groups
    #[arg(long)]
    each: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> Exit {
    // Asked while this process has one thread: it is not safe to ask later.
    let zone = UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC);
    let clock = Clock {
        zone,
        now: OffsetDateTime::now_utc(),
    };
    finish(logs(args, clock))
}

async fn logs(args: Args, clock: Clock) -> Result<Exit, Problem> {
    let usage = |words: String| Problem::Usage(format!("warrener: {words}"));
    let since = since(&args.since, clock).map_err(usage)?;
    let config = Config::load(args.config.file().as_deref())
        .map_err(|errors| Problem::Usage(errors.to_string()))?;
    let worker = args.worker.as_deref();
    sources::check(&config, worker).map_err(usage)?;

    let keep = if args.each { args.limit as usize } else { 0 };
    let terms = Terms {
        redactor: Redactor::of(&config),
        clock,
        since,
        errors: args.errors,
    };
    let (config, own) = (Arc::new(config), args.worker.clone());
    let files = Arc::clone(&config);
    let list = move || sources::files(&files, own.as_deref(), time_of(since));
    let terms = Arc::new(terms);
    let mut gathered = files::gather(Arc::clone(&terms), keep, PATIENCE, list).await;
    for keeper in sources::keepers(&config, worker) {
        gathered.keeper(&terms, &keeper).await;
    }

    let view = View {
        width: width(),
        errors: args.errors,
        each: args.each,
        limit: args.limit as usize,
        since,
        now: clock.now.unix_timestamp() * 1000,
    };
    let unread = gathered
        .sources
        .iter()
        .any(|source| source.problem.is_some());
    match args.json {
        true => say(&page::json(&gathered.groups, &gathered.sources, &view)),
        false => say(&page::text(&gathered.groups, &gathered.sources, &view)),
    }
    Ok(if unread { Exit::Failed } else { Exit::Fine })
}

/// The instant meant, in milliseconds since the Unix epoch.
fn since(text: &str, clock: Clock) -> Result<i64, String> {
    if let Ok(period) = text.parse::<Period>() {
        let back = i64::try_from(period.get().as_millis()).unwrap_or(i64::MAX);
        return Ok((clock.now.unix_timestamp() * 1000).saturating_sub(back));
    }
    let stamp = clock.stamp(text.as_bytes());
    let whole = stamp.filter(|stamp| stamp.from == 0 && stamp.to == text.len());
    whole.map(|stamp| stamp.at).ok_or_else(|| {
        format!("--since: `{text}` is no time: write 30m, 2h, or 2027-01-15T09:00:00Z")
    })
}

fn time_of(millis: i64) -> SystemTime {
    let since = u64::try_from(millis).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(since)
}

/// By what all logs are read.
#[derive(Debug)]
struct Terms {
    redactor: Redactor,
    clock: Clock,
    /// In milliseconds since the Unix epoch.
    since: i64,
    errors: bool,
}

/// What was gathered.
#[derive(Debug)]
struct Gathered {
    groups: Groups,
    sources: Vec<Source>,
}

impl Gathered {
    async fn keeper(&mut self, terms: &Terms, keeper: &Keeper) {
        let mut source = Source::named(keeper.name());
        let Ok(usual) = Regex::new(USUAL_ERROR) else {
            return;
        };
        let Terms {
            redactor,
            clock,
            since,
            errors,
        } = terms;
        let groups = &mut self.groups;
        let reader = Reader {
            clock: *clock,
            error: &usual,
            redactor,
        };
        let before = groups.counts;
        let mut streams = Streams {
            reader: &reader,
            since: *since,
            errors: *errors,
            groups,
            open: HashMap::new(),
        };
        let from = since.div_euclid(1000);
        let outcome = match keeper {
            Keeper::Journal { worker, units } => {
                let each = &mut |record: journal::Record| {
                    let grave = record.priority.is_some_and(|priority| priority <= 3);
                    let place = format!("{worker} ({})", record.unit);
                    let key = (record.unit, record.pid);
                    streams.message(place, key, &record.message, Some(record.at), grave);
                };
                let read = journal::read(units, from, MOST_LINES, each).await;
                read.map(|count| count >= MOST_LINES)
            }
            Keeper::Docker { worker, control } => {
                let each = &mut |name: &str, stream, line: &[u8]| {
                    // The engine's own time stands in front.
                    let (time, line) = match line.iter().position(|b| *b == b' ') {
                        Some(at) => (&line[..at], &line[at + 1..]),
                        None => (&line[..0], line),
                    };
                    let at = clock.stamp(time).map(|stamp| stamp.at);
                    let place = format!("{worker} ({name})");
                    let key = (name.to_owned(), format!("{stream:?}"));
                    streams.message(place, key, line, at, false);
                };
                let mut docker = Docker::new(containers(control));
                let read = docker.logs(from, MOST_LINES, each).await;
                read.map(|_| false)
            }
        };
        streams.end();
        match outcome {
            Ok(true) => source.note = Some(format!("only its newest {MOST_LINES} lines were read")),
            Ok(false) => {}
            Err(failure) => source.problem = Some(failure.message),
        }
        source.count(before, groups.counts);
        self.sources.push(source);
    }
}
