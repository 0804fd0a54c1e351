//! What is written down of the world beside what is done about it: the health score, and the forecasts
//! that were told.

use std::collections::VecDeque;

use super::Engine;
use crate::model::{Moment, PastForecast, ScoreSpan};
use crate::recover::learn::{ForecastChange, ScoreLog, follow};
use crate::recover::ledger::LedgerError;

/// Spans that wait while the ledger can't be written; of more, the oldest are lost.
const WAITING: usize = 1000;

/// What is remembered between looks.
#[derive(Debug, Default)]
pub(super) struct Memory {
    scores: ScoreLog,
    waiting: VecDeque<ScoreSpan>,
    /// The undecided forecasts, once they were read.
    forecasts: Option<Vec<PastForecast>>,
    /// The assessment that was looked at last.
    seen: Option<Moment>,
}

impl Engine {
    pub(super) async fn remember(&mut self) -> Result<(), LedgerError> {
        let Some(world) = self.shared.world() else {
            return Ok(());
        };
        let (at, memory) = (world.assessment.at, &mut self.memory);
        // Before everything was tried, what is well is only not seen yet.
        if memory.seen == Some(at) || !world.snapshot.every_probe_was_tried() {
            return Ok(());
        }
        memory.seen = Some(at);
        let (score, level) = (world.assessment.score, world.assessment.level);
        let ended = memory.scores.push(at.into(), score, level);
        memory.waiting.extend(ended);
        while memory.waiting.len() > WAITING {
            memory.waiting.pop_front();
        }
        if !memory.waiting.is_empty() {
            let spans: Vec<_> = memory.waiting.iter().copied().collect();
            self.shared
                .ledger
                .write(move |ledger| ledger.keep_scores(&spans))
                .await?;
            self.memory.waiting.clear();
        }
        self.foresee(&world).await
    }

    async fn foresee(&mut self, world: &crate::recover::actions::World) -> Result<(), LedgerError> {
        let open = match self.memory.forecasts.take() {
            Some(open) => open,
            None => {
                let read = |ledger: &crate::recover::ledger::Ledger| ledger.open_forecasts();
                self.shared.ledger.read(read).await?
            }
        };
        let now = self.shared.now();
        let changes = follow(&open, &world.assessment, now);
        if changes.is_empty() {
            self.memory.forecasts = Some(open);
            return Ok(());
        }
        let open = self.shared.ledger.write(move |ledger| {
            for change in &changes {
                match change {
                    ForecastChange::Made { code, target, due } => {
                        ledger.foresee(*code, target, now, *due)?;
                    }
                    ForecastChange::Decided(id, end) => ledger.decide_forecast(*id, *end, now)?,
                }
            }
            ledger.open_forecasts()
        });
        self.memory.forecasts = Some(open.await?);
        Ok(())
    }
}
