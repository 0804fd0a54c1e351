//! What Alertmanager posts, read into triggers. Pure, and total: whatever the bytes are, each
//! alert becomes a trigger, is somebody else's, or is put aside with a reason.
//!
//! ```text
//! bytes ─> payload (v4; unknown fields ignored) ─> alert by alert ─┬─> Trigger
//!                                                                 ├─> heartbeat, page, another agent's
//!                                                                 └─> Quarantined(reason)
//! ```
//!
//! A label selects a target of the local configuration ([`super::targets`]); it reaches no argv,
//! no path and no pid.
//!
//! Must not know: HTTP, the ledger, whether anything will be done.

mod alert;
mod fingerprint;
mod payload;
mod quarantine;
mod target;

#[cfg(test)]
mod tests;

pub use fingerprint::fingerprint;
pub use payload::{PayloadError, parse};
pub use quarantine::{QuarantineReason, Quarantined};
pub use target::kind;

use crate::model::Trigger;

/// Longest body that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 8 << 20;
/// Most alerts in one body.
pub const MAX_ALERTS: usize = 10_000;

/// What one body held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// What asks for recovery, in the order of the body.
    pub triggers: Vec<Trigger>,
    /// Alerts that were put aside, in the order of the body.
    pub quarantined: Vec<Quarantined>,
    /// Firing `Watchdog` alerts: the pipeline from Prometheus to here works.
    pub heartbeats: u64,
    /// Alerts for people alone: pages, and what tells of recovery itself.
    pub for_people: u64,
    /// Alerts of what this host's configuration does not have.
    pub not_mine: u64,
    /// Alerts that Alertmanager left out, because the receiver's `max_alerts` is not 0.
    pub truncated: u64,
}
