//! Every alert that a fault can make, by its fault: how long each takes with the fast profile.
//!
//! Faults that have nothing to do with each other are made side by side; what touches the broker or
//! the login comes alone. The table is what the drill is for; seconds are never asserted.

use crate::alerts::{faults as f, table};
use crate::support::alerting::{Kind, World};
use testbed::Fault;

const KINDS: [Kind; 9] = [
    Kind::new("killed"),
    Kind::new("zombie"),
    Kind::new("frozen"),
    Kind::new("restarted"),
    Kind {
        count: 2,
        ..Kind::new("missing")
    },
    Kind {
        fault: Some(Fault::Spin),
        ..Kind::new("spinning")
    },
    Kind {
        fault: Some(Fault::NeverAck),
        ..Kind::new("stalled")
    },
    Kind {
        fault: Some(Fault::CancelConsumer),
        ..Kind::new("cancelled")
    },
    Kind {
        watched: false,
        ..Kind::new("unwatched")
    },
];

#[test]
#[ignore = "takes some ten minutes: make drill"]
fn faults_and_their_alerts() {
    let world = World::start(&KINDS);
    let mut together = vec![
        &f::KILLED,
        &f::ZOMBIE,
        &f::MISSING,
        &f::FROZEN,
        &f::SPINNING,
        &f::STALLED,
        &f::CANCELLED,
        &f::UNWATCHED,
        &f::BACKLOG,
        &f::FLOOD,
        &f::BROKEN_FILE,
        &f::READABLE,
        &f::ERRORS,
        &f::BIG_LOG,
        &f::STALE,
    ];
    match world.disk() {
        Some(_) => together.push(&f::FULL_DISK),
        None => println!("left out: DiskLow; a small disk can't be mounted here"),
    }
    let outage = "BrokerUnreachable";
    let healthy = [outage, "BrokerRoundtripFailing", "BrokerAuthFailed"];
    let mut lines = table::run(&world, &together, &healthy);
    for (faults, never) in [
        (vec![&f::EMPTIED, &f::DEFAULTS], &healthy[..]),
        (vec![&f::WRONG_PASSWORD], &healthy),
        (vec![&f::REFUSED], &[outage]),
        (vec![&f::MEMORY_ALARM], &healthy),
        (vec![&f::BROKER_FROZEN], &["BrokerAuthFailed"]),
        (vec![&f::BROKER_STOPPED], &["BrokerAuthFailed"]),
        (vec![&f::BROKER_KILLED], &["BrokerAuthFailed"]),
    ] {
        lines += &table::run(&world, &faults, never);
    }
    println!("fault → alert → labels → s to firing in Alertmanager → s to resolved\n{lines}");
}
