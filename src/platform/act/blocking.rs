//! What may wait for the file system or for a process that the kernel holds, off the runtime's
//! threads and with an end.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::model::{Failure, Reason};

/// Of small files and `/proc`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `work`; `what` names it in the error. Where it hangs, its thread is left behind.
///
/// # Errors
/// Its own, and [`Reason::Timeout`].
pub(super) async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match timeout(PATIENCE, spawn_blocking(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure::new(Reason::Panic, format!("{what}: panicked"))),
        Err(_) => {
            let message = format!("{what}: no answer within {} s", PATIENCE.as_secs());
            Err(Failure::new(Reason::Timeout, message))
        }
    }
}
