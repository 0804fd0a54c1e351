//! Nothing stays behind, however the test process ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{assert_gone, processes_of};

/// A process that holds a broker, and the broker's folder.
fn hold(how: &str) -> (Child, PathBuf) {
    hold_a("broker", how)
}

fn hold_a(what: &str, how: &str) -> (Child, PathBuf) {
    // Whoever runs the tests in the background has them ignore SIGINT, and so their children.
    let mut holder = Command::new("env")
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_hold-broker")])
        .args([how, what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let dir = PathBuf::from(line.trim_end());
    assert!(dir.is_absolute(), "the holder started no {what}");
    (holder, dir)
}

fn ended_by(signal: Signal) {
    let (mut holder, dir) = hold("wait");
    let started = processes_of(&dir);
    for part in ["beam", "epmd", "inet_gethost", "erl_child_setup"] {
        assert!(
            started.iter().any(|process| process.contains(part)),
            "{part}: {started:?}"
        );
    }
    kill_process(Pid::from_child(&holder), signal).unwrap();
    assert!(!holder.wait().unwrap().success());
    assert_gone(&dir);
}

#[test]
fn after_sigkill() {
    ended_by(Signal::KILL);
}

#[test]
fn after_ctrl_c() {
    ended_by(Signal::INT);
}

#[test]
fn after_a_panic() {
    let (mut holder, dir) = hold("panic");
    assert!(!holder.wait().unwrap().success());
    assert_gone(&dir);
}

#[test]
fn also_when_the_guard_itself_was_ended() {
    let broker = testbed::Broker::builder().plugins(&[]).start().unwrap();
    let dir = broker.dir().parent().unwrap().to_owned();
    let children = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let children: Vec<_> = children.collect();
    let guard = children
        .iter()
        .flat_map(|pids| pids.split_whitespace())
        .filter_map(|pid| pid.parse::<i32>().ok())
        .find(|pid| {
            let open = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            open.is_ok_and(|line| line.contains("warrener-testbed-guard"))
        });
    kill_process(guard.and_then(Pid::from_raw).unwrap(), Signal::KILL).unwrap();
    drop(broker);
    assert_gone(&dir);
}

/// What runs in a container carries no mark; its cgroup can't be removed while it runs.
fn contained_ends(what: &str) {
    for how in ["wait", "panic"] {
        let (mut holder, dir) = hold_a(what, how);
        let name = dir.file_name().unwrap();
        let groups = || {
            let below = ["", "unified", "systemd", "memory"];
            let paths = below.map(|base| Path::new("/sys/fs/cgroup").join(base).join(name));
            paths.into_iter().filter(|path| path.exists()).count()
        };
        if how == "wait" {
            assert!(groups() > 0);
            kill_process(Pid::from_child(&holder), Signal::KILL).unwrap();
        }
        assert!(!holder.wait().unwrap().success());
        assert_gone(&dir);
        assert_eq!(groups(), 0);
    }
}

#[test]
#[ignore = "boots a container, as root: make test-systemd"]
fn systemd_ends_with_its_test() {
    contained_ends("systemd");
}

#[test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
fn docker_ends_with_its_test() {
    contained_ends("engine");
}
