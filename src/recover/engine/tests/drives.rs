//! Whole runs.

use std::time::{Duration, Instant};

use super::rig::{Rig, intent, now};
use crate::model::*;
use crate::recover::desk::{Answer, Ask};
use crate::recover::engine::drive::Drive;
use crate::recover::ledger::{Ledger, NewRun, Noticed};
use crate::recover::notify::{Kind, Message, letters};

const AUTO: &str = "{mode: auto, reflex: true, budget: {target: 50 per 1h, host: 50 per 1h}}";

/// One rung with these scripts, each a risk and a line of shell.
fn rung(steps: &[(&str, &str)]) -> String {
    let steps: Vec<String> = steps
        .iter()
        .map(|(risk, script)| {
            format!(
                "      - {{do: {{command.run: {{argv: [sh, -c, '{script}'], risk: {risk}}}}}, timeout: 1s}}"
            )
        })
        .collect();
    format!("  - rung: only\n    steps:\n{}", steps.join("\n"))
}

fn mend() -> String {
    rung(&[("disruptive", "echo x >> DIR/count; rm -f DIR/broken")])
}

fn ended(outcome: Outcome) -> RunState {
    RunState::Ended(outcome)
}

#[test]
fn what_helped_is_verified_and_its_incident_closed_at_once() {
    let rig = Rig::new(AUTO, &mend());
    rig.make("broken");
    let _desk = rig.start();
    rig.wait_state(ended(Outcome::Recovered));
    assert_eq!(rig.open(), 0);
    rig.looks(20);
    assert_eq!(rig.text("count"), "x\n");
    assert_eq!(rig.runs().len(), 1);
}

#[test]
fn what_did_not_help_rests_and_its_incident_stays_open() {
    let rig = Rig::new(AUTO, &rung(&[("safe", "exit 1")]));
    rig.make("broken");
    let _desk = rig.start();
    rig.wait_state(ended(Outcome::Failed));
    rig.looks(20);
    assert_eq!((rig.runs().len(), rig.open()), (1, 1));
}

#[test]
fn a_pause_holds_and_the_run_goes_on_when_it_is_over() {
    let rig = Rig::new(AUTO, &mend());
    let desk = rig.start();
    let pause = Pause {
        target: None,
        since: now().into(),
        until: None,
        reason: "a test".into(),
    };
    rig.wait(desk.pause(pause)).unwrap();
    rig.make("broken");
    rig.wait_state(RunState::Held(HoldReason::Paused));
    rig.looks(10);
    assert_eq!(rig.text("count"), "");
    assert!(rig.wait(desk.resume(None)).unwrap());
    rig.wait_state(ended(Outcome::Recovered));
    assert_eq!(rig.text("count"), "x\n");
}

#[test]
fn a_hold_takes_nothing_of_a_steps_time() {
    let rig = Rig::new(AUTO, &mend());
    rig.make("calm");
    rig.make("broken");
    let run = rig.left(TriggerCode::Finding(Code::MemoryLow), None);
    let engine = rig.still();
    let id = run.incident;
    let incident = rig.read(move |l| l.incident(id)).unwrap();
    let playbook = rig.setup.playbooks.get("room").unwrap().clone();
    rig.looks(2);
    let mut drive = Drive::new(engine.shared.clone(), run, incident, Vec::new());
    let stepping = std::thread::scope(|scope| {
        let stepping = scope.spawn(|| {
            let step = &playbook.ladder[0].steps[0];
            rig.wait(drive.step(&playbook, 0, step))
        });
        rig.wait_state(RunState::Held(HoldReason::Level));
        let until = Instant::now() + Duration::from_millis(1500);
        while Instant::now() < until {
            rig.looks(1);
        }
        std::fs::remove_file(rig.path("calm")).unwrap();
        stepping.join().unwrap()
    });
    assert_eq!(stepping.unwrap(), Ok(true));
    assert_eq!(rig.text("count"), "x\n");
}

#[test]
fn a_ledger_that_is_not_written_takes_nothing_of_a_steps_time_and_the_step_is_planned_anew() {
    let rig = Rig::new(AUTO, &rung(&[("safe", "echo x >> DIR/count")]));
    rig.make("broken");
    let run = rig.left(TriggerCode::Finding(Code::MemoryLow), None);
    let engine = rig.still();
    let (id, incident) = (run.id, run.incident);
    let incident = rig.read(move |l| l.incident(incident)).unwrap();
    let playbook = rig.setup.playbooks.get("room").unwrap().clone();
    rig.looks(2);
    let mut drive = Drive::new(engine.shared.clone(), run, incident, Vec::new());
    let (stuck, is_stuck) = std::sync::mpsc::channel();
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let stepped = std::thread::scope(|scope| {
        let stuck = rig.ledger.write(move |_| {
            stuck.send(()).unwrap();
            goes.recv().ok();
            Ok(())
        });
        scope.spawn(|| rig.wait(stuck).unwrap());
        is_stuck.recv().unwrap();
        let stepping = scope.spawn(|| {
            let step = &playbook.ladder[0].steps[0];
            rig.wait(drive.step(&playbook, 0, step))
        });
        let until = Instant::now() + Duration::from_millis(3000);
        while Instant::now() < until {
            rig.looks(1);
        }
        go.send(()).unwrap();
        stepping.join().unwrap()
    });
    assert_eq!(stepped.unwrap(), Ok(true));
    assert_eq!(rig.text("count"), "x\n");
    let results: Vec<_> = rig
        .read(move |l| l.steps(id))
        .into_iter()
        .filter_map(|step| Some(step.done?.result))
        .collect();
    assert_eq!(results, [StepResult::ObservedNotDone, StepResult::Done]);
}

#[test]
fn what_is_over_while_it_is_held_is_not_acted_on() {
    let rig = Rig::new(AUTO, &mend());
    rig.make("calm");
    rig.make("broken");
    let _desk = rig.start();
    rig.wait_state(RunState::Held(HoldReason::Level));
    std::fs::remove_file(rig.path("broken")).unwrap();
    rig.wait_state(ended(Outcome::SelfResolved));
    assert_eq!((rig.text("count"), rig.open()), (String::new(), 0));
}

#[test]
fn what_nothing_may_answer_leaves_no_triggers_behind() {
    let rig = Rig::new("{mode: \"off\", reflex: true}", &mend());
    rig.make("broken");
    let alert = Trigger {
        source: TriggerSource::Alertmanager,
        code: TriggerCode::Finding(Code::MemoryLow),
        target: Target::Host,
        status: TriggerStatus::Firing,
        fingerprint: "one".into(),
        starts_at: None,
        labels: Default::default(),
    };
    let received = rig
        .ledger
        .write(move |l| l.receive(&[alert], &[], now().into()));
    rig.wait(received).unwrap();
    let _desk = rig.start();
    rig.looks(30);
    assert_eq!(rig.read(|l| l.pending_count()), 0);
    assert_eq!(rig.read(|l| l.trigger(TriggerId(2))), None);
    assert_eq!(rig.runs(), []);
}

#[test]
fn an_alert_that_still_fires_opens_its_incident_again() {
    let rig = Rig::new("{mode: auto}", &mend());
    rig.make("broken");
    let alert = Trigger {
        source: TriggerSource::Alertmanager,
        code: TriggerCode::Finding(Code::MemoryLow),
        target: Target::Host,
        status: TriggerStatus::Firing,
        fingerprint: "one".into(),
        starts_at: None,
        labels: Default::default(),
    };
    let received = rig
        .ledger
        .write(move |l| l.receive(&[alert], &[], now().into()));
    rig.wait(received).unwrap();
    let _desk = rig.start();
    rig.wait_state(ended(Outcome::Recovered));
    rig.make("broken");
    testbed::wait_until("the second repair", Duration::from_secs(30), || {
        rig.text("count") == "x\nx\n"
    })
    .unwrap();
    assert_eq!(rig.read(|l| l.trigger(TriggerId(2))), None);
}

#[test]
fn a_program_that_was_under_way_at_the_end_is_not_run_again() {
    for (risk, outcome, count) in [
        (Risk::Disruptive, Outcome::Failed, ""),
        (Risk::Safe, Outcome::Recovered, "x\n"),
    ] {
        let script = "echo x >> DIR/count; rm -f DIR/broken";
        let rig = Rig::new(AUTO, &rung(&[(risk.as_str(), script)]));
        rig.make("broken");
        rig.left(TriggerCode::Finding(Code::MemoryLow), Some(risk));
        let _desk = rig.start();
        rig.wait_state(ended(outcome));
        assert_eq!(rig.text("count"), count, "{risk}");
    }
}

#[test]
fn what_a_person_asks_is_run_though_an_older_wish_was_never_closed() {
    let rig = Rig::new(AUTO, &mend());
    let asked = TriggerCode::Asked("room".into());
    let old = rig.left(asked, None);
    let over = rig.ledger.write(move |ledger| {
        let to = ended(Outcome::Cancelled);
        ledger.advance(old.id, RunState::Running, to, None, now().into())
    });
    rig.wait(over).unwrap();
    let desk = rig.start();
    rig.looks(10);
    let ask = Ask {
        playbook: "room".into(),
        target: Some(Target::Host),
        dry_run: false,
        source: TriggerSource::Command,
    };
    let Answer::Run(new) = rig.wait(desk.ask(ask)).unwrap() else {
        panic!("a plan");
    };
    assert_ne!(new, old.id);
}

#[test]
fn what_follows_from_a_run_joins_it_and_stands_for_itself_when_that_is_over() {
    let worker = "workers: {w: {match: {cmdline: nobody-is-called-so}}}";
    let rig = Rig::new(&format!("{AUTO}\n{worker}"), &mend());
    let run = rig.left(TriggerCode::Finding(Code::MemoryLow), None);
    let id = run.id;
    let target = Target::Worker { name: "w".into() };
    let stop = Intent {
        action: "worker.stop".into(),
        target: target.clone(),
        ..intent(Risk::Disruptive)
    };
    let write = rig.ledger.write(move |l| l.intend(id, &stop, now().into()));
    rig.wait(write).unwrap();
    let alert = Trigger {
        source: TriggerSource::Alertmanager,
        code: TriggerCode::Finding(Code::WorkerDown),
        target,
        status: TriggerStatus::Firing,
        fingerprint: "one".into(),
        starts_at: None,
        labels: Default::default(),
    };
    let received = rig
        .ledger
        .write(move |l| l.receive(&[alert], &[], now().into()));
    rig.wait(received).unwrap();
    rig.make("down");
    let mut engine = rig.still();
    rig.looks(2);
    let world = engine.shared.world().unwrap();
    for _ in 0..2 {
        rig.wait(engine.take_up(&world)).unwrap();
        rig.wait(engine.again(&world)).unwrap();
    }
    assert_eq!((rig.open(), rig.read(|l| l.pending_count())), (1, 0));
    let over = rig.ledger.write(move |l| {
        let to = ended(Outcome::Failed);
        l.advance(id, RunState::Running, to, None, now().into())
    });
    rig.wait(over).unwrap();
    rig.wait(engine.again(&world)).unwrap();
    rig.wait(engine.take_up(&world)).unwrap();
    assert_eq!(rig.open(), 2);
}

/// An emergency that warrener ended in when it was calling a person, before or after that was put down.
fn calling(rig: &Rig, told: bool) -> Run {
    let (at, config) = (Timestamp::from(now()), rig.setup.config.clone());
    let write = move |ledger: &mut Ledger| {
        let key = IncidentKey {
            code: TriggerCode::from_text("HealthCritical").unwrap(),
            target: Target::Host,
        };
        let (incident, _) = ledger.join(&key, at)?;
        let new = NewRun {
            incident: incident.id,
            playbook: "emergency".into(),
            target: Target::Host,
            touches: vec![Target::Host],
            source: TriggerSource::Alertmanager,
            mode: RunMode::Auto,
        };
        let run = ledger.propose(&new, at)?;
        ledger.advance(run.id, RunState::Proposed, RunState::Running, None, at)?;
        let intent = Intent {
            action: "escalate".into(),
            ..intent(Risk::Safe)
        };
        ledger.intend(run.id, &intent, at)?;
        let message = Message {
            kind: Kind::Emergency,
            level: Level::Critical,
            incident: Some(incident.id),
            what: "as it was then".into(),
            done: Vec::new(),
            evidence: Vec::new(),
            since: None,
            took: None,
            todo: None,
        };
        if told {
            letters(&config, message, at).put(ledger)?;
        }
        Ok(run)
    };
    rig.wait(rig.ledger.write(write)).unwrap()
}

#[test]
fn a_person_is_called_of_an_emergency_once_wherever_warrener_ended() {
    for told in [false, true] {
        let recovery = format!("{AUTO}\nnotify: {{webhook: {{url: 'http://127.0.0.1:1/'}}}}");
        let rig = Rig::new(&recovery, &mend());
        let run = calling(&rig, told);
        let _desk = rig.start();
        testbed::wait_until("a person called", Duration::from_secs(30), || {
            let steps = rig.read(move |ledger| ledger.steps(run.id));
            let done = |step: &Step| step.done.as_ref().map(|done| done.result);
            let results: Vec<_> = steps.iter().map(done).collect();
            match results[..] {
                [Some(StepResult::ObservedNotDone), Some(StepResult::Done)] => Ok(()),
                _ => Err(format!("{results:?}")),
            }
        })
        .unwrap();
        let all = Timestamp(0);
        let notices = rig.read(move |l| l.noticed("webhook", Some(run.incident), all));
        let emergency = |one: &&Noticed| one.body["message"]["kind"] == "emergency";
        assert_eq!(notices.iter().filter(emergency).count(), 1, "told: {told}");
    }
}
