//! Whether a backup is whole, by the program that its configuration names.
//!
//! It runs in the background, once for each newest backup, and no two at a time; a reading tells
//! what is known by then.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::time::Duration;

use tokio::task::JoinSet;

use super::backups::Backup;
use crate::platform::exec::{Haste, Refusal, look};

/// The longest that a verification may take: a large backup is read whole.
pub(super) const DEADLINE: Duration = Duration::from_secs(3600);

/// Verifies the newest backup of one glob.
#[derive(Debug)]
pub(super) struct Verifier {
    command: Vec<String>,
    deadline: Duration,
    known: Option<(Backup, Result<(), Refusal>)>,
    /// At most one; dropping it ends the program.
    pub(super) running: JoinSet<(Backup, Result<(), Refusal>)>,
    of: Option<Backup>,
}

/// What is known of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    /// Nothing yet.
    Pending,
    /// The program ended: whole, or why not.
    Told(Result<(), String>),
    /// Why the program could not be started; it will be tried again.
    NotStarted(String),
}

impl Verifier {
    /// `command` is a program and its arguments, with `{}` for the path.
    pub(super) fn new(command: &[String], deadline: Duration) -> Self {
        Verifier {
            command: command.to_vec(),
            deadline,
            known: None,
            running: JoinSet::new(),
            of: None,
        }
    }

    /// What is known of `backup`; begins to find out where nothing is and it is `settled`.
    pub(super) fn ask(&mut self, backup: &Backup, settled: bool) -> Verified {
        while let Some(ended) = self.running.try_join_next() {
            self.of = None;
            // A panic is fenced by its task; the next reading tries again.
            self.known = ended.ok();
        }
        let known = match &self.known {
            Some((of, outcome)) if of == backup => self.in_words(outcome),
            _ => Verified::Pending,
        };
        let is_known = matches!(known, Verified::Told(_));
        if settled && !is_known && self.of.as_ref() != Some(backup) {
            self.begin(backup);
        }
        known
    }

    fn begin(&mut self, backup: &Backup) {
        // The one before it is not asked for any more.
        self.running = JoinSet::new();
        let Some((program, arguments)) = self.argv(backup) else {
            return;
        };
        let (of, deadline) = (backup.clone(), self.deadline);
        self.running.spawn(async move {
            let outcome = look(&program, &arguments, Haste::Whenever, deadline).await;
            (of, outcome)
        });
        self.of = Some(backup.clone());
    }

    /// Waits for the program, and tells what it says; [`Verified::Pending`] when it does not end in
    /// time.
    pub(super) async fn once(&self, backup: &Backup) -> Verified {
        let Some((program, arguments)) = self.argv(backup) else {
            return Verified::Pending;
        };
        match look(&program, &arguments, Haste::Whenever, self.deadline).await {
            Err(Refusal::Deadline(_)) => Verified::Pending,
            outcome => self.in_words(&outcome),
        }
    }

    fn argv(&self, backup: &Backup) -> Option<(OsString, Vec<OsString>)> {
        let words = self.command.iter();
        let mut argv = words.map(|word| with_path(word, &backup.path));
        Some((argv.next()?, argv.collect()))
    }

    fn in_words(&self, outcome: &Result<(), Refusal>) -> Verified {
        let program = self.command.first().map_or("", String::as_str);
        match outcome {
            Ok(()) => Verified::Told(Ok(())),
            Err(refusal @ Refusal::Start(_)) => {
                Verified::NotStarted(format!("{program} {refusal}"))
            }
            Err(refusal) => Verified::Told(Err(format!("{program} {refusal}"))),
        }
    }
}

/// A word of the command with every `{}` replaced; the path may be no UTF-8.
fn with_path(word: &str, path: &Path) -> OsString {
    let parts: Vec<&[u8]> = word.split("{}").map(str::as_bytes).collect();
    let path: &OsStr = path.as_os_str();
    OsString::from_vec(parts.join(path.as_bytes()))
}
