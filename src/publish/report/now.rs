//! The score over the period, and how things are at its end.

use super::words::{bytes, count, percent, share, time};
use super::{Answer, Case, Line};
use crate::model::Severity;
use crate::publish::status::{Finding, Status};
use crate::recover::learn::held;

/// Less of a period than this, seen, does not tell how the period was.
const SEEN: f64 = 0.9;
/// Lines of evidence of one kind.
const MOST: usize = 20;

pub(super) fn score(case: Case<'_>) -> Line {
    const CHECK: &str = "health score held at 90 or more";
    let recent = case.recent;
    let whole = recent.until.since(recent.since).as_secs_f64();
    let held = held(&recent.scores);
    let (Some(low), Some(mean)) = (held.low, held.mean) else {
        return Line::new(CHECK, Answer::NotKnown, "no score was written down");
    };
    let seen = held.seen / whole;
    let normal = held.normal / held.seen;
    let words = format!("{} of the time that was seen", percent(normal));
    let answer = match (held.normal < held.seen, seen < SEEN) {
        (true, _) => Answer::Look,
        (false, true) => Answer::NotKnown,
        (false, false) => Answer::Ok,
    };
    Line::new(CHECK, answer, words).with([
        format!("seen: {} of {}", time(held.seen), time(whole)),
        format!("lowest {low}, mean {mean:.1}"),
        format!(
            "below 90 for {}, {}",
            time(held.seen - held.normal),
            count(held.falls, "time")
        ),
    ])
}

/// A line about what only a status can tell.
fn of_status(case: Case<'_>, check: &str, line: impl FnOnce(&Status) -> Line) -> Line {
    match case.material.status {
        Some(status) => line(status),
        None => Line::new(
            check,
            Answer::NotKnown,
            "nobody looked: no server runs here",
        ),
    }
}

fn found<'a>(status: &'a Status, codes: &'a [&str]) -> impl Iterator<Item = &'a Finding> {
    let findings = status.findings.iter();
    findings.filter(|finding| codes.contains(&finding.code.as_str()))
}

fn told(finding: &Finding) -> String {
    format!(
        "{} ({}): {}",
        finding.code, finding.severity, finding.summary
    )
}

/// Well, unless one of `codes` is found; what is found comes first.
fn unless_found(check: &str, status: &Status, codes: &[&str], evidence: Vec<String>) -> Line {
    let all: Vec<_> = found(status, codes).map(told).collect();
    let (answer, words) = match (all.len() as u64, evidence.is_empty()) {
        (0, true) => (
            Answer::NotKnown,
            "nothing is configured or could be read".to_owned(),
        ),
        (0, false) => (Answer::Ok, "nothing is wrong".to_owned()),
        (n, _) => (Answer::Look, count(n, "finding")),
    };
    let evidence = all.into_iter().chain(evidence.into_iter().take(MOST));
    Line::new(check, answer, words).with(evidence)
}

pub(super) fn findings(case: Case<'_>) -> Line {
    const CHECK: &str = "nothing is wrong now";
    of_status(case, CHECK, |status| {
        let wrong = |f: &&Finding| f.severity > Severity::Information;
        let all: Vec<_> = status.findings.iter().filter(wrong).map(told).collect();
        let score = format!("score {}, level {}", status.score, status.level);
        let (answer, words) = match all.len() as u64 {
            0 => (Answer::Ok, "no finding".to_owned()),
            n => (Answer::Look, count(n, "finding")),
        };
        Line::new(CHECK, answer, words).with(std::iter::once(score).chain(all).take(MOST))
    })
}

pub(super) fn alerts(case: Case<'_>) -> Line {
    const CHECK: &str = "no alert fires in Prometheus";
    match case.material.firing {
        None => Line::new(
            CHECK,
            Answer::NotKnown,
            "it is not asked: report.prometheus",
        ),
        Some(Err(failure)) => Line::new(CHECK, Answer::NotKnown, failure.to_string()),
        Some(Ok(firing)) => {
            let answer = if firing.is_empty() {
                Answer::Ok
            } else {
                Answer::Look
            };
            let words = count(firing.len() as u64, "alert");
            Line::new(CHECK, answer, words).with(firing.iter().take(MOST).cloned())
        }
    }
}

pub(super) fn logs(case: Case<'_>) -> Line {
    const CHECK: &str = "log sizes";
    of_status(case, CHECK, |status| {
        let logs = status.files.iter().flat_map(|files| &files.logs);
        let sizes = logs.map(|log| {
            let largest = log.largest.as_ref();
            let largest = largest.map(|one| format!(", largest {}", bytes(Some(one.bytes))));
            let problem = log.problem.as_ref().map(|why| format!("; {why}"));
            format!(
                "{}: {}{}{}",
                log.glob,
                bytes(log.bytes),
                largest.unwrap_or_default(),
                problem.unwrap_or_default()
            )
        });
        unless_found(
            CHECK,
            status,
            &["LogOversized", "LogErrors"],
            sizes.collect(),
        )
    })
}

pub(super) fn disks(case: Case<'_>) -> Line {
    const CHECK: &str = "disk space";
    of_status(case, CHECK, |status| {
        let disks = status.host.iter().flat_map(|host| &host.disks);
        let disks = disks.map(|disk| match &disk.problem {
            Some(problem) => format!("{}: {problem}", disk.path),
            None => {
                let free = share(disk.available_bytes, disk.total_bytes);
                let free = free.map_or("?".to_owned(), percent);
                let size = bytes(disk.total_bytes);
                format!("{}: {free} of {size} free", disk.path)
            }
        });
        unless_found(CHECK, status, &["DiskLow", "DiskWillFill"], disks.collect())
    })
}

pub(super) fn memory(case: Case<'_>) -> Line {
    const CHECK: &str = "memory";
    of_status(case, CHECK, |status| {
        let memory = status.host.as_ref().and_then(|host| {
            let free = share(host.memory_available_bytes, host.memory_total_bytes)?;
            let total = bytes(host.memory_total_bytes);
            Some(format!("{} of {total} available", percent(free)))
        });
        let codes = ["MemoryLow", "WorkerMemoryGrowing"];
        unless_found(CHECK, status, &codes, memory.into_iter().collect())
    })
}

pub(super) fn configuration(case: Case<'_>) -> Line {
    const CHECK: &str = "configuration consistency";
    let codes = [
        "ConfigInvalid",
        "ConfigInsecure",
        "WorkerConfigDrift",
        "BrokerAuthFailed",
    ];
    of_status(case, CHECK, |status| {
        let files = status.env_files.iter().flat_map(|all| &all.files);
        let files = files.map(|file| {
            let violations = match &file.violations {
                Some(all) => count(all.len() as u64, "violation"),
                None => "its schema could not be checked".to_owned(),
            };
            let login = file.login.as_deref().unwrap_or("not tried");
            format!("{}: {violations}, login: {login}", file.path)
        });
        let unresolved = status.env_files.iter().flat_map(|all| &all.unresolved);
        let unresolved = unresolved.map(|v| format!("${{{}}} is {}", v.name, v.why));
        let mut evidence: Vec<_> = files.chain(unresolved).collect();
        if !evidence.is_empty() {
            let recent = case.recent.incidents.iter();
            let recent = recent.filter(|i| codes.contains(&i.key.code.to_string().as_str()));
            let n = recent.count() as u64;
            evidence.push(format!("{} in the period", count(n, "incident")));
        }
        unless_found(CHECK, status, &codes, evidence)
    })
}

pub(super) fn backups(case: Case<'_>) -> Line {
    const CHECK: &str = "backups";
    of_status(case, CHECK, |status| {
        let backups = status.files.iter().flat_map(|files| &files.backups);
        let backups = backups.map(|backup| {
            let age = backup.newest_age_seconds.map_or("?".to_owned(), time);
            let size = bytes(backup.newest.as_ref().map(|newest| newest.bytes));
            let verified = backup.verified.as_deref().unwrap_or("not done");
            format!(
                "{}: newest {age} old, {size}, verification: {verified}",
                backup.glob
            )
        });
        unless_found(
            CHECK,
            status,
            &["BackupStale", "BackupBroken"],
            backups.collect(),
        )
    })
}
