//! What the past tells: how often what helped, what comes back, what was foreseen rightly. Advice for
//! people, each with its number of cases; it changes no action by itself. Pure.
//!
//! Must not know: the database, how it is told.

mod foresight;
mod measures;
mod noise;
mod outcomes;
mod patterns;
mod scores;
mod share;
#[cfg(test)]
mod tests;

pub use foresight::{HitRate, follow, hit_rates, proof};
pub use measures::{Effect, Measure, measures};
pub use noise::{Noise, noise};
pub use outcomes::{Comparison, Helped, outcomes};
pub use patterns::{BEFORE, Precursor, Recurrence, Slot, precursors, recurrences};
pub use scores::{Held, ScoreLog, held, thinned};
pub use share::Share;

use crate::model::{Code, ForecastEnd, Target, Timestamp};

/// Fewer cases tell nothing.
pub const FEWEST: u64 = 10;

/// What becomes of forecasts.
#[derive(Clone, Debug, PartialEq)]
pub enum ForecastChange {
    /// A new one.
    Made {
        /// The finding.
        code: Code,
        /// Of what.
        target: Target,
        /// Until when it is to come true.
        due: Timestamp,
    },
    /// One of them is decided.
    Decided(i64, ForecastEnd),
}
