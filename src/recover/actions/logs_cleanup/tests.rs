//! What is removed, what is compressed, and what nobody may touch.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::{Program, wait_until};

use super::super::stage::{End, Stage};
use super::*;

const LONG: Duration = Duration::from_secs(60);
const CONFIG: &str = "files: {logs: [{glob: 'logs/*.log', max_size: 64KiB, max_age: 14d}]}\n";

fn stage() -> Stage {
    let stage = Stage::new(CONFIG, &[], Reason::Auth);
    std::fs::create_dir(stage.path("logs")).unwrap();
    stage
}

fn aged(path: &Path, days: u64) {
    let file = File::options().append(true).open(path).unwrap();
    let age = Duration::from_secs(days * 86_400 + 60);
    file.set_modified(SystemTime::now() - age).unwrap();
}

fn names(stage: &Stage) -> Vec<String> {
    let entries = std::fs::read_dir(stage.path("logs")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn copies_of(stage: &Stage, log: &str) -> Vec<PathBuf> {
    let own = |name: &String| name.starts_with(&format!("{log}.")) && name.ends_with(".gz");
    let names = names(stage).into_iter().filter(own);
    names.map(|name| stage.path("logs").join(name)).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test looks with another program"
)]
fn unpacked(copy: &Path) -> String {
    let output = Command::new("zcat").arg(copy).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_old_goes_the_large_is_packed_and_the_rest_stays() {
    let mut stage = stage();
    let large = "a line of a log\n".repeat(10_000);
    for (name, text, days) in [
        ("old.log", "old", 15),
        ("young.log", "young", 13),
        ("large.log", large.as_str(), 1),
        ("old.txt", "no log", 99),
        ("app.log.1700000000.gz", "ours", 15),
        ("app.log.1900000000.gz", "ours, young", 3),
        ("app.log.2023.gz", "somebody's", 99),
        ("app.log.1.gz", "somebody's", 99),
    ] {
        aged(&stage.write(&format!("logs/{name}"), text), days);
    }
    let target = stage.write("secret", &large);
    aged(&target, 99);
    symlink(&target, stage.path("logs/link.log")).unwrap();
    let before = names(&stage);
    let plan = stage.plan("logs.cleanup: {}").await;
    assert_eq!(names(&stage), before, "to plan is not to act");
    for words in [
        "remove",
        "old.log (3 bytes, 15 d old)",
        "large.log (156.2 KiB)",
    ] {
        assert!(plan.words.contains(words), "{}", plan.words);
    }
    let (told, end) = stage.step("logs.cleanup: {}").await;
    let copies = copies_of(&stage, "large.log");
    assert_eq!(copies.len(), 1);
    assert!(unpacked(&copies[0]) == large);
    let mut left = names(&stage);
    left.retain(|name| !name.starts_with("large.log."));
    let stay = [
        "app.log.1.gz",
        "app.log.1900000000.gz",
        "app.log.2023.gz",
        "link.log",
        "old.txt",
        "young.log",
    ];
    assert_eq!(left, stay);
    assert_eq!(stage.text("secret"), large);
    assert!(told[1].contains("removed 2 files"), "{told:?}");
    assert!(
        told[1].contains("compressed 1 file (156.2 KiB)"),
        "{told:?}"
    );
    assert_eq!(end, End::Done(told[1].clone()));
    let (told, end) = stage.step("logs.cleanup: {}").await;
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(end, End::Done("no log is over its size or its age".into()));
}

/// Where the file system can't take blocks out of a file, a line that is written in the very moment
/// of the cut is lost.
fn loses(dir: &Path) -> u64 {
    let path = dir.join("probe");
    std::fs::write(&path, "x".repeat(200_000)).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let flags = rustix::fs::FallocateFlags::COLLAPSE_RANGE;
    let can = rustix::fs::fallocate(&file, flags, 0, 65_536).is_ok();
    if can { 0 } else { 9 }
}

/// A worker writes on while its log is put aside: no line is missing.
#[tokio::test]
async fn a_log_that_is_written_to_loses_no_line() {
    let mut stage = stage();
    let (log, end) = (stage.path("logs/app.log"), stage.path("end"));
    // dash opens it once, to append; each line is one write.
    let script = format!(
        "exec >>{}; n=0; while test ! -e {}; do n=$((n+1)); echo line $n; done",
        log.display(),
        end.display()
    );
    let writer = Program::new("/bin/sh").unwrap().args(["-c", &script]);
    writer.start().unwrap();
    let size = || log.metadata().map_or(0, |meta| meta.len());
    for _ in 0..3 {
        wait_until("the log to be large", LONG, || size() > 200_000).unwrap();
        let (told, ended) = stage.step("logs.cleanup: {}").await;
        assert!(matches!(ended, End::Done(_)), "{ended:?}");
        assert!(told[1].contains("compressed 1 file"), "{told:?}");
        assert!(log.exists());
        // The next copy has a name of its own.
        let copies = copies_of(&stage, "app.log").len();
        wait_until("the next second", LONG, || {
            let name = choose::copy_name("app.log", SystemTime::now());
            !stage.path("logs").join(name).exists() && copies > 0
        })
        .unwrap();
    }
    std::fs::write(end, "").unwrap();
    writer.wait(LONG).unwrap();
    let mut text: String = copies_of(&stage, "app.log")
        .iter()
        .map(|copy| unpacked(copy))
        .collect();
    text.push_str(&std::fs::read_to_string(&log).unwrap());
    let mut numbers: Vec<u64> = text
        .lines()
        .filter_map(|line| line.strip_prefix("line ")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let last = *numbers.last().unwrap();
    assert!(last > 30_000, "{last}");
    let missing = last - numbers.len() as u64;
    assert!(missing <= loses(stage.dir.path()), "{missing} of {last}");
}

#[tokio::test]
async fn what_is_open_is_not_removed_and_what_is_written_in_place_not_cut() {
    let mut stage = stage();
    let large = "x\n".repeat(100_000);
    let in_place = stage.write("logs/in-place.log", &large);
    let old = stage.write("logs/old.log", "old");
    let ready = stage.path("ready");
    let script = format!(
        "mkfifo {0}/f; exec 7<>{1} 6<{2} 8<>{0}/f; touch {3}; read x <&8",
        stage.dir.path().display(),
        in_place.display(),
        old.display(),
        ready.display()
    );
    let holder = Program::new("/bin/sh").unwrap().args(["-c", &script]);
    holder.start().unwrap();
    wait_until("the shell to hold them", LONG, || ready.exists()).unwrap();
    aged(&old, 20);
    let (told, _) = stage.step("logs.cleanup: {}").await;
    assert!(told[1].contains("does not append to it"), "{told:?}");
    assert!(told[1].contains("has it open"), "{told:?}");
    assert_eq!(names(&stage), ["in-place.log", "old.log"]);
    assert_eq!(std::fs::read_to_string(&in_place).unwrap(), large);
    drop(holder);
}

#[tokio::test]
async fn a_log_that_changed_since_the_plan_is_looked_at_again() {
    let mut stage = stage();
    let old = stage.write("logs/old.log", "old");
    aged(&old, 20);
    let large = stage.write("logs/large.log", &"x".repeat(100_000));
    let replaced = stage.write("logs/replaced.log", &"x".repeat(100_000));
    let plan = stage.plan("logs.cleanup: {}").await;
    File::options()
        .append(true)
        .open(&old)
        .unwrap()
        .write_all(b"new")
        .unwrap();
    std::fs::write(&large, "small").unwrap();
    std::fs::rename(&replaced, stage.path("moved")).unwrap();
    std::fs::write(&replaced, "another").unwrap();
    let failure = stage.act(plan).await.err().unwrap();
    for words in [
        "it was written to",
        "it is small by now",
        "another file by now",
    ] {
        assert!(failure.message.contains(words), "{failure}");
    }
    assert_eq!(names(&stage), ["large.log", "old.log", "replaced.log"]);
}

#[tokio::test]
async fn without_a_limit_and_for_another_glob_nothing_is_done() {
    let config = "files: {logs: [{glob: 'logs/*.log'}, {glob: 'b/*', max_age: 1d}]}\n";
    let mut stage = Stage::new(config, &[], Reason::Auth);
    aged(&stage.write("logs/a.log", &"x".repeat(1 << 20)), 999);
    aged(&stage.write("b/old", "x"), 9);
    let glob = stage.world.config.files.logs[0].glob.clone();
    stage.about(Target::Glob { glob });
    let (told, end) = stage.step("logs.cleanup: {}").await;
    assert!(told.is_empty() && matches!(end, End::Done(_)), "{end:?}");
    stage.about(Target::Disk { path: "/".into() });
    let (told, _) = stage.step("logs.cleanup: {}").await;
    assert!(told[1].contains("removed 1 file"), "{told:?}");
    assert!(stage.path("logs/a.log").exists());
}
