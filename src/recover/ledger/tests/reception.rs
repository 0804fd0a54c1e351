//! What comes in is taken whole, once, and costs nothing when it is said again.

use std::collections::HashSet;

use super::*;
use crate::recover::intake::{QuarantineReason, Quarantined, Read};
use crate::recover::ledger::Wanted;

fn aside(index: u32) -> Read {
    Read::Quarantined(Quarantined {
        index,
        reason: QuarantineReason::BadName,
        words: "its `alertname` is no name".into(),
        excerpt: "{}".into(),
    })
}

fn firing(fingerprint: &str) -> Read {
    Read::Trigger(trigger(fingerprint, TriggerStatus::Firing))
}

#[test]
fn a_body_is_taken_alert_by_alert() {
    let (_folder, mut ledger) = fresh();
    let alerts = [
        firing("a"),
        aside(1),
        Read::Heartbeat,
        Read::ForPeople,
        firing("a"),
        Read::NotMine,
        firing("b"),
    ];
    let taken = ledger.take_in(alerts, NOW).unwrap();
    let expected = Taken {
        triggers: 3,
        new: 2,
        quarantined: 1,
        heartbeats: 1,
        for_people: 1,
        not_mine: 1,
    };
    assert_eq!(taken, expected);
    assert_eq!(ledger.pending(10).unwrap().len(), 2);
    assert_eq!(ledger.quarantined(10).unwrap().len(), 1);
    assert_eq!(ledger.stamped(Stamp::Watchdog).unwrap(), Some(NOW));
}

#[test]
fn what_is_said_again_is_written_once_an_hour() {
    let (_folder, mut ledger) = fresh();
    let mut say = |at: Timestamp| {
        let before = ledger.connection.total_changes();
        let taken = ledger.take_in([firing("a"), firing("b")], at).unwrap();
        (taken.new, ledger.connection.total_changes() - before)
    };
    assert_eq!(say(NOW), (2, 2));
    assert_eq!(say(later(60)), (0, 0));
    assert_eq!(say(later(3600)), (0, 2));
    assert_eq!(say(later(3660)), (0, 0));
}

#[test]
fn the_log_is_emptied_when_nobody_waits_and_when_it_is_long() {
    let (_folder, mut ledger) = fresh();
    // Some 1,200 pages.
    let grow = |ledger: &mut Ledger, round: usize| {
        let large = |n: usize| {
            let mut large = trigger(&format!("{round}-{n}"), TriggerStatus::Firing);
            large.labels.insert("long".into(), "x".repeat(4096));
            large
        };
        let all: Vec<_> = (0..1200).map(large).collect();
        ledger.receive(&all, &[], NOW).unwrap();
    };
    let size = |ledger: &Ledger| std::fs::metadata(ledger.file()).unwrap().len();
    grow(&mut ledger, 0);
    let before = size(&ledger);
    ledger.settle(false).unwrap();
    assert_eq!(size(&ledger), before, "somebody waits");
    ledger.settle(true).unwrap();
    let emptied = size(&ledger);
    assert!(emptied > before, "{emptied}");
    for round in 1..10 {
        grow(&mut ledger, round);
        ledger.settle(false).unwrap();
    }
    assert!(size(&ledger) > emptied, "it was too long to wait");
}

#[test]
fn of_what_is_seen_again_some_alerts_are_found() {
    let (_folder, mut ledger) = fresh();
    ledger.receive(&batch(300), &[], NOW).unwrap();
    let mut other = trigger("other", TriggerStatus::Firing);
    other.target = worker("mail");
    let over = trigger("over", TriggerStatus::Resolved);
    ledger.receive(&[other, over], &[], NOW).unwrap();
    let keys = HashSet::from([key("task"), key("nobody")]);
    let none = ledger.unattended(&keys).unwrap();
    assert!(none.is_empty(), "nobody took them up");
    ledger.take_up(1000, NOW, |_| Wanted::No).unwrap();
    assert_eq!(ledger.unattended(&keys).unwrap().len(), 100);
    let keys = HashSet::from([key("mail")]);
    assert_eq!(ledger.unattended(&keys).unwrap().len(), 1);
}

#[tokio::test]
async fn a_handle_tells_when_something_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let handle = Handle::start(folder.path().to_owned()).unwrap();
    let first = handle.edition();
    handle.read(|ledger| ledger.pending(1)).await.unwrap();
    assert_eq!(handle.edition(), first);
    let stamp = |ledger: &mut Ledger| ledger.stamp(Stamp::Written, NOW);
    handle.write(stamp).await.unwrap();
    assert_ne!(handle.edition(), first);
}
