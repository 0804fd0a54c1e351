//! Logs, backups and disks: what goes wrong with them is found, and clears by itself.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use testbed::{tool, wait_until};

use crate::support::{Exposition, PATIENCE, Tmpfs, Warrener, config, shared_broker};

const HOUR: Duration = Duration::from_secs(3600);

/// Serves with these `files:`; `DIR` in it is a folder of this test's.
fn serve(dir: &Path, files: &str) -> Warrener {
    let files = files.replace("DIR", &dir.display().to_string());
    let w = Warrener::serve(&config(shared_broker(), &files));
    w.wait_success("files", 1.0);
    w
}

fn found(metrics: &Exposition, code: &str, target: &str) -> bool {
    let labels = [("code", code), ("target", target)];
    metrics.get("warrener_finding", &labels) == Some(1.0)
}

/// Readings of the probe so far.
fn readings(metrics: &Exposition, probe: &str) -> f64 {
    let labels = [("probe", probe)];
    let named = |name| metrics.get(name, &labels).unwrap_or_default();
    named("warrener_probe_successes_total") + named("warrener_probe_failures_total")
}

/// Does `deed`, and waits until it is found: at the third reading after it, or sooner.
fn is_found_within_three(w: &Warrener, probe: &str, code: &str, target: &str, deed: impl Fn()) {
    let before = readings(&w.metrics(), probe);
    assert!(before > 0.0, "no reading is counted");
    deed();
    let metrics = w.wait(code, |m| found(m, code, target));
    // One reading may have been under way.
    let took = readings(&metrics, probe) - before;
    assert!(took <= 4.0, "{code} took {took} readings\n{}", metrics.text);
}

fn clears(w: &Warrener, code: &str, target: &str) {
    w.wait(&format!("{code} to clear"), |m| !found(m, code, target));
}

fn write(path: PathBuf, content: &[u8], age: Duration) {
    std::fs::write(&path, content).unwrap();
    let file = File::options().append(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn a_log_flooded_with_errors_is_found_and_counted_through_a_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("task.log");
    std::fs::write(&log, "ERROR of yesterday\n".repeat(100)).unwrap();
    let w = serve(
        dir.path(),
        "files: {logs: [{glob: 'DIR/*.log', max_size: 1MiB, error: 'ERROR|Traceback'}]}",
    );
    let glob = format!("{}/*.log", dir.path().display());
    let target = format!("glob:{glob}");
    let labels = [("glob", glob.as_str())];
    let metrics = w.metrics();
    assert_eq!(
        metrics.get("warrener_log_error_lines_total", &labels),
        Some(0.0)
    );
    assert_eq!(metrics.get("warrener_log_files", &labels), Some(1.0));
    assert_eq!(metrics.get("warrener_log_readable", &labels), Some(1.0));
    assert!(!found(&metrics, "LogErrors", &target));

    let append = |path: &Path, lines: &str| {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    };
    is_found_within_three(&w, "files", "LogErrors", &target, || {
        append(
            &log,
            &"it is fine\nTraceback (most recent call last):\n".repeat(15),
        );
        std::fs::rename(&log, dir.path().join("task.log.1")).unwrap();
        append(&log, &"ERROR: again\n".repeat(5));
    });
    w.wait("every line of both files", |m| {
        m.get("warrener_log_error_lines_total", &labels) == Some(20.0)
    });

    is_found_within_three(&w, "files", "LogOversized", &target, || {
        append(&log, &"it is fine\n".repeat(100_000));
    });
    std::fs::write(&log, "").unwrap();
    clears(&w, "LogOversized", &target);
    // Errors are kept in mind for five minutes; a test of `assess` shows that this ends.
    assert!(found(&w.metrics(), "LogErrors", &target));
}

#[test]
fn a_flood_neither_blocks_nor_eats_memory() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("flood.log");
    std::fs::write(&log, "").unwrap();
    let w = serve(
        dir.path(),
        "files: {logs: [{glob: 'DIR/*.log', error: ERROR}]}",
    );
    let piece = "2026-01-02 INFO all is well with this line of a hundred bytes or so, is it not\n";
    let piece = piece.repeat(100_000);
    let labels = [("glob", &*format!("{}/*.log", dir.path().display()))];
    let skipped = |m: &Exposition| m.get("warrener_log_skipped_bytes_total", &labels);
    let mut file = OpenOptions::new().append(true).open(&log).unwrap();
    let (begun, mut most) = (Instant::now(), 0.0f64);
    let metrics = wait_until("bytes to be skipped", PATIENCE, || {
        for _ in 0..10 {
            file.write_all(piece.as_bytes()).unwrap();
        }
        // It is for its growth that it is here, not to fill the disk.
        if file.metadata().unwrap().len() > 400 << 20 {
            file.set_len(0).unwrap();
        }
        let metrics = w.metrics();
        most = most.max(
            metrics
                .get("process_resident_memory_bytes", &[])
                .unwrap_or_default(),
        );
        skipped(&metrics)
            .is_some_and(|bytes| bytes > 0.0)
            .then_some(metrics)
    });
    let metrics = metrics.unwrap_or_else(|e| panic!("{e}\n{}", w.metrics().text));
    assert!(begun.elapsed() < PATIENCE);
    assert!(
        most > 0.0 && most < f64::from(64 << 20),
        "{most} bytes resident"
    );
    let success = metrics.get("warrener_probe_success", &[("probe", "files")]);
    assert_eq!(success, Some(1.0));
    w.wait("the log to be read whole again", |m| {
        m.get("warrener_log_readable", &labels) == Some(1.0)
    });
}

#[test]
fn a_stale_backup_is_found_and_cleared_by_a_fresh_one() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("monday.sql"), &[7; 100], HOUR);
    let w = serve(
        dir.path(),
        "files: {backups: [{glob: 'DIR/*.sql', max_age: 26h, min_size: 50B}]}",
    );
    let glob = format!("{}/*.sql", dir.path().display());
    let (target, labels) = (format!("glob:{glob}"), [("glob", glob.as_str())]);
    let metrics = w.metrics();
    assert_eq!(
        metrics.get("warrener_backup_newest_size_bytes", &labels),
        Some(100.0)
    );
    assert_eq!(metrics.get("warrener_backup_verified", &labels), None);
    assert!(!found(&metrics, "BackupStale", &target));

    is_found_within_three(&w, "files", "BackupStale", &target, || {
        write(dir.path().join("monday.sql"), &[7; 100], 27 * HOUR);
    });
    write(dir.path().join("tuesday.sql"), &[7; 100], HOUR);
    clears(&w, "BackupStale", &target);
    is_found_within_three(&w, "files", "BackupBroken", &target, || {
        write(dir.path().join("wednesday.sql"), &[7; 10], HOUR / 2);
    });
    write(dir.path().join("wednesday.sql"), &[7; 60], HOUR / 4);
    clears(&w, "BackupBroken", &target);
    is_found_within_three(&w, "files", "BackupStale", &target, || {
        for day in ["monday", "tuesday", "wednesday"] {
            std::fs::remove_file(dir.path().join(day).with_extension("sql")).unwrap();
        }
    });
    assert_eq!(w.metrics().get("warrener_backup_files", &labels), Some(0.0));
}

#[test]
fn a_backup_that_its_program_calls_broken_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let backup = dir.path().join("a.gz");
    std::fs::write(dir.path().join("a"), "create table t;\n".repeat(1000)).unwrap();
    tool(None, "gzip", &[dir.path().join("a").to_str().unwrap()], "").unwrap();
    let whole = std::fs::read(&backup).unwrap();
    write(backup.clone(), &whole, HOUR);
    let w = serve(
        dir.path(),
        "files: {backups: [{glob: 'DIR/*.gz', verify: [gzip, -t, '{}']}]}",
    );
    let glob = format!("{}/*.gz", dir.path().display());
    let (target, labels) = (format!("glob:{glob}"), [("glob", glob.as_str())]);
    let verified = |m: &Exposition| m.get("warrener_backup_verified", &labels);
    w.wait("the backup to be verified", |m| verified(m) == Some(1.0));
    is_found_within_three(&w, "files", "BackupBroken", &target, || {
        write(backup.clone(), &whole[..whole.len() / 2], HOUR / 2);
    });
    assert_eq!(verified(&w.metrics()), Some(0.0));
    write(backup, &whole, HOUR / 4);
    clears(&w, "BackupBroken", &target);
}

#[test]
fn a_disk_nearly_full_is_found_and_cleared_when_there_is_room() {
    let disk = match Tmpfs::mount("4m") {
        Ok(disk) => disk,
        Err(error) => {
            eprintln!("skipped: a tmpfs can't be mounted here: {error}");
            return;
        }
    };
    let path = disk.path();
    let host = format!(
        "host: {{disks: ['{}'], min_disk_free: 0.2}}",
        path.display()
    );
    let w = Warrener::serve(&config(shared_broker(), &host));
    let metrics = w.wait_success("host", 1.0);
    let target = format!("disk:{}", path.display());
    assert!(!found(&metrics, "DiskLow", &target));
    let full = path.join("full");
    is_found_within_three(&w, "host", "DiskLow", &target, || {
        std::fs::write(&full, vec![1; 3_700_000]).unwrap();
    });
    std::fs::remove_file(full).unwrap();
    clears(&w, "DiskLow", &target);
}
