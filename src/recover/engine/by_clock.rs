//! What the clock asks for: `recovery.housekeeping`.

use std::collections::HashMap;

use super::Engine;
use crate::config::Housekeeping;
use crate::model::{
    Scheduled, Target, Timestamp, Trigger, TriggerCode, TriggerSource, TriggerStatus,
};
use crate::recover::clock::{Zone, due, next};
use crate::recover::ledger::{LedgerError, Planned};

/// What was planned last, by line, as far as the ledger was asked.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    last: HashMap<String, Timestamp>,
    scheduled: Vec<Scheduled>,
}

impl Timetable {
    pub(super) fn scheduled(&self) -> Vec<Scheduled> {
        self.scheduled.clone()
    }
}

impl Engine {
    /// Enters what has come due, each planned time once. Where the same playbook still runs, it joins
    /// that run.
    pub(super) async fn by_clock(&mut self) -> Result<(), LedgerError> {
        let (setup, now, zone) = (self.shared.setup(), self.shared.now(), Zone::system());
        let mut scheduled = Vec::new();
        for line in &setup.config.recovery.housekeeping {
            let name = format!("housekeeping: {} {}", line.cron, line.playbook);
            let mut last = self.last_planned(&name, now).await?;
            if let Some(at) = due(&line.cron, last, now, &zone) {
                let planned = Planned {
                    triggers: vec![trigger(line, at)],
                    ..Planned::default()
                };
                let of = name.clone();
                let write = self
                    .shared
                    .ledger
                    .write(move |ledger| ledger.do_planned(&of, at, &planned, now));
                if write.await? {
                    let late = now.since(at).as_secs();
                    tracing::info!(playbook = line.playbook, cron = %line.cron, planned = zone.words(at), late, "the clock asks for it");
                }
                self.timetable.last.insert(name, at);
                last = at;
            }
            scheduled.push(Scheduled {
                cron: line.cron.to_string(),
                playbook: line.playbook.clone(),
                zone: zone.name(now),
                last,
                next: next(&line.cron, now, &zone),
            });
        }
        self.timetable.scheduled = scheduled;
        Ok(())
    }

    async fn last_planned(&mut self, name: &str, now: Timestamp) -> Result<Timestamp, LedgerError> {
        // One that lies ahead was written by a clock that was wrong: the ledger decides.
        if let Some(last) = self.timetable.last.get(name).filter(|last| **last <= now) {
            return Ok(*last);
        }
        let of = name.to_owned();
        let last = self
            .shared
            .ledger
            .write(move |ledger| ledger.last_planned(&of, now))
            .await?;
        self.timetable.last.insert(name.to_owned(), last);
        Ok(last)
    }
}

fn trigger(line: &Housekeeping, at: Timestamp) -> Trigger {
    Trigger {
        source: TriggerSource::Clock,
        code: TriggerCode::Asked(line.playbook.clone()),
        target: Target::Host,
        status: TriggerStatus::Firing,
        fingerprint: format!("clock:{}:{}", line.playbook, at.0),
        starts_at: Some(at),
        labels: Default::default(),
    }
}
