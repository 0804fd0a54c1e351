//! Env files that break, and logins.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use testbed::sample_worker;

use super::{Scene, Story, WORKER};
use crate::support::ward::{Care, Ward};

const CONFIG: Story = Story {
    playbook: "config-invalid",
    starts: 0,
    ..WORKER
};

pub(super) const STORIES: [Story; 4] = [
    Story {
        name: ".env emptied, workers restarted on it",
        fault: |s| {
            let emptied = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
            fs::write(s.ward.env_file(), emptied).unwrap();
            by_hand(&s.ward);
        },
        care: matched,
        starts: 2,
        decoy: true,
        ..CONFIG
    },
    Story {
        name: ".env replaced by garbage",
        fault: |s| fs::write(s.ward.env_file(), "\u{0}\u{1}not an env file\n====\n").unwrap(),
        well: is_good,
        care: matched,
        decoy: true,
        ..CONFIG
    },
    Story {
        name: "wrong password in .env",
        fault: |s| {
            let text = fs::read_to_string(s.ward.env_file()).unwrap();
            fs::write(s.ward.env_file(), text.replace("PASS=guest", "PASS=wrong")).unwrap();
        },
        well: is_good,
        care: matched,
        ..CONFIG
    },
    Story {
        name: "password changed at the broker",
        outcome: "failed",
        fault: |s| password(s, "other"),
        mend: |s| password(s, "guest"),
        calls: 1,
        ..CONFIG
    },
];

fn is_good(scene: &Scene) -> bool {
    let text = fs::read_to_string(scene.ward.env_file()).unwrap();
    text.contains("RABBITMQ_PASS=guest")
}

fn password(scene: &Scene, password: &str) {
    let broker = &scene.ward.broker;
    broker.ctl(&["change_password", "guest", password]).unwrap();
}

/// Workers that somebody else started are found by their command line; those of another fleet are not.
fn matched() -> Care {
    Care {
        kind: "min_healthy: 1\n    match: {cmdline: '--message-log {dir}/task.messages'}",
        ..Care::default()
    }
}
/// Somebody restarts the workers on what `.env` says now: on the defaults compiled into them.
fn by_hand(ward: &Ward) {
    for pid in ward.pids("task") {
        Ward::signal(pid, Signal::KILL);
        start_alone(ward.dir());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "somebody else than warrener starts it: that is the fault"
)]
fn start_alone(dir: &Path) {
    let log = dir.join("task.messages").display().to_string();
    let mut command = Command::new(sample_worker().unwrap());
    command
        .args([
            "--kind",
            "task",
            "--queue",
            "task",
            "--prefetch",
            "5",
            "--work-ms",
            "10",
        ])
        .args(["--message-log", &log])
        .current_dir(dir)
        .env("HOME", dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Whoever started it takes notice of its end, as init would.
    std::thread::spawn(move || child.wait());
}
