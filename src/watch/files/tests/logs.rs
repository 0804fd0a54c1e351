use super::super::lines::LONGEST_LINE;
use super::super::walk::Bounds;
use super::*;
use std::io;
use std::os::unix::fs::symlink;

#[test]
fn only_what_is_appended_counts_and_each_line_once() {
    let mut logs = Logs::new("*.log");
    logs.append("a.log", "ERROR old\n");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "fine\nERROR 1\nan ERROR 2\r\n");
    logs.append("new.log", "ERROR 3\n");
    assert_eq!(logs.errors(), 3);
    assert_eq!(logs.errors(), 3);
    let facts = logs.read();
    assert_eq!(facts.files, Some(2));
    assert_eq!(facts.size, Some(43));
    assert_eq!(facts.largest.unwrap().size, 35);
    assert_eq!(facts.appended, Some(33));
    assert_eq!(
        facts.newest_error_in,
        Some(logs.path("new.log").display().to_string())
    );
}

#[test]
fn a_line_counts_when_it_is_whole() {
    let mut logs = Logs::new("*.log");
    logs.append("a.log", "begun ER");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ROR but no end");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "\nERR");
    assert_eq!(
        logs.errors(),
        1,
        "its beginning was there before the first reading"
    );
    logs.append("a.log", "OR\n");
    assert_eq!(logs.errors(), 2);
}

#[test]
fn anchors_mean_the_line() {
    let mut logs = Logs::with("*.log", Some("^ERROR$"), Limits::default());
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "x\nERROR\nERROR\r\nERROR x\n\n");
    assert_eq!(logs.errors(), 2);
}

#[test]
fn rotation_by_rename_loses_and_doubles_nothing() {
    let mut logs = Logs::new("*.log*");
    logs.append("a.log", "ERROR 0\n");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ERROR 1\n");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log.1", "ERROR 2\n");
    logs.append("a.log", "ERROR 3\n");
    assert_eq!(logs.errors(), 3);
    logs.rename("a.log.1", "a.log.2");
    logs.rename("a.log", "a.log.1");
    logs.append("a.log", "ERROR 4\n");
    assert_eq!(logs.errors(), 4);
    assert_eq!(logs.read().appended, Some(32));
}

#[test]
fn the_rest_of_what_is_renamed_away_or_deleted_is_read() {
    let mut logs = Logs::new("*.log");
    logs.append("a.log", "x\n");
    logs.append("b.log", "x\n");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ERROR 1\n");
    logs.rename("a.log", "a.old");
    logs.append("b.log", "ERROR 2\n");
    logs.remove("b.log");
    logs.append("a.log", "ERROR 3\n");
    assert_eq!(logs.errors(), 3);
    // Its writer has not noticed yet.
    logs.append("a.old", "ERROR 4\n");
    assert_eq!(logs.errors(), 4);
    // What is deleted is not kept from giving its space back.
    let held = || {
        let fds = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let targets: Vec<_> = fds
            .filter_map(|fd| std::fs::read_link(fd.path()).ok())
            .collect();
        let deleted = format!("{} (deleted)", logs.path("b.log").display());
        targets.iter().any(|t| t.as_os_str() == deleted.as_str())
    };
    assert!(!held());
}

#[test]
fn what_comes_back_is_not_read_again() {
    let mut logs = Logs::new("*.log");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ERROR 1\n");
    assert_eq!(logs.errors(), 1);
    logs.rename("a.log", "away");
    for _ in 0..20 {
        assert_eq!(logs.errors(), 1);
    }
    logs.append("away", "ERROR 2\n");
    logs.rename("away", "a.log");
    assert_eq!(logs.errors(), 2);
}

#[test]
fn truncation_starts_anew_also_when_it_has_grown_past_its_place() {
    let mut logs = Logs::new("*.log");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ERROR 1\nand more\n");
    assert_eq!(logs.errors(), 1);
    logs.truncate("a.log");
    logs.append("a.log", "ERROR 2\n");
    assert_eq!(logs.errors(), 2);
    logs.truncate("a.log");
    logs.append("a.log", "ERROR 3\nERROR 4\nERROR 5\n");
    assert_eq!(logs.errors(), 5);
    assert_eq!(logs.read().appended, Some(17 + 8 + 24));
}

#[test]
fn copytruncate_reads_the_rest_in_the_copy() {
    let mut logs = Logs::new("*.log*");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ERROR 1\nERROR 2\n");
    assert_eq!(logs.errors(), 2);
    logs.append("a.log", "ERROR 3\n");
    logs.copy("a.log", "a.log.1");
    logs.truncate("a.log");
    logs.append("a.log", "ERROR 4\n");
    assert_eq!(logs.errors(), 4);
    // Read between the copy and the truncation.
    logs.rename("a.log.1", "a.log.2");
    logs.append("a.log", "ERROR 5\n");
    logs.copy("a.log", "a.log.1");
    assert_eq!(logs.errors(), 5);
    logs.truncate("a.log");
    logs.append("a.log", "ERROR 6\n");
    assert_eq!(logs.errors(), 6);
    assert_eq!(logs.read().appended, Some(6 * 8));
}

#[test]
fn what_is_packed_is_measured_and_not_searched() {
    let mut logs = Logs::new("*.log*");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", "ERROR 1\n");
    assert_eq!(logs.errors(), 1);
    logs.append("a.log.1.gz", "ERROR packed\n");
    assert_eq!(logs.errors(), 1);
    let facts = logs.read();
    assert_eq!((facts.size, facts.appended), (Some(21), Some(8)));
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_survived() {
    let mut logs = Logs::new("*.log");
    assert_eq!(logs.errors(), 0);
    logs.append("a.log", b"\xff\xfe ERROR \x00\n\xc3\n");
    assert_eq!(logs.errors(), 1);
    // Longer than a line may be, and than what is read at once: its beginning counts, once.
    logs.append("a.log", format!("ERROR{}", "x".repeat(10 * LONGEST_LINE)));
    assert_eq!(logs.errors(), 2);
    logs.append("a.log", format!("{} ERROR", "x".repeat(3 * LONGEST_LINE)));
    assert_eq!(logs.errors(), 2);
    logs.append("a.log", " ERROR\nERROR\n");
    assert_eq!(logs.errors(), 3);
    assert_eq!(logs.read().skipped, Some(0));
}

#[test]
fn a_flood_is_read_within_bounds_caught_up_or_told_to_be_skipped() {
    const KIB: u64 = 1024;
    let limits = Limits {
        read: 512 * KIB,
        behind: 1024 * KIB,
        ..Limits::default()
    };
    let mut logs = Logs::with("*.log", Some("ERROR"), limits);
    assert_eq!(logs.errors(), 0);
    let line = format!("ERROR {}\n", "x".repeat(1017));
    // One and a half MiB: three readings.
    logs.append("a.log", line.repeat(1536));
    let first = logs.errors();
    assert!((500..=800).contains(&first), "{first}");
    while logs.errors() < 1536 {}
    // A quiet one beside a flooded one is read whole at once.
    logs.append("a.log", line.repeat(8 * 1024));
    logs.append("b.log", "ERROR in b\n");
    let flooded = logs.read();
    assert!(flooded.problem.unwrap().contains("bytes skipped"));
    let (errors, skipped) = (flooded.error_lines.unwrap(), flooded.skipped.unwrap());
    assert_eq!(
        errors - 1537 + skipped / KIB,
        8 * 1024,
        "{errors} {skipped}"
    );
    // It is at its end now.
    logs.append("a.log", "ERROR after\n");
    assert_eq!(logs.errors(), errors + 1);
}

#[test]
fn what_is_no_regular_file_is_left_alone() {
    let mut logs = Logs::new("*.log");
    symlink("/etc/passwd", logs.path("link.log")).unwrap();
    let pipe = logs.path("pipe.log");
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe, rustix::fs::Mode::RWXU).unwrap();
    std::fs::create_dir(logs.path("folder.log")).unwrap();
    let facts = logs.read();
    assert!(facts.problem.unwrap().contains("symlinks"));
    assert_eq!((facts.files, facts.error_lines), (None, None));
    logs.append("a.log", "x\n");
    let facts = logs.read();
    assert_eq!(
        (facts.files, facts.size, facts.problem),
        (Some(1), Some(2), None)
    );
}

#[test]
fn nothing_there_is_no_files_and_nothing_readable_is_unknown() {
    let mut logs = Logs::new("none/*.log");
    let facts = logs.read();
    assert_eq!(
        (facts.files, facts.size, facts.problem),
        (Some(0), Some(0), None)
    );
    assert_eq!((facts.error_lines, facts.largest), (Some(0), None));

    let mut long = Logs::new(&format!("{}/*.log", "x".repeat(300)));
    let facts = long.read();
    assert!(facts.problem.unwrap().contains("too long"));
    assert_eq!(
        (facts.files, facts.size, facts.appended),
        (None, None, None)
    );
    assert_eq!((facts.error_lines, facts.skipped), (None, None));
}

/// Root may open everything; this stands in for a user who may not.
fn denied_but_b(root: &Path, below: &Path) -> io::Result<std::fs::File> {
    if below == Path::new("b.log") {
        open_below(root, below)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[test]
fn files_that_may_not_be_read_are_told_and_not_taken_for_quiet() {
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("a.log"), b"ERROR\n");
    let glob = Glob::new(&dir.path().join("*.log").display().to_string()).unwrap();
    let error = regex::bytes::Regex::new("ERROR").unwrap();
    let mut watch = LogWatch::new(glob, Some(error), Limits::default(), denied_but_b);
    let facts = watch.read();
    assert_eq!((facts.files, facts.size), (Some(1), Some(6)));
    assert_eq!(facts.error_lines, None);
    assert!(facts.problem.unwrap().contains("a.log: permission denied"));
    // Of what can be read something can be said.
    append(&dir.path().join("b.log"), b"ERROR\n");
    let facts = watch.read();
    assert_eq!(facts.error_lines, Some(1));
    assert!(facts.problem.unwrap().contains("a.log"));
}

#[test]
fn without_an_expression_nothing_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let glob = Glob::new(&dir.path().join("*.log*").display().to_string()).unwrap();
    let never = |_: &Path, _: &Path| panic!("opened");
    let mut watch = LogWatch::new(glob, None, Limits::default(), never);
    let log = dir.path().join("a.log");
    append(&log, b"12345");
    assert_eq!(watch.read().appended, Some(0));
    append(&log, b"678");
    assert_eq!(watch.read().appended, Some(3));
    std::fs::copy(&log, dir.path().join("a.log.1")).unwrap();
    std::fs::write(&log, "1").unwrap();
    let facts = watch.read();
    assert_eq!((facts.appended, facts.error_lines), (Some(4), None));
}

#[test]
fn more_files_than_are_looked_at_are_told_and_not_counted() {
    let limits = Limits {
        walk: Bounds {
            entries: 1000,
            files: 10,
        },
        held: 2,
        ..Limits::default()
    };
    let mut logs = Logs::with("*.log", Some("ERROR"), limits);
    for at in 0..5 {
        logs.append(&format!("{at}.log"), "x\n");
    }
    assert_eq!(logs.errors(), 0);
    // More than are held open are read all the same.
    for at in 0..5 {
        logs.append(&format!("{at}.log"), "ERROR\n");
    }
    assert_eq!(logs.errors(), 5);
    for at in 5..20 {
        logs.append(&format!("{at}.log"), "x\n");
    }
    let facts = logs.read();
    assert!(facts.problem.unwrap().contains("more than 10 files"));
    assert_eq!((facts.files, facts.size), (None, None));
    assert!(facts.largest.is_some() && facts.error_lines.is_some());
}
