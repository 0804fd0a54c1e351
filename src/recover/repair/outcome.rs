//! What came of a repair, in named reasons.

use std::io;
use std::path::PathBuf;

use super::{Hopeless, Job};
use crate::model::Failure;
use crate::platform::place::NoPlace;
use crate::recover::StateError;

/// What came of a repair.
#[derive(Debug)]
pub enum Outcome {
    /// The file keeps its schema again.
    Repaired {
        /// The broker accepted a login with its values; `false` where the file has nothing to do
        /// with the broker.
        logged_in: bool,
    },
    /// The file keeps its schema already.
    NothingToDo,
    /// The file logged in before and would not any more, or the broker refuses the content that was
    /// to be put back whole: it was left as it was.
    RolledBack(Failure),
    /// Written, and whether the broker accepts a login with it is not known, or known not to be so.
    WrittenUnverified(Failure),
    /// Nothing was done.
    Refused(Refusal),
}

impl Outcome {
    /// The word for logs, records and labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::Repaired { .. } => "repaired",
            Outcome::NothingToDo => "nothing_to_do",
            Outcome::RolledBack(_) => "rolled_back",
            Outcome::WrittenUnverified(_) => "written_unverified",
            Outcome::Refused(_) => "refused",
        }
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No key that breaks the schema has a source for a value.
    #[error("no source has a value for any of the keys")]
    NothingKnown,
    /// There is no content to roll back to.
    #[error("there is no last known good: no content logged in and kept its workers well yet")]
    NoLastGood,
    /// There may be one, and nobody knows.
    #[error("the last known good can't be read: {0}")]
    LastGoodUnread(String),
    /// The state directory can't be used, so the old content could not be backed up.
    #[error(transparent)]
    State(#[from] StateError),
    /// Another repair holds the lock.
    #[error("another repair is under way")]
    Busy,
    /// The file is another one than the plan was made for.
    #[error("the file changed meanwhile; look at it and try again")]
    Changed,
    /// The path is not to be followed.
    #[error(transparent)]
    Place(#[from] NoPlace),
    /// Owner, group or permissions would not be those of the old file.
    #[error("its owner and permissions can't be kept: {0}; run it as root or as the owner")]
    Rights(#[source] io::Error),
    /// Anything else the system says.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
}

impl Refusal {
    /// The word for logs, records and labels.
    pub fn as_str(&self) -> &'static str {
        match self {
            Refusal::NothingKnown => "nothing_known",
            Refusal::NoLastGood => "no_last_good",
            Refusal::LastGoodUnread(_) => "last_good_unread",
            Refusal::State(_) => "state",
            Refusal::Busy => "busy",
            Refusal::Changed => "changed",
            Refusal::Place(_) => "place",
            Refusal::Rights(_) => "rights",
            Refusal::Io(..) => "io",
        }
    }
}

/// A repair that ended.
#[derive(Debug)]
pub struct Done {
    /// How.
    pub outcome: Outcome,
    /// The keys that still break the schema.
    pub hopeless: Vec<Hopeless>,
    /// Where the old content was kept.
    pub backup: Option<PathBuf>,
    /// Workers that are started with the file, where it was written: they keep the environment they
    /// were born with until they are restarted.
    pub workers: Vec<String>,
}

impl Done {
    pub(super) fn new(job: &Job, hopeless: Vec<Hopeless>, outcome: Outcome) -> Self {
        let written = matches!(
            outcome,
            Outcome::Repaired { .. } | Outcome::WrittenUnverified(_)
        );
        Done {
            outcome,
            hopeless,
            backup: None,
            workers: if written {
                job.workers.clone()
            } else {
                Vec::new()
            },
        }
    }

    /// Whether the file is as its schema and the broker want it.
    pub fn is_fine(&self) -> bool {
        let fine = matches!(
            self.outcome,
            Outcome::Repaired { .. } | Outcome::NothingToDo
        );
        fine && self.hopeless.is_empty()
    }
}
