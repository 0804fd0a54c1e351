use std::time::{Duration, Instant, SystemTime};

use super::*;
use crate::model::facts::HostFacts;
use crate::model::{Failure, Reason};

fn at(secs: u64) -> Moment {
    // One clock for all of a test.
    static ZERO: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    Moment::new(*ZERO, SystemTime::UNIX_EPOCH).after(Duration::from_secs(secs))
}

fn section(entered: u64, took: u64) -> Section<HostFacts> {
    let mut section = Section::never();
    section.interval = Some(Duration::from_secs(5));
    let took = Duration::from_secs(took);
    section.enter(Ok(HostFacts::default()), at(entered), took);
    section
}

#[test]
fn only_what_was_read_wholly_after_the_act_counts() {
    assert!(read("x", &section(20, 3), at(10)).is_ok());
    assert!(read("x", &section(10, 0), at(10)).is_err());
    assert!(read("x", &section(9, 0), at(10)).is_err());
    // It began before.
    assert!(read("x", &section(12, 3), at(10)).is_err());
}

#[test]
fn what_can_not_be_read_or_never_was_is_not_seen() {
    let mut failed = section(20, 0);
    let failure = Failure::new(Reason::Timeout, "no answer");
    failed.enter(Err(failure), at(25), Duration::ZERO);
    assert!(
        read("x", &failed, at(10))
            .unwrap_err()
            .contains("no answer")
    );
    assert!(read("x", &Section::<()>::never(), at(10)).is_err());
}

#[test]
fn nothing_is_known_to_be_gone_while_its_section_can_not_be_read() {
    let mut snapshot = Snapshot::empty(at(10));
    let task = Target::Worker {
        name: "task".into(),
    };
    // Not scheduled: nobody looks for it any more.
    assert!(is_readable(&task, &snapshot));
    snapshot.workers.interval = Some(Duration::from_secs(5));
    assert!(!is_readable(&task, &snapshot));
    snapshot
        .workers
        .enter(Ok(Default::default()), at(10), Duration::ZERO);
    assert!(is_readable(&task, &snapshot));
    let failure = Failure::new(Reason::Timeout, "no answer");
    snapshot.workers.enter(Err(failure), at(11), Duration::ZERO);
    assert!(!is_readable(&task, &snapshot));
}

#[test]
fn a_frozen_or_ended_process_does_not_run() {
    let process = |state| crate::model::facts::ProcessFacts {
        state: Some(state),
        ..Default::default()
    };
    let worker = |states: &[ProcessState]| WorkerFacts {
        desired: 2,
        processes: Some(states.iter().map(|state| process(*state)).collect()),
        ..Default::default()
    };
    use ProcessState::{Running, Sleeping, Stopped, Zombie};
    assert!(running(&worker(&[Running, Sleeping])).is_ok());
    for state in [Stopped, Zombie] {
        assert_eq!(
            running(&worker(&[Running, state])),
            Err("1 of 2 run".into())
        );
    }
    assert!(running(&WorkerFacts::default()).is_err());
    // What a person stopped is not expected.
    let mut one = worker(&[Running]);
    one.left_stopped = vec!["task@2".into()];
    assert!(running(&one).is_ok());
}
