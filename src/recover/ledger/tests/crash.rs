//! Ended in the middle, by a signal that nobody can catch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

const FOLDER: &str = "WARRENER_TEST_LEDGER";

/// This test binary again, running one of its ignored tests on `folder`.
#[expect(
    clippy::disallowed_methods,
    reason = "only another process can be killed"
)]
pub(super) fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The folder that a child was given.
pub(super) fn folder() -> PathBuf {
    std::env::var_os(FOLDER).unwrap().into()
}

/// Killed when it is let go.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn killed_once(test: &str, folder: &Path, mark: &str) {
    let child = Killed(child(test, folder).spawn().unwrap());
    let mark = folder.join(mark);
    testbed::wait_until("the child got there", Duration::from_secs(30), || {
        mark.exists()
    })
    .unwrap();
    drop(child);
}

fn wait_to_be_killed() -> ! {
    loop {
        std::thread::park();
    }
}

#[test]
#[ignore = "run by the test below in a process of its own"]
fn intends_acts_and_stays() {
    let mut ledger = open(&folder());
    let run = running(&mut ledger, "task");
    ledger.intend(run.id, &intent(), NOW).unwrap();
    fs::write(folder().join("acted"), "").unwrap();
    wait_to_be_killed();
}

#[test]
fn an_intent_without_an_outcome_is_found_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let test = "recover::ledger::tests::crash::intends_acts_and_stays";
    killed_once(test, folder.path(), "acted");
    let mut ledger = open(folder.path());
    let unfinished = ledger.unfinished().unwrap();
    let [one] = &unfinished[..] else {
        panic!("{unfinished:?}")
    };
    assert_eq!(one.run.state, RunState::Running);
    let step = one.last_step.as_ref().unwrap();
    assert_eq!((&step.intent, &step.done), (&intent(), &None));
    // And it can't be begun again before somebody looked what became of it.
    let again = ledger.intend(one.run.id, &intent(), NOW);
    assert_eq!(again.unwrap_err().kind(), "not_there");
}

#[test]
#[ignore = "run by the test below in a process of its own"]
fn receives_until_killed() {
    let mut ledger = open(&folder());
    for n in 0u64.. {
        let one = trigger(&format!("{n:016x}"), TriggerStatus::Firing);
        ledger.receive(&[one], &[], NOW).unwrap();
        // What was acknowledged, as Alertmanager would know it.
        fs::write(folder().join("acked.new"), n.to_string()).unwrap();
        fs::rename(folder().join("acked.new"), folder().join("acked")).unwrap();
        if n == 200 {
            fs::write(folder().join("busy"), "").unwrap();
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let test = "recover::ledger::tests::crash::receives_until_killed";
    killed_once(test, folder.path(), "busy");
    let acked: usize = fs::read_to_string(folder.path().join("acked"))
        .unwrap()
        .parse()
        .unwrap();
    let there = open(folder.path()).pending(1_000_000).unwrap().len();
    assert!(acked >= 200);
    // The one under way may have got there as well.
    assert!((acked + 1..=acked + 2).contains(&there), "{acked} {there}");
}

#[test]
#[ignore = "run by the test below in a process of its own"]
fn holds_it() {
    let _ledger = open(&folder());
    fs::write(folder().join("held"), std::process::id().to_string()).unwrap();
    wait_to_be_killed();
}

#[test]
fn a_second_process_is_told_whose_it_is_and_a_dead_one_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let test = "recover::ledger::tests::crash::holds_it";
    let holder = Killed(child(test, folder.path()).spawn().unwrap());
    let mark = folder.path().join("held");
    testbed::wait_until("the ledger is held", Duration::from_secs(30), || {
        mark.exists()
    })
    .unwrap();
    let refused = Ledger::open(folder.path(), NOW).unwrap_err();
    let pid = holder.0.id();
    assert!(matches!(refused, LedgerError::Held { pid: Some(told), .. } if told == pid));
    let words = refused.to_string();
    assert!(
        words.ends_with(&format!("held by another warrener, process {pid}")),
        "{words}"
    );
    drop(holder);
    open(folder.path());
}

#[test]
fn neither_can_the_same_process_open_it_twice() {
    let (folder, ledger) = fresh();
    assert_eq!(Ledger::open(folder.path(), NOW).unwrap_err().kind(), "held");
    drop(ledger);
    open(folder.path());
}
