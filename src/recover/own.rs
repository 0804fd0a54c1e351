//! Alerts that tell of recovery or of warrener itself: they are for people. To answer one would be
//! to chase one's own tail.

/// Their names; each may have a page, too.
pub const ALERTS: [&str; 9] = [
    "RecoveryFailed",
    "RecoveryHeld",
    "RecoveryAwaitingApproval",
    "RecoveryPaused",
    "RecoveryLedgerUnwritable",
    "RecoveryOutboxStuck",
    "AlertPipelineSilent",
    "ReloadRejected",
    "WarrenerDown",
];

/// Whether `name` is one of them, or the page of one.
pub fn is_own(name: &str) -> bool {
    let alert = name.strip_suffix("Page").unwrap_or(name);
    ALERTS.contains(&alert)
}
