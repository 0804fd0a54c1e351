//! A year of incidents with patterns that are known, because they were planted.

use crate::model::{Code, Target, TriggerCode};

/// 2026-01-01 00:00 UTC, a Thursday.
pub(super) const START: i64 = 1_767_225_600_000;
pub(super) const SECOND: i64 = 1000;
pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;
/// The day that the measure begins.
pub(super) const MEASURE: i64 = 180;

/// The same numbers each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.unsigned_abs()) as i64
    }

    pub(super) fn percent(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }
}

/// What becomes of an incident.
#[derive(Clone, Copy)]
pub(super) enum Course {
    /// It is acted upon: recovered, or not.
    Acted(bool),
    /// It is over before anything is done, after so many seconds.
    Heals(i64),
    /// An alert that nothing answers: it clears after so many seconds.
    Clears(i64),
    /// The clock asks.
    Clock,
}

pub(super) struct Event {
    pub(super) at: i64,
    pub(super) code: TriggerCode,
    pub(super) target: Target,
    pub(super) course: Course,
}

pub(super) fn worker(name: &str) -> Target {
    Target::Worker { name: name.into() }
}

pub(super) fn queue(name: &str) -> Target {
    Target::Queue {
        vhost: "/".into(),
        name: name.into(),
    }
}

pub(super) fn disk() -> Target {
    Target::Disk { path: "/".into() }
}

/// How much of it there is.
pub(super) struct Scale {
    /// Incidents of each of the two workers.
    pub(super) workers: i64,
    /// Firings of the noisy alert.
    pub(super) noise: i64,
    /// Incidents that something comes before.
    pub(super) followed: i64,
}

pub(super) fn planted(scale: &Scale, dice: &mut Dice) -> Vec<Event> {
    let mut events = Vec::new();
    let mut add = |at: i64, code: Code, target: Target, course: Course| {
        let code = TriggerCode::Finding(code);
        events.push(Event {
            at: START + at,
            code,
            target,
            course,
        });
    };
    // The first Monday is the 5th of January.
    for week in 0..51 {
        let at = (4 + 7 * week) * DAY + 9 * HOUR + dice.below(HOUR);
        add(at, Code::QueueStuck, queue("orders"), Course::Acted(true));
    }
    for _ in 0..10 {
        let at = dice.below(365 * DAY);
        add(at, Code::QueueStuck, queue("orders"), Course::Acted(true));
    }
    for _ in 0..scale.workers {
        let at = dice.below(365 * DAY);
        let course = match dice.percent(80) {
            true => Course::Heals(30 + dice.below(20)),
            false => Course::Acted(dice.percent(90)),
        };
        add(at, Code::WorkerHung, worker("mail"), course);
        let at = dice.below(365 * DAY);
        let course = match dice.percent(4) {
            true => Course::Heals(20),
            false => Course::Acted(dice.percent(95)),
        };
        add(at, Code::WorkerDown, worker("task"), course);
    }
    for _ in 0..scale.followed {
        let at = HOUR + dice.below(364 * DAY);
        add(
            at,
            Code::WorkerDisconnected,
            worker("api"),
            Course::Acted(true),
        );
        if dice.percent(70) {
            let before = at - 60 * SECOND - dice.below(400 * SECOND);
            add(
                before,
                Code::QueueBacklog,
                queue("reports"),
                Course::Heals(60),
            );
        }
    }
    for day in 0..365 {
        let percent = if day < MEASURE { 90 } else { 25 };
        if dice.percent(percent) {
            let at = day * DAY + 5 * HOUR + dice.below(18 * HOUR);
            add(at, Code::DiskLow, disk(), Course::Acted(true));
        }
    }
    for _ in 0..scale.noise {
        let course = Course::Clears(60 + dice.below(60));
        add(
            dice.below(365 * DAY),
            Code::QueueSlow,
            queue("thumbs"),
            course,
        );
    }
    for day in MEASURE..365 {
        events.push(Event {
            at: START + day * DAY + 3 * HOUR,
            code: TriggerCode::Asked("housekeeping".into()),
            target: Target::Host,
            course: Course::Clock,
        });
    }
    events.sort_by_key(|event| event.at);
    events
}
