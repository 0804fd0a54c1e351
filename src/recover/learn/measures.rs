//! What became of the incidents that a preventive measure is for, before and after it began.

use std::collections::{BTreeMap, BTreeSet};

use super::FEWEST;
use super::share::Share;
use crate::model::{Past, Timestamp, TriggerCode, TriggerSource};

/// A measure that began within so many days of what is remembered has no before.
const LEAST_DAYS: f64 = 14.0;
const DAY: f64 = 86_400.0;

/// A playbook that is run by the clock, and the incidents that it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// The playbook.
    pub playbook: String,
    /// When the clock first asked for it.
    pub began: Timestamp,
    /// How often it ran since.
    pub runs: u64,
    /// The codes of what it is for.
    pub codes: Vec<String>,
    /// Days that were looked at before it, and as many after it.
    pub days: f64,
    /// Incidents in the days before.
    pub before: u64,
    /// Incidents in the days after.
    pub after: u64,
}

/// What can be said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// There is no time before it, or too little after.
    NoComparison,
    /// Too few incidents.
    NotEnough,
    /// Fewer since it began.
    Fewer,
    /// More since it began.
    More,
    /// No difference can be told.
    Same,
}

impl Measure {
    /// What the two counts tell, both being over equally many days.
    pub fn effect(&self) -> Effect {
        if self.days < LEAST_DAYS {
            return Effect::NoComparison;
        }
        let after = Share {
            hits: self.after,
            n: self.before + self.after,
        };
        match after.ratio() {
            None => Effect::NotEnough,
            Some(ratio) if ratio.upper < 0.5 => Effect::Fewer,
            Some(ratio) if ratio.lower > 0.5 => Effect::More,
            Some(_) => Effect::Same,
        }
    }

    /// For people, in a sentence without a full stop.
    pub fn words(&self) -> String {
        let counts = format!(
            "{} by the clock, {} runs; {} in the {:.0} days before it began, {} in the {:.0} days after",
            self.playbook, self.runs, self.before, self.days, self.after, self.days
        );
        match self.effect() {
            Effect::NoComparison => format!(
                "{} by the clock, {} runs: not two weeks before and after its beginning to compare",
                self.playbook, self.runs
            ),
            Effect::NotEnough => {
                format!("{counts}: not enough data (fewer than {FEWEST} incidents)")
            }
            Effect::Fewer => format!("{counts}: fewer since (what else changed then is not known)"),
            Effect::More => format!("{counts}: more since (what else changed then is not known)"),
            Effect::Same => format!("{counts}: no difference can be told"),
        }
    }
}

/// Every measure that the clock asked for.
pub fn measures(past: &Past) -> Vec<Measure> {
    let mut first: BTreeMap<&str, (Timestamp, u64)> = BTreeMap::new();
    let mut answers: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for run in &past.runs {
        if run.run.source == TriggerSource::Clock {
            let one = first.entry(&run.run.playbook);
            one.or_insert((run.run.created_at, 0)).1 += 1;
        } else if !matches!(run.code, TriggerCode::Asked(_)) {
            let codes = answers.entry(&run.run.playbook).or_default();
            codes.insert(run.code.to_string());
        }
    }
    // Whatever it cleans up or checks is what it prevents, also where nothing answered it.
    for incident in &past.incidents {
        if let Some(code) = incident.key.code.finding()
            && let Some(playbook) = code.remedy().playbook()
        {
            answers
                .entry(playbook)
                .or_default()
                .insert(code.to_string());
        }
    }
    let measure = |(playbook, (began, runs)): (&str, (Timestamp, u64))| {
        let codes = answers.get(playbook).cloned().unwrap_or_default();
        let start = past.incidents.first().map_or(past.until, |i| i.opened_at);
        let before = began.since(start.max(past.since));
        let window = before.min(past.until.since(began));
        let (from, to) = (began.before(window), began.after(window));
        let of = |since: Timestamp, until: Timestamp| {
            let incidents = past.incidents.iter().filter(|incident| {
                let at = incident.opened_at;
                at >= since && at < until && codes.contains(&incident.key.code.to_string())
            });
            incidents.count() as u64
        };
        Measure {
            playbook: playbook.to_owned(),
            began,
            runs,
            days: window.as_secs_f64() / DAY,
            before: of(from, began),
            after: of(began, to),
            codes: codes.into_iter().collect(),
        }
    };
    first.into_iter().map(measure).collect()
}
