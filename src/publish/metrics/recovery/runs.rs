//! Families of runs: those that ended, how long they took, and those that are open.

use std::collections::BTreeMap;
use std::fmt;

use super::{counts, known};
use crate::model::ratio::{Ratio, wilson};
use crate::model::{HoldReason, Outcome, RunState, Standing, Times};
use crate::publish::metrics::families::Families;

/// Most open runs, and incidents, that are told one by one.
pub(super) const MOST: usize = 200;

/// From the reflex to what a broker's restart may take.
const BUCKETS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// The states of runs that are not over.
const OPEN: [&str; 5] = [
    "awaiting_approval",
    "held",
    "proposed",
    "running",
    "verifying",
];

/// A family of success: name, help, reading.
type OfSuccess = (&'static str, &'static str, fn(&Ratio) -> f64);

const OF_SUCCESS: [OfSuccess; 3] = [
    (
        "warrener_recovery_success_ratio",
        "Share of the kept runs that came to act and ended that were verified as recovered; \
         absent before the first.",
        |ratio| ratio.seen,
    ),
    (
        "warrener_recovery_success_lower_ratio",
        "What the share of recovered runs is at least, nineteen times in twenty (Wilson).",
        |ratio| ratio.lower,
    ),
    (
        "warrener_recovery_success_upper_ratio",
        "What the share of recovered runs is at most, nineteen times in twenty (Wilson).",
        |ratio| ratio.upper,
    ),
];

/// A family of times: name, help, reading.
type OfTimes = (&'static str, &'static str, fn(&Times) -> &[f64]);

const OF_TIMES: [OfTimes; 2] = [
    (
        "warrener_recovery_time_to_act_seconds",
        "From the beginning of the trouble to the first act, of the runs that recovered since \
         warrener began.",
        |times| &times.to_act,
    ),
    (
        "warrener_recovery_time_to_recover_seconds",
        "From the beginning of the trouble to its verified end, of the runs that recovered since \
         warrener began.",
        |times| &times.to_recover,
    ),
];

/// Recovered runs, and all that a verdict can be given on: what came to act, and ended.
fn success(outcomes: &BTreeMap<Outcome, u64>) -> (u64, u64) {
    let of = |outcome| outcomes.get(&outcome).copied().unwrap_or(0);
    let recovered = of(Outcome::Recovered);
    let others = [Outcome::Failed, Outcome::RolledBack, Outcome::Unknown].map(of);
    (recovered, recovered + others.iter().sum::<u64>())
}

pub(super) fn ended(
    counts: &BTreeMap<counts::Key, u64>,
    standing: &Standing,
    f: &mut Families<'_>,
) -> fmt::Result {
    f.counter(
        "warrener_recovery_runs",
        "Runs that ended, by playbook and outcome; from the ledger, so a restart of warrener \
         does not begin again.",
        counts.iter().map(|((playbook, outcome), runs)| {
            let labels = [
                ("playbook", playbook.as_str()),
                ("outcome", outcome.as_str()),
            ];
            (labels, Some(*runs))
        }),
    )?;
    let playbooks = || standing.outcomes.iter();
    f.gauge(
        "warrener_recovery_success_runs",
        "Kept runs that came to act and ended: those that the share of recovered ones is of.",
        playbooks().map(|(name, outcomes)| {
            let (_, all) = success(outcomes);
            ([("playbook", name.as_str())], Some(all))
        }),
    )?;
    for (name, help, read) in OF_SUCCESS {
        f.gauge(
            name,
            help,
            playbooks().map(|(name, outcomes)| {
                let (recovered, all) = success(outcomes);
                let ratio = wilson(recovered, all);
                ([("playbook", name.as_str())], ratio.as_ref().map(read))
            }),
        )?;
    }
    let none = Times::default();
    for (name, help, read) in OF_TIMES {
        let samples = standing.outcomes.keys().map(|name| {
            let times = standing.times.get(name).unwrap_or(&none);
            ([("playbook", name.as_str())], read(times))
        });
        f.histogram(name, help, &BUCKETS, samples)?;
    }
    Ok(())
}

pub(super) fn open(standing: &Standing, f: &mut Families<'_>) -> fmt::Result {
    let runs = || standing.runs.iter().map(|(run, _)| run);
    f.gauge(
        "warrener_recovery_open_runs",
        "Runs that are not over, by state.",
        OPEN.map(|state| {
            let there = runs().filter(|run| run.state.as_str() == state).count();
            ([("state", state)], known(standing, there as u64))
        }),
    )?;
    f.gauge(
        "warrener_recovery_run_state",
        "1 for the state of each run that is not over, the 200 oldest.",
        runs().take(MOST).map(|run| {
            let labels = [
                ("run", run.id.0.to_string()),
                ("playbook", run.playbook.clone()),
                ("target", run.target.key()),
                ("state", run.state.as_str().to_owned()),
            ];
            (labels, Some(1u64))
        }),
    )?;
    f.gauge(
        "warrener_recovery_run_created_timestamp_seconds",
        "When each run that is not over was made, the 200 oldest.",
        runs().take(MOST).map(|run| {
            let labels = [
                ("run", run.id.0.to_string()),
                ("playbook", run.playbook.clone()),
                ("target", run.target.key()),
            ];
            (labels, Some(run.created_at.unix_seconds()))
        }),
    )
}

pub(super) fn held_by(standing: &Standing, reason: HoldReason) -> u64 {
    let held = RunState::Held(reason);
    let runs = standing.runs.iter().filter(|(run, _)| run.state == held);
    runs.count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_never_acted_say_nothing_of_success() {
        let outcomes = Outcome::ALL.map(|outcome| (outcome, 1)).into();
        assert_eq!(success(&outcomes), (1, 4));
    }
}
