//! The `files` probe: logs and backups, by the globs of the configuration.
//!
//! Every glob is read by itself and waited for only so long: a dead mount hangs nobody. What is
//! read is bounded, whatever others write. Nothing here is written, removed or rotated.

mod backups;
mod lines;
mod logs;
mod now;
mod tail;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::{join, join_all};

pub use self::now::look_at_backups;
pub use self::walk::{Bounds, FileId, Glob, Match, Walk};

use self::backups::Backup;
use self::logs::{Limits, LogWatch};
use self::verify::{DEADLINE, Verified, Verifier};
use super::Probe;
use super::patient::Patient;
use crate::config::{BackupFiles, Config, LogFiles};
use crate::model::facts::{BackupFacts, FilesFacts, LogFacts};
use crate::model::{Failure, ProbeName, Reason};
use crate::platform::files::open_below;

/// How long a glob is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Reads the logs and backups of a configuration.
#[derive(Debug)]
pub struct FilesProbe {
    logs: Vec<Logs>,
    backups: Vec<Backups>,
}

#[derive(Debug)]
struct Logs {
    glob: String,
    /// What can't be watched, and why: the check of the configuration refuses it.
    watch: Result<Arc<Mutex<LogWatch>>, String>,
    reading: Patient<LogFacts>,
}

#[derive(Debug)]
struct Backups {
    glob: String,
    watch: Result<Arc<Glob>, String>,
    reading: Patient<(BackupFacts, Option<Backup>)>,
    verifier: Option<Verifier>,
}

impl FilesProbe {
    /// A probe for the files of `config`. What is appended is counted from its first reading on.
    pub fn new(config: &Config) -> Self {
        FilesProbe {
            logs: config.files.logs.iter().map(Logs::new).collect(),
            backups: config.files.backups.iter().map(Backups::new).collect(),
        }
    }
}

impl Probe for FilesProbe {
    type Facts = FilesFacts;

    const NAME: ProbeName = ProbeName::Files;

    async fn read(&mut self) -> Result<FilesFacts, Failure> {
        let logs = join_all(self.logs.iter_mut().map(Logs::read));
        let backups = join_all(self.backups.iter_mut().map(Backups::read));
        let (logs, backups) = join(logs, backups).await;
        let told =
            |files: Option<u64>, problem: &Option<String>| files.is_some() || problem.is_none();
        let any = !logs.is_empty() || !backups.is_empty();
        let nothing = any
            && !logs
                .iter()
                .any(|l| told(l.files, &l.problem) || l.largest.is_some())
            && !backups.iter().any(|b| told(b.files, &b.problem));
        let problems = logs.iter().map(|l| (&l.glob, &l.problem));
        let problems = problems.chain(backups.iter().map(|b| (&b.glob, &b.problem)));
        let problems = problems.filter_map(|(glob, problem)| Some((glob, problem.as_ref()?)));
        if nothing {
            let problems: Vec<_> = problems
                .map(|(glob, why)| format!("{glob}: {why}"))
                .collect();
            return Err(Failure::new(Reason::Io, problems.join("; ")));
        }
        for (glob, problem) in problems {
            tracing::debug!(glob, problem, "not all of it was read");
        }
        Ok(FilesFacts { logs, backups })
    }
}

impl Logs {
    fn new(files: &LogFiles) -> Self {
        let watch = || -> Result<_, String> {
            let glob = Glob::new(&files.glob).map_err(|error| error.to_string())?;
            let error = files
                .error
                .as_ref()
                .map(|text| regex::bytes::Regex::new(text.as_str()));
            let error = error.transpose().map_err(|error| error.to_string())?;
            let watch = LogWatch::new(glob, error, Limits::default(), open_below);
            Ok(Arc::new(Mutex::new(watch)))
        };
        Logs {
            glob: files.glob.clone(),
            watch: watch(),
            reading: Patient::default(),
        }
    }

    async fn read(&mut self) -> LogFacts {
        let problem = match &self.watch {
            Err(problem) => problem.clone(),
            Ok(watch) => {
                let watch = Arc::clone(watch);
                // Nothing else locks it while a reading is under way.
                let work = move || watch.lock().unwrap_or_else(PoisonError::into_inner).read();
                match self.reading.run(PATIENCE, work).await {
                    Ok(facts) => return facts,
                    Err(not_done) => not_done.to_string(),
                }
            }
        };
        LogFacts {
            glob: self.glob.clone(),
            problem: Some(problem),
            ..LogFacts::default()
        }
    }
}

impl Backups {
    fn new(files: &BackupFiles) -> Self {
        let verify = files.verify.as_deref();
        Backups {
            glob: files.glob.clone(),
            watch: Glob::new(&files.glob)
                .map(Arc::new)
                .map_err(|error| error.to_string()),
            reading: Patient::default(),
            verifier: verify.map(|command| Verifier::new(command, DEADLINE)),
        }
    }

    async fn read(&mut self) -> BackupFacts {
        let read = match &self.watch {
            Err(problem) => Err(problem.clone()),
            Ok(glob) => {
                let glob = Arc::clone(glob);
                let work = move || backups::read(&glob, Bounds::default(), SystemTime::now());
                let outcome = self.reading.run(PATIENCE, work).await;
                outcome.map_err(|not_done| not_done.to_string())
            }
        };
        let (mut facts, newest) = read.unwrap_or_else(|problem| {
            let facts = BackupFacts {
                glob: self.glob.clone(),
                problem: Some(problem),
                ..BackupFacts::default()
            };
            (facts, None)
        });
        if let (Some(verifier), Some(newest)) = (&mut self.verifier, newest) {
            match verifier.ask(&newest, facts.is_settled()) {
                Verified::Pending => {}
                Verified::Told(outcome) => facts.verified = Some(outcome),
                Verified::NotStarted(why) => facts.problem = Some(why),
            }
        }
        facts
    }
}
