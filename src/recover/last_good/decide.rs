//! Whether a content of an env file proved good: a pure decision with a named reason.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::facts::{ContentHash, EnvFileFacts};
use crate::model::{Assessment, Code, Moment, Reason, Snapshot, Target};

/// Why a content is not kept as good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotKept {
    /// It could not be read, or not whole.
    Unread,
    /// It breaks its schema.
    Schema,
    /// A login with its values was not tried yet, or worked with what the file does not give.
    LoginUntested,
    /// A login with its values failed.
    LoginFailed(Reason),
    /// A worker that is started with it is not well, or runs with another content.
    WorkersUnstable(String),
    /// All is well, but not for long enough.
    TooRecent,
}

impl NotKept {
    /// The word for logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            NotKept::Unread => "unread",
            NotKept::Schema => "schema",
            NotKept::LoginUntested => "login_untested",
            NotKept::LoginFailed(_) => "login_failed",
            NotKept::WorkersUnstable(_) => "workers_unstable",
            NotKept::TooRecent => "too_recent",
        }
    }
}

/// Findings about a worker that speak against the file it was started with.
const UNSTABLE: [Code; 6] = [
    Code::WorkerDown,
    Code::WorkerMissing,
    Code::WorkerHung,
    Code::WorkerDisconnected,
    Code::WorkerFlapping,
    Code::WorkerConfigDrift,
];

/// Whether `file`, with which `workers` are started, is good at this instant.
///
/// # Errors
/// Why not.
pub fn is_good(
    file: &EnvFileFacts,
    workers: &[String],
    snapshot: &Snapshot,
    assessment: &Assessment,
) -> Result<(), NotKept> {
    if file.content.is_none() || file.problem.is_some() || file.exists != Some(true) {
        return Err(NotKept::Unread);
    }
    let itself = Target::EnvFile {
        path: file.path.clone(),
    };
    let found = |target: &Target, codes: &[Code]| {
        let mut findings = assessment.findings.iter();
        findings.any(|f| f.target == *target && codes.contains(&f.code))
    };
    let violated = file.violations.as_ref().is_none_or(|v| !v.is_empty());
    match (violated, file.says_login, file.login) {
        (true, _, _) => return Err(NotKept::Schema),
        (_, _, Some(Err(reason))) => return Err(NotKept::LoginFailed(reason)),
        (_, Some(false), _) | (_, _, Some(Ok(()))) => {}
        (_, _, None) => return Err(NotKept::LoginUntested),
    }
    if found(&itself, &[Code::ConfigInvalid]) {
        return Err(NotKept::Schema);
    }
    let facts = snapshot.workers.facts();
    // Where nobody looks at workers, none speaks against the file.
    let looked_at = snapshot.workers.interval.is_some();
    for name in workers.iter().filter(|_| looked_at) {
        let target = Target::Worker { name: name.clone() };
        let runs = facts.as_ref().is_some_and(|facts| {
            let worker = facts.workers.iter().find(|w| w.name == *name);
            let processes = worker.and_then(|worker| worker.processes.as_ref());
            processes.is_some_and(|processes| !processes.is_empty())
        });
        if !runs || found(&target, &UNSTABLE) {
            return Err(NotKept::WorkersUnstable(name.clone()));
        }
    }
    Ok(())
}

/// Since when each file has been good with the content it has.
#[derive(Debug, Default)]
pub struct GoodSince {
    files: HashMap<String, (ContentHash, Moment)>,
}

impl GoodSince {
    /// Whether `file` may be kept `now`, being `good` or not at this instant: it must have been
    /// good, with this content, for as long as `keep_after`.
    ///
    /// # Errors
    /// Why not.
    pub fn may_keep(
        &mut self,
        file: &EnvFileFacts,
        good: Result<(), NotKept>,
        keep_after: Duration,
        now: Moment,
    ) -> Result<ContentHash, NotKept> {
        let content = good.and(file.content.ok_or(NotKept::Unread));
        let content = content.inspect_err(|_| {
            self.files.remove(&file.path);
        })?;
        let since = self
            .files
            .entry(file.path.clone())
            .or_insert((content, now));
        if since.0 != content {
            *since = (content, now);
        }
        if now.since(since.1) < keep_after {
            return Err(NotKept::TooRecent);
        }
        Ok(content)
    }

    /// Begins anew with the file at `path`.
    pub fn forget(&mut self, path: &str) {
        self.files.remove(path);
    }
}

#[cfg(test)]
mod tests;
