//! Timetables over days, restarts and changes of the clocks.

use proptest::prelude::*;

use super::*;
use crate::config::Cron;
use crate::model::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn cron(text: &str) -> Cron {
    text.parse().unwrap()
}

/// Clocks go forward on the last Sunday of March at 02:00, back on that of October at 03:00.
fn berlin() -> Zone {
    Zone::of_rules("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

/// 2026-03-28 00:00 UTC, the day before clocks go forward.
const MARCH: Timestamp = Timestamp(1_774_656_000_000);
/// 2026-10-24 00:00 UTC, the day before clocks go back.
const OCTOBER: Timestamp = Timestamp(1_792_800_000_000);

fn plan(text: &str, from: Timestamp, until: Timestamp, zone: &Zone) -> Vec<String> {
    let mut all = Vec::new();
    let mut at = from;
    while let Some(found) = next(&cron(text), at, zone).filter(|found| *found < until) {
        all.push(zone.words(found));
        at = found;
    }
    all
}

fn later(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp(at.0 + millis)
}

#[test]
fn a_time_of_day_is_local() {
    let zone = berlin();
    let all = plan("0 3 * * *", MARCH, later(MARCH, 3 * DAY), &zone);
    let expected = ["2026-03-28 03:00", "2026-03-29 03:00", "2026-03-30 03:00"];
    assert_eq!(all, expected);
    let utc = Zone::utc();
    assert_eq!(
        next(&cron("0 3 * * *"), MARCH, &utc),
        Some(later(MARCH, 3 * HOUR))
    );
    assert_eq!(zone.name(MARCH), "UTC+01");
    assert_eq!(utc.name(MARCH), "UTC");
}

#[test]
fn what_does_not_exist_is_done_once_after_the_gap() {
    let zone = berlin();
    let all = plan("30 2 * * *", MARCH, later(MARCH, 3 * DAY), &zone);
    let expected = ["2026-03-28 02:30", "2026-03-29 03:00", "2026-03-30 02:30"];
    assert_eq!(all, expected);
    // Six of them lie in the gap, and one is planned at its end.
    let sunday = later(MARCH, DAY);
    let all = plan("*/10 2,3 * * *", sunday, later(sunday, DAY), &zone);
    let expected = ["03:00", "03:10", "03:20", "03:30", "03:40", "03:50"];
    assert_eq!(all, expected.map(|time| format!("2026-03-29 {time}")));
}

#[test]
fn what_exists_twice_is_done_once() {
    let zone = berlin();
    let sunday = later(OCTOBER, DAY - 2 * HOUR);
    let all = plan("30 2 * * *", sunday, later(sunday, DAY), &zone);
    assert_eq!(all, ["2026-10-25 02:30"]);
    let first = next(&cron("30 2 * * *"), sunday, &zone).unwrap();
    // It is 02:30 again an hour later.
    let again = later(first, HOUR);
    assert_eq!(zone.words(again), "2026-10-25 02:30");
    assert_eq!(due(&cron("30 2 * * *"), first, again, &zone), None);
    // Who was not there the first time does it the second time.
    let missed = due(&cron("30 2 * * *"), sunday, again, &zone);
    assert_eq!(missed, Some(first));
}

#[test]
fn days_of_month_and_week_are_as_in_crontab() {
    let zone = Zone::utc();
    // 2026-03-28 is a Saturday.
    let either = plan("0 0 1 * mon", MARCH, later(MARCH, 10 * DAY), &zone);
    let expected = ["2026-03-30 00:00", "2026-04-01 00:00", "2026-04-06 00:00"];
    assert_eq!(either, expected);
    let leap = next(&cron("0 0 29 2 *"), MARCH, &zone).unwrap();
    assert_eq!(zone.words(leap), "2028-02-29 00:00");
    assert_eq!(next(&cron("0 0 31 2 *"), MARCH, &zone), None);
}

#[test]
fn what_was_missed_is_done_once_within_a_day() {
    let (zone, every) = (Zone::utc(), cron("0 * * * *"));
    let missed = |down: i64| due(&every, MARCH, later(MARCH, down), &zone);
    assert_eq!(missed(59 * MINUTE), None);
    assert_eq!(missed(HOUR), Some(later(MARCH, HOUR)));
    assert_eq!(missed(5 * HOUR + MINUTE), Some(later(MARCH, 5 * HOUR)));
    let weekly = cron("0 3 * * sat");
    let at = later(MARCH, 3 * HOUR);
    let before = later(MARCH, -DAY);
    assert_eq!(due(&weekly, before, later(at, DAY - 1), &zone), Some(at));
    assert_eq!(due(&weekly, before, later(at, DAY), &zone), None);
    assert_eq!(due(&weekly, at, later(at, MINUTE), &zone), None);
}

proptest! {
    /// Whoever looks at any instants, in order, does each planned time at most once, and none that
    /// was not planned.
    #[test]
    fn looked_at_whenever_it_is_done_once(
        start in 0i64..400,
        steps in proptest::collection::vec(1i64..40 * HOUR, 1..60),
        text in prop_oneof!["0 3 \\* \\* \\*", "\\*/7 2 \\* \\* \\*", "30 2 \\* \\* sun", "0 0 1 \\* \\*"],
    ) {
        let (zone, cron) = (berlin(), cron(&text));
        let mut now = later(MARCH, start * DAY);
        let mut last = now;
        for step in steps {
            now = later(now, step);
            if let Some(at) = due(&cron, last, now, &zone) {
                prop_assert!(at > last && at <= now && now.since(at) < LATE);
                prop_assert_eq!(next(&cron, Timestamp(at.0 - 1), &zone), Some(at));
                last = at;
            }
            prop_assert_eq!(due(&cron, last, now, &zone), None);
            prop_assert!(next(&cron, now, &zone).is_some_and(|at| at > now));
        }
    }
}
