//! The broker's node.

use rustix::process::Signal;

use super::{Story, WORKER};
use crate::support::ward::Care;

const BROKER: Story = Story {
    playbook: "broker-down",
    care: || Care {
        restarts_broker: true,
        ..Care::default()
    },
    cooldown: 121.0,
    starts: 0,
    nodes: 1,
    ..WORKER
};

pub(super) const STORIES: [Story; 2] = [
    Story {
        name: "broker killed",
        fault: |s| s.ward.kill_broker(Signal::KILL),
        ..BROKER
    },
    Story {
        name: "broker hung (SIGSTOP)",
        fault: |s| s.ward.kill_broker(Signal::STOP),
        ..BROKER
    },
];
