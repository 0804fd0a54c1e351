//! The level: worse at once, better only when a second assessment confirms it.

use std::time::Duration;

use crate::model::{Level, Moment};

/// Two assessments nearer than this count as one: each probe that ends brings a new one.
const APART: Duration = Duration::from_secs(1);

/// The level in force, and the improvement that waits to be confirmed.
#[derive(Clone, Copy, Debug, Default)]
pub struct LevelState {
    level: Option<Level>,
    better: Option<(Level, Moment)>,
}

impl LevelState {
    /// The level after an assessment with this score; and whether it is held back from the
    /// score's own band.
    pub fn next(&mut self, score: u8, now: Moment) -> (Level, bool) {
        let band = Level::of_score(score);
        let level = match (self.level, self.better) {
            (Some(level), Some((before, since))) if band < level => {
                let worse = band.max(before);
                if now.since(since) >= APART {
                    self.better = None;
                    worse
                } else {
                    self.better = Some((worse, since));
                    level
                }
            }
            (Some(level), None) if band < level => {
                self.better = Some((band, now));
                level
            }
            _ => {
                self.better = None;
                band
            }
        };
        self.level = Some(level);
        (level, level != band)
    }
}
