//! That the login that last worked stands in for the configured one: why, and said once.

use super::access::Login;
use crate::model::{Failure, ProbeName, Reason};

/// By which login a reading was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct By {
    /// The one that last worked.
    pub(super) fallback: bool,
    /// Why it was not the configured one.
    pub(super) configured_failure: Option<Failure>,
}

impl By {
    /// A reading as `login`, after the configured one, if that was tried, ended in `failed`.
    pub(super) fn new(login: &Login, failed: Option<Failure>) -> Self {
        By {
            fallback: login.fallback,
            configured_failure: failed.or_else(|| login.unresolved.clone()),
        }
    }
}

/// What was last said of the configured login.
#[derive(Debug, Default)]
pub(super) struct Told(Option<Reason>);

impl Told {
    /// Says at a level that people see when the configured login fails, fails for another reason,
    /// or works again; nothing while it stays as it was.
    pub(super) fn tell(&mut self, probe: ProbeName, by: &By) {
        let now = by.configured_failure.as_ref();
        match (now, self.0) {
            (Some(failure), before) if before != Some(failure.reason) => {
                let reason = failure.reason;
                tracing::warn!(
                    %probe, %reason, error = %failure.message,
                    "the configured login fails; the one that last worked stands in"
                );
            }
            (None, Some(_)) => tracing::info!(%probe, "the configured login works again"),
            _ => {}
        }
        self.0 = now.map(|failure| failure.reason);
    }
}
