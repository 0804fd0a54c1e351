//! Workers that die, hang, or lose their consumer.

use testbed::tool;

use super::restart;
use crate::alerts::table::{Expected, Fault};
use crate::support::alerting::World;

pub(crate) const KILLED: Fault = Fault {
    what: "a worker is killed",
    make: |w| w.worker("killed").kill().unwrap(),
    undo: |w| w.worker("killed").start_again().unwrap(),
    alerts: &[Expected {
        name: "WorkerDown",
        target: "worker:killed",
        severity: "critical",
        playbook: "worker-unhealthy",
        more: &[("worker", "killed")],
        stays: None,
    }],
};

pub(crate) const ZOMBIE: Fault = Fault {
    what: "a worker is killed and not reaped",
    make: |w| {
        let pid = w.worker("zombie").pid().unwrap().to_string();
        tool(None, "kill", &["-9", &pid], "").unwrap();
    },
    undo: |w| w.worker("zombie").start_again().unwrap(),
    alerts: &[Expected {
        name: "WorkerDown",
        target: "worker:zombie",
        severity: "critical",
        playbook: "worker-unhealthy",
        more: &[("worker", "zombie")],
        stays: None,
    }],
};

pub(crate) const MISSING: Fault = Fault {
    what: "one of two workers is killed",
    make: |w| w.worker("missing").kill().unwrap(),
    undo: |w| w.worker("missing").start_again().unwrap(),
    alerts: &[Expected {
        name: "WorkerMissing",
        target: "worker:missing",
        severity: "info",
        playbook: "worker-unhealthy",
        more: &[("worker", "missing")],
        stays: None,
    }],
};

pub(crate) const FROZEN: Fault = Fault {
    what: "a worker is stopped, with messages",
    make: |w| {
        w.worker("frozen").freeze().unwrap();
        w.broker.publish("frozen", 50).unwrap();
    },
    undo: |w| w.worker("frozen").thaw().unwrap(),
    alerts: &[Expected {
        name: "WorkerHung",
        target: "worker:frozen",
        severity: "warning",
        playbook: "worker-unhealthy",
        more: &[("worker", "frozen")],
        stays: None,
    }],
};

pub(crate) const SPINNING: Fault = Fault {
    what: "a worker spins and acknowledges nothing",
    make: |w| busy(w, "spinning"),
    undo: |w| restart(w, "spinning"),
    alerts: &[Expected {
        name: "WorkerHung",
        target: "worker:spinning",
        severity: "warning",
        playbook: "worker-unhealthy",
        more: &[("worker", "spinning")],
        stays: None,
    }],
};

pub(crate) const STALLED: Fault = Fault {
    what: "a worker acknowledges nothing",
    make: |w| busy(w, "stalled"),
    undo: |w| restart(w, "stalled"),
    alerts: &[Expected {
        name: "WorkerHung",
        target: "worker:stalled",
        severity: "warning",
        playbook: "worker-unhealthy",
        more: &[("worker", "stalled")],
        stays: None,
    }],
};

pub(crate) const CANCELLED: Fault = Fault {
    what: "a worker's consumer is cancelled",
    make: |w| w.worker("cancelled").begin_fault().unwrap(),
    undo: |w| restart(w, "cancelled"),
    alerts: &[Expected {
        name: "WorkerDisconnected",
        target: "worker:cancelled",
        severity: "warning",
        playbook: "worker-unhealthy",
        more: &[("worker", "cancelled")],
        stays: None,
    }],
};

pub(crate) const UNWATCHED: Fault = Fault {
    what: "the only consumer of a queue ends",
    make: |w| w.worker("unwatched").kill().unwrap(),
    undo: |w| w.worker("unwatched").start_again().unwrap(),
    alerts: &[Expected {
        name: "QueueWithoutConsumers",
        target: "queue:%2F:unwatched",
        severity: "warning",
        playbook: "worker-unhealthy",
        more: &[("queue", "unwatched"), ("vhost", "/")],
        stays: None,
    }],
};

/// Messages for a worker that works on one when its fault begins.
fn busy(world: &World, kind: &str) {
    world.broker.publish(kind, 400).unwrap();
    world.worker(kind).begin_fault().unwrap();
}
