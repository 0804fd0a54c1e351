//! The configuration that a process was started with, against what its env file says now.
//!
//! Values are compared in memory and told to nobody.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, SystemTime};

use crate::config::{EnvFile, FileVariables, Variables};
use crate::model::Secret;
use crate::model::facts::{DriftFacts, DriftedKey, KeyChange, ProcessId};

/// Start times are known to a hundredth of a second, modification times to a tick of the kernel.
const BLUR: Duration = Duration::from_millis(50);

/// What an env file says now.
#[derive(Clone, Debug)]
pub(super) struct FileNow {
    variables: FileVariables,
    /// Keys that count: those of the schema; without one, those of the file.
    keys: Vec<String>,
    /// Of the keys with their values, with a key that only this process knows.
    content: u64,
    modified: Option<SystemTime>,
}

impl FileNow {
    pub(super) fn read(file: &EnvFile, keyed: &RandomState) -> Option<Self> {
        let mut variables = Variables::read(|_| None, std::slice::from_ref(file)).files;
        let variables = variables.pop()?;
        // What can't be read says nothing of a change.
        if !variables.missing && variables.values.is_empty() && !variables.problems.is_empty() {
            return None;
        }
        let mut keys: Vec<String> = file.keys.keys().cloned().collect();
        if keys.is_empty() {
            keys.extend(variables.values.iter().map(|(key, _)| key.clone()));
            keys.sort();
            keys.dedup();
        }
        let modified = file.path.metadata().and_then(|meta| meta.modified());
        Some(FileNow {
            content: content(&keys, &variables, keyed),
            modified: modified.ok(),
            keys,
            variables,
        })
    }
}

/// What a worker would make of the file: a comment is none of its business.
fn content(keys: &[String], variables: &FileVariables, keyed: &RandomState) -> u64 {
    let values = keys.iter().map(|key| {
        let value = variables.get(key).map(Secret::expose);
        (key, value.filter(|value| !value.is_empty()))
    });
    keyed.hash_one(values.collect::<Vec<_>>())
}

/// The contents that processes started with.
#[derive(Debug, Default)]
pub(super) struct Starts {
    /// `None` where the file may have changed before the first look.
    contents: BTreeMap<ProcessId, Option<u64>>,
    keyed: RandomState,
}

impl Starts {
    pub(super) fn keyed(&self) -> &RandomState {
        &self.keyed
    }

    pub(super) fn retain(&mut self, holds: impl Fn(&ProcessId) -> bool) {
        self.contents.retain(|id, _| holds(id));
    }

    /// Whether the file is another one than at the start of a process.
    fn file_changed(
        &mut self,
        id: ProcessId,
        started_at: Option<SystemTime>,
        now: &FileNow,
    ) -> Option<bool> {
        let after_start = || {
            let (started, modified) = (started_at?, now.modified?);
            Some(modified > started + BLUR)
        };
        // The content at its start is known where the file was not touched between its start and
        // the first look at it.
        let at_start = self
            .contents
            .entry(id)
            .or_insert_with(|| (after_start() == Some(false)).then_some(now.content));
        match *at_start {
            Some(then) => Some(then != now.content),
            None => after_start(),
        }
    }

    pub(super) fn drift(
        &mut self,
        id: ProcessId,
        started_at: Option<SystemTime>,
        environment: Option<&[(String, Secret)]>,
        now: &FileNow,
    ) -> DriftFacts {
        DriftFacts {
            keys: environment.and_then(|environment| keys(environment, now)),
            file_changed: self.file_changed(id, started_at, now),
        }
    }
}

/// `None` where the environment holds none of the keys: such a process reads the file itself.
fn keys(environment: &[(String, Secret)], now: &FileNow) -> Option<Vec<DriftedKey>> {
    let born = |key: &str| {
        environment
            .iter()
            .rfind(|(name, _)| name == key)
            .map(|(_, v)| v)
    };
    if !now.keys.iter().any(|key| born(key).is_some()) {
        return None;
    }
    let empty = |value: &Secret| value.expose().is_empty();
    let drifted = now.keys.iter().filter_map(|key| {
        let change = match (born(key), now.variables.get(key)) {
            (Some(then), Some(now)) if then == now => return None,
            (Some(_), Some(now)) if empty(now) => KeyChange::Emptied,
            (Some(_), Some(_)) => KeyChange::Changed,
            (Some(then), None) if empty(then) => return None,
            (Some(_), None) => KeyChange::Removed,
            (None, Some(now)) if !empty(now) => KeyChange::Added,
            (None, _) => return None,
        };
        let key = key.clone();
        Some(DriftedKey { key, change })
    });
    Some(drifted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn file(values: &[(&str, &str)], content: u64, modified: u64) -> FileNow {
        let values = values.iter().map(|(k, v)| ((*k).into(), Secret::from(*v)));
        FileNow {
            variables: FileVariables {
                path: ".env".into(),
                values: values.collect(),
                missing: false,
                problems: Vec::new(),
            },
            keys: ["HOST", "PASS", "PORT", "USER"].map(String::from).to_vec(),
            content,
            modified: Some(START + Duration::from_secs(modified)),
        }
    }

    fn environment(values: &[(&str, &str)]) -> Vec<(String, Secret)> {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), Secret::from(*v));
        values.iter().map(own).collect()
    }

    #[test]
    fn each_change_of_a_key_has_its_name() {
        let born = environment(&[
            ("HOST", "a"),
            ("PASS", "secret"),
            ("PORT", "1"),
            ("PATH", "/"),
        ]);
        let now = file(&[("HOST", "a"), ("PASS", ""), ("USER", "new")], 1, 0);
        let found = keys(&born, &now).unwrap();
        let words: Vec<_> = found
            .iter()
            .map(|d| format!("{} {}", d.key, d.change.as_str()))
            .collect();
        assert_eq!(words, ["PASS emptied", "PORT removed", "USER added"]);
        let same = keys(
            &born,
            &file(&[("HOST", "a"), ("PASS", "secret"), ("PORT", "1")], 1, 0),
        );
        assert_eq!(same, Some(vec![]));
        // Nothing of the file is in it: it reads the file itself.
        assert_eq!(keys(&environment(&[("PATH", "/")]), &now), None);
    }

    #[test]
    fn a_file_changed_after_the_start_is_known_by_content_or_by_time() {
        let mut starts = Starts::default();
        let [one, two] = [1, 2].map(|pid| ProcessId {
            pid,
            start_ticks: 1,
        });
        let started = Some(START + Duration::from_secs(100));
        let mut changed =
            |id, content, modified| starts.file_changed(id, started, &file(&[], content, modified));
        assert_eq!(changed(one, 1, 50), Some(false));
        // Touched, and the same.
        assert_eq!(changed(one, 1, 150), Some(false));
        assert_eq!(changed(one, 2, 160), Some(true));
        assert_eq!(changed(one, 1, 170), Some(false));
        // First seen after the file changed: only the time tells.
        assert_eq!(changed(two, 1, 150), Some(true));
        assert_eq!(starts.file_changed(two, None, &file(&[], 1, 1)), None);
    }
}
