//! warrener's own sight: what could not be read is a finding of its own.

use std::time::Duration;

use super::settle::{Source, sections};
use super::{Case, Draft, Judged, words};
use crate::model::{
    Code, Coverage, Evidence, Failure, Moment, ProbeName, Section, Severity, Snapshot, Target,
};

/// Readings missed in a row from which it is a minor and a major finding.
const MINOR_AFTER: u32 = 3;
const MAJOR_AFTER: u32 = 12;

pub(super) fn judge(case: Case<'_>, out: &mut Judged) {
    let snapshot = case.snapshot;
    one(case, ProbeName::Broker, &snapshot.broker, out);
    one(case, ProbeName::Queues, &snapshot.queues, out);
    one(case, ProbeName::Roundtrip, &snapshot.roundtrip, out);
    one(case, ProbeName::Host, &snapshot.host, out);
    one(case, ProbeName::Envfile, &snapshot.envfile, out);
    one(case, ProbeName::Workers, &snapshot.workers, out);
    one(case, ProbeName::Files, &snapshot.files, out);
}

fn one<T>(case: Case<'_>, probe: ProbeName, section: &Section<T>, out: &mut Judged) {
    // While warrener watches closely readings are missed sooner: they count by the usual interval.
    let Some(interval) = section
        .usual_interval()
        .filter(|interval| !interval.is_zero())
    else {
        return;
    };
    let since = section
        .read_at()
        .or(case.history.scheduled.get(&probe).copied());
    let silent = since.map_or(Duration::ZERO, |since| case.now.since(since));
    // A loop that hangs enters nothing at all: then the age tells. Two intervals are fair.
    let by_age = (silent.as_secs_f64() / interval.as_secs_f64()) as u32;
    let missed = failed_in_a_row(case, probe, section).max(by_age.saturating_sub(1));
    let severity = match missed {
        ..MINOR_AFTER => return,
        MINOR_AFTER..MAJOR_AFTER => Severity::Minor,
        MAJOR_AFTER.. => Severity::Major,
    };
    let summary = format!("the {probe} probe can't read since {}", words::time(silent));
    let target = Target::Probe { name: probe };
    let draft = Draft::new(
        Code::ProbeFailing,
        target,
        severity,
        Source::Outcomes,
        summary,
    );
    let why = section
        .failure()
        .map_or("no reading ended".to_owned(), Failure::to_string);
    let missed = Evidence::against(
        "readings missed",
        missed.to_string(),
        format!("less than {MINOR_AFTER}"),
    );
    out.see(draft.with(missed).with(Evidence::seen("why", why)));
}

/// Readings that failed in a row; while warrener watches closely, as many as would have at the
/// usual interval.
pub(super) fn failed_in_a_row<T>(case: Case<'_>, probe: ProbeName, section: &Section<T>) -> u32 {
    let failed = section.tally.failed_in_a_row;
    let (Some(interval), Some(usual)) = (section.interval, section.usual_interval()) else {
        return failed;
    };
    let failing = case.history.failing.get(&probe);
    let (Some(since), true) = (failing, interval < usual) else {
        return failed;
    };
    let lasts = case.now.since(*since).as_secs_f64() / usual.as_secs_f64();
    failed.min((lasts as u32).saturating_add(1))
}

/// Which scheduled probes have a fresh reading.
pub(super) fn coverage(snapshot: &Snapshot, now: Moment) -> Vec<Coverage> {
    sections(snapshot)
        .into_iter()
        .filter(|section| section.scheduled)
        .map(|section| Coverage {
            probe: section.probe,
            available: section.available,
            age: section.read_at.map(|at| now.since(at)),
        })
        .collect()
}
