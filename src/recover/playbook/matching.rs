//! Which playbook answers a trigger.

use super::{Playbook, Playbooks};
use crate::model::TriggerCode;

impl Playbooks {
    /// The playbook for `code`, where the target's workers are `workers`.
    ///
    /// A team's own goes before a shipped one; one `for` a worker kind before one for all, where
    /// the target is of that kind alone. An alert's `playbook` label is not asked.
    pub fn matching(&self, code: &TriggerCode, workers: &[String]) -> Option<&Playbook> {
        let fits = |playbook: &&Playbook| {
            let only_for = playbook.only_for.as_ref().map(|only| &only.worker);
            let theirs = only_for.is_none_or(|worker| workers == std::slice::from_ref(worker));
            theirs && playbook.answers(code)
        };
        // Loading made sure that no two are alike in both.
        self.iter()
            .filter(fits)
            .min_by_key(|playbook| playbook.rank())
    }
}
