//! One look at backups outside the schedule, for whoever asks at this moment.

use std::time::{Duration, SystemTime};

use super::PATIENCE;
use super::backups;
use super::verify::{Verified, Verifier};
use super::walk::{Bounds, Glob};
use crate::config::BackupFiles;
use crate::model::facts::BackupFacts;
use crate::watch::patient::Patient;

/// Looks at the backups of `files` now, and verifies the newest, for no longer than `deadline`.
/// `known` is what the probe read: what its program said of the very same backup is not asked again.
/// Of one that is not settled, and of one whose program does not end in time, nothing is verified.
pub async fn look_at_backups(
    files: &BackupFiles,
    known: Option<&BackupFacts>,
    deadline: Duration,
) -> BackupFacts {
    let unread = |problem: String| BackupFacts {
        glob: files.glob.clone(),
        problem: Some(problem),
        ..BackupFacts::default()
    };
    let glob = match Glob::new(&files.glob) {
        Ok(glob) => glob,
        Err(error) => return unread(error.to_string()),
    };
    let read = move || backups::read(&glob, Bounds::default(), SystemTime::now());
    let (mut facts, newest) = match Patient::default().run(PATIENCE, read).await {
        Ok(read) => read,
        Err(not_done) => return unread(not_done.to_string()),
    };
    let same = |known: &&BackupFacts| {
        known.newest == facts.newest && known.newest_modified == facts.newest_modified
    };
    if let Some(verified) = known.filter(same).and_then(|known| known.verified.clone()) {
        facts.verified = Some(verified);
        return facts;
    }
    let (Some(command), Some(newest)) = (&files.verify, newest) else {
        return facts;
    };
    if facts.is_settled() {
        match Verifier::new(command, deadline).once(&newest).await {
            Verified::Told(outcome) => facts.verified = Some(outcome),
            Verified::NotStarted(why) => facts.problem = Some(why),
            Verified::Pending => {}
        }
    }
    facts
}
