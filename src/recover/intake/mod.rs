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

pub use alert::Read;
pub use fingerprint::fingerprint;
pub use payload::{Body, PayloadError, parse};
pub use quarantine::{QuarantineReason, Quarantined};
pub use target::kind;

use std::collections::BTreeMap;

use super::targets::Targets;
use crate::model::{Trigger, TriggerSource, TriggerStatus};

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

/// One alert, wherever it was read.
pub(super) struct Told<'a> {
    /// Its place among the others, counted from 0.
    pub(super) index: usize,
    /// As it came; its beginning is kept where it is put aside.
    pub(super) raw: &'a str,
    /// Who says so.
    pub(super) source: TriggerSource,
    /// Whether it is the case.
    pub(super) status: TriggerStatus,
    /// Its labels.
    pub(super) labels: BTreeMap<String, String>,
    /// When it began, in RFC 3339.
    pub(super) starts_at: Option<&'a str>,
}

impl Batch {
    /// Adds what an alert is for this host. `identity` is this host's name in labels.
    pub(super) fn add(&mut self, told: Told<'_>, targets: &Targets, identity: &str) {
        self.enter(alert::judge(told, targets, identity));
    }

    /// What it holds, one by one.
    pub fn into_alerts(self) -> impl Iterator<Item = Read> {
        let times = |read: Read, count| (0..count).map(move |_| read.clone());
        let triggers = self.triggers.into_iter().map(Read::Trigger);
        let quarantined = self.quarantined.into_iter().map(Read::Quarantined);
        triggers
            .chain(quarantined)
            .chain(times(Read::Heartbeat, self.heartbeats))
            .chain(times(Read::ForPeople, self.for_people))
            .chain(times(Read::NotMine, self.not_mine))
    }

    fn enter(&mut self, read: Read) {
        match read {
            Read::Trigger(trigger) => self.triggers.push(trigger),
            Read::Quarantined(alert) => self.quarantined.push(alert),
            Read::Heartbeat => self.heartbeats += 1,
            Read::ForPeople => self.for_people += 1,
            Read::NotMine => self.not_mine += 1,
        }
    }
}
