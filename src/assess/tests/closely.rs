//! Watching closely makes nothing a finding, or none, that would not be one at the usual interval.

use std::time::{Duration, Instant, SystemTime};

use super::world::{World, codes, found};
use crate::model::{Attention, Code, Moment, ProbeName, Reason, Severity};

/// A world that is read every 2.5 s instead of 5 s.
fn closely() -> World {
    let mut world = World::healthy();
    (world.every, world.closely) = (Duration::from_millis(2500), true);
    world.steps(3);
    world
}

#[test]
fn two_readings_of_one_statistic_are_one_witness() {
    let mut world = closely();
    world.queue().consumers = Some(0);
    world.step();
    assert_eq!(codes(&world.step()), [], "2.5 s after the first");
    assert_eq!(
        codes(&world.step()),
        [Code::QueueWithoutConsumers],
        "5 s after it"
    );
    world.heal();
    let gone = |world: &mut World| found(&world.step(), Code::QueueWithoutConsumers).is_none();
    assert!(!gone(&mut world), "one clean reading");
    assert!(!gone(&mut world), "2.5 s after it");
    assert!(gone(&mut world), "5 s after it");
}

#[test]
fn readings_are_missed_by_the_usual_interval() {
    let mut world = closely();
    world.fail(ProbeName::Host, Reason::Timeout);
    let severity = |world: &mut World, steps| {
        let assessment = world.steps(steps);
        found(&assessment, Code::ProbeFailing).map(|finding| finding.severity)
    };
    assert_eq!(severity(&mut world, 4), None);
    assert_eq!(severity(&mut world, 1), Some(Severity::Minor));
    assert_eq!(severity(&mut world, 17), Some(Severity::Minor));
    assert_eq!(severity(&mut world, 1), Some(Severity::Major));
}

#[test]
fn attention_ends_by_itself_when_nobody_asks_any_more() {
    let now = Moment::new(Instant::now(), SystemTime::now());
    let after = |seconds| now.after(Duration::from_secs(seconds));
    let asked = Attention {
        restless: false,
        asked_until: Some(after(60)),
    };
    assert!(asked.is_close(now) && asked.is_close(after(59)));
    assert!(!asked.is_close(after(60)));
    let restless = Attention {
        restless: true,
        ..asked
    };
    assert!(restless.is_close(after(600)));
    assert!(!Attention::default().is_close(now));
}
