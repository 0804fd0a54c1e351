//! One alert: whose it is, what it is about, what of.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Told;
use super::fingerprint::fingerprint;
use super::payload::Alert;
use super::quarantine::{QuarantineReason, Quarantined, printable};
use super::target::{self, Choice};
use crate::model::{Timestamp, Trigger, TriggerCode, TriggerSource, TriggerStatus};
use crate::recover::own::is_own;
use crate::recover::targets::Targets;

/// Most labels of an alert.
const MAX_LABELS: usize = 64;
/// Longest name or value of a label, in bytes: that of a path.
const MAX_LABEL_BYTES: usize = 4096;
/// Longest value that is kept for display, in characters.
const MAX_KEPT: usize = 256;

/// The alert that always fires.
const WATCHDOG: &str = "Watchdog";
/// The twin of an alert that is for people: slower, and silenced without blinding recovery.
const PAGE: &str = "Page";

/// What an alert was read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// It asks for recovery.
    Trigger(Trigger),
    /// It was put aside.
    Quarantined(Quarantined),
    /// A firing `Watchdog`: the pipeline from Prometheus to here works.
    Heartbeat,
    /// For people alone: a page, or what tells of recovery itself.
    ForPeople,
    /// Of what this host's configuration does not have.
    NotMine,
}

/// Reads one alert of a webhook's body.
pub(super) fn read(index: usize, raw: &str, targets: &Targets, identity: &str) -> Read {
    let malformed = |words: &str| {
        let reason = QuarantineReason::Malformed;
        Read::Quarantined(Quarantined::new(index, reason, words, raw))
    };
    let Ok(alert) = serde_json::from_str::<Alert>(raw) else {
        return malformed("it has no `status` or `labels`, or a label that is no text");
    };
    let Some(status) = TriggerStatus::from_label(&alert.status) else {
        return malformed("its `status` is neither `firing` nor `resolved`");
    };
    let told = Told {
        index,
        raw,
        source: TriggerSource::Alertmanager,
        status,
        labels: alert.labels,
        starts_at: alert.starts_at.as_deref(),
    };
    judge(told, targets, identity)
}

/// What an alert is for this host.
pub(super) fn judge(told: Told<'_>, targets: &Targets, identity: &str) -> Read {
    let Told {
        index,
        raw,
        source,
        status,
        labels,
        starts_at: begin,
    } = told;
    let aside =
        |reason, words: &str| Read::Quarantined(Quarantined::new(index, reason, words, raw));
    let long = |text: &String| text.len() > MAX_LABEL_BYTES;
    if labels.len() > MAX_LABELS || labels.iter().any(|(n, v)| long(n) || long(v)) {
        let words = format!("more than {MAX_LABELS} labels, or one over {MAX_LABEL_BYTES} bytes");
        return aside(QuarantineReason::TooLarge, &words);
    }
    let name = labels.get("alertname").map_or("", String::as_str);
    if name == WATCHDOG {
        return match status {
            TriggerStatus::Firing => Read::Heartbeat,
            TriggerStatus::Resolved => Read::ForPeople,
        };
    }
    if is_own(name) || is_page(name) {
        return Read::ForPeople;
    }
    if labels.get("identity").is_some_and(|own| own != identity) {
        return Read::NotMine;
    }
    let Some(code) = TriggerCode::of_alert(name) else {
        return aside(QuarantineReason::BadName, "its `alertname` is no name");
    };
    let target = match target::choose(&code, &labels, targets) {
        Choice::Target(target) => target,
        Choice::NotMine => return Read::NotMine,
        Choice::Unknown(words) => return aside(QuarantineReason::UnknownTarget, &words),
    };
    Read::Trigger(Trigger {
        source,
        code,
        target,
        status,
        fingerprint: fingerprint(&labels),
        starts_at: begin.and_then(starts_at),
        labels: kept(&labels),
    })
}

/// Whether `name` is the page of an alert that is answered without it.
fn is_page(name: &str) -> bool {
    let twin = name.strip_suffix(PAGE).and_then(TriggerCode::of_alert);
    match twin {
        Some(TriggerCode::Finding(_)) => true,
        Some(TriggerCode::Alert(name)) => name.as_str().starts_with("Health"),
        _ => false,
    }
}

/// For display: bounded, printable.
fn kept(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let kept = |text: &String| printable(text, MAX_KEPT);
    labels.iter().map(|(n, v)| (kept(n), kept(v))).collect()
}

/// A time in RFC 3339; the zero time, and what is none, is `None`.
fn starts_at(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let millis = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()?;
    (millis > 0).then_some(Timestamp(millis))
}
