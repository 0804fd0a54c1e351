//! What comes in: a trigger is recorded once however often it is sent.

use std::time::Duration;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::sql::Json;
use super::{Change, Ledger, LedgerError, Stamp, pauses};
use crate::model::{Timestamp, Trigger, TriggerId, TriggerStatus};
use crate::recover::intake::{Quarantined, Read};

/// Quarantined alerts that are kept to be shown.
const MAX_QUARANTINED: i64 = 1000;
/// What is said again is already on the disk; when it was said last, is noted this often.
const AGAIN: Duration = Duration::from_secs(3600);

/// What became of a trigger that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its number, or that of the one it repeats.
    pub id: TriggerId,
    /// It says what was not said before.
    pub is_new: bool,
}

/// What was in what came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// What asks for recovery.
    pub triggers: u64,
    /// Of them, those that say what was not said before.
    pub new: u64,
    /// What was put aside.
    pub quarantined: u64,
    /// Heartbeats.
    pub heartbeats: u64,
    /// What is for people alone.
    pub for_people: u64,
    /// What is another host's.
    pub not_mine: u64,
}

impl Ledger {
    /// Records alerts as they are read, as a whole: when it returns, all of it is on the disk.
    ///
    /// # Errors
    /// [`LedgerError`]; none of it was recorded then.
    pub fn take_in(
        &mut self,
        alerts: impl IntoIterator<Item = Read>,
        now: Timestamp,
    ) -> Result<Taken, LedgerError> {
        self.change(|change| {
            let mut taken = Taken::default();
            let mut reception = Reception::new(change, now)?;
            for alert in alerts {
                match alert {
                    Read::Trigger(trigger) => {
                        taken.triggers += 1;
                        taken.new += u64::from(reception.trigger(&trigger)?.is_new);
                    }
                    Read::Quarantined(alert) => {
                        taken.quarantined += 1;
                        reception.aside(&alert)?;
                    }
                    Read::Heartbeat => taken.heartbeats += 1,
                    Read::ForPeople => taken.for_people += 1,
                    Read::NotMine => taken.not_mine += 1,
                }
            }
            drop(reception);
            if taken.quarantined > 0 {
                forget_old(change)?;
            }
            if taken.heartbeats > 0 {
                pauses::write_stamp(change, Stamp::Watchdog, now)?;
            }
            Ok::<_, Change>(taken)
        })
    }

    /// Records triggers and what was put aside, as a whole: when it returns, all of it is on the disk.
    ///
    /// # Errors
    /// [`LedgerError`]; none of it was recorded then.
    pub fn receive(
        &mut self,
        triggers: &[Trigger],
        quarantined: &[Quarantined],
        now: Timestamp,
    ) -> Result<Vec<Received>, LedgerError> {
        self.change(|change| {
            let received = receive(change, triggers, now)?;
            let mut reception = Reception::new(change, now)?;
            for alert in quarantined {
                reception.aside(alert)?;
            }
            drop(reception);
            forget_old(change)?;
            Ok::<_, Change>(received)
        })
    }
}

/// Records triggers, each once.
pub(super) fn receive(
    change: &Connection,
    triggers: &[Trigger],
    now: Timestamp,
) -> rusqlite::Result<Vec<Received>> {
    let mut reception = Reception::new(change, now)?;
    triggers
        .iter()
        .map(|trigger| reception.trigger(trigger))
        .collect()
}

/// Writes what comes in, one by one.
struct Reception<'c> {
    now: Timestamp,
    newest: CachedStatement<'c>,
    again: CachedStatement<'c>,
    replace: CachedStatement<'c>,
    insert: CachedStatement<'c>,
    aside: CachedStatement<'c>,
}

/// The newest row of a fingerprint.
struct Newest {
    id: TriggerId,
    status: TriggerStatus,
    last_at: Timestamp,
}

impl<'c> Reception<'c> {
    fn new(change: &'c Connection, now: Timestamp) -> rusqlite::Result<Self> {
        Ok(Reception {
            now,
            newest: change.prepare_cached(
                "SELECT id, status, last_at FROM triggers WHERE fingerprint = ? AND newest = 1",
            )?,
            again: change.prepare_cached("UPDATE triggers SET last_at = ? WHERE id = ?")?,
            replace: change.prepare_cached("UPDATE triggers SET newest = 0 WHERE id = ?")?,
            insert: change.prepare_cached(
                "INSERT INTO triggers
                    (fingerprint, status, source, code, target, starts_at, labels, received_at, last_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
            )?,
            aside: change.prepare_cached(
                "INSERT INTO quarantine (received_at, position, reason, words, excerpt)
                 VALUES (?, ?, ?, ?, ?)",
            )?,
        })
    }

    /// A row of its own, unless the newest of the same fingerprint says the same.
    fn trigger(&mut self, trigger: &Trigger) -> rusqlite::Result<Received> {
        let newest = |row: &Row<'_>| {
            Ok(Newest {
                id: row.get(0)?,
                status: row.get(1)?,
                last_at: row.get(2)?,
            })
        };
        let newest = self.newest.query_row([&trigger.fingerprint], newest);
        match newest.optional()? {
            Some(newest) if newest.status == trigger.status => {
                let age = self.now.since(newest.last_at);
                if age >= AGAIN {
                    self.again.execute(params![self.now, newest.id])?;
                }
                return Ok(Received {
                    id: newest.id,
                    is_new: false,
                });
            }
            Some(other) => drop(self.replace.execute([other.id])?),
            None => {}
        }
        let id = self.insert.insert(params![
            trigger.fingerprint,
            trigger.status,
            trigger.source,
            trigger.code,
            trigger.target,
            trigger.starts_at,
            Json(&trigger.labels),
            self.now
        ])?;
        Ok(Received {
            id: TriggerId(id),
            is_new: true,
        })
    }

    fn aside(&mut self, alert: &Quarantined) -> rusqlite::Result<()> {
        let (words, excerpt) = (&alert.words, &alert.excerpt);
        let values = params![self.now, alert.index, alert.reason, words, excerpt];
        self.aside.execute(values).map(drop)
    }
}

fn forget_old(change: &Connection) -> rusqlite::Result<()> {
    let oldest = "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?";
    change
        .prepare_cached(oldest)?
        .execute([MAX_QUARANTINED])
        .map(drop)
}
