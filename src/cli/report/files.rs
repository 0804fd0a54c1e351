//! What the `files` probe saw, for a person.

use std::fmt::Write;

use super::Report;
use crate::cli::words::{bytes, or_unknown, printable, time};
use crate::model::facts::{BackupFacts, FilesFacts, LogFacts};

impl Report for FilesFacts {
    fn report(&self) -> String {
        let mut out = String::new();
        if self.logs.is_empty() && self.backups.is_empty() {
            out.push_str("  no files are configured\n");
        }
        for log in &self.logs {
            self::log(&mut out, log);
        }
        for backup in &self.backups {
            self::backup(&mut out, backup);
        }
        out
    }
}

// Writing to a String can't fail.

fn log(out: &mut String, log: &LogFacts) {
    let (glob, files) = (printable(&log.glob), or_unknown(log.files));
    writeln!(out, "  logs {glob}\n    {files} files, {}", bytes(log.size)).ok();
    if let Some(largest) = &log.largest {
        let (path, size) = (printable(&largest.path), bytes(Some(largest.size)));
        writeln!(out, "    largest {size}: {path}").ok();
    }
    problem(out, log.problem.as_deref());
}

fn backup(out: &mut String, backup: &BackupFacts) {
    let (glob, files) = (printable(&backup.glob), or_unknown(backup.files));
    writeln!(out, "  backups {glob}\n    {files} files").ok();
    if let Some(newest) = &backup.newest {
        let age = or_unknown(backup.newest_age.map(time));
        let (path, size) = (printable(&newest.path), bytes(Some(newest.size)));
        writeln!(out, "    newest {size}, {age} old: {path}").ok();
    }
    match &backup.verified {
        Some(Ok(())) => out.push_str("    verified: whole\n"),
        Some(Err(why)) => writeln!(out, "    NOT WHOLE: {}", printable(why)).unwrap_or_default(),
        None => {}
    }
    problem(out, backup.problem.as_deref());
}

fn problem(out: &mut String, problem: Option<&str>) {
    if let Some(problem) = problem {
        writeln!(out, "    {}", printable(problem)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::NamedSize;
    use std::time::Duration;

    #[test]
    fn what_is_unknown_is_a_question_mark_and_what_is_wrong_stands_out() {
        let facts = FilesFacts {
            logs: vec![LogFacts {
                glob: "/l/*".into(),
                problem: Some("/l: Permission denied\u{1b}".into()),
                ..LogFacts::default()
            }],
            backups: vec![BackupFacts {
                glob: "/b/*".into(),
                files: Some(1),
                newest: Some(NamedSize {
                    path: "/b/a".into(),
                    size: 2048,
                }),
                newest_age: Some(Duration::from_secs(7200)),
                verified: Some(Err("gzip ended with 1".into())),
                ..BackupFacts::default()
            }],
        };
        let expected = "  logs /l/*\n    ? files, ?\n    /l: Permission denied\\u{1b}\n  \
             backups /b/*\n    1 files\n    newest 2.0 KiB, 2 h 0 min old: /b/a\n    \
             NOT WHOLE: gzip ended with 1\n";
        assert_eq!(facts.report(), expected);
        let none = FilesFacts::default().report();
        assert_eq!(none, "  no files are configured\n");
    }
}
