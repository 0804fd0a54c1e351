//! Reading the files, so that what was read can be had at any time: one on a dead mount keeps nobody
//! from the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::entry::{Entry, Reader};
use super::group::{Counts, Groups};
use super::page::Source;
use super::sources::{Files, LogFile};
use super::{Gathered, Terms, tail};
use crate::watch::patient::Patient;

/// Read of all files together, in bytes.
const MOST_READ: u64 = 256 << 20;

/// Where the reading is.
#[derive(Debug)]
struct Progress {
    gathered: Gathered,
    /// Names of what is not read to its end, in the reverse order: the last is being read. `None`
    /// before the folders were walked.
    left: Option<Vec<String>>,
    /// What was counted before that one.
    before: Counts,
}

impl Progress {
    fn new(keep: usize) -> Self {
        Progress {
            gathered: Gathered {
                groups: Groups::new(keep),
                sources: Vec::new(),
            },
            left: None,
            before: Counts::default(),
        }
    }

    /// The next file's turn is over.
    fn end(&mut self, mut source: Source) {
        source.count(self.before, self.gathered.groups.counts);
        self.before = self.gathered.groups.counts;
        self.gathered.sources.push(source);
        if let Some(left) = &mut self.left {
            left.pop();
        }
    }

    /// What there is, with the names of what is left out, and why.
    fn given_up(mut self, why: &str) -> Gathered {
        let out = |name: String, how: &str| Source {
            problem: Some(format!("{how}: {why}")),
            ..Source::named(name)
        };
        match self.left.take() {
            None => {
                let folders = out("the log files".to_owned(), "none was read");
                self.gathered.sources.push(folders);
            }
            Some(mut left) => {
                if let Some(reading) = left.pop() {
                    self.end(out(reading, "not read to its end"));
                }
                let left = left.into_iter().rev();
                let left = left.map(|name| out(name, "not read"));
                self.gathered.sources.extend(left);
            }
        }
        self.gathered
    }
}

fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the files say that `list` finds; after `patience`, as far as they were read.
pub(super) async fn gather(
    terms: Arc<Terms>,
    keep: usize,
    patience: Duration,
    list: impl FnOnce() -> Files + Send + 'static,
) -> Gathered {
    let progress = Arc::new(Mutex::new(Progress::new(keep)));
    let reading = Arc::clone(&progress);
    let read = move || read(&terms, &list(), &reading);
    let done = Patient::default().run(patience, read).await;
    // A thread that still hangs goes on in what nobody looks at.
    let progress = std::mem::replace(&mut *lock(&progress), Progress::new(0));
    match done {
        Ok(()) => progress.gathered,
        Err(why) => progress.given_up(&why.to_string()),
    }
}

fn read(terms: &Terms, files: &Files, progress: &Mutex<Progress>) {
    {
        let mut progress = lock(progress);
        let problems = files.problems.iter().map(|(name, problem)| Source {
            problem: Some(problem.clone()),
            ..Source::named(name.clone())
        });
        progress.gathered.sources.extend(problems);
        progress.left = Some(files.files.iter().map(LogFile::name).collect());
    }
    let mut left = MOST_READ;
    // The newest first: what is left out is old.
    for file in files.files.iter().rev() {
        let source = one(terms, file, &mut left, progress);
        lock(progress).end(source);
    }
}

/// Reads one file, of which no more than `left` bytes.
fn one(terms: &Terms, file: &LogFile, left: &mut u64, progress: &Mutex<Progress>) -> Source {
    let mut source = Source::named(file.name());
    if *left == 0 || file.is_unreadable() {
        let why = match *left {
            0 => "not read: the newer logs were 256 MiB already",
            _ => "not read: packed, and not by gzip",
        };
        source.note = Some(why.to_owned());
        return source;
    }
    let reader = Reader {
        clock: terms.clock,
        error: &file.error,
        redactor: &terms.redactor,
    };
    let place: Arc<str> = source.name.as_str().into();
    let each = &mut |entry: Entry| {
        let groups = &mut lock(progress).gathered.groups;
        groups.add(&place, entry, terms.errors);
    };
    let outcome = file.open().and_then(|mut opened| {
        let read = match file.is_packed() {
            true => tail::read_packed(opened, terms.since, *left, &reader, each),
            false => tail::read(&mut opened, terms.since, *left, &reader, each),
        };
        read.map_err(|error| error.to_string())
    });
    match outcome {
        Ok(told) => {
            *left -= told.read.min(*left);
            source.note = told.words(file.is_packed());
        }
        Err(why) => source.problem = Some(why),
    }
    source
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::instant::Clock;
    use super::super::redact::Redactor;
    use super::*;

    fn terms() -> Arc<Terms> {
        let clock = Clock {
            zone: time::UtcOffset::UTC,
            now: time::OffsetDateTime::UNIX_EPOCH,
        };
        Arc::new(Terms {
            redactor: Redactor::default(),
            clock,
            since: 0,
            errors: false,
        })
    }

    fn problems(gathered: &Gathered) -> Vec<(&str, &str)> {
        let sources = gathered.sources.iter();
        let problem = |source: &Source| source.problem.is_some();
        let told = sources.filter(|source| problem(source));
        told.map(|source| {
            let problem = source.problem.as_deref().unwrap_or_default();
            (&*source.name, problem.split(':').next().unwrap_or_default())
        })
        .collect()
    }

    #[test]
    fn what_was_read_is_kept_and_what_was_not_is_named() {
        let mut progress = Progress::new(0);
        progress.left = Some(vec!["old".into(), "hangs".into(), "read".into()]);
        progress.end(Source::named("read".into()));
        let gathered = progress.given_up("still waiting");
        let names: Vec<_> = gathered.sources.iter().map(|s| &*s.name).collect();
        assert_eq!(names, ["read", "hangs", "old"]);
        assert_eq!(
            problems(&gathered),
            [("hangs", "not read to its end"), ("old", "not read")]
        );
    }

    /// The folders' walk hangs here as a dead mount makes it.
    #[tokio::test]
    async fn a_walk_that_hangs_is_given_up() {
        let (end, ended) = mpsc::channel::<()>();
        let list = move || {
            ended.recv().unwrap_or_default();
            Files::default()
        };
        let gathered = gather(terms(), 0, Duration::from_millis(20), list).await;
        assert_eq!(problems(&gathered), [("the log files", "none was read")]);
        drop(end);
    }
}
