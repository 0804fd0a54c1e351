//! The backups of one glob: the newest, its size and its age.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::walk::{Bounds, Glob, Match};
use crate::model::facts::{BackupFacts, NamedSize};

/// Clocks of two machines may differ by so much.
const SKEW: Duration = Duration::from_secs(60);

/// A backup, as long as nobody writes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backup {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
}

/// Looks for the newest; what it is verified to be is not told here.
pub(super) fn read(glob: &Glob, bounds: Bounds, now: SystemTime) -> (BackupFacts, Option<Backup>) {
    let walk = glob.walk(bounds);
    let mut facts = BackupFacts {
        glob: glob.text().to_owned(),
        files: walk.count(),
        problem: walk.problem,
        ..BackupFacts::default()
    };
    // The newest may be where nobody could look.
    if facts.problem.is_some() {
        return (facts, None);
    }
    let mut dated = Vec::new();
    for Match { path, meta, .. } in walk.files {
        match meta.modified() {
            Ok(modified) => dated.push((modified, path, meta.len())),
            Err(error) => facts.problem = Some(format!("{}: {error}", path.display())),
        }
    }
    let from_the_future = |modified: SystemTime| modified > now + SKEW;
    let last = dated.iter().max();
    if let Some((modified, path, _)) = last
        && from_the_future(*modified)
    {
        let path = path.display();
        facts.problem = Some(format!("{path}: was modified in the future"));
    }
    // A wrong clock once must not hide for ever that there are no more backups.
    let past = dated
        .iter()
        .filter(|(modified, ..)| !from_the_future(*modified));
    let Some((modified, path, size)) = past.max().or(last).cloned() else {
        return (facts, None);
    };
    facts.newest = Some(NamedSize {
        path: path.display().to_string(),
        size,
    });
    facts.newest_modified = Some(modified);
    facts.newest_age = match now.duration_since(modified) {
        Ok(age) => Some(age),
        Err(_) if from_the_future(modified) => None,
        Err(_) => Some(Duration::ZERO),
    };
    let backup = Backup {
        path,
        size,
        modified,
    };
    (facts, Some(backup))
}
