//! The machine's room to live, its logs and its backups.

use std::time::Duration;

use super::{BackupLimits, Case, Draft, Judged, words};
use crate::model::facts::{BackupFacts, DiskFacts, FilesFacts, HostFacts, LogFacts};
use crate::model::{Code, Evidence, Forecast, Forecasted, ProbeName, Severity, Target};

/// A limit once passed is kept to until there is a tenth more than it.
const CLOSES_AT: f64 = 1.1;
/// Critical at this share of the limit.
const CRITICAL_AT: f64 = 1.0 / 3.0;
/// A disk that will be full later than this, at the slowest rate of the forecast, is no finding.
const FULL_WITHIN: f64 = 86_400.0;
/// So many error lines within [`ERRORS_WITHIN`] are no single mishap; half of it keeps it open.
const ERRORS: u64 = 10;
const ERRORS_WITHIN: Duration = Duration::from_secs(300);

pub(super) fn judge(case: Case<'_>, out: &mut Judged) {
    if let Some(facts) = case.snapshot.host.facts() {
        host(case, &facts, out);
    }
    if let Some(facts) = case.snapshot.files.facts() {
        files(case, &facts, out);
    }
}

fn host(case: Case<'_>, facts: &HostFacts, out: &mut Judged) {
    for facts in &facts.disks {
        disk(case, facts, out);
    }
    let least = case.config.min_memory_available;
    match (facts.memory_available, facts.memory_total) {
        (Some(available), Some(total)) if total > 0 => {
            let share = words::float(available) / words::float(total);
            if let Some(severity) = scarce(case, Code::MemoryLow, &Target::Host, share, least) {
                let summary = format!("{} of memory is available", words::percent(share));
                let seen = format!("{} of {}", words::bytes(available), words::bytes(total));
                let expected = format!("at least {}", words::percent(least));
                let code = Code::MemoryLow;
                let draft = Draft::new(code, Target::Host, severity, ProbeName::Host, summary);
                out.see(
                    draft
                        .after(2)
                        .with(Evidence::against("memory", seen, expected)),
                );
            }
            if let Some(series) = &case.history.memory {
                let (what, value) = (Forecasted::MemoryAvailable, words::float(available));
                out.forecasts
                    .extend(series.forecast(what, Target::Host, value, 0.0));
            }
        }
        _ => out.blind(&[Code::MemoryLow], &Target::Host),
    }
}

/// Major below the limit, critical below a third of it.
fn scarce(case: Case<'_>, code: Code, target: &Target, share: f64, least: f64) -> Option<Severity> {
    let slack = if case.is_active(code, target) {
        CLOSES_AT
    } else {
        1.0
    };
    if share < least * CRITICAL_AT {
        Some(Severity::Critical)
    } else {
        (share < least * slack).then_some(Severity::Major)
    }
}

fn disk(case: Case<'_>, facts: &DiskFacts, out: &mut Judged) {
    let target = Target::Disk {
        path: facts.path.clone(),
    };
    let (Some(total @ 1..), Some(available)) = (facts.total, facts.available) else {
        return out.blind(&[Code::DiskLow, Code::DiskWillFill], &target);
    };
    let least = case.config.min_disk_free;
    let free = words::float(available) / words::float(total);
    let inodes = match (facts.inodes_total, facts.inodes_free) {
        (Some(total @ 1..), Some(free)) => Some(words::float(free) / words::float(total)),
        _ => None,
    };
    let share = inodes.map_or(free, |inodes| inodes.min(free));
    let low = scarce(case, Code::DiskLow, &target, share, least);
    if let Some(severity) = low {
        let expected = || format!("at least {}", words::percent(least));
        let what = if share < free { "inodes" } else { "space" };
        let summary = format!(
            "{} of {what} on {} is free",
            words::percent(share),
            facts.path
        );
        let seen = format!("{} of {}", words::bytes(available), words::bytes(total));
        let code = Code::DiskLow;
        let draft = Draft::new(code, target.clone(), severity, ProbeName::Host, summary);
        let mut draft = draft.with(Evidence::against("space free", seen, expected()));
        draft.evidence.extend(
            inodes.map(|i| Evidence::against("inodes free", words::percent(i), expected())),
        );
        out.see(draft);
    }
    let Some(series) = case.history.disks.get(&facts.path) else {
        return;
    };
    let what = Forecasted::DiskFree;
    let forecast = series.forecast(what, target.clone(), words::float(available), 0.0);
    // A disk that is low already needs no forecast to say so.
    if let Some(Forecast {
        seconds,
        seconds_between: (soonest, latest),
        ..
    }) = forecast
        && low.is_none()
        && latest <= FULL_WITHIN
    {
        let in_time = |s: f64| words::time(Duration::from_secs_f64(s));
        let summary = format!("{} will be full in {}", facts.path, in_time(seconds));
        let code = Code::DiskWillFill;
        let draft = Draft::new(code, target, Severity::Minor, ProbeName::Host, summary);
        let between = format!("between {} and {}", in_time(soonest), in_time(latest));
        out.see(
            draft
                .after(3)
                .with(Evidence::against("full in", between, "later than a day")),
        );
    }
    out.forecasts.extend(forecast);
}

fn files(case: Case<'_>, facts: &FilesFacts, out: &mut Judged) {
    for log in &facts.logs {
        let target = Target::Glob {
            glob: log.glob.clone(),
        };
        oversized(case, log, &target, out);
        errors(case, log, &target, out);
    }
    let none = BackupLimits::default();
    for facts in &facts.backups {
        let limits = case.config.backups.get(&facts.glob).unwrap_or(&none);
        backup(facts, limits, out);
    }
}

fn minor(code: Code, target: &Target, summary: String) -> Draft {
    Draft::new(
        code,
        target.clone(),
        Severity::Minor,
        ProbeName::Files,
        summary,
    )
}

fn oversized(case: Case<'_>, log: &LogFacts, target: &Target, out: &mut Judged) {
    let Some(most) = case.config.logs.get(&log.glob).copied().flatten() else {
        return;
    };
    let Some(largest) = &log.largest else {
        if log.files != Some(0) {
            out.blind(&[Code::LogOversized], target);
        }
        return;
    };
    if largest.size > most {
        let size = words::bytes(largest.size);
        let summary = format!("{} has {size}", largest.path);
        let expected = format!("at most {}", words::bytes(most));
        let draft = minor(Code::LogOversized, target, summary);
        out.see(draft.with(Evidence::against("largest file", size, expected)));
    }
}

fn errors(case: Case<'_>, log: &LogFacts, target: &Target, out: &mut Judged) {
    if log.error_lines.is_none() {
        return out.blind(&[Code::LogErrors], target);
    }
    let Some(events) = case.history.log_errors.get(&log.glob) else {
        return;
    };
    let lines = events.within(ERRORS_WITHIN, case.now);
    let least = if case.is_active(Code::LogErrors, target) {
        ERRORS / 2
    } else {
        ERRORS
    };
    if lines >= least {
        let summary = format!(
            "{} error lines in 5 min in {}",
            words::count(lines),
            log.glob
        );
        let expected = format!("less than {ERRORS}");
        let seen = Evidence::against("error lines in 5 min", words::count(lines), expected);
        let mut draft = minor(Code::LogErrors, target, summary).with(seen);
        let newest = log.newest_error_in.clone();
        draft
            .evidence
            .extend(newest.map(|path| Evidence::seen("newest in", path)));
        out.see(draft);
    }
}

fn backup(facts: &BackupFacts, limits: &BackupLimits, out: &mut Judged) {
    let target = Target::Glob {
        glob: facts.glob.clone(),
    };
    let Some(newest) = &facts.newest else {
        match facts.files {
            Some(0) => {
                let summary = format!("there is no backup {}", facts.glob);
                let evidence = Evidence::against("backups", "0", "at least 1");
                out.see(minor(Code::BackupStale, &target, summary).with(evidence));
            }
            _ => out.blind(&[Code::BackupStale], &target),
        }
        return out.blind(&[Code::BackupBroken], &target);
    };
    match (facts.newest_age, limits.max_age) {
        (Some(age), Some(most)) if age > most => {
            let summary = format!("the newest backup is {} old", words::time(age));
            let expected = format!("at most {}", words::time(most));
            let evidence = Evidence::against("age", words::time(age), expected);
            let path = Evidence::seen("newest", newest.path.clone());
            out.see(
                minor(Code::BackupStale, &target, summary)
                    .with(evidence)
                    .with(path),
            );
        }
        (None, Some(_)) => out.blind(&[Code::BackupStale], &target),
        _ => {}
    }
    // What is still being written is neither too small nor broken yet.
    if !facts.is_settled() {
        return out.blind(&[Code::BackupBroken], &target);
    }
    let mut evidence = Vec::new();
    // An empty file is a backup of nothing.
    let least = limits.min_size.unwrap_or(1);
    if newest.size < least {
        let expected = format!("at least {}", words::bytes(least));
        evidence.push(Evidence::against(
            "size",
            words::bytes(newest.size),
            expected,
        ));
    }
    match &facts.verified {
        Some(Err(why)) => evidence.push(Evidence::against("verified", why.clone(), "whole")),
        Some(Ok(())) => {}
        None if evidence.is_empty() && limits.verified => out.blind(&[Code::BackupBroken], &target),
        None => {}
    }
    if !evidence.is_empty() {
        let summary = format!("the backup {} is not whole", newest.path);
        let mut draft = minor(Code::BackupBroken, &target, summary);
        draft.evidence = evidence;
        out.see(draft);
    }
}
