//! Silences, and what each is about: Alertmanager's matchers.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::Timestamp;
use crate::recover::guard;

/// Memory that an expression may take, in bytes.
const MOST_EXPRESSION: usize = 1 << 20;

/// The silences that are in force or will be.
#[derive(Clone, Debug, Default)]
pub struct Silences(Vec<Silence>);

/// A silence.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// What it is about: alerts that all of them fit.
    pub matchers: Vec<Matcher>,
}

/// What one label of an alert has to be; one that is missing counts as empty.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    value: Value,
    /// It has to be so; otherwise it must not.
    is_equal: bool,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Regex(Regex),
    /// An expression that can't be read here. It may fit, so it does: what can't be told is no
    /// reason to act.
    Unreadable,
}

impl Matcher {
    /// As Alertmanager has it: an expression stands for the whole value.
    pub fn new(name: &str, value: &str, is_regex: bool, is_equal: bool) -> Self {
        let value = match is_regex {
            false => Value::Text(value.to_owned()),
            true => RegexBuilder::new(&format!("^(?:{value})$"))
                .size_limit(MOST_EXPRESSION)
                .build()
                .map_or(Value::Unreadable, Value::Regex),
        };
        Matcher {
            name: name.to_owned(),
            value,
            is_equal,
        }
    }

    /// Whether an alert with these labels fits.
    pub fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        let own = labels.get(&self.name).map_or("", String::as_str);
        match &self.value {
            Value::Text(text) => (text == own) == self.is_equal,
            Value::Regex(regex) => regex.is_match(own) == self.is_equal,
            Value::Unreadable => true,
        }
    }
}

/// What is read of a silence.
#[derive(Deserialize)]
struct Given {
    id: String,
    status: Status,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
    matchers: Vec<GivenMatcher>,
}

#[derive(Deserialize)]
struct Status {
    state: String,
}

#[derive(Deserialize)]
struct GivenMatcher {
    name: String,
    value: String,
    #[serde(rename = "isRegex")]
    is_regex: bool,
    /// Missing before 0.22, where everything was so.
    #[serde(rename = "isEqual")]
    is_equal: Option<bool>,
}

impl Silences {
    /// Of these.
    pub fn new(silences: Vec<Silence>) -> Self {
        Silences(silences)
    }

    /// Reads Alertmanager's list; those that are over are left out.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let given: Vec<Given> = serde_json::from_slice(body)?;
        let live = given
            .into_iter()
            .filter(|one| one.status.state != "expired");
        let silences = live.map(|one| Silence {
            starts_at: time(&one.starts_at).unwrap_or(Timestamp(0)),
            // Without an end that can be read it does not end.
            ends_at: time(&one.ends_at).unwrap_or(Timestamp(i64::MAX)),
            matchers: one
                .matchers
                .iter()
                .map(|m| Matcher::new(&m.name, &m.value, m.is_regex, m.is_equal.unwrap_or(true)))
                .collect(),
            id: one.id,
        });
        Ok(Silences(silences.collect()))
    }

    /// Every one.
    pub fn list(&self) -> &[Silence] {
        &self.0
    }

    /// The silence that an alert with these labels has at `now`; of several, the one that ends last.
    pub fn silence_for(
        &self,
        labels: &BTreeMap<String, String>,
        now: Timestamp,
    ) -> Option<guard::Silence> {
        let in_force = |one: &&Silence| one.starts_at <= now && now < one.ends_at;
        // Alertmanager takes none without a matcher; one that came through all the same is about
        // nothing.
        let fits = |one: &&Silence| {
            !one.matchers.is_empty() && one.matchers.iter().all(|matcher| matcher.fits(labels))
        };
        let silences = self.0.iter().filter(in_force).filter(fits);
        let last = silences.max_by_key(|one| one.ends_at)?;
        Some(guard::Silence {
            id: last.id.clone(),
            ends_at: last.ends_at,
        })
    }
}

fn time(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let millis = time.unix_timestamp_nanos() / 1_000_000;
    i64::try_from(millis).ok().map(Timestamp)
}
