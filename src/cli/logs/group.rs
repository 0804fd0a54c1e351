//! Entries that say the same are one group: with a count, and when it began and was last. Pure.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde::Serialize;

use super::entry::Entry;

/// More kinds of messages are only counted.
const MOST_GROUPS: usize = 2000;
/// Places told of one group.
const MOST_PLACES: usize = 50;

/// What differs between two messages that say the same: identifiers, addresses, numbers, and what
/// is quoted.
static DIFFERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        (?P<uuid> \b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b )
        | (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | `[^`]*` )
        | (?P<hex> \b0[xX][0-9a-fA-F]+\b | \b[0-9a-fA-F]*[0-9][0-9a-fA-F]*[a-fA-F][0-9a-fA-F]{6,}\b
            | \b[0-9a-fA-F]*[a-fA-F][0-9a-fA-F]*[0-9][0-9a-fA-F]{6,}\b )
        | (?P<number> [0-9]+(?:[.,:][0-9]+)* )"#,
    )
    .ok()
});

/// The message without what differs.
pub(super) fn alike(message: &str) -> String {
    let Some(differs) = DIFFERS.as_ref() else {
        return message.to_owned();
    };
    let put = |found: &regex::Captures<'_>| {
        if found.name("uuid").is_some() {
            "<uuid>"
        } else if found.name("quoted").is_some() {
            "<text>"
        } else if found.name("hex").is_some() {
            "<hex>"
        } else {
            "<n>"
        }
    };
    differs.replace_all(message, put).into_owned()
}

/// Entries that say the same.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) count: u64,
    /// In milliseconds since the Unix epoch.
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
    /// Where, and how often there.
    pub(super) places: BTreeMap<Arc<str>, u64>,
    /// What they have in common.
    pub(super) message: String,
    pub(super) newest: Entry,
}

/// Counts of everything that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Entries in the time asked for.
    pub(super) entries: u64,
    /// Of these, errors.
    pub(super) errors: u64,
    /// Entries of kinds beyond those that are kept.
    pub(super) beyond: u64,
}

/// Every group, and the newest entries by time.
#[derive(Debug)]
pub(super) struct Groups {
    groups: HashMap<String, Group>,
    /// The newest entries, by time; as many as may be shown.
    newest: BTreeMap<(Option<i64>, u64), (Arc<str>, Entry)>,
    keep: usize,
    pub(super) counts: Counts,
}

impl Groups {
    /// `keep` entries are kept by themselves besides.
    pub(super) fn new(keep: usize) -> Self {
        Groups {
            groups: HashMap::new(),
            newest: BTreeMap::new(),
            keep,
            counts: Counts::default(),
        }
    }

    /// Takes in an entry of `place`; only errors where that is asked for.
    pub(super) fn add(&mut self, place: &Arc<str>, entry: Entry, errors: bool) {
        self.counts.entries += 1;
        self.counts.errors += u64::from(entry.error);
        if errors && !entry.error {
            return;
        }
        if self.keep > 0 {
            let key = (entry.at, self.counts.entries);
            self.newest.insert(key, (Arc::clone(place), entry.clone()));
            if self.newest.len() > self.keep {
                self.newest.pop_first();
            }
        }
        let message = message(&entry);
        let known = self.groups.len();
        let group = match self.groups.entry(message) {
            std::collections::hash_map::Entry::Occupied(group) => group.into_mut(),
            std::collections::hash_map::Entry::Vacant(_) if known >= MOST_GROUPS => {
                self.counts.beyond += 1;
                return;
            }
            std::collections::hash_map::Entry::Vacant(vacant) => {
                let message = vacant.key().clone();
                vacant.insert(Group {
                    count: 0,
                    first: entry.at,
                    last: entry.at,
                    places: BTreeMap::new(),
                    message,
                    newest: entry.clone(),
                })
            }
        };
        group.count += 1;
        if let Some(at) = entry.at {
            group.first = Some(group.first.map_or(at, |first| first.min(at)));
        }
        if group.places.len() < MOST_PLACES || group.places.contains_key(place) {
            *group.places.entry(Arc::clone(place)).or_default() += 1;
        }
        if entry.at >= group.last {
            group.last = entry.at;
            group.newest = entry;
        }
    }

    /// The groups, the one that was last at the end.
    pub(super) fn by_time(&self) -> Vec<&Group> {
        let mut all: Vec<_> = self.groups.values().collect();
        all.sort_by(|a, b| (a.last, a.count, &a.message).cmp(&(b.last, b.count, &b.message)));
        all
    }

    /// The newest entries one by one, the newest at the end.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.newest.values().map(|(place, entry)| (place, entry))
    }
}

/// What the entry has in common with others: its first line, and what was raised.
fn message(entry: &Entry) -> String {
    let head = alike(&entry.head);
    match &entry.raised {
        Some(raised) if entry.head.starts_with("Traceback") => alike(raised),
        Some(raised) => format!("{head}: {}", alike(raised)),
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64, head: &str) -> Entry {
        Entry {
            at: Some(at),
            error: head.contains("ERROR"),
            head: head.to_owned(),
            ..Entry::default()
        }
    }

    #[test]
    fn what_differs_is_left_out() {
        for (message, told) in [
            ("task 17 failed after 2.50 s", "task <n> failed after <n> s"),
            ("task-17 of '/srv/a b'", "task-<n> of <text>"),
            (
                "id 123e4567-e89b-12d3-a456-426614174000 at 0x7f3a",
                "id <uuid> at <hex>",
            ),
            ("commit 9fceb02d0ae598e95dc970b7 bad", "commit <hex> bad"),
            ("decade of facade", "decade of facade"),
            ("10.0.0.1:5672 refused", "<n> refused"),
        ] {
            assert_eq!(alike(message), told);
        }
    }

    #[test]
    fn groups_count_and_know_when() {
        let mut groups = Groups::new(2);
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        groups.add(&a, entry(5000, "ERROR task 1 failed"), true);
        groups.add(&b, entry(9000, "ERROR task 2 failed"), true);
        groups.add(&a, entry(1000, "ERROR task 3 failed"), true);
        groups.add(&a, entry(7000, "INFO up"), true);
        groups.add(&a, entry(2000, "ERROR gone"), true);
        let told = groups.by_time();
        let [gone, task] = told[..] else {
            panic!("{told:?}")
        };
        assert_eq!(gone.message, "ERROR gone");
        assert_eq!(
            (task.count, task.first, task.last),
            (3, Some(1000), Some(9000))
        );
        assert_eq!(task.newest.head, "ERROR task 2 failed");
        assert_eq!(task.places[&a], 2);
        assert_eq!((groups.counts.entries, groups.counts.errors), (5, 4));
        let newest: Vec<_> = groups.entries().map(|(_, e)| e.at).collect();
        assert_eq!(newest, [Some(5000), Some(9000)]);
    }

    #[test]
    fn kinds_without_end_are_only_counted() {
        let mut groups = Groups::new(0);
        let place: Arc<str> = "a".into();
        let name = |n: usize| format!("ERROR {}", "x".repeat(n));
        for n in 1..=MOST_GROUPS + 5 {
            groups.add(&place, entry(1, &name(n)), true);
        }
        assert_eq!(groups.by_time().len(), MOST_GROUPS);
        assert_eq!(groups.counts.beyond, 5);
    }
}
