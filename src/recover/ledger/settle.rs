//! From the log into the database: when nobody waits, so that no commit pays for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::{Ledger, LedgerError};

/// Pages of the log, of 4 KiB each, that are worth the time where nobody waits.
const WORTH: u64 = 1000;
/// Pages that the log may have while somebody always waits.
const MOST: u64 = 8000;

/// The pages that the log has.
#[derive(Clone, Debug, Default)]
pub(super) struct Logged(Arc<AtomicU64>);

impl Logged {
    /// Counts them from now on; the database leaves it to [`Ledger::settle`] to empty the log.
    pub(super) fn watch(connection: &mut Connection) -> rusqlite::Result<Self> {
        let logged = Logged::default();
        let pages = Arc::clone(&logged.0);
        connection.wal_hook(Some(move |_: &mut _, count| {
            let count = u64::try_from(count).unwrap_or(0);
            pages.store(count, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(logged)
    }
}

impl Ledger {
    /// Empties the log where that is due; `idle`: nobody waits for the ledger now.
    ///
    /// # Errors
    /// [`LedgerError`]; what is in the log stays there, and is on the disk as well.
    pub(super) fn settle(&mut self, idle: bool) -> Result<(), LedgerError> {
        let most = if idle { WORTH } else { MOST };
        if self.logged.0.load(Ordering::Relaxed) < most {
            return Ok(());
        }
        // Also where it fails: it is tried again after the next commit, not at every call.
        self.logged.0.store(0, Ordering::Relaxed);
        let empty = |connection: &Connection| {
            connection.wal_checkpoint_v2(Some("main"), CheckpointMode::PASSIVE)
        };
        self.read(empty).map(drop)
    }
}
