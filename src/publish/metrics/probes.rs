//! Families about the probes themselves.

use std::fmt;
use std::time::Duration;

use super::families::Families;
use crate::model::{Moment, ProbeName, Reason, Section, Snapshot};

/// What is exported of a section, whatever its facts are.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    probe: ProbeName,
    success: Option<bool>,
    reason: Option<Reason>,
    duration: Option<Duration>,
    interval: Option<Duration>,
    usual: Option<Duration>,
    succeeded: u64,
    failed: u64,
    read_at: Option<Moment>,
}

impl Outcome {
    fn of<T>(probe: ProbeName, section: &Section<T>) -> Self {
        Outcome {
            probe,
            success: section.success(),
            reason: section.failure().map(|f| f.reason),
            duration: section.duration,
            interval: section.interval,
            usual: section.usual_interval(),
            succeeded: section.tally.succeeded,
            failed: section.tally.failed,
            read_at: section.read_at(),
        }
    }

    /// The outcomes of every probe that is scheduled.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Outcome> {
        let all = [
            Outcome::of(ProbeName::Broker, &snapshot.broker),
            Outcome::of(ProbeName::Queues, &snapshot.queues),
            Outcome::of(ProbeName::Roundtrip, &snapshot.roundtrip),
            Outcome::of(ProbeName::Host, &snapshot.host),
            Outcome::of(ProbeName::Envfile, &snapshot.envfile),
            Outcome::of(ProbeName::Workers, &snapshot.workers),
            Outcome::of(ProbeName::Files, &snapshot.files),
        ];
        all.into_iter().filter(|o| o.interval.is_some()).collect()
    }

    fn label(&self) -> [(&'static str, &'static str); 1] {
        [("probe", self.probe.as_str())]
    }
}

pub(super) fn write(outcomes: &[Outcome], f: &mut Families<'_>) -> fmt::Result {
    let all = || outcomes.iter();
    f.gauge(
        "warrener_probe_success",
        "1 when the probe's newest reading succeeded, 0 when it failed; its metrics are absent \
         while it fails.",
        all().map(|o| (o.label(), o.success.map(u64::from))),
    )?;
    f.gauge(
        "warrener_probe_failure",
        "1 with the reason why the probe's newest reading failed.",
        all().filter_map(|o| {
            let [probe] = o.label();
            Some(([probe, ("reason", o.reason?.as_str())], Some(1u64)))
        }),
    )?;
    f.gauge(
        "warrener_probe_duration_seconds",
        "How long the probe's newest reading took.",
        all().map(|o| (o.label(), o.duration.map(|d| d.as_secs_f64()))),
    )?;
    f.gauge(
        "warrener_probe_interval_seconds",
        "The interval in force; longer than configured where a costly probe slowed itself down, \
         shorter while warrener watches closely.",
        all().map(|o| (o.label(), o.interval.map(|d| d.as_secs_f64()))),
    )?;
    f.gauge(
        "warrener_probe_usual_interval_seconds",
        "The interval while warrener does not watch closely; readings are counted by it.",
        all().map(|o| (o.label(), o.usual.map(|d| d.as_secs_f64()))),
    )?;
    f.gauge(
        "warrener_probe_last_success_timestamp_seconds",
        "When the probe's newest successful reading ended.",
        all().map(|o| (o.label(), o.read_at.map(|at| at.unix_seconds()))),
    )?;
    f.counter(
        "warrener_probe_successes",
        "Readings that succeeded.",
        all().map(|o| (o.label(), Some(o.succeeded))),
    )?;
    f.counter(
        "warrener_probe_failures",
        "Readings that failed; `warrener_probe_failure` tells why the newest did.",
        all().map(|o| (o.label(), Some(o.failed))),
    )
}

/// Whether the probes run more often than usual, and why.
pub(super) fn write_attention(snapshot: &Snapshot, f: &mut Families<'_>) -> fmt::Result {
    let paid = snapshot.attention;
    let asked = paid.asked(snapshot.at).is_some();
    let reasons = [("level", paid.restless), ("asked", asked)];
    f.gauge(
        "warrener_watching_closely",
        "1 while the probes run more often than usual: because the level is not normal, or a \
         person asked for it.",
        reasons.map(|(reason, holds)| ([("reason", reason)], Some(u64::from(holds)))),
    )
}

/// The age of every section's data at `now`; it grows between snapshots, so it is written when
/// the scrape is served.
pub(super) fn write_ages(
    read_at: &[(ProbeName, Moment)],
    now: Moment,
    f: &mut Families<'_>,
) -> fmt::Result {
    f.gauge(
        "warrener_probe_data_age_seconds",
        "Time since the probe's newest successful reading ended.",
        read_at
            .iter()
            .map(|(p, at)| ([("probe", p.as_str())], Some(now.since(*at).as_secs_f64()))),
    )
}

/// When each probe last succeeded.
pub(super) fn read_at(snapshot: &Snapshot) -> Vec<(ProbeName, Moment)> {
    Outcome::all(snapshot)
        .iter()
        .filter_map(|o| Some((o.probe, o.read_at?)))
        .collect()
}
