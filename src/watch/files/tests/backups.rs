use super::super::backups::{self, Backup};
use super::super::verify::{DEADLINE, Verified, Verifier};
use super::super::walk::{Bounds, Glob};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::model::facts::BackupFacts;

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(60);

fn read(dir: &Path, now: SystemTime) -> (BackupFacts, Option<Backup>) {
    let glob = Glob::new(&dir.join("*.gz").display().to_string()).unwrap();
    backups::read(&glob, Bounds::default(), now)
}

fn write(path: &Path, text: &[u8], modified: SystemTime) {
    std::fs::write(path, text).unwrap();
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

#[test]
fn the_newest_is_told_with_its_size_and_age() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    let (facts, newest) = read(dir.path(), now);
    assert_eq!((facts.files, facts.newest, newest), (Some(0), None, None));
    assert_eq!(facts.problem, None);

    write(&dir.path().join("b.gz"), b"old", now - 3 * HOUR);
    write(&dir.path().join("a.gz"), b"", now - HOUR);
    let (facts, newest) = read(dir.path(), now);
    assert_eq!(facts.files, Some(2));
    assert_eq!(facts.newest.as_ref().unwrap().size, 0);
    assert_eq!(facts.newest_age.unwrap().as_secs(), 3600);
    assert_eq!(facts.newest_modified, Some(now - HOUR));
    assert!(facts.is_settled());
    assert!(newest.unwrap().path.ends_with("a.gz"));
    assert!(
        !read(dir.path(), now - HOUR + Duration::from_secs(9))
            .0
            .is_settled()
    );
}

#[test]
fn a_backup_from_the_future_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    write(&dir.path().join("future.gz"), b"1", now + HOUR);
    let (facts, _) = read(dir.path(), now);
    assert_eq!(facts.newest_age, None);
    assert!(facts.newest.unwrap().path.contains("future"));
    assert!(facts.problem.unwrap().contains("future"));
    write(&dir.path().join("past.gz"), b"1", now - HOUR);
    let (facts, _) = read(dir.path(), now);
    assert_eq!(facts.newest_age, Some(HOUR));
    assert!(facts.problem.is_some());
    // Clocks differ a little.
    let (facts, _) = read(dir.path(), now + HOUR - Duration::from_secs(5));
    assert_eq!(
        (facts.newest_age, facts.problem),
        (Some(Duration::ZERO), None)
    );
}

fn backup(path: PathBuf) -> Backup {
    let meta = std::fs::metadata(&path).unwrap();
    Backup {
        size: meta.len(),
        modified: meta.modified().unwrap(),
        path,
    }
}

fn verifier(command: &[&str], deadline: Duration) -> Verifier {
    let command: Vec<_> = command.iter().map(ToString::to_string).collect();
    Verifier::new(&command, deadline)
}

/// Asks until something is known.
async fn known(verifier: &mut Verifier, of: &Backup) -> Verified {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match verifier.ask(of, true) {
            Verified::Pending => tokio::task::yield_now().await,
            known => return known,
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing is known");
    }
}

#[tokio::test]
async fn gzip_tells_a_whole_backup_from_a_broken_one() {
    let dir = tempfile::tempdir().unwrap();
    // No shell: a name like this is an argument like any other.
    let path = dir.path().join("a $(touch x); b.sql");
    std::fs::write(&path, "create table t;\n".repeat(1000)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test makes what it needs")]
    let packed = Command::new("gzip").arg(&path).status().unwrap();
    assert!(packed.success());
    let path = path.with_extension("sql.gz");
    let mut gzip = verifier(&["gzip", "-t", "{}"], DEADLINE);
    let whole = backup(path.clone());
    assert_eq!(known(&mut gzip, &whole).await, Verified::Told(Ok(())));

    let half = std::fs::read(&path).unwrap();
    std::fs::write(&path, &half[..half.len() / 2]).unwrap();
    let broken = backup(path);
    let said = "gzip ended with 1".to_owned();
    assert_eq!(known(&mut gzip, &broken).await, Verified::Told(Err(said)));
}

#[tokio::test]
async fn each_newest_is_verified_once_and_only_when_settled() {
    let dir = tempfile::tempdir().unwrap();
    let (ran, path) = (dir.path().join("ran"), dir.path().join("b.gz"));
    std::fs::write(&path, "1").unwrap();
    let script = format!("echo \"$0\" >> {}", ran.display());
    let mut verify = verifier(&["sh", "-c", &script, "of={}"], DEADLINE);
    let first = backup(path.clone());
    assert_eq!(verify.ask(&first, false), Verified::Pending);
    assert!(verify.running.is_empty());
    assert_eq!(known(&mut verify, &first).await, Verified::Told(Ok(())));
    for _ in 0..5 {
        assert_eq!(verify.ask(&first, true), Verified::Told(Ok(())));
        assert!(verify.running.is_empty());
    }
    std::fs::write(&path, "12").unwrap();
    let second = backup(path.clone());
    assert_eq!(verify.ask(&second, true), Verified::Pending);
    assert_eq!(known(&mut verify, &second).await, Verified::Told(Ok(())));
    let expected = format!("of={}\n", path.display()).repeat(2);
    assert_eq!(std::fs::read_to_string(ran).unwrap(), expected);
}

#[tokio::test]
async fn a_verification_that_hangs_is_ended_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.gz");
    std::fs::write(&path, "1").unwrap();
    let mut verify = verifier(&["sh", "-c", "sleep 600", "{}"], Duration::from_secs(1));
    let said = "sh did not end within 1 s".to_owned();
    assert_eq!(
        known(&mut verify, &backup(path)).await,
        Verified::Told(Err(said))
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_says_nothing_of_the_backup_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (path, program) = (dir.path().join("b.gz"), dir.path().join("program"));
    std::fs::write(&path, "1").unwrap();
    let mut verify = verifier(&[&program.display().to_string(), "{}"], DEADLINE);
    let of = backup(path);
    assert!(matches!(
        known(&mut verify, &of).await,
        Verified::NotStarted(_)
    ));
    std::os::unix::fs::symlink("/bin/true", &program).unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while verify.ask(&of, true) != Verified::Told(Ok(())) {
        assert!(tokio::time::Instant::now() < deadline, "never tried again");
        tokio::task::yield_now().await;
    }
}
