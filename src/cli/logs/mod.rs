//! `warrener logs`: the logs of the configuration, merged by time and grouped by what they say.
//!
//! ```text
//! sources (files, journal, containers) ─> tail ─> entry (lines joined, secrets out) ─> group ─> page
//! ```
//!
//! Works without a server. What is read is bounded, whatever the logs' size: the newest counts.

mod entry;
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
use crate::watch::patient::Patient;
use crate::watch::workers::containers;
use entry::{Entry, Reader};
use group::Groups;
use instant::Clock;
use page::{Source, View};
use redact::Redactor;
use sources::{Files, Keeper, USUAL_ERROR};
use streams::Streams;

/// Read of all files together, in bytes.
const MOST_READ: u64 = 256 << 20;
/// Lines read of one journal or one container.
const MOST_LINES: u64 = 200_000;
/// Files on a dead mount are given up.
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
    let work = Work {
        redactor: Redactor::of(&config),
        clock,
        since,
        errors: args.errors,
        groups: Groups::new(keep),
        sources: Vec::new(),
    };
    let (files, own) = (config.clone(), args.worker.clone());
    let read = move || {
        let mut work = work;
        work.files(&sources::files(&files, own.as_deref(), time_of(since)));
        work
    };
    let mut work = Patient::default()
        .run(PATIENCE, read)
        .await
        .map_err(|why| Problem::Failed(format!("the log files: {why}")))?;
    for keeper in sources::keepers(&config, worker) {
        work.keeper(&keeper).await;
    }

    let view = View {
        width: width(),
        errors: args.errors,
        each: args.each,
        limit: args.limit as usize,
        since,
        now: clock.now.unix_timestamp() * 1000,
    };
    let unread = work.sources.iter().any(|source| source.problem.is_some());
    match args.json {
        true => say(&page::json(&work.groups, &work.sources, &view)),
        false => say(&page::text(&work.groups, &work.sources, &view)),
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

/// What is being gathered.
struct Work {
    redactor: Redactor,
    clock: Clock,
    since: i64,
    errors: bool,
    groups: Groups,
    sources: Vec<Source>,
}

impl Work {
    fn files(&mut self, files: &Files) {
        for (name, problem) in &files.problems {
            self.sources.push(Source {
                problem: Some(problem.clone()),
                ..Source::named(name.clone())
            });
        }
        let mut left = MOST_READ;
        // The newest first: what is left out is old.
        for file in files.files.iter().rev() {
            let mut source = Source::named(file.name());
            if left == 0 || file.is_unreadable() {
                let why = match left {
                    0 => "not read: the newer logs were 256 MiB already",
                    _ => "not read: packed, and not by gzip",
                };
                source.note = Some(why.to_owned());
                self.sources.push(source);
                continue;
            }
            let Work {
                redactor,
                clock,
                since,
                errors,
                groups,
                ..
            } = self;
            let reader = Reader {
                clock: *clock,
                error: &file.error,
                redactor,
            };
            let place: Arc<str> = source.name.as_str().into();
            let before = groups.counts;
            let each = &mut |entry: Entry| groups.add(&place, entry, *errors);
            let outcome = file.open().and_then(|mut opened| {
                let read = match file.is_packed() {
                    true => tail::read_packed(opened, *since, left, &reader, each),
                    false => tail::read(&mut opened, *since, left, &reader, each),
                };
                read.map_err(|error| error.to_string())
            });
            match outcome {
                Ok(told) => {
                    left -= told.read.min(left);
                    source.note = told.words(file.is_packed());
                }
                Err(why) => source.problem = Some(why),
            }
            source.count(before, groups.counts);
            self.sources.push(source);
        }
    }

    async fn keeper(&mut self, keeper: &Keeper) {
        let mut source = Source::named(keeper.name());
        let Ok(usual) = Regex::new(USUAL_ERROR) else {
            return;
        };
        let Work {
            redactor,
            clock,
            since,
            errors,
            groups,
            ..
        } = self;
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
