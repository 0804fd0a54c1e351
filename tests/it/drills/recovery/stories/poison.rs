//! A message that ends whichever worker takes it.

use std::fs;

use super::{Story, WORKER, again, consumers};
use crate::support::ward::{Care, REVIVED};

use super::Scene;

pub(super) const STORIES: [Story; 2] = [
    Story {
        name: "poison message",
        outcome: "failed",
        fault: poison,
        mend: cure,
        after: |s| {
            again(s);
            s.ward.wait_well("the workers after the poison");
            fs::remove_file(s.ward.dir().join("cure")).unwrap();
        },
        // Two rungs start them, each with two more attempts; the first to start dies at once.
        starts: 6,
        calls: 1,
        ..WORKER
    },
    Story {
        // From RabbitMQ 4.0 on the queue's redeliveries tell of it, after minutes; before that, and on
        // an older broker, there is nothing to start or to stop, and a person is called.
        name: "poison message, and a supervisor that revives its victims",
        outcome: "failed",
        care: || Care {
            wrapper: REVIVED,
            ..Care::default()
        },
        fault: poison,
        well: consumers,
        mend: cure,
        after: |s| {
            s.ward.wait_well("the workers after the poison");
            fs::remove_file(s.ward.dir().join("cure")).unwrap();
        },
        // Its supervisor's, one a second.
        starts: usize::MAX,
        // For the queue, and for its workers.
        calls: 2,
        ..WORKER
    },
];

/// Good messages, a bad one, and good ones again.
fn poison(scene: &Scene) {
    let broker = &scene.ward.broker;
    let poison = format!("poison-{}", scene.sent.borrow().len());
    broker
        .publish_these("task", std::slice::from_ref(&poison))
        .unwrap();
    let behind = broker.publish("task", 100).unwrap();
    scene.sent.borrow_mut().extend(behind);
    scene.sent.borrow_mut().push(poison);
}

/// What takes messages learns to take this one.
fn cure(scene: &Scene) {
    fs::write(scene.ward.dir().join("cure"), "").unwrap();
}
