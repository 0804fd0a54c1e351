//! Lines of a report of little.

use super::super::{Material, Period, Report};
use crate::model::{Level, Past, ScoreSpan, Timestamp};
use crate::publish::status::Status;
use crate::recover::clock::Zone;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn report(period: Period, past: &Past, status: Option<&Status>) -> Report {
    let zone = Zone::utc();
    let material = Material {
        identity: "app-1",
        past,
        status,
        firing: None,
        zone: &zone,
        now: NOW,
    };
    Report::new(period, material)
}

fn past(spans: &[(i64, i64, u8)]) -> Past {
    let day = NOW.0 - 86_400_000;
    let span = |(from, to, low): &(i64, i64, u8)| ScoreSpan {
        since: Timestamp(day + from * 60_000),
        until: Timestamp(day + to * 60_000),
        low: *low,
        mean: f64::from(*low),
        level: Level::of_score(*low),
    };
    Past {
        since: Timestamp(day),
        until: NOW,
        scores: spans.iter().map(span).collect(),
        ..Past::default()
    }
}

fn answer(report: &Report, check: &str) -> String {
    let line = report.lines.iter().find(|line| line.check.contains(check));
    line.unwrap().answer.clone()
}

#[test]
fn a_score_that_nobody_saw_did_not_hold() {
    for (spans, expected) in [
        (&[][..], "not_known"),
        (&[(0, 1440, 95)], "ok"),
        (&[(0, 720, 100)], "not_known"),
        (&[(0, 1438, 100), (1438, 1440, 60)], "look"),
        (&[(700, 720, 60)], "look"),
    ] {
        let report = report(Period::Daily, &past(spans), None);
        assert_eq!(answer(&report, "90 or more"), expected, "{spans:?}");
    }
}

#[test]
fn of_an_empty_ledger_nothing_is_concluded() {
    for period in Period::ALL {
        let report = report(period, &past(&[]), None);
        assert_eq!(report.counts.look, 0, "{report:#?}");
        let ok: Vec<_> = report
            .lines
            .iter()
            .filter(|line| line.answer == "ok")
            .collect();
        // That no incident was written down is known.
        assert!(
            ok.iter().all(|line| line.check.starts_with("incidents")),
            "{ok:#?}"
        );
        let sum = report.counts.ok + report.counts.not_known;
        assert_eq!(sum, report.lines.len() as u64);
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        assert_eq!(Period::from_word(&report.period), Some(period));
    }
    assert_eq!(Period::from_word("yearly"), None);
}

#[test]
fn what_comes_from_outside_is_no_markdown() {
    let mut report = report(Period::Daily, &past(&[]), None);
    report.lines[0].words = "<img> | [a](b) `x`\n# no".into();
    report.lines[0].evidence = vec!["![x](y)".into()];
    let text = report.to_markdown();
    assert!(
        text.contains("\\<img\\> \\| \\[a\\](b) \\`x\\` \\# no |"),
        "{text}"
    );
    assert!(text.contains("- \\!\\[x\\](y)"), "{text}");
}
