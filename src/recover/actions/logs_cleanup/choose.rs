//! Which logs are over their size or their age: looks, and changes nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::LogFiles;
use crate::watch::files::{Bounds, FileId, Glob, Match};

/// What is packed is not packed again.
const PACKED: [&str; 6] = ["gz", "xz", "zst", "bz2", "lz4", "zip"];

/// Something to be done to one file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chore {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) owner: u32,
    /// Bytes, when it was looked at.
    pub(super) size: u64,
    pub(super) what: What,
}

/// What.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    /// It was written to so long ago; longer than allowed.
    Remove(Duration),
    /// It has more than so many bytes.
    Compress(u64),
}

/// The chores at all these globs: what is removed comes first, for it makes room. And why something
/// could not be looked at.
pub(super) fn choose(logs: &[LogFiles], now: SystemTime) -> (Vec<Chore>, Vec<String>) {
    let (mut chores, mut problems) = (Vec::<Chore>::new(), Vec::new());
    for files in logs
        .iter()
        .filter(|f| f.max_size.is_some() || f.max_age.is_some())
    {
        for (text, own) in [(files.glob.clone(), false), (copies(&files.glob), true)] {
            let walk = match Glob::new(&text) {
                Ok(glob) => glob.walk(Bounds::default()),
                Err(error) => {
                    problems.push(format!("{text}: {error}"));
                    continue;
                }
            };
            problems.extend(walk.problem.map(|problem| format!("{text}: {problem}")));
            for found in walk.files {
                if own && !is_copy(&found.path) {
                    continue;
                }
                let known = chores.iter().any(|chore| chore.id == found.id);
                chores.extend(chore(files, &found, now).filter(|_| !known));
            }
        }
    }
    let order = |chore: &Chore| match chore.what {
        What::Remove(age) => (0, u64::MAX - age.as_secs()),
        What::Compress(_) => (1, chore.size),
    };
    chores.sort_by_key(order);
    (chores, problems)
}

fn chore(files: &LogFiles, found: &Match, now: SystemTime) -> Option<Chore> {
    use std::os::unix::fs::MetadataExt;
    let size = found.meta.len();
    // One from the future is young.
    let modified = found.meta.modified().ok()?;
    let age = now.duration_since(modified).unwrap_or_default();
    let old = files.max_age.is_some_and(|most| age > most.get());
    let large = files.max_size.map(|most| most.bytes());
    let large = large.filter(|most| size > *most && !is_packed(&found.path));
    let what = match (old, large) {
        (true, _) => What::Remove(age),
        (false, Some(most)) => What::Compress(most),
        (false, None) => return None,
    };
    Some(Chore {
        path: found.path.clone(),
        id: found.id,
        owner: found.meta.uid(),
        size,
        what,
    })
}

/// The glob of what is compressed here of what `glob` matches.
fn copies(glob: &str) -> String {
    format!("{glob}.[0-9]*.gz")
}

/// The name of a copy made at `now`.
pub(super) fn copy_name(name: &str, now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    format!("{name}.{}.gz", since.unwrap_or_default().as_secs())
}

/// Whether [`copy_name`] made it.
fn is_copy(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let stem = name.and_then(|name| name.strip_suffix(".gz"));
    let time = stem.and_then(|stem| stem.rsplit_once('.'));
    time.is_some_and(|(_, time)| time.len() >= 10 && time.bytes().all(|b| b.is_ascii_digit()))
}

fn is_packed(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| PACKED.iter().any(|packed| ending == *packed))
}
