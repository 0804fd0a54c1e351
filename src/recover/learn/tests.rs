//! Scores and forecasts over time.

use std::time::{Instant, SystemTime};

use super::*;
use crate::model::{
    Assessment, Finding, Forecast, Forecasted, Level, Moment, PastForecast, ScoreSpan, Severity,
};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + 1000 * seconds)
}

fn span(since: i64, until: i64, low: u8, mean: f64) -> ScoreSpan {
    ScoreSpan {
        since: later(since),
        until: later(until),
        low,
        mean,
        level: Level::of_score(low),
    }
}

fn log(scores: &[(i64, u8)]) -> Vec<ScoreSpan> {
    let mut log = ScoreLog::default();
    let each = scores.iter();
    each.flat_map(|(at, score)| log.push(later(*at), *score, Level::of_score(*score)))
        .collect()
}

#[test]
fn a_span_ends_with_the_minute_and_with_the_level() {
    let steady: Vec<_> = (0..=24).map(|n| (5 * n, 100)).collect();
    assert_eq!(
        log(&steady),
        [span(0, 60, 100, 100.0), span(60, 120, 100, 100.0)]
    );
    let fall = log(&[(0, 100), (5, 90), (10, 60), (15, 60), (20, 100)]);
    assert_eq!(fall, [span(0, 10, 90, 95.0), span(10, 20, 60, 60.0)]);
}

#[test]
fn what_nobody_looked_at_is_not_known() {
    let gap = log(&[(0, 100), (5, 100), (1000, 100), (1005, 60)]);
    assert_eq!(gap, [span(0, 65, 100, 100.0), span(1000, 1005, 100, 100.0)]);
    let held = held(&gap);
    assert_eq!((held.seen, held.normal, held.falls), (70.0, 70.0, 0));
    // The clock was set back.
    assert_eq!(log(&[(0, 100), (5, 100), (-500, 100), (-495, 60)]).len(), 2);
}

#[test]
fn a_long_time_is_told_in_few_points() {
    let day: Vec<_> = (0..24)
        .map(|hour| span(3600 * hour, 3600 * (hour + 1), 100, 100.0))
        .chain([span(86_400, 86_460, 40, 40.0)])
        .collect();
    let all = thinned(&day, NOW, later(2 * 86_400), 4);
    assert_eq!(all.len(), 3);
    assert_eq!((all[2].low, all[2].level), (40, Level::Critical));
    assert!((all[0].mean - 100.0).abs() < 1e-9);
    assert_eq!(all[0].since, NOW);
    let held = held(&day);
    assert_eq!((held.low, held.falls), (Some(40), 1));
    assert!((held.normal - 86_400.0).abs() < 1e-9);
}

fn disk() -> Target {
    Target::Disk { path: "/".into() }
}

fn assessment(codes: &[Code]) -> Assessment {
    let at = Moment::new(Instant::now(), SystemTime::now());
    let finding = |code: &Code| Finding {
        code: *code,
        target: disk(),
        severity: Severity::Minor,
        since: at,
        as_of: at,
        summary: String::new(),
        evidence: Vec::new(),
        processes: Vec::new(),
        cause: None,
    };
    Assessment {
        at,
        score: 89,
        level: Level::Caution,
        level_held: false,
        mean: 98,
        cap: None,
        components: Vec::new(),
        findings: codes.iter().map(finding).collect(),
        coverage: Vec::new(),
        forecasts: vec![Forecast {
            what: Forecasted::DiskFree,
            target: disk(),
            value: 1e9,
            limit: 0.0,
            per_second: (-1e6, -5e5, -2e6),
            seconds: 1000.0,
            seconds_between: (500.0, 2000.0),
        }],
        verdicts: Vec::new(),
    }
}

#[test]
fn a_forecast_is_for_as_long_as_it_said_and_proven_by_what_it_warned_of() {
    let foretold = assessment(&[Code::DiskWillFill]);
    let made = ForecastChange::Made {
        code: Code::DiskWillFill,
        target: disk(),
        due: later(2000),
    };
    assert_eq!(follow(&[], &foretold, NOW), [made]);
    let open = [PastForecast {
        id: 7,
        code: Code::DiskWillFill,
        target: disk(),
        made_at: NOW,
        due_at: later(2000),
        end: None,
    }];
    let (quiet, low) = (assessment(&[]), assessment(&[Code::DiskLow]));
    assert_eq!(follow(&open, &foretold, later(10)), []);
    // It is no longer told, and not decided before it is due.
    assert_eq!(follow(&open, &quiet, later(1999)), []);
    let decided = |end| [ForecastChange::Decided(7, end)];
    assert_eq!(
        follow(&open, &low, later(1999)),
        decided(ForecastEnd::CameTrue)
    );
    assert_eq!(
        follow(&open, &quiet, later(2001)),
        decided(ForecastEnd::DidNot)
    );
    // What came after it was due came too late.
    assert_eq!(
        follow(&open, &low, later(2001)),
        decided(ForecastEnd::DidNot)
    );
    assert_eq!(
        follow(&open, &quiet, later(9000)),
        decided(ForecastEnd::Unseen)
    );
    // What is the case already is no forecast.
    let both = assessment(&[Code::DiskWillFill, Code::DiskLow]);
    assert_eq!(follow(&[], &both, NOW), []);
}

#[test]
fn few_cases_tell_nothing() {
    let share = |hits, n| Share { hits, n };
    assert_eq!(share(9, 9).words(), "9 of 9, not enough data");
    assert_eq!(share(47, 50).words(), "47 of 50 (84-98 %)");
    let helped = |recovered, by_itself| Helped {
        code: "WorkerDown".into(),
        playbook: "worker-unhealthy".into(),
        rung: 0,
        actions: vec!["worker.start".into()],
        recovered,
        by_itself,
        recovered_in: Some(9.0),
        by_itself_in: Some(40.0),
    };
    for (recovered, by_itself, expected) in [
        (share(9, 9), share(0, 30), Comparison::NotEnough),
        (share(28, 30), share(2, 32), Comparison::Helps),
        (share(3, 30), share(80, 110), Comparison::NoBetter),
        (share(6, 10), share(6, 16), Comparison::Unclear),
    ] {
        let one = helped(recovered, by_itself);
        assert_eq!(one.comparison(), expected, "{}", one.words());
    }
    let often = helped(share(28, 30), share(80, 110));
    assert!(
        often.words().ends_with(
            "half of them within 40 s: a longer `for` in the rule would spare the action"
        )
    );
}
