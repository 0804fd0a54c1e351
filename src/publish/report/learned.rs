//! What the past tells: associations and shares, each with its number of cases.

use super::words::{count, percent, time};
use super::{Answer, Case, Line};
use crate::recover::learn::{
    self, Comparison, Effect, FEWEST, hit_rates, measures, noise, outcomes, precursors, recurrences,
};

/// Most lines of evidence.
const MOST: usize = 20;

/// What is looked back at, in words.
fn over(case: Case<'_>) -> String {
    let past = case.material.past;
    let first = past.incidents.first().map_or(past.until, |i| i.opened_at);
    let first = first.max(past.since);
    format!("looked at since {}", case.material.zone.words(first))
}

fn not_enough(check: &str, case: Case<'_>) -> Line {
    let words = format!("not enough data: fewer than {FEWEST} cases of each kind");
    Line::new(check, Answer::NotKnown, words).with([over(case)])
}

pub(super) fn recurring(case: Case<'_>) -> Line {
    const CHECK: &str = "failure patterns: what comes back, and when";
    let all = recurrences(case.material.past, case.material.zone);
    let often = all.iter().filter(|one| one.n >= FEWEST);
    let often: Vec<_> = often.collect();
    if often.is_empty() {
        return not_enough(CHECK, case);
    }
    let timed = often.iter().filter(|one| one.slot.is_some()).count() as u64;
    let words = match timed {
        0 => "no kind of incident keeps to an hour of the week".to_owned(),
        n => format!(
            "{} tied to an hour of the week (association)",
            count(n, "kind")
        ),
    };
    let answer = if timed > 0 { Answer::Look } else { Answer::Ok };
    let mut lines = often;
    lines.sort_by_key(|one| one.slot.is_none());
    let lines = lines.into_iter().take(MOST).map(|one| match &one.slot {
        Some(slot) => format!(
            "{}: {} on {} (by chance 1 in 168)",
            one.key,
            slot.share.words(),
            slot.words()
        ),
        None => format!(
            "{}: {}, at no particular hour",
            one.key,
            count(one.n, "time")
        ),
    });
    Line::new(CHECK, answer, words).with(std::iter::once(over(case)).chain(lines))
}

pub(super) fn preceded(case: Case<'_>) -> Line {
    const CHECK: &str = "failure patterns: what came before, within 10 minutes";
    let past = case.material.past;
    let known = recurrences(past, case.material.zone)
        .iter()
        .any(|one| one.n >= FEWEST);
    if !known {
        return not_enough(CHECK, case);
    }
    let all = precursors(past);
    let words = match all.len() as u64 {
        0 => "nothing comes before anything more often than by chance".to_owned(),
        n => format!("{} (association, no cause)", count(n, "pair")),
    };
    let answer = if all.is_empty() {
        Answer::Ok
    } else {
        Answer::Look
    };
    let lines = all.iter().take(MOST).map(|one| {
        format!(
            "{}: {} came after {} (by chance {})",
            one.key,
            one.share.words(),
            one.before,
            percent(one.by_chance)
        )
    });
    Line::new(CHECK, answer, words).with(std::iter::once(over(case)).chain(lines))
}

pub(super) fn measured(case: Case<'_>) -> Line {
    const CHECK: &str = "effect of preventive measures";
    let all = measures(case.material.past);
    if all.is_empty() {
        return Line::new(CHECK, Answer::NotKnown, "the clock asked for none");
    }
    let effects: Vec<_> = all.iter().map(learn::Measure::effect).collect();
    let told = effects
        .iter()
        .filter(|e| matches!(e, Effect::Fewer | Effect::Same | Effect::More));
    let (answer, words) = match told.count() as u64 {
        0 => (Answer::NotKnown, "not enough data".to_owned()),
        _ if effects
            .iter()
            .any(|e| matches!(e, Effect::Same | Effect::More)) =>
        {
            (Answer::Look, "one shows no effect".to_owned())
        }
        n => (
            Answer::Ok,
            format!("{} with fewer incidents since", count(n, "measure")),
        ),
    };
    let lines = all.iter().map(|measure| {
        let began = case.material.zone.words(measure.began);
        format!(
            "{}; began {began}; for {}",
            measure.words(),
            measure.codes.join(", ")
        )
    });
    Line::new(CHECK, answer, words).with(lines)
}

pub(super) fn noisy(case: Case<'_>) -> Line {
    const CHECK: &str = "alerts that fire and clear by themselves";
    let all = noise(case.material.past);
    let judged = all.iter().filter(|one| one.by_itself.n >= FEWEST).count();
    if judged == 0 {
        return not_enough(CHECK, case);
    }
    let noisy: Vec<_> = all.iter().filter(|one| one.is_noisy()).collect();
    let words = match noisy.len() as u64 {
        0 => "none of those that came often".to_owned(),
        n => format!("{} to tune", count(n, "alert")),
    };
    let answer = if noisy.is_empty() {
        Answer::Ok
    } else {
        Answer::Look
    };
    let lines = noisy.iter().take(MOST).map(|one| {
        let clears = one
            .clears_in
            .map(|seconds| format!(", half within {}", time(seconds)));
        format!(
            "{}: {} cleared with nothing done{}",
            one.key,
            one.by_itself.words(),
            clears.unwrap_or_default()
        )
    });
    Line::new(CHECK, answer, words).with(std::iter::once(over(case)).chain(lines))
}

pub(super) fn foreseen(case: Case<'_>) -> Line {
    const CHECK: &str = "forecasts that came true";
    let all = hit_rates(case.material.past);
    if all.is_empty() {
        return Line::new(CHECK, Answer::NotKnown, "none was made");
    }
    let ratios: Vec<_> = all
        .iter()
        .filter_map(|rate| rate.came_true.ratio())
        .collect();
    let (answer, words) = match ratios.len() {
        0 => (Answer::NotKnown, "not enough data"),
        _ if ratios.iter().any(|ratio| ratio.upper < 0.5) => {
            (Answer::Look, "one kind comes true less often than not")
        }
        _ => (
            Answer::Ok,
            "none is wrong more often than right, as far as can be told",
        ),
    };
    let lines = all.iter().map(learn::HitRate::words);
    Line::new(CHECK, answer, words).with(lines)
}

pub(super) fn helped(case: Case<'_>) -> Line {
    const CHECK: &str = "what helped, against what ends by itself";
    let all = outcomes(&case.material.past.runs);
    let known = |comparison: Comparison| comparison != Comparison::NotEnough;
    if !all.iter().any(|one| known(one.comparison())) {
        return not_enough(CHECK, case).with(all.iter().take(MOST).map(learn::Helped::words));
    }
    let doubtful =
        |one: &&learn::Helped| one.comparison() == Comparison::NoBetter || one.heals_by_itself();
    let doubts = all.iter().filter(doubtful).count() as u64;
    let (answer, words) = match doubts {
        0 => (
            Answer::Ok,
            "no action is worse than waiting, as far as can be told".to_owned(),
        ),
        n => (
            Answer::Look,
            format!("{} that waiting may serve as well", count(n, "action")),
        ),
    };
    let mut all = all;
    all.sort_by_key(|one| (!doubtful(&one), std::cmp::Reverse(one.recovered.n)));
    let lines = all.iter().take(MOST).map(learn::Helped::words);
    Line::new(CHECK, answer, words).with(std::iter::once(over(case)).chain(lines))
}
