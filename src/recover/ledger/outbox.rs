//! The outbox: what is to be told stays until somebody took it.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params};

use super::sql::Json;
use super::{Ledger, LedgerError};
use crate::model::{IncidentId, Timestamp};

/// A number the ledger gave a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeId(pub i64);

impl ToSql for NoticeId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}

impl FromSql for NoticeId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(NoticeId)
    }
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// The incident it is about.
    pub incident: Option<IncidentId>,
    /// The channel: `slack`, `webhook`, `log`.
    pub channel: String,
    /// What the channel makes its message of; no secrets.
    pub body: serde_json::Value,
}

/// A notice that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued {
    /// Its number.
    pub id: NoticeId,
    /// What is to be told.
    pub notice: Notice,
    /// When it was put in.
    pub created_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// A notice that waits, or is over, as far as the next one about the same is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Noticed {
    /// Its number.
    pub id: NoticeId,
    /// What the channel makes, or made, its message of.
    pub body: serde_json::Value,
    /// When it was put in.
    pub created_at: Timestamp,
    /// When it is to be sent, while it waits.
    pub next_at: Timestamp,
    /// It was sent, or given up.
    pub over: bool,
}

/// Notices that are looked at for the next one about the same.
const MOST_NOTICED: i64 = 1000;

impl Ledger {
    /// Puts a notice into the outbox, to be sent at once.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn queue(&mut self, notice: &Notice, now: Timestamp) -> Result<NoticeId, LedgerError> {
        self.queue_for(notice, now, now)
    }

    /// Puts a notice into the outbox, to be sent at `at`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn queue_for(
        &mut self,
        notice: &Notice,
        now: Timestamp,
        at: Timestamp,
    ) -> Result<NoticeId, LedgerError> {
        self.change(|change| Ok(queue(change, notice, now, at)?))
    }

    /// Changes what a notice that waits says.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn reword(&mut self, id: NoticeId, body: &serde_json::Value) -> Result<(), LedgerError> {
        self.change(|change| {
            let query = "UPDATE outbox SET body = ? WHERE id = ? AND sent_at IS NULL";
            let values = params![Json(body), id];
            let reworded = change.prepare_cached(query)?.execute(values)?;
            super::incidents::one(reworded, || format!("notice {} does not wait", id.0))
        })
    }

    /// What was put in for a channel about an incident, or about none, since `since`; newest first,
    /// of the last 1,000 notices.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn noticed(
        &self,
        channel: &str,
        incident: Option<IncidentId>,
        since: Timestamp,
    ) -> Result<Vec<Noticed>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT id, body, created_at, next_at, sent_at IS NOT NULL FROM outbox
                WHERE id > (SELECT max(id) FROM outbox) - ?
                AND channel = ? AND incident IS ? AND created_at > ? ORDER BY id DESC";
            let mut statement = connection.prepare_cached(query)?;
            let values = params![MOST_NOTICED, channel, incident, since];
            let rows = statement.query_map(values, |row| {
                let Json(body) = row.get(1)?;
                Ok(Noticed {
                    id: row.get(0)?,
                    body,
                    created_at: row.get(2)?,
                    next_at: row.get(3)?,
                    over: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }

    /// The bodies of what was put in about an incident, for any channel, newest first, of the last
    /// 1,000 notices.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn told(&self, incident: IncidentId) -> Result<Vec<serde_json::Value>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT body FROM outbox
                WHERE id > (SELECT max(id) FROM outbox) - ? AND incident = ? ORDER BY id DESC";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map(params![MOST_NOTICED, incident], |row| {
                row.get(0).map(|Json(body)| body)
            })?;
            rows.collect()
        })
    }

    /// The channels that notices wait for.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn channels(&self) -> Result<Vec<String>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT DISTINCT channel FROM outbox WHERE sent_at IS NULL";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// Notices of a channel whose time has come, the longest due first, at most `limit`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn due(
        &self,
        channel: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Queued>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT id, incident, channel, body, created_at, attempts FROM outbox
                WHERE sent_at IS NULL AND next_at <= ? AND channel = ?
                ORDER BY next_at, id LIMIT ?";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map(params![now, channel, limit], |row| {
                let Json(body) = row.get(3)?;
                Ok(Queued {
                    id: row.get(0)?,
                    notice: Notice {
                        incident: row.get(1)?,
                        channel: row.get(2)?,
                        body,
                    },
                    created_at: row.get(4)?,
                    attempts: row.get(5)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Notes that notices were taken, as a whole; how many of them waited.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn sent(&mut self, ids: &[NoticeId], now: Timestamp) -> Result<usize, LedgerError> {
        let query = "UPDATE outbox SET sent_at = ?2, attempts = attempts + 1, problem = NULL
            WHERE id = ?1 AND sent_at IS NULL";
        self.each(query, ids, params![now])
    }

    /// Notes that notices will not be sent any more, and why, as a whole; how many of them waited.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn give_up(
        &mut self,
        ids: &[NoticeId],
        problem: &str,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let query = "UPDATE outbox SET sent_at = ?3, problem = ?2
            WHERE id = ?1 AND sent_at IS NULL";
        self.each(query, ids, params![problem, now])
    }

    /// Notes that notices were refused, why, and when they are to be tried again, as a whole; how
    /// many of them waited.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn put_off(
        &mut self,
        ids: &[NoticeId],
        problem: &str,
        next_at: Timestamp,
    ) -> Result<usize, LedgerError> {
        let query = "UPDATE outbox SET attempts = attempts + 1, problem = ?2, next_at = ?3
            WHERE id = ?1 AND sent_at IS NULL";
        self.each(query, ids, params![problem, next_at])
    }

    /// Changes each of `ids`, the first value of `query`; the others are `values`.
    fn each(
        &mut self,
        query: &str,
        ids: &[NoticeId],
        values: &[&dyn ToSql],
    ) -> Result<usize, LedgerError> {
        self.change(|change| {
            let mut statement = change.prepare_cached(query)?;
            let mut changed = 0;
            for id in ids {
                let own: &dyn ToSql = id;
                let all: Vec<_> = std::iter::once(own).chain(values.iter().copied()).collect();
                changed += statement.execute(&all[..])?;
            }
            Ok(changed)
        })
    }

    /// How many notices wait, and since when the oldest does.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn waiting(&self) -> Result<(u64, Option<Timestamp>), LedgerError> {
        self.read(|connection| {
            let query = "SELECT count(*), min(created_at) FROM outbox WHERE sent_at IS NULL";
            let mut statement = connection.prepare_cached(query)?;
            statement.query_row([], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
            })
        })
    }
}

/// Puts a notice in, to be sent at `at`.
pub(super) fn queue(
    change: &Connection,
    notice: &Notice,
    now: Timestamp,
    at: Timestamp,
) -> Result<NoticeId, rusqlite::Error> {
    let query = "INSERT INTO outbox (incident, channel, body, created_at, next_at)
        VALUES (?, ?, ?, ?, ?)";
    let body = Json(&notice.body);
    let values = params![notice.incident, notice.channel, body, now, at];
    change.prepare_cached(query)?.execute(values)?;
    Ok(NoticeId(change.last_insert_rowid()))
}
