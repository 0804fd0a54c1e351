//! Families of the `files` section.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::families::{Families, Reading};
use crate::model::facts::{BackupFacts, FilesFacts, LogFacts};

const LOGS: [Reading<LogFacts>; 4] = [
    (
        "warrener_log_readable",
        "1 for a log glob of which everything was looked at and read; 0 where a part, or the \
         whole, was not.",
        |log| Some(u64::from(log.problem.is_none())),
    ),
    (
        "warrener_log_files",
        "Regular files that match a log glob.",
        |log| log.files,
    ),
    (
        "warrener_log_size_bytes",
        "Size of all files of a log glob.",
        |log| log.size,
    ),
    (
        "warrener_log_largest_size_bytes",
        "Size of the largest file of a log glob.",
        |log| log.largest.as_ref().map(|largest| largest.size),
    ),
];

const LOG_COUNTERS: [Reading<LogFacts>; 3] = [
    (
        "warrener_log_appended_bytes",
        "Bytes appended to the files of a log glob since warrener began to watch them; rotation \
         does not lower it.",
        |log| log.appended,
    ),
    (
        "warrener_log_error_lines",
        "Lines that match the glob's `error` expression, of those appended since warrener began \
         to watch.",
        |log| log.error_lines,
    ),
    (
        "warrener_log_skipped_bytes",
        "Bytes that were not searched for errors because the logs grew faster than they are read.",
        |log| log.skipped,
    ),
];

const BACKUPS: [Reading<BackupFacts>; 4] = [
    (
        "warrener_backup_readable",
        "1 for a backup glob of which everything was looked at; 0 where a part, or the whole, was \
         not, or where something about it is odd.",
        |backup| Some(u64::from(backup.problem.is_none())),
    ),
    (
        "warrener_backup_files",
        "Regular files that match a backup glob.",
        |backup| backup.files,
    ),
    (
        "warrener_backup_newest_size_bytes",
        "Size of the newest backup.",
        |backup| backup.newest.as_ref().map(|newest| newest.size),
    ),
    (
        "warrener_backup_verified",
        "1 for a newest backup that its `verify` program calls whole, 0 for one that it does not; \
         absent while that is not known.",
        |backup| backup.verified.as_ref().map(|v| u64::from(v.is_ok())),
    ),
];

pub(super) fn write(facts: &FilesFacts, f: &mut Families<'_>) -> fmt::Result {
    let logs = |value: fn(&LogFacts) -> Option<u64>| {
        let logs = facts.logs.iter();
        logs.map(move |log| ([("glob", log.glob.as_str())], value(log)))
    };
    for (name, help, value) in LOGS {
        f.gauge(name, help, logs(value))?;
    }
    for (name, help, value) in LOG_COUNTERS {
        f.counter(name, help, logs(value))?;
    }
    for (name, help, value) in BACKUPS {
        let backups = facts.backups.iter();
        let samples = backups.map(|b| ([("glob", b.glob.as_str())], value(b)));
        f.gauge(name, help, samples)?;
    }
    f.gauge(
        "warrener_backup_newest_timestamp_seconds",
        "When the newest backup was modified, since the Unix epoch.",
        facts.backups.iter().map(|backup| {
            let modified = backup.newest_modified.and_then(unix_seconds);
            ([("glob", backup.glob.as_str())], modified)
        }),
    )
}

fn unix_seconds(time: SystemTime) -> Option<f64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok();
    since.as_ref().map(Duration::as_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::super::families::encode;
    use super::*;
    use crate::model::facts::NamedSize;

    #[test]
    fn what_is_unknown_has_no_sample_and_every_glob_has_one() {
        let facts = FilesFacts {
            logs: vec![
                LogFacts {
                    glob: "/l/*.log".into(),
                    files: Some(2),
                    size: Some(10),
                    appended: Some(7),
                    error_lines: Some(3),
                    ..LogFacts::default()
                },
                LogFacts {
                    glob: "/dead/*".into(),
                    problem: Some("no".into()),
                    ..LogFacts::default()
                },
            ],
            backups: vec![BackupFacts {
                glob: "/b/*".into(),
                files: Some(1),
                newest: Some(NamedSize {
                    path: "/b/a".into(),
                    size: 5,
                }),
                newest_modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(9)),
                verified: Some(Err("gzip ended with 1".into())),
                ..BackupFacts::default()
            }],
        };
        let text = encode(move |f| write(&facts, f));
        let samples: Vec<_> = text.lines().filter(|l| !l.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "warrener_log_readable{glob=\"/l/*.log\"} 1",
                "warrener_log_readable{glob=\"/dead/*\"} 0",
                "warrener_log_files{glob=\"/l/*.log\"} 2",
                "warrener_log_size_bytes{glob=\"/l/*.log\"} 10",
                "warrener_log_appended_bytes_total{glob=\"/l/*.log\"} 7",
                "warrener_log_error_lines_total{glob=\"/l/*.log\"} 3",
                "warrener_backup_readable{glob=\"/b/*\"} 1",
                "warrener_backup_files{glob=\"/b/*\"} 1",
                "warrener_backup_newest_size_bytes{glob=\"/b/*\"} 5",
                "warrener_backup_verified{glob=\"/b/*\"} 0",
                "warrener_backup_newest_timestamp_seconds{glob=\"/b/*\"} 9.0",
            ]
        );
    }
}
