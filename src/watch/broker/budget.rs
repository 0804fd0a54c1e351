//! The series budget: which queues keep a series of their own when there are more than it allows.
//!
//! Pure. Those kept stay kept, so that series don't come and go: a challenger takes a place only
//! after it was clearly more important than the one it replaces for several rounds in a row.

use std::collections::HashMap;

/// Rounds in a row that a challenger must be clearly more important.
const PATIENCE: u8 = 3;

/// How many times as deep a challenger must be when both queues are in use.
const CLEARLY: u64 = 2;

/// A queue that may get a series; pinned ones are not among them, they always have theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its virtual host.
    pub vhost: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Messages in it.
    pub depth: u64,
    /// Its consumers.
    pub consumers: u64,
}

impl Candidate<'_> {
    fn in_use(&self) -> bool {
        self.depth > 0 || self.consumers > 0
    }

    /// The most important first; ties by name, so that the outcome never depends on the order in
    /// which the broker listed them.
    fn before(&self, other: &Self) -> std::cmp::Ordering {
        let rank = |c: &Self| (c.in_use(), c.depth, c.consumers);
        let names = || (self.vhost, self.name).cmp(&(other.vhost, other.name));
        rank(other).cmp(&rank(self)).then_with(names)
    }

    fn clearly_beats(&self, other: &Self) -> bool {
        if !self.in_use() {
            return false;
        }
        !other.in_use() || self.depth >= CLEARLY.saturating_mul(other.depth.max(1))
    }
}

/// The budget, with its memory of who was kept.
#[derive(Clone, Debug)]
pub struct Budget {
    limit: usize,
    kept: Names<()>,
    /// Rounds in a row that a queue has challenged.
    challenges: Names<u8>,
}

impl Budget {
    /// At most `limit` queues keep a series, besides the pinned ones.
    pub fn new(limit: usize) -> Self {
        Budget {
            limit,
            kept: Names::default(),
            challenges: Names::default(),
        }
    }

    /// Decides one round: for each candidate, whether it is kept. Each must be listed once.
    pub fn choose(&mut self, candidates: &[Candidate<'_>]) -> Vec<bool> {
        if candidates.len() <= self.limit {
            self.challenges = Names::default();
            return self.remember(candidates, vec![true; candidates.len()]);
        }
        let all = 0..candidates.len();
        let (mut holders, mut others): (Vec<_>, Vec<_>) = all.partition(|i| {
            self.kept
                .get(candidates[*i].vhost, candidates[*i].name)
                .is_some()
        });
        let by_rank = |a: &usize, b: &usize| candidates[*a].before(&candidates[*b]);
        holders.sort_unstable_by(by_rank);
        if holders.len() > self.limit {
            others.extend(holders.drain(self.limit..));
        }
        // No more than `limit` of the others can win a place.
        if self.limit > 0 && others.len() > self.limit {
            others.select_nth_unstable_by(self.limit - 1, by_rank);
            others.truncate(self.limit);
        }
        others.sort_unstable_by(by_rank);
        let free = (self.limit - holders.len()).min(others.len());
        let challengers = others.split_off(free);
        let mut kept = vec![false; candidates.len()];
        for i in holders.iter().chain(&others) {
            kept[*i] = true;
        }
        self.challenge(candidates, &holders, &challengers, &mut kept);
        self.remember(candidates, kept)
    }

    /// The best challenger against the weakest holder, the second against the second, and so on,
    /// until one is no longer clearly more important.
    fn challenge(
        &mut self,
        candidates: &[Candidate<'_>],
        holders: &[usize],
        challengers: &[usize],
        kept: &mut [bool],
    ) {
        let mut challenges = Names::default();
        for (challenger, holder) in challengers.iter().zip(holders.iter().rev()) {
            let c = candidates[*challenger];
            if !c.clearly_beats(&candidates[*holder]) {
                break;
            }
            let rounds = self.challenges.get(c.vhost, c.name).map_or(1, |r| r + 1);
            if rounds >= PATIENCE {
                kept[*challenger] = true;
                kept[*holder] = false;
            } else {
                challenges.insert(c.vhost, c.name, rounds);
            }
        }
        self.challenges = challenges;
    }

    fn remember(&mut self, candidates: &[Candidate<'_>], kept: Vec<bool>) -> Vec<bool> {
        let mut names = Names::default();
        for (c, _) in candidates.iter().zip(&kept).filter(|(_, kept)| **kept) {
            names.insert(c.vhost, c.name, ());
        }
        self.kept = names;
        kept
    }
}

/// Values by virtual host and name.
#[derive(Clone, Debug)]
struct Names<T>(HashMap<Box<str>, HashMap<Box<str>, T>>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Names(HashMap::new())
    }
}

impl<T> Names<T> {
    fn get(&self, vhost: &str, name: &str) -> Option<&T> {
        self.0.get(vhost)?.get(name)
    }

    fn insert(&mut self, vhost: &str, name: &str, value: T) {
        if !self.0.contains_key(vhost) {
            self.0.insert(vhost.into(), HashMap::new());
        }
        if let Some(names) = self.0.get_mut(vhost) {
            names.insert(name.into(), value);
        }
    }
}

#[cfg(test)]
mod tests;
