//! The local zone. The only home of the calendar crate: rules of time zones are data that others
//! keep.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp as Instant, ToSpan};

use crate::model::Timestamp;

/// A time zone with its rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

/// What a calendar and a clock on the wall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// The year.
    pub year: i16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The day of the week, 0 is Sunday.
    pub weekday: u8,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
}

impl Zone {
    /// This host's: `TZ`, else `/etc/localtime`; UTC where neither says.
    pub fn system() -> Self {
        Zone(TimeZone::system())
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Zone(TimeZone::UTC)
    }

    /// Of its rules as POSIX writes them: `CET-1CEST,M3.5.0,M10.5.0/3`; `None` when it is none.
    pub fn of_rules(rules: &str) -> Option<Self> {
        TimeZone::posix(rules).ok().map(Zone)
    }

    /// Its name: `Europe/Berlin`, `UTC`; where it has none, what it is ahead of UTC at `at`.
    pub fn name(&self, at: Timestamp) -> String {
        match self.0.iana_name() {
            _ if self.0.is_unknown() => "UTC".to_owned(),
            Some(name) => name.to_owned(),
            None => format!("UTC{}", self.0.to_offset(instant(at))),
        }
    }

    /// What is shown at `at`.
    pub fn civil(&self, at: Timestamp) -> Civil {
        civil(self.0.to_datetime(instant(at)))
    }

    /// The days from that of `at` on, as far as the calendar goes.
    pub(super) fn days_from(&self, at: Timestamp) -> impl Iterator<Item = Day> + use<> {
        let first = self.0.to_datetime(instant(at)).date();
        std::iter::successors(Some(first), |day| day.tomorrow().ok()).map(Day)
    }

    /// The days from that of `at` back.
    pub(super) fn days_back_from(&self, at: Timestamp) -> impl Iterator<Item = Day> + use<> {
        let first = self.0.to_datetime(instant(at)).date();
        std::iter::successors(Some(first), |day| day.yesterday().ok()).map(Day)
    }

    /// When it is so late on a day: the first time where it is twice, the end of the gap where it
    /// never is.
    pub(super) fn instant(&self, day: Day, hour: u8, minute: u8) -> Timestamp {
        let time = Time::new(hour as i8, minute as i8, 0, 0).unwrap_or(Time::midnight());
        let local = DateTime::from_parts(day.0, time);
        let at = match self.0.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local),
            AmbiguousOffset::Gap { after, .. } => after.to_timestamp(local).map(|before| {
                let end = self.0.following(before).next();
                end.map_or(before, |end| end.timestamp())
            }),
        };
        at.map_or(Timestamp(i64::MAX), |at| Timestamp(at.as_millisecond()))
    }

    /// The midnight that began the day `days` before that of `at`.
    pub fn midnight(&self, at: Timestamp, days: u32) -> Timestamp {
        let day = self.0.to_datetime(instant(at)).date();
        let day = day.checked_sub(i64::from(days).days()).unwrap_or(day);
        self.instant(Day(day), 0, 0)
    }

    /// As people write it: `2026-11-25 03:00`.
    pub fn words(&self, at: Timestamp) -> String {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            ..
        } = self.civil(at);
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day(Date);

impl Day {
    /// Its midnight, wherever.
    pub(super) fn civil(self) -> Civil {
        civil(DateTime::from_parts(self.0, Time::midnight()))
    }
}

/// What lies beyond the calendar is its end.
fn instant(at: Timestamp) -> Instant {
    let end = match at.0 {
        0.. => Instant::MAX,
        _ => Instant::MIN,
    };
    Instant::from_millisecond(at.0).unwrap_or(end)
}

fn civil(at: DateTime) -> Civil {
    // All of them are small and positive.
    let small = |n: i8| n.unsigned_abs();
    Civil {
        year: at.year(),
        month: small(at.month()),
        day: small(at.day()),
        weekday: small(at.weekday().to_sunday_zero_offset()),
        hour: small(at.hour()),
        minute: small(at.minute()),
    }
}
