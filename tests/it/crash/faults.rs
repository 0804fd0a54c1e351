//! The faults, the actions that their repair comes to, and what is to be done once.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::Counts;
use crate::support::ward::{Care, MORTAL, TOKEN, Ward};

/// One fault.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) playbook: &'static str,
    /// The rungs that it comes to.
    pub(crate) rungs: &'static [&'static str],
    /// The actions of its repair; with a number, the N-th time.
    pub(crate) actions: &'static [(&'static str, u32)],
    pub(crate) care: fn() -> Care,
    pub(crate) make: fn(&Ward),
    /// How a run of it ends.
    pub(crate) outcome: &'static str,
    /// What is to be done, by whichever warrener.
    pub(crate) acts: Counts,
    /// Ends what warrener is not to end.
    pub(crate) mend: fn(&Ward),
}

const NOTHING: Counts = Counts {
    starts: 0,
    nodes: 0,
    writes: 0,
    logs: 0,
    calls: 0,
};

const CALLED: Counts = Counts {
    calls: 1,
    ..NOTHING
};

/// Never the same twice: what equals the newest backup is not backed up again, and so not counted.
fn mark() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()
}

pub(crate) const KILLED: Fault = Fault {
    name: "worker killed",
    rungs: &["start"],
    playbook: "worker-unhealthy",
    actions: &[("worker.start", 1)],
    care: Care::default,
    make: |ward| Ward::signal(ward.pids("task")[0], Signal::KILL),
    outcome: "recovered",
    acts: Counts {
        starts: 1,
        ..NOTHING
    },
    mend: |_| {},
};

pub(crate) const FROZEN: Fault = Fault {
    name: "worker frozen",
    rungs: &["replace"],
    actions: &[
        ("worker.stop", 1),
        ("worker.cleanup", 1),
        ("worker.start", 1),
    ],
    make: |ward| {
        Ward::signal(ward.pids("task")[0], Signal::STOP);
        ward.broker.publish("task", 300).unwrap();
    },
    ..KILLED
};

pub(crate) const CONFIG_BROKEN: Fault = Fault {
    name: "env file emptied",
    rungs: &["repair"],
    playbook: "config-invalid",
    actions: &[
        ("config.repair", 1),
        ("config.validate", 1),
        ("config.impact", 1),
        ("workers.restart_staged", 1),
    ],
    make: |ward| {
        let emptied = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
        fs::write(ward.env_file(), format!("# {}\n{emptied}", mark())).unwrap();
    },
    acts: Counts {
        writes: 1,
        ..NOTHING
    },
    ..KILLED
};

/// Nothing of it is an env file any more: no repair of its keys helps.
pub(crate) const GARBAGE: Fault = Fault {
    name: "env file replaced by garbage",
    rungs: &["repair", "roll back"],
    // The repair is refused, and so ends its rung; the rest is of the next one.
    actions: &[
        ("config.repair", 1),
        ("config.rollback", 1),
        ("config.validate", 1),
        ("config.impact", 1),
        ("workers.restart_staged", 1),
    ],
    make: |ward| {
        let garbage = format!("\u{0}\u{1}not an env file\n===={}\n", mark());
        fs::write(ward.env_file(), garbage).unwrap();
    },
    ..CONFIG_BROKEN
};

/// Another way to the same broker: what runs has another configuration than its file.
pub(crate) const DRIFTED: Fault = Fault {
    name: "workers with another env file",
    rungs: &["restart"],
    playbook: "config-invalid",
    // Stop and start of one worker, and of the other.
    actions: &[
        ("config.validate", 1),
        ("config.impact", 1),
        ("workers.restart_staged", 1),
        ("workers.restart_staged", 2),
        ("workers.restart_staged", 3),
        ("workers.restart_staged", 4),
    ],
    make: |ward| {
        let text = fs::read_to_string(ward.env_file()).unwrap();
        let other = match text.contains("127.0.0.1") {
            true => text.replace("127.0.0.1", "localhost"),
            false => text.replace("localhost", "127.0.0.1"),
        };
        fs::write(ward.env_file(), other).unwrap();
    },
    acts: Counts {
        starts: 2,
        ..NOTHING
    },
    ..KILLED
};

pub(crate) const NODE_KILLED: Fault = Fault {
    name: "broker killed",
    rungs: &["configuration", "restart"],
    playbook: "broker-down",
    actions: &[
        ("config.validate", 1),
        ("config.repair", 1),
        ("broker.restart", 1),
        ("broker.wait", 1),
        ("workers.restart_staged", 1),
    ],
    care: || Care {
        restarts_broker: true,
        ..Care::default()
    },
    make: |ward| ward.kill_broker(Signal::KILL),
    acts: Counts {
        nodes: 1,
        ..NOTHING
    },
    ..KILLED
};

pub(crate) const FILES: Fault = Fault {
    name: "log too large",
    rungs: &["clean"],
    playbook: "housekeeping",
    actions: &[
        ("logs.cleanup", 1),
        ("config.validate", 1),
        ("backups.verify", 1),
    ],
    // What is there from the beginning is its backup.
    care: || Care {
        more: "files: {logs: [{glob: 'logs/*.log', max_size: 1MiB}], backups: [{glob: \
               wrapper, min_size: 1B}]}\n"
            .into(),
        ..Care::default()
    },
    make: |ward| {
        fs::create_dir_all(ward.dir().join("logs")).unwrap();
        fs::write(ward.dir().join("logs/a.log"), "x".repeat(2 << 20)).unwrap();
        let asked = json!({"playbook": "housekeeping", "target": "host"});
        let (status, answer) = ward.act("/api/v1/runs", &asked);
        assert!(status < 300, "{status}: {answer}");
    },
    acts: Counts { logs: 1, ..NOTHING },
    ..KILLED
};

/// A worker that ends at each start, so that only a person helps.
pub(crate) const DIES: Fault = Fault {
    name: "worker dies at each start",
    rungs: &["start", "person"],
    // Its first start, and the one that is tried again; to replace it is more than the level allows.
    actions: &[("worker.start", 1), ("worker.start", 2), ("escalate", 1)],
    care: || Care {
        wrapper: MORTAL,
        ..Care::default()
    },
    make: |ward| {
        fs::write(ward.dir().join("die"), "").unwrap();
        Ward::signal(ward.pids("task")[0], Signal::KILL);
    },
    outcome: "failed",
    acts: CALLED,
    mend: |ward| fs::remove_file(ward.dir().join("die")).unwrap(),
    ..KILLED
};

/// Nobody knows the password: neither the file nor what last worked lets anybody in.
pub(crate) const SHUT_OUT: Fault = Fault {
    name: "password changed at the broker",
    rungs: &["person"],
    playbook: "config-invalid",
    actions: &[("escalate", 1)],
    make: |ward| password(ward, "other"),
    outcome: "failed",
    acts: CALLED,
    mend: |ward| password(ward, "guest"),
    ..KILLED
};

fn password(ward: &Ward, password: &str) {
    let change = ["change_password", "guest", password];
    ward.broker.ctl(&change).unwrap();
}

/// The node is restarted and does not boot.
pub(crate) const NODE_LOST: Fault = Fault {
    name: "broker that does not come back",
    rungs: &["person"],
    actions: &[("escalate", 1)],
    make: |ward| {
        fs::write(unbootable(ward), "no_such_key = 1\n").unwrap();
        ward.kill_broker(Signal::KILL);
    },
    outcome: "failed",
    acts: Counts { nodes: 1, ..CALLED },
    mend: |ward| {
        fs::remove_file(unbootable(ward)).unwrap();
        ward.broker.start_again().unwrap();
    },
    ..NODE_KILLED
};

fn unbootable(ward: &Ward) -> PathBuf {
    ward.broker.dir().join("conf.d/99-unbootable.conf")
}

/// Its process does not append to it, so that it can't be cut, and is left alone.
pub(crate) const FILES_LEFT: Fault = Fault {
    name: "log that may not be cut",
    rungs: &["person"],
    actions: &[("escalate", 1)],
    make: |ward| {
        fs::create_dir_all(ward.dir().join("logs")).unwrap();
        let path = ward.dir().join("logs/held.log");
        let mut log = fs::File::create(&path).unwrap();
        log.write_all(&vec![b'x'; 2 << 20]).unwrap();
        std::thread::spawn(move || {
            while path.exists() {
                std::thread::park_timeout(Duration::from_millis(100));
            }
            drop(log);
        });
    },
    outcome: "failed",
    acts: CALLED,
    mend: |ward| fs::remove_file(ward.dir().join("logs/held.log")).unwrap(),
    ..FILES
};

/// A person asks for everything that is open to be repaired.
pub(crate) const EMERGENCY: Fault = Fault {
    name: "emergency",
    rungs: &[],
    playbook: "emergency",
    actions: &[("escalate", 1)],
    make: |ward| {
        Ward::signal(ward.pids("task")[0], Signal::KILL);
        ask_for_all(ward.warrener.address()).unwrap();
    },
    acts: Counts {
        starts: 1,
        ..CALLED
    },
    ..KILLED
};

fn ask_for_all(address: &str) -> std::io::Result<()> {
    let body = json!({"playbook": "emergency"}).to_string();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /api/v1/runs HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    // It may end before it answers.
    stream.read_to_end(&mut Vec::new()).map(drop).or(Ok(()))
}

pub(crate) const ALL: [Fault; 12] = [
    KILLED,
    FROZEN,
    CONFIG_BROKEN,
    GARBAGE,
    DRIFTED,
    NODE_KILLED,
    FILES,
    DIES,
    SHUT_OUT,
    NODE_LOST,
    FILES_LEFT,
    EMERGENCY,
];
