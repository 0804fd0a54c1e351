//! A share with what can be said of it.

use crate::model::ratio::{Ratio, wilson};

use super::FEWEST;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many it was so for.
    pub hits: u64,
    /// Of how many.
    pub n: u64,
}

impl Share {
    /// Counts one more.
    pub(super) fn count(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.n += 1;
    }

    /// The share and its 95 % interval (Wilson); `None` where there are too few cases to tell.
    pub fn ratio(&self) -> Option<Ratio> {
        wilson(self.hits, self.n).filter(|_| self.n >= FEWEST)
    }

    /// In words: `47 of 50 (84-98 %)`.
    pub fn words(&self) -> String {
        let Share { hits, n } = self;
        match self.ratio() {
            Some(ratio) => format!(
                "{hits} of {n} ({:.0}-{:.0} %)",
                100.0 * ratio.lower,
                100.0 * ratio.upper
            ),
            None => format!("{hits} of {n}, not enough data"),
        }
    }
}

/// The middle one.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
