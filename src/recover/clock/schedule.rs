//! When a line of a timetable is planned for.

use std::time::Duration;

use super::zone::{Civil, Zone};
use crate::config::Cron;
use crate::model::Timestamp;

/// What was planned longer ago than this, while warrener did not run, is left out.
pub const LATE: Duration = Duration::from_secs(86_400);
/// The calendar repeats itself within so many days, but for a leap day on a day of the week.
const DAYS: usize = 12 * 366;

/// The first planned time after `after`; `None` for what is never, as the 31st of February.
pub fn next(cron: &Cron, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
    let mut days = zone
        .days_from(after)
        .take(DAYS)
        .filter(|day| fits(cron, day.civil()));
    days.find_map(|day| {
        let mut times = times(cron).map(|(hour, minute)| zone.instant(day, hour, minute));
        times.find(|at| *at > after)
    })
}

/// The newest planned time that has come at `now`, is not older than [`LATE`], and lies after
/// `last`, the one that was done last: however many were missed, it is done once.
pub fn due(cron: &Cron, last: Timestamp, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
    let from = now.before(LATE).max(last);
    // The day before yesterday may have ended less than a day ago.
    let mut days = zone
        .days_back_from(now)
        .take(3)
        .filter(|day| fits(cron, day.civil()));
    let newest = days.find_map(|day| {
        let times: Vec<_> = times(cron).collect();
        let mut back = times.iter().rev();
        back.find_map(|(hour, minute)| {
            let at = zone.instant(day, *hour, *minute);
            (at <= now).then_some(at)
        })
    });
    newest.filter(|at| *at > from)
}

fn fits(cron: &Cron, day: Civil) -> bool {
    let has = |bits: u64, n: u8| bits >> n & 1 == 1;
    let (date, weekday) = (has(cron.days, day.day), has(cron.weekdays, day.weekday));
    let either = match cron.either_day {
        true => date || weekday,
        false => date && weekday,
    };
    has(cron.months, day.month) && either
}

/// The times of a day, in order.
fn times(cron: &Cron) -> impl Iterator<Item = (u8, u8)> {
    let has = |bits: u64, n: u8| bits >> n & 1 == 1;
    let hours = (0..24).filter(move |hour| has(cron.hours, *hour));
    hours.flat_map(move |hour| {
        let minutes = (0..60).filter(move |minute| has(cron.minutes, *minute));
        minutes.map(move |minute| (hour, minute))
    })
}
