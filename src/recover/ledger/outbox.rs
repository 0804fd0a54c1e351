//! The outbox: what is to be told stays until somebody took it.

use rusqlite::params;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

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

impl Ledger {
    /// Puts a notice into the outbox.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn queue(&mut self, notice: &Notice, now: Timestamp) -> Result<NoticeId, LedgerError> {
        self.change(|change| {
            let query = "INSERT INTO outbox (incident, channel, body, created_at, next_at)
                VALUES (?, ?, ?, ?4, ?4)";
            let body = Json(&notice.body);
            let values = params![notice.incident, notice.channel, body, now];
            change.prepare_cached(query)?.execute(values)?;
            Ok(NoticeId(change.last_insert_rowid()))
        })
    }

    /// Notices whose time has come, the longest due first, at most `limit`.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Queued>, LedgerError> {
        self.read(|connection| {
            let query = "SELECT id, incident, channel, body, created_at, attempts FROM outbox
                WHERE sent_at IS NULL AND next_at <= ? ORDER BY next_at, id LIMIT ?";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map(params![now, limit], |row| {
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

    /// Notes that a notice was taken.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn sent(&mut self, id: NoticeId, now: Timestamp) -> Result<(), LedgerError> {
        self.change(|change| {
            let query = "UPDATE outbox SET sent_at = ?, attempts = attempts + 1, problem = NULL
                WHERE id = ? AND sent_at IS NULL";
            let sent = change.prepare_cached(query)?.execute(params![now, id])?;
            super::incidents::one(sent, || format!("notice {} does not wait", id.0))
        })
    }

    /// Notes that a notice was refused, why, and when it is to be tried again.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn put_off(
        &mut self,
        id: NoticeId,
        problem: &str,
        next_at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.change(|change| {
            let query = "UPDATE outbox SET attempts = attempts + 1, problem = ?, next_at = ?
                WHERE id = ? AND sent_at IS NULL";
            let put_off = change
                .prepare_cached(query)?
                .execute(params![problem, next_at, id])?;
            super::incidents::one(put_off, || format!("notice {} does not wait", id.0))
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
