//! Counters of ended runs. The ledger forgets what is too old, a counter never falls.

use std::collections::BTreeMap;

use crate::model::Outcome;

/// Playbook, and how a run of it ended.
pub(super) type Key = (String, Outcome);

/// What was counted, and what the ledger said last.
#[derive(Debug, Default)]
pub(in crate::publish::metrics) struct Counts {
    said: BTreeMap<Key, u64>,
    counted: BTreeMap<Key, u64>,
}

impl Counts {
    /// Takes in what the ledger says now: every playbook with every outcome.
    pub(super) fn take(
        &mut self,
        outcomes: &BTreeMap<String, BTreeMap<Outcome, u64>>,
    ) -> BTreeMap<Key, u64> {
        for (playbook, counts) in outcomes {
            for outcome in Outcome::ALL {
                let key = (playbook.clone(), outcome);
                let now = counts.get(&outcome).copied().unwrap_or(0);
                let before = self.said.insert(key.clone(), now).unwrap_or(0);
                *self.counted.entry(key).or_default() += now.saturating_sub(before);
            }
        }
        self.counted.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_ledger_forgets_stays_counted() {
        let mut counts = Counts::default();
        let mut said = |failed: u64| {
            let outcomes =
                BTreeMap::from([("p".into(), BTreeMap::from([(Outcome::Failed, failed)]))]);
            let all = counts.take(&outcomes);
            assert_eq!(all.len(), Outcome::ALL.len());
            all[&("p".to_owned(), Outcome::Failed)]
        };
        assert_eq!(
            [said(3), said(4), said(2), said(2), said(3)],
            [3, 4, 4, 4, 5]
        );
    }

    #[test]
    fn before_the_ledger_was_read_nothing_is_counted() {
        assert!(Counts::default().take(&BTreeMap::new()).is_empty());
    }
}
