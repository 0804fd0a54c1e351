//! The queues of one reading, compactly, while they stream in: those that pass the filter one by
//! one, the rest as sums. About 150 bytes a queue.

use std::collections::HashMap;
use std::sync::Arc;

use super::filter::Filter;
use crate::model::facts::LeftOut;

/// The most queues that are held one by one in one reading; more go into the sums.
pub const MAX_QUEUES: usize = 250_000;

/// The most virtual hosts; the queues of more go into the sums.
const MAX_VHOSTS: usize = 10_000;

/// A number that a source may tell of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Messages waiting.
    Ready,
    /// Messages delivered and not yet acknowledged.
    Unacked,
    /// Consumers.
    Consumers,
    /// Acknowledgements.
    Acked,
    /// Redeliveries.
    Redelivered,
}

const FIELDS: usize = 5;

/// What is known of one queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    values: [Option<u64>; FIELDS],
    /// `classic`, `quorum`, ...
    pub queue_type: Option<Arc<str>>,
    /// `running`, `down`, ...
    pub state: Option<Arc<str>>,
}

impl Row {
    /// The number, when it was told.
    pub fn get(&self, field: Field) -> Option<u64> {
        self.values[field as usize]
    }

    /// Enters a number.
    pub fn set(&mut self, field: Field, value: Option<u64>) {
        self.values[field as usize] = value;
    }

    /// Messages in it, as far as known.
    pub fn depth(&self) -> u64 {
        let [ready, unacked] = [Field::Ready, Field::Unacked].map(|f| self.get(f).unwrap_or(0));
        ready.saturating_add(unacked)
    }

    /// How two nodes' rows of one queue compare while its leader moves: the one that tells more,
    /// then the one with more consumers, then the deeper one.
    fn weight(&self) -> (usize, u64, u64) {
        let told = self.values.iter().flatten().count();
        (told, self.get(Field::Consumers).unwrap_or(0), self.depth())
    }
}

/// Sums over queues that are not held one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    entries: u64,
    told: [u64; FIELDS],
    totals: [u64; FIELDS],
}

impl Sums {
    fn add(&mut self, field: Field, value: Option<u64>) {
        if let Some(value) = value {
            let at = field as usize;
            self.told[at] += 1;
            self.totals[at] = self.totals[at].saturating_add(value);
        }
    }

    /// Adds a whole queue.
    pub fn add_row(&mut self, row: &Row) {
        self.entries = self.queues() + 1;
        for (at, value) in row.values.iter().enumerate() {
            if let Some(value) = value {
                self.told[at] += 1;
                self.totals[at] = self.totals[at].saturating_add(*value);
            }
        }
    }

    /// Adds other sums.
    pub fn merge(&mut self, other: &Sums) {
        // Entries and told counts of a line-wise source stand for the same queues.
        self.entries = self.queues() + other.queues();
        for at in 0..FIELDS {
            self.told[at] += other.told[at];
            self.totals[at] = self.totals[at].saturating_add(other.totals[at]);
        }
    }

    /// How many queues: a source that comes line by line tells it by its fullest field.
    pub fn queues(&self) -> u64 {
        self.told
            .iter()
            .copied()
            .max()
            .unwrap_or(0)
            .max(self.entries)
    }

    /// As facts; a field that some of the queues did not tell has no sum.
    pub fn left_out(&self) -> LeftOut {
        let queues = self.queues();
        let sum = |field: Field| {
            let at = field as usize;
            (self.told[at] == queues).then_some(self.totals[at])
        };
        LeftOut {
            queues,
            ready: sum(Field::Ready),
            unacked: sum(Field::Unacked),
            consumers: sum(Field::Consumers),
        }
    }
}

struct Vhost {
    name: Box<str>,
    rows: HashMap<Box<str>, Row>,
}

/// The queues of one reading.
pub struct Table {
    filter: Arc<Filter>,
    vhosts: Vec<Vhost>,
    index: HashMap<Box<str>, usize>,
    /// The virtual host of the last queue: sources list them in runs.
    last: usize,
    len: usize,
    cap: usize,
    words: Vec<Arc<str>>,
    /// Left out by the filter.
    pub filtered: Sums,
    /// Beyond [`MAX_QUEUES`].
    pub beyond: Sums,
}

impl Table {
    /// An empty one.
    pub fn new(filter: Arc<Filter>) -> Self {
        Table::with_cap(filter, MAX_QUEUES)
    }

    fn with_cap(filter: Arc<Filter>, cap: usize) -> Self {
        Table {
            filter,
            vhosts: Vec::new(),
            index: HashMap::new(),
            last: 0,
            len: 0,
            cap,
            words: Vec::new(),
            filtered: Sums::default(),
            beyond: Sums::default(),
        }
    }

    /// Queues held one by one.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Enters one number of one queue, from a source that comes field by field.
    pub fn enter(&mut self, vhost: &str, name: &str, field: Field, value: Option<u64>) {
        if self.filter.is_own(vhost, name) {
            return;
        }
        if let Some(row) = self.get_mut(vhost, name) {
            row.set(field, value);
        } else if !self.filter.passes(vhost, name) {
            self.filtered.add(field, value);
        } else if let Some(row) = self.insert(vhost, name) {
            row.set(field, value);
        } else {
            self.beyond.add(field, value);
        }
    }

    /// Enters one queue, from a source that comes queue by queue.
    pub fn enter_row(&mut self, vhost: &str, name: &str, row: Row) {
        if self.filter.is_own(vhost, name) {
            return;
        }
        if !self.filter.passes(vhost, name) {
            self.filtered.add_row(&row);
            return;
        }
        if let Some(held) = self.get_mut(vhost, name) {
            *held = row;
        } else if let Some(held) = self.insert(vhost, name) {
            *held = row;
        } else {
            self.beyond.add_row(&row);
        }
    }

    /// A short word that many queues share (a type, a state), held once.
    pub fn word(&mut self, text: &str) -> Option<Arc<str>> {
        if let Some(word) = self.words.iter().find(|w| &***w == text) {
            return Some(Arc::clone(word));
        }
        if text.is_empty() || text.len() > 64 || self.words.len() >= 64 {
            return None;
        }
        self.words.push(text.into());
        self.words.last().cloned()
    }

    /// Joins another node's queues. A queue that both show (its leader is moving) keeps the whole
    /// row of one node, never fields of two: their sum would be neither's.
    pub fn join(&mut self, other: Table) {
        for vhost in other.vhosts {
            for (name, row) in vhost.rows {
                match self.get_mut(&vhost.name, &name) {
                    Some(held) if held.weight() >= row.weight() => {}
                    Some(held) => *held = row,
                    None => match self.insert(&vhost.name, &name) {
                        Some(held) => *held = row,
                        None => self.beyond.add_row(&row),
                    },
                }
            }
        }
        self.filtered.merge(&other.filtered);
        self.beyond.merge(&other.beyond);
    }

    /// One queue.
    pub fn get(&self, vhost: &str, name: &str) -> Option<&Row> {
        self.vhosts[*self.index.get(vhost)?].rows.get(name)
    }

    /// One queue, to change.
    pub fn get_mut(&mut self, vhost: &str, name: &str) -> Option<&mut Row> {
        let at = self.at(vhost)?;
        self.vhosts[at].rows.get_mut(name)
    }

    /// Every queue: virtual host, name, row; in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Row)> {
        self.vhosts.iter().flat_map(|vhost| {
            let rows = vhost.rows.iter();
            rows.map(move |(name, row)| (&*vhost.name, &**name, row))
        })
    }

    fn at(&mut self, vhost: &str) -> Option<usize> {
        if self
            .vhosts
            .get(self.last)
            .is_some_and(|v| &*v.name == vhost)
        {
            return Some(self.last);
        }
        self.last = *self.index.get(vhost)?;
        Some(self.last)
    }

    fn insert(&mut self, vhost: &str, name: &str) -> Option<&mut Row> {
        // A pinned queue is held also beyond the cap; there are only so many.
        if self.len >= self.cap && !self.filter.is_pinned(vhost, name) {
            return None;
        }
        let at = match self.at(vhost) {
            Some(at) => at,
            None if self.vhosts.len() >= MAX_VHOSTS => return None,
            None => {
                self.vhosts.push(Vhost {
                    name: vhost.into(),
                    rows: HashMap::new(),
                });
                self.index.insert(vhost.into(), self.vhosts.len() - 1);
                self.vhosts.len() - 1
            }
        };
        self.len += 1;
        Some(self.vhosts[at].rows.entry(name.into()).or_default())
    }
}

#[cfg(test)]
mod tests;
