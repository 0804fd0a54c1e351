//! The faults, each really made, with the alerts in their whole form: here those of the broker, the
//! login and the backlog.

mod files;
mod workers;

use std::fs;

use super::table::{Expected, Fault};
use crate::support::alerting::{World, login};

pub(crate) use files::*;
pub(crate) use workers::*;

pub(crate) const BACKLOG: Fault = Fault {
    what: "twice as many messages wait as may",
    make: |w| drop(w.broker.publish("backlog", 200).unwrap()),
    undo: |w| purge(w, "backlog"),
    alerts: &[Expected {
        name: "QueueBacklog",
        target: "queue:%2F:backlog",
        severity: "info",
        playbook: "notify",
        more: &[("queue", "backlog"), ("vhost", "/")],
        stays: None,
    }],
};

pub(crate) const FLOOD: Fault = Fault {
    what: "six times as many messages wait as may",
    make: |w| drop(w.broker.publish("flood", 600).unwrap()),
    undo: |w| purge(w, "flood"),
    alerts: &[Expected {
        name: "QueueBacklog",
        target: "queue:%2F:flood",
        severity: "warning",
        playbook: "notify",
        more: &[("queue", "flood"), ("vhost", "/")],
        stays: None,
    }],
};

pub(crate) const EMPTIED: Fault = Fault {
    what: ".env is emptied under running workers",
    make: |w| write(w, ".env", &emptied(w)),
    undo: |w| write(w, ".env", &filled(w)),
    alerts: &[
        Expected {
            name: "ConfigInvalid",
            target: "*/.env",
            severity: "critical",
            playbook: "config-invalid",
            more: &[("path", "*/.env")],
            stays: None,
        },
        Expected {
            name: "WorkerConfigDrift",
            target: "worker:killed",
            severity: "warning",
            playbook: "config-invalid",
            more: &[("worker", "killed")],
            stays: None,
        },
    ],
};

/// After [`EMPTIED`].
pub(crate) const DEFAULTS: Fault = Fault {
    what: "a worker restarts on its defaults",
    make: |w| restart(w, "restarted"),
    undo: |w| {
        write(w, ".env", &filled(w));
        restart(w, "restarted");
    },
    alerts: &[Expected {
        name: "WorkerDisconnected",
        target: "worker:restarted",
        severity: "warning",
        playbook: "worker-unhealthy",
        more: &[("worker", "restarted")],
        stays: None,
    }],
};

/// The last login that worked still does.
pub(crate) const WRONG_PASSWORD: Fault = Fault {
    what: ".env has a wrong password",
    make: |w| write(w, ".env", &filled(w).replace("PASS=guest", "PASS=wrong")),
    undo: |w| write(w, ".env", &filled(w)),
    alerts: &[Expected {
        name: "ConfigInvalid",
        target: "*/.env",
        severity: "critical",
        playbook: "config-invalid",
        more: &[("path", "*/.env")],
        stays: None,
    }],
};

pub(crate) const REFUSED: Fault = Fault {
    what: "the broker's password is changed",
    make: |w| {
        drop(
            w.broker
                .ctl(&["change_password", "guest", "other"])
                .unwrap(),
        )
    },
    undo: |w| {
        drop(
            w.broker
                .ctl(&["change_password", "guest", "guest"])
                .unwrap(),
        )
    },
    alerts: &[
        Expected {
            name: "BrokerAuthFailed",
            target: "broker",
            severity: "critical",
            playbook: "config-invalid",
            more: &[],
            stays: None,
        },
        Expected {
            name: "ConfigInvalid",
            target: "*/.env",
            severity: "critical",
            playbook: "config-invalid",
            more: &[("path", "*/.env")],
            stays: None,
        },
    ],
};

pub(crate) const MEMORY_ALARM: Fault = Fault {
    what: "the memory alarm of a node",
    make: |w| limit_memory(w, "0.000001"),
    undo: |w| limit_memory(w, "0.6"),
    alerts: &[Expected {
        name: "BrokerMemoryAlarm",
        target: "node:*",
        severity: "critical",
        playbook: "notify",
        more: &[("node", "rabbit*")],
        stays: None,
    }],
};

pub(crate) const BROKER_FROZEN: Fault = Fault {
    what: "the broker is frozen",
    make: |w| w.broker.freeze().unwrap(),
    undo: |w| w.broker.thaw().unwrap(),
    alerts: &[Expected {
        name: "BrokerUnreachable",
        target: "broker",
        severity: "critical",
        playbook: "broker-down",
        more: &[],
        stays: None,
    }],
};

pub(crate) const BROKER_STOPPED: Fault = Fault {
    what: "the broker is stopped",
    make: |w| w.broker.stop().unwrap(),
    undo: |w| w.broker.start_again().unwrap(),
    alerts: &[Expected {
        name: "BrokerUnreachable",
        target: "broker",
        severity: "critical",
        playbook: "broker-down",
        more: &[],
        stays: None,
    }],
};

pub(crate) const BROKER_KILLED: Fault = Fault {
    what: "the broker is killed",
    make: |w| w.broker.kill().unwrap(),
    undo: |w| w.broker.start_again().unwrap(),
    alerts: &[Expected {
        name: "BrokerUnreachable",
        target: "broker",
        severity: "critical",
        playbook: "broker-down",
        more: &[],
        stays: None,
    }],
};

fn restart(world: &World, kind: &str) {
    world.worker(kind).kill().unwrap();
    world.worker(kind).start_again().unwrap();
}

fn purge(world: &World, queue: &str) {
    world.broker.ctl(&["purge_queue", queue]).unwrap();
}

/// Keeps the mode of a file that is there.
fn write(world: &World, name: &str, text: &str) {
    fs::write(world.file(name), text).unwrap();
}

fn filled(world: &World) -> String {
    login(&world.broker)
}

fn emptied(world: &World) -> String {
    let keys = filled(world);
    keys.lines()
        .map(|line| format!("{}=\n", line.split_once('=').unwrap().0))
        .collect()
}

fn limit_memory(world: &World, share: &str) {
    let limit = ["set_vm_memory_high_watermark", share];
    world.broker.ctl(&limit).unwrap();
}
