//! Each reason alone: what goes first, what it would cost, how often is too often.

use std::time::Duration;

use super::world::*;
use crate::model::*;
use crate::recover::guard::LocalNode;

#[test]
fn cause_first() {
    let mut w = World::hung();
    let cause = FindingKey {
        code: Code::BrokerUnreachable,
        target: Target::Broker,
    };
    w.assessment.findings[0].cause = Some(cause);
    let hold = only(&w, HoldReason::CauseFirst);
    assert_eq!(
        hold.words,
        "BrokerUnreachable (broker) has to be repaired first"
    );

    for (code, target) in [
        (Code::BrokerRoundtripFailing, Target::Broker),
        (
            Code::ConfigInvalid,
            Target::EnvFile {
                path: "/srv/.env".into(),
            },
        ),
    ] {
        // Found now, or an incident of it is not closed yet.
        let mut w = World::hung();
        w.finds(code, target.clone());
        only(&w, HoldReason::CauseFirst);
        let mut w = World::hung();
        w.incidents = vec![Incident {
            id: IncidentId(9),
            key: IncidentKey {
                code: TriggerCode::Finding(code),
                target,
            },
            opened_at: w.stamp(9),
            closed_at: None,
            cause: None,
        }];
        only(&w, HoldReason::CauseFirst);
    }
    // Another worker's env file, and a symptom further down, are not in the way.
    let mut w = World::hung();
    w.finds(
        Code::ConfigInvalid,
        Target::EnvFile {
            path: "/other".into(),
        },
    );
    w.finds(Code::QueueStuck, queue("tasks"));
    goes(&w);
}

#[test]
fn a_broken_file_is_not_taken_for_a_broken_broker() {
    let mut w = World::broker_down();
    w.finds(
        Code::ConfigInvalid,
        Target::EnvFile {
            path: "/srv/.env".into(),
        },
    );
    // The node is seen to be down: the file does not keep it from being started.
    goes(&w);
    w.local_node = LocalNode::Hung;
    let failure = Failure::new(Reason::Timeout, "x");
    w.snapshot
        .roundtrip
        .enter(Err(failure), w.now, Duration::ZERO);
    only(&w, HoldReason::CauseFirst);
}

#[test]
fn locked() {
    let mut w = World::hung();
    let run = w.ran(Target::Broker, 5);
    run.state = RunState::Running;
    run.ended_at = None;
    run.playbook = "broker-down".into();
    goes(&w);
    w.runs[0].touches.push(worker("task"));
    only(&w, HoldReason::Locked);
    // Also one that waits between two steps, and one that is about to act for the first time.
    w.runs[0].state = RunState::Held(HoldReason::Budget);
    only(&w, HoldReason::Locked);
    w.runs[0].started_at = None;
    goes(&w);
    w.runs[0].state = RunState::Running;
    only(&w, HoldReason::Locked);
    // It does not lock itself out.
    w.runs[0].id = RunId(1);
    goes(&w);
}

#[test]
fn cooldown() {
    let mut w = World::hung();
    w.ran(worker("task"), 29);
    let hold = only(&w, HoldReason::Cooldown);
    assert_eq!(hold.until, Some(w.stamp(0).after(Duration::from_secs(1))));
    w.source = TriggerSource::Command;
    goes(&w);
    w.source = TriggerSource::Finding;
    w.runs.clear();
    w.ran(worker("task"), 30);
    w.ran(worker("mail"), 1);
    goes(&w);
    // The clock was set back: what lies ahead has just happened.
    w.runs[0].ended_at = Some(w.stamp(0).after(Duration::from_secs(3600)));
    only(&w, HoldReason::Cooldown);
}

#[test]
fn blast_radius() {
    // The other one hangs too: nothing that works is stopped.
    let mut w = World::hung();
    w.verdict("task", 11, Verdict::Spinning);
    w.config.workers.get_mut("task").unwrap().min_healthy = 2;
    goes(&w);
    // It works, and is to be stopped as well.
    let mut w = World::hung();
    w.victims = Some(vec![process(10), process(11)]);
    let hold = only(&w, HoldReason::BlastRadius);
    assert_eq!(
        hold.evidence,
        [Evidence::against("left working", "0", "at least 1")]
    );
    w.config.workers.get_mut("task").unwrap().min_healthy = 0;
    goes(&w);
    // Which there are can't be told.
    let mut w = World::hung();
    let mut facts = (*w.snapshot.workers.facts().unwrap()).clone();
    facts.workers[1].processes = None;
    w.snapshot.workers.enter(Ok(facts), w.now, Duration::ZERO);
    only(&w, HoldReason::BlastRadius);
}

#[test]
fn a_stuck_queue_gets_no_worker_killed_that_works() {
    let mut w = World::hung();
    w.assessment.findings.clear();
    w.assessment.verdicts.clear();
    w.code = TriggerCode::Finding(Code::QueueStuck);
    w.target = Some(queue("tasks"));
    w.finds(Code::QueueStuck, queue("tasks"));
    only(&w, HoldReason::BlastRadius);
    w.verdict("task", 11, Verdict::Deaf);
    goes(&w);
}

#[test]
fn most_kinds_failing_alike_have_a_common_cause() {
    let mut w = World::hung();
    let like = w.config.workers["task"].clone();
    w.config.workers.insert("sms".into(), like);
    goes(&w);
    w.finds(Code::WorkerHung, worker("mail"));
    only(&w, HoldReason::BlastRadius);
    // To start what is dead is never wrong.
    w.steps = rung("worker-unhealthy", "start").1;
    goes(&w);
}

#[test]
fn a_staged_restart_leaves_enough() {
    let mut w = World::hung();
    let (playbook, steps) = rung("config-invalid", "restart");
    (w.playbook, w.steps) = (playbook, steps);
    w.code = TriggerCode::Finding(Code::WorkerConfigDrift);
    w.assessment.findings.clear();
    w.assessment.verdicts.clear();
    w.finds(Code::WorkerConfigDrift, worker("task"));
    goes(&w);
    w.config.workers.get_mut("task").unwrap().min_healthy = 2;
    // What comes before it in the rung must not wait for what the stages will see to.
    goes(&w);
    w.victims = Some(vec![process(11)]);
    only(&w, HoldReason::BlastRadius);
    w.verdict("task", 11, Verdict::Disconnected);
    goes(&w);
}

#[test]
fn message_safety() {
    let mut w = World::hung();
    let finding = w.finds(Code::QueueRedelivering, queue("tasks"));
    finding.evidence = vec![Evidence::seen("redeliveries", "5 a minute")];
    let hold = only(&w, HoldReason::MessageSafety);
    assert_eq!(
        hold.evidence,
        [Evidence::seen("redeliveries", "5 a minute")]
    );
    w.assessment.findings[1].target = queue("mails");
    goes(&w);
    // Stopped so often today that a quorum queue may soon drop what it held.
    let mut w = World::hung();
    for n in 1..=9 {
        w.ran(worker("task"), 3600 * n + 60);
    }
    goes(&w);
    w.ran(worker("task"), 3600 * 10);
    only(&w, HoldReason::MessageSafety);
    let mut facts = (*w.snapshot.queues.facts().unwrap()).clone();
    facts.queues[0].queue_type = Some("classic".into());
    w.snapshot.queues.enter(Ok(facts), w.now, Duration::ZERO);
    goes(&w);
}

#[test]
fn budget() {
    let mut w = World::hung();
    for ago in [800, 600, 400] {
        w.ran(worker("task"), ago);
    }
    let hold = only(&w, HoldReason::Budget);
    // When the oldest of the three leaves the window of 15 minutes.
    assert_eq!(hold.until, Some(w.stamp(0).after(Duration::from_secs(100))));
    assert_eq!(hold.words, "the budget of worker task is spent");
    w.source = TriggerSource::Command;
    only(&w, HoldReason::Budget);
    w.runs[0].started_at = Some(w.stamp(900));
    goes(&w);
    let mut w = World::hung();
    for n in 0..10 {
        w.ran(worker("mail"), 1000 + n);
    }
    assert_eq!(
        only(&w, HoldReason::Budget).words,
        "the budget of this host is spent"
    );
    w.runs[4].started_at = None;
    goes(&w);
}
