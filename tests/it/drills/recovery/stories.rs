//! The faults, and when each is over.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use testbed::sample_worker;

use crate::support::ward::{Care, Ward};

/// One fault.
pub(super) struct Story {
    pub(super) name: &'static str,
    pub(super) playbook: &'static str,
    /// How its run is to end.
    pub(super) outcome: &'static str,
    pub(super) care: fn() -> Care,
    /// Makes it.
    pub(super) fault: fn(&Ward),
    /// Whether every worker consumes, by the broker's word.
    pub(super) well: fn(&Ward) -> bool,
    /// Messages that are sent just before.
    pub(super) traffic: usize,
    /// Ends what warrener is not to end.
    pub(super) mend: fn(&Ward),
    /// Before the next round.
    pub(super) after: fn(&Ward),
    /// Of its playbook, in seconds.
    pub(super) cooldown: f64,
}

const WORKER: Story = Story {
    name: "",
    playbook: "worker-unhealthy",
    outcome: "recovered",
    care: Care::default,
    fault: |_| {},
    well: consuming,
    traffic: 300,
    mend: |_| {},
    after: |_| {},
    cooldown: 31.0,
};

const CONFIG: Story = Story {
    playbook: "config-invalid",
    ..WORKER
};

const BROKER: Story = Story {
    playbook: "broker-down",
    care: || Care {
        restarts_broker: true,
        ..Care::default()
    },
    cooldown: 121.0,
    ..WORKER
};

pub(super) const STORIES: [Story; 12] = [
    Story {
        name: "worker killed",
        fault: |ward| Ward::signal(ward.pids("task")[0], Signal::KILL),
        ..WORKER
    },
    Story {
        name: "worker hung (SIGSTOP with prefetched messages)",
        fault: |ward| Ward::signal(ward.pids("task")[0], Signal::STOP),
        ..WORKER
    },
    Story {
        name: "consumer lost",
        care: || faulty("cancel-consumer"),
        fault: |ward| Ward::signal(ward.pids("task")[0], Signal::USR1),
        ..WORKER
    },
    Story {
        name: "spinning",
        // Without work that waits, nobody can tell it from one that is idle.
        traffic: 4000,
        care: || faulty("spin"),
        fault: |ward| Ward::signal(ward.pids("task")[0], Signal::USR1),
        ..WORKER
    },
    Story {
        name: "all workers of a kind down",
        fault: |ward| {
            for pid in ward.pids("task") {
                Ward::signal(pid, Signal::KILL);
            }
        },
        ..WORKER
    },
    Story {
        name: "worker dies again at each start",
        outcome: "failed",
        care: || Care {
            wrapped: true,
            ..Care::default()
        },
        fault: |ward| {
            fs::write(ward.dir().join("die"), "").unwrap();
            for pid in ward.pids("task") {
                Ward::signal(pid, Signal::KILL);
            }
        },
        mend: |ward| fs::remove_file(ward.dir().join("die")).unwrap(),
        after: |ward| {
            // Its incident waits for ten minutes after a failure; a person does not.
            ward.act(
                "/api/v1/runs",
                &serde_json::json!({"playbook": "worker-unhealthy", "target": "worker:task"}),
            );
        },
        ..WORKER
    },
    Story {
        name: ".env emptied, workers restarted on it",
        fault: |ward| {
            let emptied = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
            fs::write(ward.env_file(), emptied).unwrap();
            by_hand(ward);
        },
        care: matched,
        ..CONFIG
    },
    Story {
        name: ".env replaced by garbage",
        fault: |ward| fs::write(ward.env_file(), "\u{0}\u{1}not an env file\n====\n").unwrap(),
        well: |ward| {
            fs::read_to_string(ward.env_file())
                .unwrap()
                .contains("RABBITMQ_PASS=guest")
        },
        care: matched,
        ..CONFIG
    },
    Story {
        name: "wrong password in .env",
        fault: |ward| {
            let text = fs::read_to_string(ward.env_file()).unwrap();
            fs::write(ward.env_file(), text.replace("PASS=guest", "PASS=wrong")).unwrap();
        },
        well: |ward| {
            fs::read_to_string(ward.env_file())
                .unwrap()
                .contains("RABBITMQ_PASS=guest")
        },
        care: matched,
        ..CONFIG
    },
    Story {
        name: "password changed at the broker",
        outcome: "failed",
        fault: |ward| {
            drop(
                ward.broker
                    .ctl(&["change_password", "guest", "other"])
                    .unwrap(),
            )
        },
        mend: |ward| {
            drop(
                ward.broker
                    .ctl(&["change_password", "guest", "guest"])
                    .unwrap(),
            )
        },
        ..CONFIG
    },
    Story {
        name: "broker killed",
        fault: |ward| ward.kill_broker(Signal::KILL),
        ..BROKER
    },
    Story {
        name: "broker hung (SIGSTOP)",
        fault: |ward| ward.kill_broker(Signal::STOP),
        ..BROKER
    },
];

/// Every worker has a consumer, by the broker's word.
fn consuming(ward: &Ward) -> bool {
    let queue = ward.broker.management("/api/queues/%2F/task");
    let consumers = queue.ok().and_then(|queue| queue["consumers"].as_u64());
    let stopped = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains("State:\tT")
    };
    let pids = ward.pids("task");
    consumers == Some(2) && pids.len() == 2 && !pids.iter().any(stopped)
}

fn faulty(fault: &str) -> Care {
    Care {
        arguments: vec!["--fault".into(), fault.into(), "--fault-on-signal".into()],
        ..Care::default()
    }
}

/// Workers that somebody else started are found by their command line.
fn matched() -> Care {
    Care {
        kind: "min_healthy: 1\n    match: {cmdline: 'sample-worker --kind task '}",
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
