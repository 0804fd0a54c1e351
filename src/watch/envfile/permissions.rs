//! Whether an env file lets others in. Judged is the file that was read, at the end of its
//! symlinks, and the folder it really stands in.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::units::Mode;
use crate::model::facts::{Insecurity, InsecurityKind};
use crate::platform::place::effective_user;

/// Reading and writing; whether it may be executed is of no matter for an env file.
const READ_WRITE: u32 = 0o666;
/// What a file may have without `mode`: its group reads, others do not.
const USUAL: u32 = 0o640;

/// Mode and owner of a file or folder.
#[derive(Clone, Copy, Debug)]
struct Owned {
    mode: u32,
    uid: u32,
}

impl Owned {
    fn of(meta: &Metadata) -> Self {
        Owned {
            mode: meta.mode() & 0o7777,
            uid: meta.uid(),
        }
    }
}

/// What is wrong with the file at `path`, of which the system says `meta`. `None` where its folder
/// can't be looked at.
pub fn insecurities(
    path: &Path,
    meta: &Metadata,
    allowed: Option<Mode>,
) -> Option<Vec<Insecurity>> {
    let real = path.canonicalize().ok()?;
    let folder = real.parent()?.metadata().ok()?;
    let (file, folder) = (Owned::of(meta), Owned::of(&folder));
    Some(judge(
        file,
        folder,
        allowed.map(Mode::bits),
        effective_user(),
    ))
}

fn judge(file: Owned, folder: Owned, allowed: Option<u32>, own: u32) -> Vec<Insecurity> {
    let allowed = allowed.unwrap_or(USUAL);
    let excess = file.mode & READ_WRITE & !allowed;
    let mut found = Vec::new();
    let mut add = |kind, words: String| found.push(Insecurity { kind, words });
    if excess != 0 {
        let who = |shift: u32| match excess >> shift & 0o6 {
            0 => None,
            4 => Some("read"),
            2 => Some("write"),
            _ => Some("read and write"),
        };
        let said = [("others", 0), ("its group", 3), ("its owner", 6)]
            .into_iter()
            .filter_map(|(name, shift)| Some(format!("lets {name} {} it", who(shift)?)))
            .collect::<Vec<_>>()
            .join(" and ");
        let words = format!("mode {:04o} {said}, {allowed:04o} is allowed", file.mode);
        add(InsecurityKind::Mode, words);
    }
    if folder.mode & 0o1002 == 0o002 {
        let words = format!(
            "its folder's mode {:04o} lets others put another file in its place",
            folder.mode
        );
        add(InsecurityKind::Mode, words);
    }
    // Only root can give a file in its own folder to another, so there it was meant.
    if ![0, own, folder.uid].contains(&file.uid) && folder.uid != 0 {
        let words = format!(
            "user {} owns it, and neither root nor the owner of its folder, user {}, does",
            file.uid, folder.uid
        );
        add(InsecurityKind::Owner, words);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(mode: u32, uid: u32, folder: (u32, u32), allowed: Option<u32>) -> Vec<String> {
        let folder = Owned {
            mode: folder.0,
            uid: folder.1,
        };
        let found = judge(Owned { mode, uid }, folder, allowed, 500);
        found.into_iter().map(|i| i.words).collect()
    }

    #[test]
    fn a_mode_beyond_what_is_allowed_is_told() {
        let home = (0o755, 1000);
        assert_eq!(words(0o600, 1000, home, None), [""; 0]);
        assert_eq!(words(0o640, 1000, home, None), [""; 0]);
        assert_eq!(words(0o740, 1000, home, None), [""; 0]);
        let world = "mode 0644 lets others read it, 0640 is allowed";
        assert_eq!(words(0o644, 1000, home, None), [world]);
        assert_eq!(words(0o644, 1000, home, Some(0o644)), [""; 0]);
        let group = "mode 0660 lets its group write it, 0640 is allowed";
        assert_eq!(words(0o660, 1000, home, None), [group]);
        assert_eq!(words(0o660, 1000, home, Some(0o660)), [""; 0]);
        let both = "mode 0666 lets others read and write it and lets its group write it, 0640 is \
                    allowed";
        assert_eq!(words(0o666, 1000, home, None), [both]);
        let strict = "mode 0600 lets its owner write it, 0400 is allowed";
        assert_eq!(words(0o600, 1000, home, Some(0o400)), [strict]);
    }

    #[test]
    fn a_folder_that_anybody_writes_is_told_unless_it_is_sticky() {
        assert_eq!(words(0o600, 1000, (0o777, 1000), None).len(), 1);
        assert_eq!(words(0o600, 1000, (0o1777, 1000), None), [""; 0]);
        assert_eq!(words(0o600, 1000, (0o775, 1000), None), [""; 0]);
    }

    #[test]
    fn an_owner_who_came_by_neither_root_nor_the_folder_is_told() {
        for (uid, folder) in [(0, 1000), (1000, 1000), (500, 1000), (1000, 0)] {
            assert_eq!(words(0o600, uid, (0o755, folder), None), [""; 0], "{uid}");
        }
        assert_eq!(words(0o600, 1001, (0o755, 1000), None).len(), 1);
    }
}
