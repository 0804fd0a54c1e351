//! What is remembered of the world, and read back.

use super::*;
use crate::model::{Code, ForecastEnd, Level, Outcome, ScoreSpan};

fn span(since: i64, until: i64, low: u8) -> ScoreSpan {
    ScoreSpan {
        since: later(since),
        until: later(until),
        low,
        mean: f64::from(low),
        level: Level::of_score(low),
    }
}

#[test]
fn an_even_score_is_one_row_an_hour() {
    let (folder, mut ledger) = fresh();
    for minute in 0..90 {
        let span = span(60 * minute, 60 * minute + 60, 100);
        ledger.keep_scores(&[span]).unwrap();
    }
    ledger.keep_scores(&[span(5400, 5410, 60)]).unwrap();
    // Nobody looked for a while.
    ledger.keep_scores(&[span(6000, 6060, 60)]).unwrap();
    drop(ledger);
    let ledger = open(folder.path());
    let all = ledger.scores(NOW, later(10_000)).unwrap();
    let expected = [
        span(0, 3600, 100),
        span(3600, 5400, 100),
        span(5400, 5410, 60),
        span(6000, 6060, 60),
    ];
    assert_eq!(all, expected);
    let cut = ledger.scores(later(1800), later(5405)).unwrap();
    let expected = [
        span(1800, 3600, 100),
        span(3600, 5400, 100),
        span(5400, 5405, 60),
    ];
    assert_eq!(cut, expected);
}

#[test]
fn a_planned_time_is_done_once_also_across_a_restart() {
    let (folder, mut ledger) = fresh();
    let planned = Planned {
        triggers: batch(1),
        notices: Vec::new(),
    };
    assert_eq!(ledger.last_planned("a", NOW).unwrap(), NOW);
    assert_eq!(ledger.last_planned("a", later(60)).unwrap(), NOW);
    let at = later(60);
    assert!(ledger.do_planned("a", at, &planned, later(61)).unwrap());
    drop(ledger);
    let mut ledger = open(folder.path());
    assert!(!ledger.do_planned("a", at, &planned, later(62)).unwrap());
    assert_eq!(ledger.last_planned("a", later(63)).unwrap(), at);
    assert_eq!(ledger.pending(10).unwrap().len(), 1);
    // A clock that was years ahead does not keep it from being done.
    let never = later(10 * 365 * 86_400);
    assert!(ledger.do_planned("a", never, &planned, never).unwrap());
    assert_eq!(ledger.last_planned("a", later(70)).unwrap(), later(70));
    // Where it can't be written as a whole, it was not done.
    ledger.only_read(true);
    ledger
        .do_planned("a", later(80), &planned, later(81))
        .unwrap_err();
    ledger.only_read(false);
    assert!(
        ledger
            .do_planned("a", later(80), &planned, later(82))
            .unwrap()
    );
}

#[test]
fn what_was_foreseen_is_decided_once() {
    let (_folder, mut ledger) = fresh();
    let (code, target) = (Code::WorkerMemoryGrowing, worker("task"));
    ledger.foresee(code, &target, NOW, later(100)).unwrap();
    ledger.foresee(code, &target, later(1), later(101)).unwrap();
    let open = ledger.open_forecasts().unwrap();
    assert_eq!((open.len(), open[0].made_at), (1, NOW));
    let id = open[0].id;
    ledger
        .decide_forecast(id, ForecastEnd::DidNot, later(100))
        .unwrap();
    ledger
        .decide_forecast(id, ForecastEnd::CameTrue, later(100))
        .unwrap_err();
    ledger
        .foresee(code, &target, later(200), later(300))
        .unwrap();
    let run = running(&mut ledger, "task");
    ledger.intend(run.id, &intent(), later(250)).unwrap();
    let id = ledger.open_forecasts().unwrap()[0].id;
    ledger
        .decide_forecast(id, ForecastEnd::DidNot, later(300))
        .unwrap();
    let past = ledger.past(NOW, later(1000)).unwrap();
    let ends: Vec<_> = past.forecasts.iter().map(|f| f.end.unwrap().1).collect();
    assert_eq!(ends, [ForecastEnd::DidNot, ForecastEnd::Acted]);
}

#[test]
fn the_past_is_read_as_it_was_written() {
    let (_folder, mut ledger) = fresh();
    let firing = trigger("a", TriggerStatus::Firing);
    let clear = trigger("a", TriggerStatus::Resolved);
    ledger
        .receive(std::slice::from_ref(&firing), &[], NOW)
        .unwrap();
    ledger
        .receive(std::slice::from_ref(&firing), &[], later(5))
        .unwrap();
    ledger.take_up(10, NOW, |_| Wanted::Own).unwrap();
    ledger.receive(&[clear], &[], later(30)).unwrap();
    ledger.receive(&[firing], &[], later(60)).unwrap();
    let run = running(&mut ledger, "task");
    let step = ledger.intend(run.id, &intent(), later(1)).unwrap();
    let done = crate::model::Done {
        acted_at: Some(later(1)),
        result: crate::model::StepResult::Done,
        words: "done".into(),
        after: Vec::new(),
        undo: None,
    };
    ledger.conclude(run.id, step, &done, later(2)).unwrap();
    let failed = RunState::Ended(Outcome::Failed);
    ledger
        .advance(run.id, RunState::Running, failed, None, later(3))
        .unwrap();
    let past = ledger.past(NOW, later(100)).unwrap();
    assert_eq!(
        (past.incidents.len(), past.runs.len(), past.alerts.len()),
        (1, 1, 2)
    );
    let fired: Vec<_> = past
        .alerts
        .iter()
        .map(|a| (a.fired_at, a.cleared_at))
        .collect();
    assert_eq!(fired, [(NOW, Some(later(30))), (later(60), None)]);
    assert_eq!(past.alerts[0].incident, Some(past.incidents[0].id));
    let (run, code) = (&past.runs[0], &past.runs[0].code);
    assert_eq!(
        (run.run.state, code.to_string().as_str()),
        (failed, "WorkerDown")
    );
    assert!(run.steps[0].acted() && run.steps[0].action == "worker.start");
    assert_eq!(ledger.past(later(100), later(200)).unwrap().runs, []);
}
