//! What comes back, when, and after what. Associations, each with its number of cases: none of them
//! says why.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::FEWEST;
use super::share::Share;
use crate::model::{Incident, IncidentKey, Past, Timestamp, TriggerCode};
use crate::recover::clock::Zone;

/// What happened no longer before than this may belong together.
pub const BEFORE: Duration = Duration::from_secs(600);
/// A pattern is told only when at least so many cases show it, in as many different weeks.
const LEAST_HITS: u64 = 5;
const LEAST_WEEKS: usize = 3;
/// And when the lower end of its share is so many times what chance would make it.
const BEYOND_CHANCE: f64 = 5.0;
/// Hours of a week.
const SLOTS: f64 = 168.0;

/// How often one kind of incident came.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    /// The incident.
    pub key: IncidentKey,
    /// How often.
    pub n: u64,
    /// The hour of the week that most of them began in, where it is no chance.
    pub slot: Option<Slot>,
}

/// An hour of the week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// 0 is Sunday.
    pub weekday: u8,
    /// Its hour, local time.
    pub hour: u8,
    /// The incidents that began in it.
    pub share: Share,
}

const WEEKDAYS: [&str; 7] = [
    "Sundays",
    "Mondays",
    "Tuesdays",
    "Wednesdays",
    "Thursdays",
    "Fridays",
    "Saturdays",
];

impl Slot {
    /// `Mondays, 09:00 to 10:00`.
    pub fn words(&self) -> String {
        let day = WEEKDAYS.get(usize::from(self.weekday)).unwrap_or(&"");
        format!("{day}, {:02}:00 to {:02}:00", self.hour, self.hour + 1)
    }
}

/// How often each kind came, most often first.
pub fn recurrences(past: &Past, zone: &Zone) -> Vec<Recurrence> {
    let mut kinds: BTreeMap<&IncidentKey, Vec<Timestamp>> = BTreeMap::new();
    for incident in past
        .incidents
        .iter()
        .filter(|incident| is_trouble(incident))
    {
        kinds
            .entry(&incident.key)
            .or_default()
            .push(incident.opened_at);
    }
    let mut all: Vec<_> = kinds
        .into_iter()
        .map(|(key, times)| Recurrence {
            key: key.clone(),
            n: times.len() as u64,
            slot: slot(&times, zone),
        })
        .collect();
    all.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.key.cmp(&b.key)));
    all
}

fn slot(times: &[Timestamp], zone: &Zone) -> Option<Slot> {
    let n = times.len() as u64;
    if n < FEWEST {
        return None;
    }
    let mut slots: BTreeMap<(u8, u8), (u64, BTreeSet<i64>)> = BTreeMap::new();
    for at in times {
        let civil = zone.civil(*at);
        let (hits, weeks) = slots.entry((civil.weekday, civil.hour)).or_default();
        *hits += 1;
        weeks.insert(at.0.div_euclid(7 * 86_400_000));
    }
    let ((weekday, hour), (hits, weeks)) = slots.into_iter().max_by_key(|(_, (hits, _))| *hits)?;
    let share = Share { hits, n };
    let clear = share.ratio()?.lower > BEYOND_CHANCE / SLOTS;
    let told = clear && hits >= LEAST_HITS && weeks.len() >= LEAST_WEEKS;
    told.then_some(Slot {
        weekday,
        hour,
        share,
    })
}

/// One kind of incident that often came shortly before another.
#[derive(Clone, Debug, PartialEq)]
pub struct Precursor {
    /// What came after.
    pub key: IncidentKey,
    /// What came within [`BEFORE`] before it.
    pub before: IncidentKey,
    /// The cases that it came before.
    pub share: Share,
    /// What the share would be if they had nothing to do with each other.
    pub by_chance: f64,
}

/// What came before what more often than by chance, most cases first.
pub fn precursors(past: &Past) -> Vec<Precursor> {
    let mut incidents: Vec<&Incident> = past.incidents.iter().filter(|i| is_trouble(i)).collect();
    incidents.sort_by_key(|incident| (incident.opened_at, incident.id.0));
    let mut counts: BTreeMap<&IncidentKey, u64> = BTreeMap::new();
    let mut pairs: BTreeMap<(&IncidentKey, &IncidentKey), u64> = BTreeMap::new();
    let mut recent: VecDeque<&Incident> = VecDeque::new();
    for incident in incidents {
        while recent
            .front()
            .is_some_and(|old| incident.opened_at.since(old.opened_at) > BEFORE)
        {
            recent.pop_front();
        }
        let others = recent.iter().map(|old| &old.key);
        let others: BTreeSet<_> = others.filter(|key| **key != incident.key).collect();
        for before in others {
            *pairs.entry((&incident.key, before)).or_default() += 1;
        }
        *counts.entry(&incident.key).or_default() += 1;
        recent.push_back(incident);
    }
    let whole = past.until.since(past.since).as_secs_f64().max(1.0);
    let mut found = Vec::new();
    for ((key, before), hits) in pairs {
        let share = Share {
            hits,
            n: counts[key],
        };
        #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^53 incidents")]
        let per_window = counts[before] as f64 * BEFORE.as_secs_f64() / whole;
        let by_chance = 1.0 - (-per_window).exp();
        let clear = share
            .ratio()
            .is_some_and(|ratio| ratio.lower > BEYOND_CHANCE * by_chance);
        if clear && hits >= LEAST_HITS {
            found.push(Precursor {
                key: key.clone(),
                before: before.clone(),
                share,
                by_chance,
            });
        }
    }
    found.sort_by(|a, b| {
        b.share
            .hits
            .cmp(&a.share.hits)
            .then_with(|| a.key.cmp(&b.key))
    });
    found
}

fn is_trouble(incident: &Incident) -> bool {
    !matches!(incident.key.code, TriggerCode::Asked(_))
}
