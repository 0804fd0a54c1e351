//! Triggers, incidents, runs and steps: what is the same, what is refused, what comes back.

use super::*;
use crate::model::{Done, Generation, Hold, HoldReason, Outcome, StepResult};

#[test]
fn the_same_again_is_the_same_row() {
    let (folder, mut ledger) = fresh();
    let firing = trigger("aa", TriggerStatus::Firing);
    let first = ledger
        .receive(std::slice::from_ref(&firing), &[], NOW)
        .unwrap();
    // From a peer, with another start, and twice in one body.
    let peer = Trigger {
        starts_at: Some(later(5)),
        source: TriggerSource::Reconcile,
        ..firing.clone()
    };
    let again = ledger
        .receive(&[peer.clone(), peer], &[], later(1))
        .unwrap();
    assert!(first[0].is_new);
    assert!(again.iter().all(|r| !r.is_new && r.id == first[0].id));
    drop(ledger);
    // Also after a restart.
    let mut ledger = open(folder.path());
    let again = ledger.receive(&[firing], &[], later(2)).unwrap();
    assert_eq!(
        again,
        [Received {
            id: first[0].id,
            is_new: false
        }]
    );
    assert_eq!(ledger.pending(10).unwrap().len(), 1);
}

#[test]
fn another_word_is_another_row_and_the_newest_counts() {
    let (_folder, mut ledger) = fresh();
    let (incident, _) = ledger.join(&key("task"), NOW).unwrap();
    let firing = trigger("aa", TriggerStatus::Firing);
    let resolved = trigger("aa", TriggerStatus::Resolved);
    let all = [firing.clone(), resolved, firing];
    let mut last = None;
    for (n, trigger) in all.iter().enumerate() {
        let received = ledger
            .receive(std::slice::from_ref(trigger), &[], NOW)
            .unwrap()[0];
        assert!(received.is_new);
        assert_ne!(last, Some(received.id));
        last = Some(received.id);
        ledger.take(received.id, Some(incident.id), NOW).unwrap();
        assert_eq!(ledger.still_fires(incident.id).unwrap(), n != 1);
    }
}

#[test]
fn what_nobody_took_up_is_pending_after_a_restart() {
    let (folder, mut ledger) = fresh();
    let received = ledger.receive(&batch(3), &[], NOW).unwrap();
    ledger.take(received[1].id, None, NOW).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    let pending = ledger.pending(10).unwrap();
    let ids: Vec<_> = pending.iter().map(|p| p.id).collect();
    assert_eq!(ids, [received[0].id, received[2].id]);
    assert_eq!(pending[0].trigger, batch(1)[0]);
    assert_eq!(
        ledger.trigger(received[2].id).unwrap().as_ref(),
        Some(&pending[1])
    );
}

#[test]
fn one_incident_is_open_for_one_trouble() {
    let (_folder, mut ledger) = fresh();
    let (first, opened) = ledger.join(&key("task"), NOW).unwrap();
    assert!(opened);
    let (same, opened) = ledger.join(&key("task"), later(9)).unwrap();
    assert_eq!((&same, opened), (&first, false));
    let (other, _) = ledger.join(&key("mail"), NOW).unwrap();
    ledger.set_cause(other.id, Some(first.id)).unwrap();
    assert_eq!(ledger.open_incidents().unwrap()[1].cause, Some(first.id));
    ledger.close(first.id, later(10)).unwrap();
    assert_eq!(
        ledger.close(first.id, later(11)).unwrap_err().kind(),
        "not_there"
    );
    let (second, opened) = ledger.join(&key("task"), later(20)).unwrap();
    assert!(opened);
    assert_ne!(second.id, first.id);
    let IncidentKey { code, target } = key("task");
    let since = |s| ledger.incidents_since(&code, &target, later(s)).unwrap();
    assert_eq!((since(0), since(15)), (2, 1));
}

#[test]
fn one_run_at_a_time_for_one_incident() {
    let (_folder, mut ledger) = fresh();
    let run = running(&mut ledger, "task");
    let (incident, _) = ledger.join(&key("task"), NOW).unwrap();
    let second = ledger.propose(&new_run(&incident), NOW);
    assert_eq!(second.unwrap_err().kind(), "not_there");
    assert_eq!(
        ledger.close(incident.id, NOW).unwrap_err().kind(),
        "not_there"
    );
    let (from, to) = (RunState::Running, RunState::Ended(Outcome::Failed));
    ledger.advance(run.id, from, to, None, later(5)).unwrap();
    ledger.propose(&new_run(&incident), later(6)).unwrap();
    let tallies = ledger.tallies().unwrap();
    assert_eq!((tallies[0].outcome, tallies[0].runs), (Outcome::Failed, 1));
}

#[test]
fn only_legal_transitions_from_where_it_is() {
    let (_folder, mut ledger) = fresh();
    let run = running(&mut ledger, "task");
    let recovered = RunState::Ended(Outcome::Recovered);
    let mut refused = |from, to| {
        let error = ledger.advance(run.id, from, to, None, NOW).unwrap_err();
        assert!(!error.is_observe_only());
        error.to_string()
    };
    let unverified = refused(RunState::Running, recovered);
    assert_eq!(
        unverified,
        "run 1 can't become ended (recovered): it is running"
    );
    // Somebody else was faster.
    let late = refused(RunState::Proposed, RunState::AwaitingApproval);
    assert_eq!(late, "run 1 can't become awaiting_approval: it is running");
    assert_eq!(
        ledger.run(run.id).unwrap().unwrap().state,
        RunState::Running
    );
}

#[test]
fn a_run_comes_back_as_it_was() {
    let (folder, mut ledger) = fresh();
    let run = running(&mut ledger, "task");
    let number = ledger.intend(run.id, &intent(), later(1)).unwrap();
    let done = Done {
        acted_at: Some(later(2)),
        result: StepResult::Done,
        words: "1 started".into(),
        after: vec![Generation::Process {
            process: crate::model::facts::ProcessId {
                pid: 7,
                start_ticks: 99,
            },
            boot_id: "b".into(),
        }],
        undo: Some(crate::model::Undo {
            file: "/srv/.env".into(),
            backup: "/var/lib/backup".into(),
        }),
    };
    ledger.conclude(run.id, number, &done, later(3)).unwrap();
    let hold = Hold::new(HoldReason::Budget, "3 of 3 runs").until(Some(later(60)));
    let held = RunState::Held(HoldReason::Budget);
    ledger
        .advance(run.id, RunState::Running, held, Some(&hold), later(4))
        .unwrap();
    ledger.set_rung(run.id, 1).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    let back = ledger.run(run.id).unwrap().unwrap();
    let expected = Run {
        state: held,
        rung: 1,
        hold: Some(hold),
        started_at: Some(later(1)),
        ..run.clone()
    };
    assert_eq!(back, expected);
    let steps = ledger.steps(run.id).unwrap();
    assert_eq!(steps[0].intent, intent());
    assert_eq!(steps[0].done.as_ref(), Some(&done));
    assert_eq!(
        ledger.runs_since(later(100)).unwrap(),
        std::slice::from_ref(&back)
    );
    assert_eq!(ledger.runs(5).unwrap(), [back]);
}

#[test]
fn a_step_has_one_outcome_and_no_step_begins_before_it() {
    let (_folder, mut ledger) = fresh();
    let run = running(&mut ledger, "task");
    let number = ledger.intend(run.id, &intent(), NOW).unwrap();
    assert_eq!(
        ledger.intend(run.id, &intent(), NOW).unwrap_err().kind(),
        "not_there"
    );
    let done = Done {
        acted_at: None,
        result: StepResult::Needless,
        words: String::new(),
        after: Vec::new(),
        undo: None,
    };
    ledger.conclude(run.id, number, &done, NOW).unwrap();
    let twice = ledger.conclude(run.id, number, &done, NOW);
    assert_eq!(twice.unwrap_err().kind(), "not_there");
    assert_eq!(ledger.intend(run.id, &intent(), NOW).unwrap(), 2);
    // What does not run does not act.
    let held = RunState::Held(HoldReason::Paused);
    ledger.conclude(run.id, 2, &done, NOW).unwrap();
    ledger
        .advance(run.id, RunState::Running, held, None, NOW)
        .unwrap();
    assert_eq!(
        ledger.intend(run.id, &intent(), NOW).unwrap_err().kind(),
        "transition"
    );
}
