//! The faults, and when each is over.

mod around;
mod broker;
mod config;
mod poison;
mod workers;

use std::fs;

use crate::support::ward::Care;

use super::Way;
use super::scene::Scene;

/// One fault.
#[derive(Clone, Copy)]
pub(super) struct Story {
    pub(super) name: &'static str,
    pub(super) playbook: &'static str,
    /// How its run is to end; `held` for one that is to wait.
    pub(super) outcome: &'static str,
    pub(super) ways: &'static [Way],
    pub(super) care: fn() -> Care,
    /// Makes it.
    pub(super) fault: fn(&Scene),
    /// Whether every worker consumes, by the broker's word.
    pub(super) well: fn(&Scene) -> bool,
    /// Messages that are sent just before.
    pub(super) traffic: usize,
    /// Ends what warrener is not to end.
    pub(super) mend: fn(&Scene),
    /// Before the next round.
    pub(super) after: fn(&Scene),
    /// Of its playbook, in seconds.
    pub(super) cooldown: f64,
    /// The most starts of workers that it takes, by the workers' own word.
    pub(super) starts: usize,
    /// Starts of the broker's node, by its own word.
    pub(super) nodes: usize,
    /// The most times that a person is called; where any, once at least.
    pub(super) calls: usize,
    /// Somebody else's broker is where the defaults lead.
    pub(super) decoy: bool,
    /// warrener asks Alertmanager too, not only listens.
    pub(super) asks: bool,
}

const WORKER: Story = Story {
    name: "",
    playbook: "worker-unhealthy",
    outcome: "recovered",
    ways: &[Way::Reflex, Way::Alerts],
    care: Care::default,
    fault: |_| {},
    well: consuming,
    traffic: 300,
    mend: |_| {},
    after: |_| {},
    cooldown: 31.0,
    starts: 1,
    nodes: 0,
    calls: 0,
    decoy: false,
    asks: false,
};

/// Every story.
pub(super) fn all() -> impl Iterator<Item = &'static Story> {
    let rooms: [&[Story]; 5] = [
        &workers::STORIES,
        &poison::STORIES,
        &config::STORIES,
        &broker::STORIES,
        &around::STORIES,
    ];
    rooms.into_iter().flatten()
}

/// Every worker has a consumer, by the broker's word.
fn consuming(scene: &Scene) -> bool {
    let stopped = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.contains("State:\tT")
    };
    let pids = scene.ward.pids("task");
    consumers(scene) && pids.len() == 2 && !pids.iter().any(stopped)
}

/// There are as many consumers as workers, by the broker's word.
fn consumers(scene: &Scene) -> bool {
    let queue = scene.ward.broker.management("/api/queues/%2F/task");
    queue.is_ok_and(|queue| queue["consumers"].as_u64() == Some(2))
}

fn faulty(fault: &str) -> Care {
    Care {
        arguments: vec!["--fault".into(), fault.into(), "--fault-on-signal".into()],
        ..Care::default()
    }
}

/// A person has it tried again: an incident waits for ten minutes after a failure.
fn again(scene: &Scene) {
    let asked = serde_json::json!({"playbook": "worker-unhealthy", "target": "worker:task"});
    scene.ward.act("/api/v1/runs", &asked);
}
