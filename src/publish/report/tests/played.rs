//! Writes a planted year down as the engine would have.

use std::path::Path;

use super::planted::{Course, DAY, Dice, Event, HOUR, SECOND, START, Scale, planted, worker};
use crate::model::{
    Code, Done, ForecastEnd, Incident, IncidentKey, Intent, Level, Outcome, Risk, RunMode,
    RunState, ScoreSpan, StepResult, Target, Timestamp, Trigger, TriggerCode, TriggerSource,
    TriggerStatus,
};
use crate::recover::ledger::{Ledger, NewRun, Wanted};

/// Writes it down as the engine does.
pub(super) fn play(ledger: &mut Ledger, event: &Event) {
    let at = |seconds: i64| Timestamp(event.at + seconds * SECOND);
    let source = match event.course {
        Course::Clock => TriggerSource::Clock,
        _ => TriggerSource::Alertmanager,
    };
    let trigger = |status| Trigger {
        source,
        code: event.code.clone(),
        target: event.target.clone(),
        status,
        fingerprint: match event.course {
            Course::Clock => format!("clock:{}", event.at),
            _ => format!("{}{}", event.code, event.target.key()),
        },
        starts_at: Some(at(-5)),
        labels: [("severity".to_owned(), "warning".to_owned())].into(),
    };
    let firing = [trigger(TriggerStatus::Firing)];
    ledger.receive(&firing, &[], at(0)).unwrap();
    let wanted = match event.course {
        Course::Clears(_) => Wanted::No,
        _ => Wanted::Own,
    };
    let taken = ledger.take_up(10, at(1), |_| wanted).unwrap();
    let over = match (event.course, taken.into_iter().find_map(|taken| taken.1)) {
        (Course::Clears(seconds), _) => seconds,
        (course, Some(incident)) => run(ledger, &incident, source, course, at),
        (_, None) => panic!("no incident of {}", event.code),
    };
    if source != TriggerSource::Clock {
        let resolved = [trigger(TriggerStatus::Resolved)];
        ledger.receive(&resolved, &[], at(over + 5)).unwrap();
        ledger.take_up(10, at(over + 6), |_| wanted).unwrap();
    }
}

fn run(
    ledger: &mut Ledger,
    incident: &Incident,
    source: TriggerSource,
    course: Course,
    at: impl Fn(i64) -> Timestamp,
) -> i64 {
    let IncidentKey { code, target } = &incident.key;
    let playbook = match code {
        TriggerCode::Asked(name) => name.clone(),
        code => code.finding().unwrap().remedy().as_str().to_owned(),
    };
    let new = NewRun {
        incident: incident.id,
        playbook,
        target: target.clone(),
        touches: vec![target.clone()],
        source,
        mode: RunMode::Auto,
    };
    let id = ledger.propose(&new, at(2)).unwrap().id;
    let over = if let Course::Heals(seconds) = course {
        let ended = RunState::Ended(Outcome::SelfResolved);
        ledger
            .advance(id, RunState::Proposed, ended, None, at(seconds))
            .unwrap();
        seconds
    } else {
        let (proposed, running) = (RunState::Proposed, RunState::Running);
        ledger.advance(id, proposed, running, None, at(3)).unwrap();
        let actions: &[&str] = match target {
            Target::Worker { .. } => &["worker.stop", "worker.start"],
            _ => &["logs.cleanup"],
        };
        for action in actions {
            let intent = Intent {
                rung: 0,
                attempt: 1,
                action: (*action).into(),
                risk: Risk::Safe,
                target: target.clone(),
                plan: "what a step of this kind says that it will do".into(),
                before: vec![crate::model::Generation::Absent],
            };
            let step = ledger.intend(id, &intent, at(4)).unwrap();
            let done = Done {
                acted_at: Some(at(5)),
                result: StepResult::Done,
                words: "what a step of this kind says that it did".into(),
                after: Vec::new(),
                undo: None,
            };
            ledger.conclude(id, step, &done, at(6)).unwrap();
        }
        let verifying = RunState::Verifying;
        ledger.advance(id, running, verifying, None, at(7)).unwrap();
        let outcome = match course {
            Course::Acted(false) => Outcome::Failed,
            _ => Outcome::Recovered,
        };
        ledger
            .advance(id, verifying, RunState::Ended(outcome), None, at(37))
            .unwrap();
        37
    };
    ledger.close(incident.id, at(over + 1)).unwrap();
    over
}

/// Forecasts of a disk, of which three of four come true; too few of memory.
fn foretell(ledger: &mut Ledger) {
    let mut one = |code: Code, target: Target, n: i64, end: ForecastEnd| {
        let made = Timestamp(START + n * 9 * DAY);
        let (due, decided) = (Timestamp(made.0 + 4 * HOUR), Timestamp(made.0 + 3 * HOUR));
        ledger.foresee(code, &target, made, due).unwrap();
        let id = ledger.open_forecasts().unwrap()[0].id;
        ledger.decide_forecast(id, end, decided).unwrap();
    };
    for n in 0..40 {
        let end = match n % 4 {
            0 => ForecastEnd::DidNot,
            _ => ForecastEnd::CameTrue,
        };
        one(
            Code::DiskWillFill,
            Target::Disk {
                path: "/data".into(),
            },
            n,
            end,
        );
    }
    for n in 0..8 {
        one(
            Code::WorkerMemoryGrowing,
            worker("task"),
            n,
            ForecastEnd::CameTrue,
        );
    }
}

/// An hour a row; each day ten minutes at 60.
fn score(ledger: &mut Ledger) {
    for day in 0..365 {
        let at = |minutes: i64| Timestamp(START + day * DAY + minutes * 60 * SECOND);
        let span = |from, to, low| ScoreSpan {
            since: at(from),
            until: at(to),
            low,
            mean: f64::from(low),
            level: Level::of_score(low),
        };
        let mut spans: Vec<_> = (0..23)
            .map(|hour| span(60 * hour, 60 * hour + 60, 100))
            .collect();
        spans.extend([span(1380, 1390, 60), span(1390, 1440, 100)]);
        ledger.keep_scores(&spans).unwrap();
    }
}

pub(super) fn year(scale: &Scale, folder: &Path) -> (Ledger, usize) {
    let mut ledger = Ledger::open(folder, Timestamp(START)).unwrap();
    let events = planted(scale, &mut Dice(0x5eed));
    for event in &events {
        play(&mut ledger, event);
    }
    foretell(&mut ledger);
    score(&mut ledger);
    (ledger, events.len())
}
