//! Where recovery stands, told to whoever shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Engine, mode};
use crate::model::{Outcome, Run, Standing, Step, Timestamp};
use crate::recover::ledger::{Ledger, LedgerError, Stamp};

/// Ended runs that are shown.
const ENDED: u32 = 20;
/// Alerts put aside that are shown.
const ASIDE: u32 = 20;

/// What is read of the ledger.
struct Read {
    incidents: Vec<crate::model::Incident>,
    runs: Vec<(Run, Vec<Step>)>,
    ended: Vec<Run>,
    tallies: Vec<crate::recover::ledger::Tally>,
    pauses: Vec<crate::model::Pause>,
    began: Vec<Timestamp>,
    pending: u64,
    outbox: (u64, Option<Timestamp>),
    watchdog_at: Option<Timestamp>,
    reconciled_at: Option<Timestamp>,
    quarantined: Vec<(Timestamp, String, String)>,
}

impl Engine {
    pub(super) async fn stand(&self) {
        let setup = self.shared.setup();
        let recovery = &setup.config.recovery;
        let (now, budget) = (self.shared.now(), recovery.budget.host);
        let since = now.before(budget.window.get());
        let read = self
            .shared
            .ledger
            .read(move |ledger| read(ledger, now, since))
            .await;
        let mut standing = Standing::unknown(mode(recovery.mode), recovery.reflex);
        standing.answers = setup.all_answers();
        let trouble = self.shared.ledger.trouble();
        standing.observe_only = trouble.map(|trouble| (trouble.kind.to_owned(), trouble.words));
        for playbook in setup.playbooks.iter() {
            let all = Outcome::ALL.into_iter().map(|outcome| (outcome, 0));
            standing
                .outcomes
                .insert(playbook.name.clone(), all.collect());
        }
        standing.holds = self.shared.holds();
        standing.times = self.shared.times();
        standing.alerts = self.counts.alerts();
        standing.notices = self.notices.get();
        standing.scheduled = self.timetable.scheduled();
        if let Ok(read) = read {
            for tally in read.tallies {
                let own: &mut BTreeMap<Outcome, u64> =
                    standing.outcomes.entry(tally.playbook).or_default();
                own.insert(tally.outcome, tally.runs);
            }
            let began = read.began.len() as u64;
            standing.budget_left = u64::from(budget.count).saturating_sub(began);
            standing.incidents = read.incidents;
            standing.runs = read.runs;
            standing.ended = read.ended;
            standing.pauses = read.pauses;
            standing.pending_triggers = read.pending;
            standing.outbox = read.outbox;
            standing.watchdog_at = read.watchdog_at;
            standing.reconciled_at = read.reconciled_at;
            standing.quarantined = read.quarantined;
        }
        self.standing.send_if_modified(|old| {
            let changed = **old != standing;
            if changed {
                *old = Arc::new(standing);
            }
            changed
        });
    }
}

fn read(ledger: &Ledger, now: Timestamp, since: Timestamp) -> Result<Read, LedgerError> {
    let all = ledger.runs_since(since)?;
    let mut runs = Vec::new();
    for run in all.iter().filter(|run| !run.state.is_over()) {
        runs.push((run.clone(), ledger.steps(run.id)?));
    }
    let newest = ledger.runs(ENDED * 2)?;
    let ended = newest.into_iter().filter(|run| run.state.is_over());
    let aside = ledger.quarantined(ASIDE)?;
    let told = |(at, alert): (Timestamp, crate::recover::intake::Quarantined)| {
        (at, alert.reason.as_str().to_owned(), alert.words)
    };
    Ok(Read {
        incidents: ledger.open_incidents()?,
        runs,
        ended: ended.take(ENDED as usize).collect(),
        tallies: ledger.tallies()?,
        pauses: ledger.pauses(now)?,
        began: all
            .iter()
            .filter_map(|run| run.started_at)
            .filter(|at| *at >= since)
            .collect(),
        pending: ledger.pending_count()?,
        outbox: ledger.waiting()?,
        watchdog_at: ledger.stamped(Stamp::Watchdog)?,
        reconciled_at: ledger.stamped(Stamp::Reconciled)?,
        quarantined: aside.into_iter().map(told).collect(),
    })
}
