//! Alerts that fire and clear by themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::share::{Share, median};
use crate::model::{IncidentId, IncidentKey, Past};

/// How often an alert cleared without anything being done.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// The alert and its target.
    pub key: IncidentKey,
    /// Those that cleared with nothing done about them, of those that cleared.
    pub by_itself: Share,
    /// Half of them took no longer than this, in seconds.
    pub clears_in: Option<f64>,
}

impl Noise {
    /// Most of them clear by themselves, beyond doubt.
    pub fn is_noisy(&self) -> bool {
        self.by_itself
            .ratio()
            .is_some_and(|ratio| ratio.lower > 0.5)
    }
}

/// Every alert that cleared, the noisiest first.
pub fn noise(past: &Past) -> Vec<Noise> {
    let acted: BTreeSet<IncidentId> = past
        .runs
        .iter()
        .filter(|run| run.steps.iter().any(|step| step.acted()))
        .map(|run| run.run.incident)
        .collect();
    let mut kinds: BTreeMap<IncidentKey, (Share, Vec<f64>)> = BTreeMap::new();
    for alert in &past.alerts {
        let Some(cleared) = alert.cleared_at else {
            continue;
        };
        let key = IncidentKey {
            code: alert.code.clone(),
            target: alert.target.clone(),
        };
        let alone = alert.incident.is_none_or(|id| !acted.contains(&id));
        let (share, times) = kinds.entry(key).or_default();
        share.count(alone);
        if alone {
            times.push(cleared.since(alert.fired_at).as_secs_f64());
        }
    }
    let mut all: Vec<_> = kinds
        .into_iter()
        .map(|(key, (by_itself, times))| Noise {
            key,
            by_itself,
            clears_in: median(times),
        })
        .collect();
    all.sort_by(|a, b| {
        let hits = b.by_itself.hits.cmp(&a.by_itself.hits);
        hits.then_with(|| a.key.cmp(&b.key))
    });
    all
}
