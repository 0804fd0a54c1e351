//! A full disk, a read-only one, a damaged file, a newer one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::crash::{child, folder};
use super::*;

/// Runs an ignored test of this binary in a file system of its own of `kib` KiB. False where none
/// can be mounted here.
#[expect(
    clippy::disallowed_methods,
    reason = "only a process of its own can mount"
)]
fn in_a_small_disk(test: &str, kib: u32) -> bool {
    let outside = tempfile::tempdir().unwrap();
    let disk = outside.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let inner = child(test, &disk);
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = "mount -t tmpfs -o size=$1k tmpfs \"$2\" || exit 77; shift 2; exec \"$@\"";
    command
        .args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(kib.to_string())
        .arg(&disk)
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(inner.get_envs().filter_map(|(n, v)| Some((n, v?))))
        .env("WARRENER_TEST_RAN", outside.path().join("ran"))
        .stdout(Stdio::null());
    let code = command.status().unwrap().code();
    let ran = outside.path().join("ran").exists();
    match (code, ran) {
        (Some(0), true) => true,
        (_, true) => panic!("{test} failed: {code:?}"),
        (_, false) => {
            eprintln!("skipped: a tmpfs can't be mounted here");
            false
        }
    }
}

fn ran() {
    fs::write(std::env::var_os("WARRENER_TEST_RAN").unwrap(), "").unwrap();
}

#[test]
#[ignore = "run by the test below in a disk of its own"]
fn fills_the_disk() {
    ran();
    let mut ledger = open(&folder());
    let mut acked = 0;
    let error = loop {
        let one = trigger(&format!("{acked:016x}"), TriggerStatus::Firing);
        match ledger.receive(&[one], &[], NOW) {
            Ok(_) => acked += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), "full");
    assert!(error.is_observe_only());
    assert!(acked > 20, "{acked}");
    // Nothing acknowledged is lost, nothing refused is there.
    assert_eq!(ledger.pending(1_000_000).unwrap().len(), acked);
    drop(ledger);
    // A full disk is no reason not to start and look.
    match Ledger::open(&folder(), NOW) {
        Ok(ledger) => assert_eq!(ledger.pending(1_000_000).unwrap().len(), acked),
        Err(error) => assert_eq!(error.kind(), "full"),
    }
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    in_a_small_disk("recover::ledger::tests::faults::fills_the_disk", 512);
}

#[test]
#[ignore = "run by the test below in a disk of its own"]
fn fills_and_frees_the_disk() {
    ran();
    let ballast = folder().join("ballast");
    fs::write(&ballast, vec![0; 400 * 1024]).unwrap();
    let mut ledger = open(&folder());
    let all = batch(10_000);
    assert_eq!(ledger.receive(&all, &[], NOW).unwrap_err().kind(), "full");
    assert!(ledger.pending(10).unwrap().is_empty());
    fs::remove_file(ballast).unwrap();
    // The same call again, without a restart.
    assert_eq!(ledger.receive(&all[..500], &[], NOW).unwrap().len(), 500);
    assert_eq!(ledger.pending(1_000_000).unwrap().len(), 500);
}

#[test]
fn it_goes_on_when_there_is_room_again() {
    in_a_small_disk(
        "recover::ledger::tests::faults::fills_and_frees_the_disk",
        1024,
    );
}

#[test]
#[ignore = "run by the test below in a disk of its own"]
#[expect(clippy::disallowed_methods, reason = "nothing else mounts")]
fn makes_the_disk_read_only() {
    ran();
    open(&folder()).receive(&batch(1), &[], NOW).unwrap();
    let mounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(folder())
        .status();
    assert!(mounted.unwrap().success());
    let error = Ledger::open(&folder(), NOW).unwrap_err();
    assert_eq!(error.kind(), "read_only", "{error}");
    let nowhere = Ledger::open(&folder().join("deeper"), NOW).unwrap_err();
    assert_eq!(nowhere.kind(), "read_only", "{nowhere}");
}

#[test]
fn a_read_only_disk_is_told() {
    in_a_small_disk(
        "recover::ledger::tests::faults::makes_the_disk_read_only",
        1024,
    );
}

#[test]
fn a_folder_that_may_not_be_written_is_told() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may write anywhere; the read-only disk is the same for it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let error = Ledger::open(folder.path(), NOW).unwrap_err();
    assert_eq!(error.kind(), "read_only");
}

/// A ledger with a thousand triggers, closed.
fn written() -> (TempDir, PathBuf) {
    let (folder, mut ledger) = fresh();
    ledger.receive(&batch(1000), &[], NOW).unwrap();
    let file = ledger.file().to_owned();
    drop(ledger);
    (folder, file)
}

fn damaged(folder: &Path) -> PathBuf {
    match Ledger::open(folder, NOW).unwrap_err() {
        LedgerError::Corrupt {
            kept_at: Some(kept),
            ..
        } => kept,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_ledger_is_kept_aside_and_the_next_begins_paused() {
    let (folder, file) = written();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096]
        .iter_mut()
        .for_each(|b| *b ^= 0xa5);
    fs::write(&file, &bytes).unwrap();
    let kept = damaged(folder.path());
    assert_eq!(fs::read(&kept).unwrap(), bytes);
    assert!(!file.exists());

    // What it remembered is missing: a person has to look before anything is done.
    let mut ledger = open(folder.path());
    let pauses = ledger.pauses(NOW).unwrap();
    assert_eq!(pauses[0].target, None);
    assert!(
        pauses[0].reason.contains(&kept.display().to_string()),
        "{pauses:?}"
    );
    ledger.resume(None).unwrap();
    drop(ledger);
    assert!(open(folder.path()).pauses(NOW).unwrap().is_empty());
}

#[test]
fn what_is_no_database_is_kept_aside_too_and_no_earlier_one_is_overwritten() {
    let (folder, file) = written();
    let mut kept = Vec::new();
    for content in [
        "not a database at all, but long enough for its header to be read as one",
        "x",
    ] {
        fs::write(&file, content.repeat(100)).unwrap();
        kept.push(damaged(folder.path()));
        assert_eq!(
            fs::read_to_string(kept.last().unwrap()).unwrap(),
            content.repeat(100)
        );
    }
    assert_ne!(kept[0], kept[1]);
    assert!(kept[0].exists());
}

#[test]
fn damage_found_while_it_is_open_is_told() {
    let (folder, file) = written();
    let mut ledger = open(folder.path());
    // More than stays in memory.
    ledger.receive(&batch(20_000), &[], NOW).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    let mut bytes = fs::read(&file).unwrap();
    for page in bytes.chunks_mut(4096).skip(2) {
        page.fill(0x55);
    }
    fs::write(&file, bytes).unwrap();
    let read = ledger.pending(1_000_000).map(|all| all.len());
    assert_eq!(read.unwrap_err().kind(), "corrupt");
}

#[test]
fn a_newer_ledger_is_left_alone() {
    let (folder, file) = written();
    let newer = Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(&file).unwrap();
    let error = Ledger::open(folder.path(), NOW).unwrap_err();
    assert_eq!(error.kind(), "newer");
    let words = format!(
        "schema 99; this one knows {}",
        super::super::schema::VERSION
    );
    assert!(error.to_string().contains(&words), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn others_can_not_read_it() {
    let (_folder, file) = written();
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
