//! Each reason alone: what brings it about, and what does not.

use std::time::Duration;

use super::world::*;
use crate::config::RecoveryMode;
use crate::model::*;
use crate::recover::guard::{Decision, LocalNode, Silence};
use crate::recover::playbook::Confirm;

#[test]
fn nothing_speaks_against_it() {
    goes(&World::hung());
    goes(&World::broker_down());
}

#[test]
fn not_mine() {
    let mut w = World::hung();
    w.target = Some(worker("other"));
    assert_eq!(w.reasons()[0], HoldReason::NotMine);
    assert!(HoldReason::NotMine.is_silent());
    // Who has no control of the broker leaves it to the agent that does.
    let mut w = World::broker_down();
    w.config.broker.control = None;
    only(&w, HoldReason::NotMine);
}

#[test]
fn mode() {
    let mut w = World::hung();
    for (mode, goes_approved) in [
        (RecoveryMode::Off, false),
        (RecoveryMode::Propose, true),
        (RecoveryMode::Approve, true),
    ] {
        w.config.recovery.mode = mode;
        w.approved = false;
        only(&w, HoldReason::Mode);
        w.approved = true;
        assert_eq!(w.holds().is_empty(), goes_approved, "{mode:?}");
    }
    w.approved = false;
    w.config.recovery.mode = RecoveryMode::Auto;
    goes(&w);
    // A playbook may say less, in its file or in the configuration; never more.
    w.playbook.mode = RecoveryMode::Approve;
    only(&w, HoldReason::Mode);
    w.source = TriggerSource::Command;
    goes(&w);
    w.source = TriggerSource::Alertmanager;
    w.playbook.mode = RecoveryMode::Auto;
    let limits = crate::config::PlaybookLimits {
        mode: Some(RecoveryMode::Propose),
    };
    w.config
        .recovery
        .playbooks
        .insert(w.playbook.name.clone(), limits);
    only(&w, HoldReason::Mode);
}

#[test]
fn what_can_not_be_recorded_or_controlled_is_only_observed() {
    let mut w = World::hung();
    w.observe_only = Some("the disk is full");
    w.source = TriggerSource::Command;
    assert!(
        only(&w, HoldReason::Mode)
            .words
            .contains("the disk is full")
    );
    let mut w = World::hung();
    w.config.workers.get_mut("task").unwrap().control = None;
    only(&w, HoldReason::Mode);
}

#[test]
fn paused() {
    for target in [None, Some(worker("task"))] {
        let mut w = World::hung();
        w.pauses = vec![Pause {
            target,
            since: w.stamp(5),
            until: Some(w.stamp(0).after(Duration::from_secs(9))),
            reason: "deploy".into(),
        }];
        let hold = only(&w, HoldReason::Paused);
        assert_eq!(hold.until, w.pauses[0].until);
        assert_eq!(hold.evidence, [Evidence::seen("reason", "deploy")]);
        // A person who asks for a run has to resume first.
        w.source = TriggerSource::Command;
        only(&w, HoldReason::Paused);
        w.pauses[0].until = Some(w.stamp(0));
        goes(&w);
    }
    let mut w = World::hung();
    w.pauses = vec![Pause {
        target: Some(worker("mail")),
        since: w.stamp(5),
        until: None,
        reason: String::new(),
    }];
    goes(&w);
}

#[test]
fn stopped_by_operator() {
    let mut w = World::hung();
    let mut facts = (*w.snapshot.workers.facts().unwrap()).clone();
    facts.workers[1].stopped_by_operator = Some(true);
    // What still is there was frozen by a person.
    w.snapshot
        .workers
        .enter(Ok(facts.clone()), w.now, Duration::ZERO);
    only(&w, HoldReason::StoppedByOperator);
    facts.workers[1].left_stopped = vec!["task@3".into()];
    // One of two hangs, and a person stopped another: the one that hangs is replaced.
    w.snapshot
        .workers
        .enter(Ok(facts.clone()), w.now, Duration::ZERO);
    goes(&w);
    let processes = facts.workers[1].processes.replace(Vec::new());
    w.snapshot
        .workers
        .enter(Ok(facts.clone()), w.now, Duration::ZERO);
    only(&w, HoldReason::StoppedByOperator);
    facts.workers[1].processes = processes;
    // Another one of the same queue's workers is not.
    facts.workers[1].stopped_by_operator = None;
    w.snapshot.workers.enter(Ok(facts), w.now, Duration::ZERO);
    goes(&w);
    let mut w = World::broker_down();
    w.broker_stopped = Some(true);
    only(&w, HoldReason::StoppedByOperator);
}

#[test]
fn stale_snapshot() {
    let mut w = World::hung();
    w.now = w.now.after(Duration::from_secs(15));
    goes(&w);
    w.now = w.now.after(Duration::from_secs(1));
    only(&w, HoldReason::StaleSnapshot);
    // The workers' section alone.
    let mut w = World::hung();
    let failure = Failure::new(Reason::Io, "x");
    w.snapshot
        .workers
        .enter(Err(failure), w.now, Duration::ZERO);
    assert_eq!(w.reasons()[0], HoldReason::StaleSnapshot);
    // The finding is kept, and nobody saw it lately.
    let mut w = World::broker_down();
    w.now = w.now.after(Duration::from_secs(60));
    w.snapshot.at = w.now;
    w.assessment.at = w.now;
    only(&w, HoldReason::StaleSnapshot);
}

#[test]
fn unknown_target() {
    for target in [
        None,
        Some(worker("$(reboot)")),
        Some(worker("")),
        Some(worker("a\0")),
    ] {
        let mut w = World::hung();
        w.target = target;
        let hold = w
            .holds()
            .into_iter()
            .find(|h| h.reason == HoldReason::UnknownTarget)
            .unwrap();
        assert!(!hold.words.contains("reboot"));
        assert!(matches!(w.decide(), Decision::Hold(_)));
    }
}

#[test]
fn unconfirmed() {
    for source in [
        TriggerSource::Alertmanager,
        TriggerSource::Reconcile,
        TriggerSource::Finding,
    ] {
        let mut w = World::hung();
        w.source = source;
        w.assessment.findings.clear();
        only(&w, HoldReason::Unconfirmed);
        // The finding of another target is none of this one's.
        w.finds(Code::WorkerHung, worker("mail"));
        only(&w, HoldReason::Unconfirmed);
        w.playbook.confirm = Confirm::Alert;
        assert_eq!(w.holds().is_empty(), source != TriggerSource::Finding);
    }
    let mut w = World::hung();
    w.assessment.findings.clear();
    w.source = TriggerSource::Page;
    goes(&w);
}

#[test]
fn an_alert_about_the_health_is_confirmed_by_the_level() {
    let mut w = World::hung();
    w.code = TriggerCode::of_alert("HealthCritical").unwrap();
    w.target = Some(Target::Host);
    w.steps.clear();
    only(&w, HoldReason::Unconfirmed);
    w.assessment.level = Level::Critical;
    goes(&w);
    w.code = TriggerCode::of_alert("HealthWarning").unwrap();
    goes(&w);
    w.code = TriggerCode::of_alert("HealthPoor").unwrap();
    only(&w, HoldReason::Unconfirmed);
}

#[test]
fn a_restart_of_the_broker_wants_evidence_of_the_node_itself() {
    let mut w = World::broker_down();
    // Nobody's word is enough, not even a person's.
    for node in [LocalNode::Unknown, LocalNode::Up] {
        w.local_node = node;
        for source in TriggerSource::ALL {
            w.source = source;
            only(&w, HoldReason::Unconfirmed);
        }
    }
    w.local_node = LocalNode::Hung;
    w.source = TriggerSource::Alertmanager;
    only(&w, HoldReason::Unconfirmed);
    for reason in Reason::ALL {
        let failure = Failure::new(reason, "x");
        w.snapshot
            .roundtrip
            .enter(Err(failure), w.now, Duration::ZERO);
        match reason {
            Reason::Timeout | Reason::Closed => goes(&w),
            _ => drop(only(&w, HoldReason::Unconfirmed)),
        }
    }
    let failure = Failure::new(Reason::Timeout, "x");
    w.snapshot
        .roundtrip
        .enter(Err(failure), w.now, Duration::ZERO);
    w.finds(Code::BrokerMemoryAlarm, Target::Node { name: "a".into() });
    only(&w, HoldReason::Unconfirmed);
}

#[test]
fn level() {
    let goes_at = |w: &mut World, levels: [bool; 4]| {
        for (level, expected) in Level::ALL.into_iter().zip(levels) {
            w.assessment.level = level;
            if expected {
                goes(w);
            } else {
                only(w, HoldReason::Level);
            }
        }
    };
    goes_at(&mut World::hung(), [false, false, true, true]);
    goes_at(&mut World::broker_down(), [false, false, false, true]);
    let mut w = World::hung();
    w.steps = rung("worker-unhealthy", "start").1;
    goes_at(&mut w, [false, true, true, true]);
    w.source = TriggerSource::Clock;
    goes_at(&mut w, [true, true, true, true]);
}

#[test]
fn silenced() {
    let mut w = World::hung();
    w.silence = Some(Silence {
        id: "s1".into(),
        ends_at: w.stamp(0).after(Duration::from_secs(1)),
    });
    only(&w, HoldReason::Silenced);
    w.source = TriggerSource::Command;
    goes(&w);
    w.source = TriggerSource::Finding;
    w.silence.as_mut().unwrap().ends_at = w.stamp(0);
    goes(&w);
}
