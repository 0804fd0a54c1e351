//! The one place that waits: for a condition, with a deadline, never for a fixed time.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{Error, Result};

const INTERVAL: Duration = Duration::from_millis(20);

/// What a look at a condition may say: `bool`, `Option<T>`, or `Result<T, String>` whose
/// error is what was seen instead, for the message on timeout.
pub trait Progress {
    /// What a fulfilled condition gives.
    type Output;
    /// The output, or what was seen instead.
    fn settled(self) -> std::result::Result<Self::Output, Option<String>>;
}

impl Progress for bool {
    type Output = ();
    fn settled(self) -> std::result::Result<(), Option<String>> {
        if self { Ok(()) } else { Err(None) }
    }
}

impl<T> Progress for Option<T> {
    type Output = T;
    fn settled(self) -> std::result::Result<T, Option<String>> {
        self.ok_or(None)
    }
}

impl<T> Progress for std::result::Result<T, String> {
    type Output = T;
    fn settled(self) -> std::result::Result<T, Option<String>> {
        self.map_err(Some)
    }
}

/// Looks until `look` is fulfilled and gives its output; after `deadline` the error says
/// `what` was waited for and what was last seen. Looks at least once.
///
/// # Errors
/// [`Error::Timeout`].
pub fn wait_until<P: Progress>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> P,
) -> Result<P::Output> {
    let start = Instant::now();
    loop {
        match look().settled() {
            Ok(output) => return Ok(output),
            Err(seen) if start.elapsed() >= deadline => {
                return Err(Error::Timeout {
                    what: what.to_owned(),
                    waited: start.elapsed(),
                    seen,
                });
            }
            Err(_) => sleep(INTERVAL),
        }
    }
}
