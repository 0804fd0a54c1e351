//! What outlives a run, a warrener, or a repair: approvals, what is taken back, what comes back.

use std::time::Duration;

use super::rig::{Rig, intent, now};
use crate::model::*;
use crate::recover::engine::recurrence::place;
use crate::recover::engine::{cause, words};
use crate::recover::ledger::{Ledger, NewRun, Word};
use crate::recover::notify::{Kind, Message, letters};
use crate::recover::playbook::{Playbooks, Rung};

const AUTO: &str = "{mode: auto, reflex: true, budget: {target: 50 per 1h, host: 50 per 1h}}";
const APPROVE: &str = "{mode: approve, reflex: true}";
const MEND: &str = "  - rung: only\n    steps:\n      - {do: {command.run: {argv: [sh, -c, \
                    'echo x >> DIR/count; rm -f DIR/broken'], risk: disruptive}}, timeout: 5s}";

fn ended(outcome: Outcome) -> RunState {
    RunState::Ended(outcome)
}

fn worker() -> Target {
    Target::Worker { name: "w".into() }
}

/// A run that waited for approval when warrener ended.
fn awaiting(rig: &Rig, said: Option<Word>) -> Run {
    let at = Timestamp::from(now());
    let write = move |ledger: &mut Ledger| {
        let key = IncidentKey {
            code: TriggerCode::Finding(Code::MemoryLow),
            target: Target::Host,
        };
        let (incident, _) = ledger.join(&key, at)?;
        let new = NewRun {
            incident: incident.id,
            playbook: "room".into(),
            target: Target::Host,
            touches: vec![Target::Host],
            source: TriggerSource::Finding,
            mode: RunMode::Approve,
        };
        let run = ledger.propose(&new, at)?;
        let (from, to) = (RunState::Proposed, RunState::AwaitingApproval);
        ledger.advance(run.id, from, to, None, at)?;
        if let Some(word) = said {
            ledger.say(run.id, word, at)?;
        }
        Ok(run)
    };
    rig.wait(rig.ledger.write(write)).unwrap()
}

#[test]
fn what_a_person_said_before_warrener_ended_is_said_still() {
    for (said, state, count) in [
        (None, RunState::AwaitingApproval, ""),
        (Some(Word::Approved), ended(Outcome::Recovered), "x\n"),
        (Some(Word::CalledOff), ended(Outcome::Cancelled), ""),
    ] {
        let rig = Rig::new(APPROVE, MEND);
        rig.make("broken");
        let run = awaiting(&rig, said);
        let _desk = rig.start();
        rig.looks(10);
        assert_eq!(rig.wait_state(state).id, run.id, "{said:?}");
        assert_eq!(rig.text("count"), count, "{said:?}");
    }
}

#[test]
fn an_approval_is_in_the_ledger_before_it_is_acted_on() {
    let rig = Rig::new(APPROVE, MEND);
    rig.make("broken");
    let desk = rig.start();
    let run = rig.wait_state(RunState::AwaitingApproval);
    rig.wait(desk.approve(run.id)).unwrap();
    assert!(rig.read(move |ledger| ledger.said(run.id)).approved);
    rig.wait_state(ended(Outcome::Recovered));
}

#[test]
fn how_it_ended_and_that_it_is_told_are_one() {
    let webhook = "notify: {webhook: {url: 'http://127.0.0.1:1/'}}";
    let failing = MEND.replace("rm -f DIR/broken", "exit 1");
    let rig = Rig::new(&format!("{AUTO}\n{webhook}"), &failing);
    rig.make("broken");
    let _desk = rig.start();
    testbed::wait_until("the run to end", Duration::from_secs(30), || {
        let (ended, told) = rig.read(|ledger| {
            let over = ledger.runs(1)?.iter().any(|run| run.state.is_over());
            Ok((over, ledger.waiting()?.0))
        });
        assert!(!ended || told == 1, "{told}");
        ended
    })
    .unwrap();
}

#[test]
fn a_step_has_its_time_however_long_the_ledger_takes() {
    let rig = Rig::new(AUTO, &MEND.replace("timeout: 5s", "timeout: 1s"));
    rig.make("broken");
    let _desk = rig.start();
    // A disk that is slow, or full for a while: each write takes longer than the step may.
    let over = || rig.runs().iter().any(|run| run.state.is_over());
    while !over() {
        let slow = |_: &mut Ledger| {
            std::thread::sleep(Duration::from_millis(1200));
            Ok(())
        };
        rig.wait(rig.ledger.write(slow)).unwrap();
    }
    rig.wait_state(ended(Outcome::Recovered));
    assert_eq!(rig.text("count"), "x\n");
}

/// What was written to an env file is to be taken back: the file, its backup, and the run.
fn written(rig: &Rig, taken_back: bool) -> RunId {
    let (file, backup) = (rig.path(".env"), rig.path("backup"));
    std::fs::write(&backup, "A=before\n").unwrap();
    std::fs::write(&file, "A=after\n").unwrap();
    let run = rig.left(TriggerCode::Finding(Code::MemoryLow), None);
    let state = rig.setup.config.state.clone();
    let after = vec![crate::recover::actions::file_generation(&file, &state).unwrap()];
    if taken_back {
        std::fs::write(&file, "A=before\n").unwrap();
    }
    let target = Target::EnvFile {
        path: file.display().to_string(),
    };
    let repair = Intent {
        action: "config.repair".into(),
        target: target.clone(),
        ..intent(Risk::Safe)
    };
    let undo = Intent {
        action: words::UNDO.into(),
        target,
        before: after.clone(),
        ..intent(Risk::Safe)
    };
    let done = Done {
        acted_at: None,
        result: StepResult::Done,
        words: "repaired".into(),
        after,
        undo: Some(Undo {
            file: file.display().to_string(),
            backup: backup.display().to_string(),
        }),
    };
    let write = move |ledger: &mut Ledger| {
        let at = Timestamp::from(now());
        let number = ledger.intend(run.id, &repair, at)?;
        ledger.conclude(run.id, number, &done, at)?;
        // warrener ended while this was under way.
        ledger.intend(run.id, &undo, at)
    };
    rig.wait(rig.ledger.write(write)).unwrap();
    run.id
}

#[test]
fn taking_back_goes_on_after_a_crash_and_is_done_once() {
    for taken_back in [false, true] {
        let rig = Rig::new(&format!("{AUTO}\nenv_files: [{{path: .env}}]"), MEND);
        rig.make("broken");
        let id = written(&rig, taken_back);
        let _desk = rig.start();
        rig.wait_state(ended(Outcome::RolledBack));
        assert_eq!(rig.text(".env"), "A=before\n");
        let steps = rig.read(move |ledger| ledger.steps(id));
        let told: Vec<_> = steps
            .iter()
            .map(|step| {
                (
                    step.intent.action.as_str(),
                    step.done.as_ref().unwrap().result,
                )
            })
            .collect();
        let mut expected = vec![("config.repair", StepResult::Done)];
        if !taken_back {
            expected.push(("undo", StepResult::ObservedNotDone));
        }
        expected.push(("undo", StepResult::Undone));
        assert_eq!(told, expected, "{steps:#?}");
        // And the rung was not climbed again.
        assert_eq!(rig.text("count"), "");
    }
}

#[test]
fn a_symptom_does_not_wait_for_a_cause_that_could_not_be_repaired() {
    let rig = left_to_its_cause(false);
    let _desk = rig.start();
    let held = rig.wait_state(ended(Outcome::Held));
    assert_eq!(held.target, worker());
    assert_eq!(rig.read(|ledger| ledger.waiting()).0, 1);
    rig.looks(10);
    assert_eq!(rig.runs().len(), 2);
    // Its cause is over: it is for itself now, at once.
    std::fs::remove_file(rig.path("lost")).unwrap();
    testbed::wait_until("the symptom's own run", Duration::from_secs(30), || {
        rig.runs().len() == 3
    })
    .unwrap();
    assert_eq!(rig.runs()[0].target, worker());
}

#[test]
fn of_one_trouble_and_its_symptom_a_person_is_called_once() {
    let rig = left_to_its_cause(true);
    let _desk = rig.start();
    rig.wait_state(ended(Outcome::Held));
    // What is told of a run is written with its end.
    assert_eq!(rig.read(|ledger| ledger.waiting()).0, 1);
    let told = rig.read(|ledger| ledger.told(IncidentId(1)));
    assert_eq!(told.len(), 1, "of the cause: {told:?}");
}

#[test]
fn a_symptom_that_is_worse_than_its_cause_is_told() {
    let finding = |code, target, severity| Finding {
        code,
        target,
        severity,
        since: now(),
        as_of: now(),
        summary: String::new(),
        evidence: Vec::new(),
        processes: Vec::new(),
        cause: None,
    };
    let of = |severity| finding(Code::BrokerUnreachable, Target::Broker, severity);
    let (cause, down) = (of(Severity::Major), Code::WorkerDown);
    for (severity, worse) in [
        (Severity::Minor, false),
        (Severity::Major, false),
        (Severity::Critical, true),
    ] {
        let own = finding(down, worker(), severity);
        let all = [cause.clone(), own.clone()];
        assert_eq!(cause::is_worse(&own.key(), &cause.key(), &all), worse);
        // Not seen any more, it is no worse.
        assert!(!cause::is_worse(&own.key(), &cause.key(), &all[..1]));
    }
}

/// A worker that is down because of a broker that could not be repaired; whether a person was called
/// about that.
fn left_to_its_cause(called: bool) -> Rig {
    let control = "{command: {start: ['true'], stop: ['true'], status: ['false']}}";
    let found = "match: {cmdline: no-such-worker}";
    let worker_w = format!("workers: {{w: {{{found}, control: {control}}}}}");
    let webhook = "notify: {webhook: {url: 'http://127.0.0.1:1/'}}";
    let config = format!("{{mode: auto}}\n{worker_w}\n{webhook}");
    let rig = Rig::new(&config, MEND);
    rig.make("lost");
    rig.make("down");
    let key = |code, target| IncidentKey {
        code: TriggerCode::Finding(code),
        target,
    };
    let config = std::sync::Arc::clone(&rig.setup.config);
    let write = move |ledger: &mut Ledger| {
        let at = Timestamp::from(now());
        let (broker, _) = ledger.join(&key(Code::BrokerUnreachable, Target::Broker), at)?;
        if called {
            let message = Message {
                kind: Kind::Escalated,
                level: Level::Warning,
                incident: Some(broker.id),
                what: broker.key.to_string(),
                done: Vec::new(),
                evidence: Vec::new(),
                since: None,
                took: None,
                todo: None,
            };
            letters(&config, message, at).put(ledger)?;
        }
        let new = NewRun {
            incident: broker.id,
            playbook: "broker-down".into(),
            target: Target::Broker,
            touches: vec![Target::Broker],
            source: TriggerSource::Finding,
            mode: RunMode::Auto,
        };
        let run = ledger.propose(&new, at)?;
        let running = RunState::Running;
        ledger.advance(run.id, RunState::Proposed, running, None, at)?;
        let failed = ended(Outcome::Failed);
        ledger.advance(run.id, running, failed, None, at)?;
        ledger.join(&key(Code::WorkerDown, worker()), at)
    };
    rig.wait(rig.ledger.write(write)).unwrap();
    rig
}

#[test]
fn of_a_causes_runs_the_newest_says_whether_it_gave_up() {
    let rig = Rig::new(AUTO, MEND);
    let run = rig.left(TriggerCode::Finding(Code::MemoryLow), None);
    let of = |id, outcome| Run {
        id: RunId(id),
        state: ended(outcome),
        ..run.clone()
    };
    let (failed, well) = (of(1, Outcome::Failed), of(2, Outcome::Recovered));
    assert!(cause::gave_up(std::slice::from_ref(&failed)).is_some());
    assert!(cause::gave_up(&[failed.clone(), well]).is_none());
    let again = Run {
        id: RunId(3),
        ..run.clone()
    };
    assert!(cause::gave_up(&[failed, again]).is_none());
    assert!(cause::gave_up(&[]).is_none());
}

#[test]
fn what_comes_back_is_for_the_next_rung_and_never_for_less() {
    let shipped = Playbooks::load(None).unwrap();
    let rungs = |playbook: &str, code: Code| -> Vec<(usize, Rung)> {
        let playbook = shipped.get(playbook).unwrap();
        let code = TriggerCode::Finding(code);
        let rungs = playbook.rungs_for(&code);
        rungs.map(|(at, rung)| (at, rung.clone())).collect()
    };
    let missing = rungs("worker-unhealthy", Code::WorkerMissing);
    let at = |times, most| place(times, &missing, most);
    let most = Some(Risk::Disruptive);
    assert_eq!([1, 2, 3, 10].map(|times| at(times, most)), [0, 0, 1, 1]);
    // What the level does not allow would only be held, and nobody start what is dead.
    let caution = Some(Risk::Safe);
    assert_eq!([3, 4, 10].map(|times| at(times, caution)), [0, 0, 0]);
    assert_eq!([3, 4].map(|times| at(times, None)), [0, 0]);
    // A roll back is not more of a repair, nor is a person.
    let invalid = rungs("config-invalid", Code::ConfigInvalid);
    assert_eq!(place(4, &invalid, Some(Risk::Drastic)), 0);
    let hung = rungs("worker-unhealthy", Code::WorkerHung);
    assert_eq!(place(4, &hung, Some(Risk::Drastic)), 0);
}

#[test]
fn the_third_of_a_kind_begins_higher_and_a_person_is_called_once() {
    let step = |word: &str| {
        format!(
            "  - rung: {word}\n    steps:\n      - {{do: {{command.run: {{argv: [sh, -c, 'echo {word} \
             >> DIR/count; rm -f DIR/broken'], risk: safe}}}}, timeout: 5s}}\n"
        )
    };
    let webhook = "notify: {webhook: {url: 'http://127.0.0.1:1/'}}";
    let ladder = format!("{}{}", step("a"), step("b"));
    let rig = Rig::new(&format!("{AUTO}\n{webhook}"), ladder.trim_end());
    let _desk = rig.start();
    for times in 1..=4 {
        rig.make("broken");
        testbed::wait_until("the repair", Duration::from_secs(60), || {
            let over = |run: &Run| run.state == ended(Outcome::Recovered);
            rig.runs().iter().filter(|run| over(run)).count() == times
        })
        .unwrap();
    }
    assert_eq!(rig.text("count"), "a\na\nb\nb\n");
    let told = |run: &Run| {
        let id = run.id;
        let steps = rig.read(move |ledger| ledger.steps(id));
        let first = &steps[0];
        let done = first.done.clone().unwrap();
        (first.intent.action.clone(), done.result, done.words)
    };
    let runs = rig.runs();
    let (action, result, words) = told(&runs[1]);
    assert_eq!((&*action, result), (words::RECURRENCE, StepResult::Done));
    assert!(words.contains("incident 3 of this kind"), "{words}");
    let (action, result, _) = told(&runs[0]);
    assert_eq!(
        (&*action, result),
        (words::RECURRENCE, StepResult::Needless)
    );
    assert_eq!(told(&runs[2]).0, "command.run");
}
