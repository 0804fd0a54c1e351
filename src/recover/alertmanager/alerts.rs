//! The list of alerts, against what the ledger holds for firing. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::{Trigger, TriggerSource, TriggerStatus};
use crate::recover::desk::Reading;
use crate::recover::intake::{Batch, Told, fingerprint};

/// What is read of one alert of the list; each fires.
#[derive(Default, Deserialize)]
struct Alert {
    labels: BTreeMap<String, String>,
    #[serde(rename = "startsAt", default)]
    starts_at: Option<String>,
}

/// What fires, as Alertmanager says.
#[derive(Debug, Default)]
pub(super) struct Listed {
    batch: Batch,
    /// Of every alert, also of other hosts' and of those for people.
    fingerprints: BTreeSet<String>,
}

/// Reads the list.
pub(super) fn read(body: &[u8], reading: &Reading) -> Result<Listed, serde_json::Error> {
    let alerts: Vec<&RawValue> = serde_json::from_slice(body)?;
    let mut listed = Listed::default();
    for (index, raw) in alerts.into_iter().enumerate() {
        let raw = raw.get();
        // What is no alert has no labels; it is put aside for that. Of the others the labels alone
        // are shown: the rest changes all the time.
        let (alert, shown) = match serde_json::from_str::<Alert>(raw) {
            Ok(alert) => {
                let shown = serde_json::to_string(&alert.labels);
                (alert, shown.unwrap_or_default())
            }
            Err(_) => (Alert::default(), raw.to_owned()),
        };
        listed.fingerprints.insert(fingerprint(&alert.labels));
        let told = Told {
            index,
            raw: &shown,
            source: TriggerSource::Reconcile,
            status: TriggerStatus::Firing,
            labels: alert.labels,
            starts_at: alert.starts_at.as_deref(),
        };
        listed.batch.add(told, &reading.targets, &reading.identity);
    }
    Ok(listed)
}

impl Listed {
    /// What is news: what fires and is not `known` to; what is known to fire and was missing from
    /// this list and the one before (an Alertmanager that has just begun, or a peer of it, does not
    /// know everything yet); what is put aside and was not yet.
    pub(super) fn batch(
        self,
        known: Vec<Trigger>,
        missing: &mut BTreeSet<String>,
        aside: &mut BTreeSet<String>,
    ) -> Batch {
        let Listed {
            batch,
            fingerprints,
        } = self;
        let known_to_fire: BTreeSet<_> = known.iter().map(|t| t.fingerprint.clone()).collect();
        let mut triggers = batch.triggers;
        triggers.retain(|trigger| !known_to_fire.contains(&trigger.fingerprint));
        let gone = known
            .into_iter()
            .filter(|trigger| !fingerprints.contains(&trigger.fingerprint));
        let (over, now_missing): (Vec<_>, Vec<_>) =
            gone.partition(|trigger| missing.contains(&trigger.fingerprint));
        *missing = now_missing.into_iter().map(|t| t.fingerprint).collect();
        triggers.extend(over.into_iter().map(|trigger| Trigger {
            source: TriggerSource::Reconcile,
            status: TriggerStatus::Resolved,
            ..trigger
        }));
        let now_aside = batch.quarantined.iter().map(|one| one.excerpt.clone());
        let before = std::mem::replace(aside, now_aside.collect());
        let mut quarantined = batch.quarantined;
        quarantined.retain(|one| !before.contains(&one.excerpt));
        Batch {
            triggers,
            quarantined,
            ..Batch::default()
        }
    }
}
