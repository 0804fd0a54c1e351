//! Families of recovery: what it may do, what it does, and how well that goes.
//!
//! Before the ledger was read, what only it knows is absent.

mod counts;

mod runs;

use std::collections::BTreeMap;
use std::fmt;

pub(super) use self::counts::Counts;
use super::families::{Families, NONE};
use crate::model::{HoldReason, RunMode, Standing, Timestamp};

/// What becomes of an alert: always there, so that the first of each is seen.
const ALERTS: [&str; 5] = [
    "trigger",
    "quarantined",
    "heartbeat",
    "for_people",
    "not_mine",
];

/// Everything of recovery, as it stands.
#[derive(Clone, Debug)]
pub(super) struct Recovery {
    standing: Standing,
    ended: BTreeMap<counts::Key, u64>,
}

impl Recovery {
    pub(super) fn new(standing: &Standing, counts: &mut Counts) -> Self {
        Recovery {
            standing: standing.clone(),
            ended: counts.take(&standing.outcomes),
        }
    }

    pub(super) fn write(&self, f: &mut Families<'_>) -> fmt::Result {
        let standing = &self.standing;
        may(standing, f)?;
        runs::ended(&self.ended, standing, f)?;
        runs::open(standing, f)?;
        held(standing, f)?;
        by_clock(standing, f)?;
        alerts(standing, f)?;
        told(standing, f)
    }
}

/// What only the ledger knows.
fn known<T>(standing: &Standing, value: T) -> Option<T> {
    standing.is_known().then_some(value)
}

fn seconds(at: Option<Timestamp>) -> Option<f64> {
    at.map(Timestamp::unix_seconds)
}

/// What recovery may do.
fn may(standing: &Standing, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_recovery_info",
        "1 for the mode in force, 0 for the others (`recovery.mode`).",
        RunMode::ALL.map(|mode| {
            let now = u64::from(mode == standing.mode);
            ([("mode", mode.as_str())], Some(now))
        }),
    )?;
    f.gauge(
        "warrener_recovery_reflex",
        "1 when findings start recovery without Alertmanager too (`recovery.reflex`).",
        [(NONE, Some(u64::from(standing.reflex)))],
    )?;
    let writable = match &standing.observe_only {
        Some(_) => Some(0u64),
        None => known(standing, 1),
    };
    f.gauge(
        "warrener_ledger_writable",
        "1 when recovery can be recorded; 0 when it can't be, and so nothing is done.",
        [(NONE, writable)],
    )?;
    f.gauge(
        "warrener_ledger_failure",
        "1 with the reason why recovery can't be recorded.",
        standing
            .observe_only
            .iter()
            .map(|(reason, _)| ([("reason", reason.as_str())], Some(1u64))),
    )?;
    f.gauge(
        "warrener_recovery_budget_left",
        "Runs that the host's budget still has room for now (`recovery.budget.host`).",
        [(NONE, known(standing, standing.budget_left))],
    )?;
    let all = standing.pauses.iter().any(|pause| pause.target.is_none());
    let everything = (String::new(), known(standing, u64::from(all)));
    let single = standing.pauses.iter().filter_map(|pause| {
        let target = pause.target.as_ref()?;
        Some((target.key(), Some(1)))
    });
    f.gauge(
        "warrener_recovery_paused",
        "1 for a target that a person paused; without a target, for everything, which is 0 while \
         it is not paused.",
        std::iter::once(everything)
            .chain(single)
            .map(|(target, paused)| ([("target", target)], paused)),
    )
}

/// What waits, and why.
fn held(standing: &Standing, f: &mut Families<'_>) -> fmt::Result {
    f.counter(
        "warrener_recovery_holds",
        "How often something held a run since warrener began, by reason.",
        HoldReason::ALL.iter().map(|reason| {
            let holds = standing.holds.get(reason).copied().unwrap_or(0);
            ([("reason", reason.as_str())], Some(holds))
        }),
    )?;
    f.gauge(
        "warrener_recovery_held_runs",
        "Runs that something holds now, by reason.",
        HoldReason::ALL.iter().map(|reason| {
            let held = runs::held_by(standing, *reason);
            ([("reason", reason.as_str())], known(standing, held))
        }),
    )?;
    f.gauge(
        "warrener_recovery_incidents_open",
        "Incidents that no evidence closed yet.",
        [(NONE, known(standing, standing.incidents.len() as u64))],
    )?;
    f.gauge(
        "warrener_recovery_incident_opened_timestamp_seconds",
        "When an open incident began.",
        standing.incidents.iter().take(runs::MOST).map(|incident| {
            let labels = [
                ("code", incident.key.code.to_string()),
                ("target", incident.key.target.key()),
            ];
            (labels, Some(incident.opened_at.unix_seconds()))
        }),
    )?;
    f.gauge(
        "warrener_recovery_pending_triggers",
        "Triggers that were taken in and not taken up yet.",
        [(NONE, known(standing, standing.pending_triggers))],
    )
}

/// What the clock asks for.
fn by_clock(standing: &Standing, f: &mut Families<'_>) -> fmt::Result {
    let labels = |line: &crate::model::Scheduled| {
        [
            ("playbook", line.playbook.clone()),
            ("cron", line.cron.clone()),
        ]
    };
    f.gauge(
        "warrener_recovery_scheduled_next_timestamp_seconds",
        "When the clock asks for a playbook next (`recovery.housekeeping`).",
        standing
            .scheduled
            .iter()
            .map(|line| (labels(line), seconds(line.next))),
    )?;
    f.gauge(
        "warrener_recovery_scheduled_last_timestamp_seconds",
        "The planned time that the clock last asked for a playbook at; before the first, when the \
         schedule was first seen.",
        standing
            .scheduled
            .iter()
            .map(|line| (labels(line), Some(line.last.unix_seconds()))),
    )
}

/// What comes from Alertmanager.
fn alerts(standing: &Standing, f: &mut Families<'_>) -> fmt::Result {
    f.counter(
        "warrener_alerts_received",
        "Alerts taken in since warrener began, by what became of them: a trigger, put aside \
         because something is wrong with them, the heartbeat, for people, of another host.",
        ALERTS.map(|what| {
            let alerts = standing.alerts.get(what).copied().unwrap_or(0);
            ([("as", what)], Some(alerts))
        }),
    )?;
    let mut newest: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (at, reason, _) in &standing.quarantined {
        let last = newest.entry(reason).or_insert(*at);
        *last = (*last).max(*at);
    }
    f.gauge(
        "warrener_alerts_quarantined_last_timestamp_seconds",
        "When an alert was put aside last, by reason.",
        newest
            .into_iter()
            .map(|(reason, at)| ([("reason", reason.to_owned())], Some(at.unix_seconds()))),
    )?;
    f.gauge(
        "warrener_watchdog_last_timestamp_seconds",
        "When the alert that always fires came last; absent if it never did.",
        [(NONE, seconds(standing.watchdog_at))],
    )?;
    f.gauge(
        "warrener_reconcile_last_timestamp_seconds",
        "When Alertmanager was last asked what fires (`recovery.alertmanager`).",
        [(NONE, seconds(standing.reconciled_at))],
    )
}

/// What people are told.
fn told(standing: &Standing, f: &mut Families<'_>) -> fmt::Result {
    let (waiting, oldest) = standing.outbox;
    f.gauge(
        "warrener_outbox_notices",
        "Notices that no channel took yet.",
        [(NONE, known(standing, waiting))],
    )?;
    f.gauge(
        "warrener_outbox_oldest_timestamp_seconds",
        "Since when the oldest notice waits.",
        [(NONE, seconds(oldest))],
    )?;
    f.counter(
        "warrener_notices",
        "Attempts to send a notice since warrener began, by channel and whether it was taken.",
        standing.notices.iter().flat_map(|(channel, (sent, not))| {
            [("sent", *sent), ("failed", *not)].map(|(outcome, notices)| {
                let labels = [
                    ("channel", channel.clone()),
                    ("outcome", outcome.to_owned()),
                ];
                (labels, Some(notices))
            })
        }),
    )
}
