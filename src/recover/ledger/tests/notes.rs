//! Outbox, pauses, instants, quarantine, and what is forgotten.

use serde_json::json;

use super::*;
use crate::model::{Outcome, Pause};
use crate::recover::intake::{QuarantineReason, Quarantined};

#[test]
fn a_notice_waits_until_it_was_taken() {
    let (folder, mut ledger) = fresh();
    let notice = Notice {
        incident: None,
        channel: "slack".into(),
        body: json!({"text": "x"}),
    };
    let id = ledger.queue(&notice, NOW).unwrap();
    ledger.put_off(&[id], "503", later(30)).unwrap();
    drop(ledger);
    let mut ledger = open(folder.path());
    assert!(ledger.due("slack", later(29), 10).unwrap().is_empty());
    let due = ledger.due("slack", later(30), 10).unwrap();
    assert_eq!((&due[0].notice, due[0].attempts), (&notice, 1));
    assert_eq!(ledger.waiting().unwrap(), (1, Some(NOW)));
    assert_eq!(ledger.sent(&[id], later(31)).unwrap(), 1);
    assert_eq!(ledger.sent(&[id], later(31)).unwrap(), 0);
    assert_eq!(ledger.waiting().unwrap(), (0, None));
}

#[test]
fn a_pause_survives_a_restart_and_ends() {
    let (folder, mut ledger) = fresh();
    let pause = |target, until| Pause {
        target,
        since: NOW,
        until,
        reason: "deploy".into(),
    };
    ledger.pause(&pause(None, Some(later(60)))).unwrap();
    ledger.pause(&pause(Some(worker("task")), None)).unwrap();
    ledger
        .pause(&pause(Some(worker("task")), Some(later(600))))
        .unwrap();
    drop(ledger);
    let mut ledger = open(folder.path());
    assert_eq!(ledger.pauses(later(59)).unwrap().len(), 2);
    let left = ledger.pauses(later(60)).unwrap();
    assert_eq!(left, [pause(Some(worker("task")), Some(later(600)))]);
    assert!(ledger.resume(Some(&worker("task"))).unwrap());
    assert!(!ledger.resume(Some(&worker("task"))).unwrap());
    assert!(ledger.pauses(later(60)).unwrap().is_empty());
}

#[test]
fn instants_are_remembered() {
    let (folder, mut ledger) = fresh();
    assert_eq!(ledger.stamped(Stamp::Watchdog).unwrap(), None);
    ledger.stamp(Stamp::Watchdog, NOW).unwrap();
    ledger.stamp(Stamp::Watchdog, later(1)).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    assert_eq!(ledger.stamped(Stamp::Watchdog).unwrap(), Some(later(1)));
    assert_eq!(ledger.stamped(Stamp::Reconciled).unwrap(), None);
}

#[test]
fn quarantined_alerts_are_kept_up_to_a_number() {
    let (_folder, mut ledger) = fresh();
    let alerts: Vec<_> = (0..1200)
        .map(|index| Quarantined {
            index,
            reason: QuarantineReason::BadName,
            words: "w".into(),
            excerpt: "e".into(),
        })
        .collect();
    ledger.receive(&[], &alerts, NOW).unwrap();
    let kept = ledger.quarantined(5000).unwrap();
    assert_eq!(kept.len(), 1000);
    assert_eq!(kept[0].1, alerts[1199]);
}

#[test]
fn what_is_over_is_forgotten_and_what_is_open_is_not() {
    let (_folder, mut ledger) = fresh();
    let over = running(&mut ledger, "task");
    let number = ledger.intend(over.id, &intent(), NOW).unwrap();
    let done = crate::model::Done {
        acted_at: None,
        result: crate::model::StepResult::Done,
        words: String::new(),
        after: Vec::new(),
        undo: None,
    };
    ledger.conclude(over.id, number, &done, NOW).unwrap();
    let failed = RunState::Ended(Outcome::Failed);
    ledger
        .advance(over.id, RunState::Running, failed, None, NOW)
        .unwrap();
    let received = ledger.receive(&batch(2), &[], NOW).unwrap();
    ledger
        .take(received[0].id, Some(over.incident), NOW)
        .unwrap();
    ledger.close(over.incident, later(1)).unwrap();
    let open = running(&mut ledger, "mail");

    assert_eq!(ledger.forget(NOW).unwrap(), Forgotten::default());
    let forgotten = ledger.forget(later(100)).unwrap();
    assert_eq!((forgotten.triggers, forgotten.incidents), (1, 1));
    assert!(ledger.run(over.id).unwrap().is_none());
    assert!(ledger.steps(over.id).unwrap().is_empty());
    assert!(ledger.run(open.id).unwrap().is_some());
    assert_eq!(ledger.pending(10).unwrap()[0].id, received[1].id);
}
