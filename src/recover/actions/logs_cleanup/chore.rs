//! Doing the chores, each looked at once more: the very file, still too old or too large, and used by
//! nobody whom it would harm.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::Outcome;
use super::choose::{Chore, What, copy_name};
use crate::platform::folder::{Bounds, Folder, Held, RotateError};
use crate::platform::place::Place;
use crate::platform::proc::{OpenFiles, Usage};

/// So many bytes of a file system stay free while a log is compressed.
const LEAVE: u64 = 32 << 20;

/// What was not written to for so long is at rest.
const AT_REST: Duration = Duration::from_secs(600);

/// Does all of them; `proc` is `/proc`. May block for as long as a dead mount hangs.
pub(super) fn all(proc: &Path, chores: &[Chore], until: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    let wanted: BTreeSet<_> = chores.iter().map(|c| (c.id.0, c.id.1)).collect();
    let open = match OpenFiles::look(proc, &wanted) {
        Ok(open) => open,
        Err(why) => {
            outcome
                .failed
                .push(format!("who has a log open can't be told: {why}"));
            return outcome;
        }
    };
    for chore in chores {
        let path = chore.path.display();
        let usage = open.usage((chore.id.0, chore.id.1), chore.owner);
        match one(chore, usage, until) {
            Ok(Did::Removed(size)) => add(&mut outcome.removed, size),
            Ok(Did::Compressed(size)) => add(&mut outcome.compressed, size),
            Ok(Did::LeftAlone(why)) => outcome.left.push(format!("{path} ({why})")),
            Err(error) => outcome.failed.push(format!("{path} ({error})")),
        }
    }
    outcome
}

fn add((files, bytes): &mut (u64, u64), size: u64) {
    *files += 1;
    *bytes += size;
}

enum Did {
    Removed(u64),
    Compressed(u64),
    LeftAlone(String),
}

fn one(chore: &Chore, usage: Usage, until: Instant) -> Result<Did, RotateError> {
    let alone = |why: String| Ok(Did::LeftAlone(why));
    let open = match usage {
        Usage::Closed => false,
        Usage::Open(_) | Usage::Elsewhere => true,
        Usage::InPlace(pid) => {
            return alone(format!(
                "process {pid} does not append to it: to cut it would leave a hole"
            ));
        }
        Usage::Unknown => return alone("who has it open may not be seen".into()),
    };
    let place = Place::of(&chore.path).map_err(std::io::Error::other)?;
    let folder = Folder::open(&place.folder)?;
    let held = folder.hold(&place.name, (chore.id.0, chore.id.1))?;
    let meta = held.metadata()?;
    match chore.what {
        What::Remove(age) => {
            let now = SystemTime::now();
            let written = now.duration_since(meta.modified()?).unwrap_or_default();
            match usage {
                Usage::Open(pid) => alone(format!("process {pid} has it open")),
                Usage::Elsewhere => alone(
                    "a process of another container may have it open; give warrener the host's \
                     processes (`pid: host`) to see"
                        .into(),
                ),
                _ if written < age => alone("it was written to".into()),
                _ => {
                    folder.remove_held(&held)?;
                    Ok(Did::Removed(meta.len()))
                }
            }
        }
        What::Compress(most) if meta.len() <= most => alone("it is small by now".into()),
        What::Compress(_) => compress(&folder, &held, open, until),
    }
}

fn compress(folder: &Folder, held: &Held, open: bool, until: Instant) -> Result<Did, RotateError> {
    let bounds = Bounds {
        until,
        leave: LEAVE,
    };
    let name = copy_name(&held.name(), SystemTime::now());
    let copied = folder.compress(held, &name, bounds)?;
    // What nobody has open may be opened this moment, or by somebody who can't be seen: only what is
    // at rest, and whole in the copy, is removed.
    let meta = held.metadata()?;
    let age = meta.modified()?.elapsed().unwrap_or_default();
    if !open && age > AT_REST && meta.len() == copied.bytes {
        folder.remove_held(held)?;
    } else {
        folder.shorten(held, &copied)?;
    }
    Ok(Did::Compressed(copied.bytes))
}
