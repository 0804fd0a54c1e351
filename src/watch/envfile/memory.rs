//! What is known of the env files from before: it outlives a reload of the configuration.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::model::Moment;
use crate::model::facts::ContentHash;

/// The contents seen, and what recovery told of the last known good ones.
#[derive(Debug, Default)]
pub struct Memory {
    files: Mutex<HashMap<PathBuf, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    content: Option<ContentHash>,
    changed_at: Option<Moment>,
    last_good: Option<SystemTime>,
}

impl Memory {
    /// Tells when the newest content of the file at `path` that is kept as good was taken.
    pub fn kept(&self, path: &Path, taken: SystemTime) {
        self.files().entry(path.to_owned()).or_default().last_good = Some(taken);
    }

    /// When that was.
    pub(super) fn last_good(&self, path: &Path) -> Option<SystemTime> {
        self.files().get(path)?.last_good
    }

    /// Notes the content seen `now`; says when it became what it is, unless it always was. A file
    /// that is gone and comes back the same did not change.
    pub(super) fn changed_at(
        &self,
        path: &Path,
        content: Option<ContentHash>,
        now: Moment,
    ) -> Option<Moment> {
        let mut files = self.files();
        let known = files.entry(path.to_owned()).or_default();
        if let Some(content) = content
            && known
                .content
                .replace(content)
                .is_some_and(|before| before != content)
        {
            known.changed_at = Some(now);
        }
        known.changed_at
    }

    fn files(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        // Nothing panics while it is held.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_change_is_a_content_after_another() {
        let memory = Memory::default();
        let start = Moment::new(Instant::now(), SystemTime::UNIX_EPOCH);
        let at = |seconds| start.after(Duration::from_secs(seconds));
        let see = |content: Option<u8>, seconds| {
            let content = content.map(|byte| ContentHash([byte; 32]));
            memory.changed_at(Path::new("/a"), content, at(seconds))
        };
        assert_eq!(see(Some(1), 0), None);
        assert_eq!(see(Some(1), 1), None);
        assert_eq!(see(None, 2), None);
        assert_eq!(see(Some(1), 3), None);
        assert_eq!(see(Some(2), 4), Some(at(4)));
        assert_eq!(see(None, 5), Some(at(4)));
        assert_eq!(see(Some(1), 6), Some(at(6)));
    }
}
