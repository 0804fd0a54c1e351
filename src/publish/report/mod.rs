//! The checklists of the day, the week and the month, worked through: each line with its answer and
//! its evidence. What `GET /api/v1/report` answers and `warrener report` shows; docs/API.md describes
//! the form.
//!
//! Made of what the ledger remembers and of the newest status; pure, the time is an argument. What is
//! concluded is advice: nothing is done because of it. Plain values as in [`super::status`].

mod learned;
mod markdown;
mod now;
mod recovery;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::status::Status;
use crate::model::{Past, ScoreSpan, Timestamp};
use crate::recover::clock::Zone;
use crate::recover::ledger::{Ledger, LedgerError};
use crate::recover::prometheus::Firing;

/// The version of the form; it grows when something is taken away or changes its meaning.
pub const VERSION: u32 = 1;
/// Patterns are looked for in at most so much of the past.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Which checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The last 24 hours.
    Daily,
    /// The last 7 days.
    Weekly,
    /// The last 30 days.
    Monthly,
}

impl Period {
    /// Every period.
    pub const ALL: [Period; 3] = [Period::Daily, Period::Weekly, Period::Monthly];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Daily => "daily",
            Period::Weekly => "weekly",
            Period::Monthly => "monthly",
        }
    }

    /// The period of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == word)
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        let days = match self {
            Period::Daily => 1,
            Period::Weekly => 7,
            Period::Monthly => 30,
        };
        Duration::from_secs(days * 86_400)
    }

    /// How much of the past it needs: for patterns, more than the period itself.
    fn looks_back(self) -> Duration {
        match self {
            Period::Daily => self.length(),
            Period::Weekly | Period::Monthly => YEAR,
        }
    }
}

/// A checklist, worked through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// This host's name.
    pub identity: String,
    /// `daily`, `weekly` or `monthly`.
    pub period: String,
    /// Its beginning, in seconds since the Unix epoch.
    pub since: f64,
    /// Its end: when it was made.
    pub until: f64,
    /// The time zone of hours and dates in it.
    pub zone: String,
    /// The same two instants in that zone, for people.
    pub between: [String; 2],
    /// How many lines have which answer.
    pub counts: Counts,
    /// The lines, in the checklist's order.
    pub lines: Vec<Line>,
}

/// How many lines have which answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In order.
    pub ok: u64,
    /// For a person to look at.
    pub look: u64,
    /// Can't be told.
    pub not_known: u64,
}

/// One line of a checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What was checked.
    pub check: String,
    /// `ok`, `look` or `not_known`.
    pub answer: String,
    /// The answer for people, in a sentence without a full stop.
    pub words: String,
    /// What it stands on.
    pub evidence: Vec<String>,
}

/// The answer to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Ok,
    Look,
    NotKnown,
}

impl Line {
    fn new(check: &str, answer: Answer, words: impl Into<String>) -> Self {
        let answer = match answer {
            Answer::Ok => "ok",
            Answer::Look => "look",
            Answer::NotKnown => "not_known",
        };
        Line {
            check: check.to_owned(),
            answer: answer.to_owned(),
            words: words.into(),
            evidence: Vec::new(),
        }
    }

    fn with(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// This host's name.
    pub identity: &'a str,
    /// Everything that is looked back at.
    pub past: &'a Past,
    /// The newest status; `None`: nobody looked.
    pub status: Option<&'a Status>,
    /// What fires, as Prometheus says, or why that can't be told; `None`: it was not asked.
    pub firing: Option<&'a Firing>,
    /// The zone of hours and dates.
    pub zone: &'a Zone,
    /// Now.
    pub now: Timestamp,
}

impl Report {
    /// What a report of this period needs of the ledger.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn past(ledger: &Ledger, period: Period, now: Timestamp) -> Result<Past, LedgerError> {
        ledger.past(now.before(period.looks_back()), now)
    }

    /// Works the checklist through.
    pub fn new(period: Period, material: Material<'_>) -> Self {
        let Material {
            past, zone, now, ..
        } = material;
        let since = now.before(period.length());
        let recent = within(past, since);
        let case = Case {
            material,
            recent: &recent,
        };
        let lines = match period {
            Period::Daily => vec![
                now::score(case),
                now::findings(case),
                now::alerts(case),
                recovery::incidents(case),
                recovery::by_clock(case),
                now::logs(case),
                now::disks(case),
                now::memory(case),
            ],
            Period::Weekly => vec![
                now::score(case),
                now::configuration(case),
                recovery::workers(case),
                now::backups(case),
                recovery::incidents(case),
                recovery::by_clock(case),
                learned::helped(case),
            ],
            Period::Monthly => vec![
                now::score(case),
                recovery::incidents(case),
                learned::recurring(case),
                learned::preceded(case),
                learned::measured(case),
                learned::noisy(case),
                learned::foreseen(case),
                learned::helped(case),
            ],
        };
        let of = |answer: &str| lines.iter().filter(|line| line.answer == answer).count() as u64;
        Report {
            version: VERSION,
            identity: material.identity.to_owned(),
            period: period.as_str().to_owned(),
            since: since.unix_seconds(),
            until: now.unix_seconds(),
            zone: zone.name(now),
            between: [zone.words(since), zone.words(now)],
            counts: Counts {
                ok: of("ok"),
                look: of("look"),
                not_known: of("not_known"),
            },
            lines,
        }
    }

    /// What it comes to, in a sentence without a full stop.
    pub fn summary(&self) -> String {
        let Counts {
            ok,
            look,
            not_known,
        } = self.counts;
        format!(
            "{} report: {ok} ok, {look} to look at, {not_known} not known",
            self.period
        )
    }
}

/// What the lines are worked out from.
#[derive(Clone, Copy)]
struct Case<'a> {
    material: Material<'a>,
    /// The period's own part of the past.
    recent: &'a Past,
}

/// The part of the past that began at `since` or later.
fn within(past: &Past, since: Timestamp) -> Past {
    let cut = |span: &ScoreSpan| ScoreSpan {
        since: span.since.max(since),
        ..*span
    };
    let of_runs = past.runs.iter().filter(|run| run.run.created_at >= since);
    let of_alerts = past.alerts.iter().filter(|alert| alert.fired_at >= since);
    let of_scores = past.scores.iter().filter(|span| span.until > since);
    let of_forecasts = past.forecasts.iter().filter(|f| f.made_at >= since);
    let of_incidents = past.incidents.iter().filter(|i| i.opened_at >= since);
    Past {
        since,
        until: past.until,
        incidents: of_incidents.cloned().collect(),
        runs: of_runs.cloned().collect(),
        alerts: of_alerts.cloned().collect(),
        scores: of_scores.map(cut).collect(),
        forecasts: of_forecasts.cloned().collect(),
    }
}
