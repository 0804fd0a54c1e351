//! The model's values as the database keeps them: words, keys, milliseconds, JSON.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};

use crate::model::{
    ForecastEnd, HoldReason, IncidentId, Level, Outcome, Risk, RunId, RunMode, RunState,
    StepResult, Target, Timestamp, TriggerCode, TriggerId, TriggerSource, TriggerStatus,
};
use crate::recover::intake::QuarantineReason;

/// Enums of plain words: written as their label, read by serde; a test holds the two together.
macro_rules! words {
    ($($type:ty),*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }
        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let word: StrDeserializer<'_, WordError> = value.as_str()?.into_deserializer();
                Self::deserialize(word).map_err(FromSqlError::other)
            }
        }
    )*};
}

words!(
    TriggerSource,
    TriggerStatus,
    RunMode,
    Risk,
    StepResult,
    HoldReason,
    Outcome,
    ForecastEnd,
    QuarantineReason
);

/// Numbers.
macro_rules! numbers {
    ($($type:ident),*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }
        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_i64().map($type)
            }
        }
    )*};
}

numbers!(TriggerId, IncidentId, RunId, Timestamp);

/// As its key.
impl ToSql for Target {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.key().into())
    }
}

impl FromSql for Target {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Target::from_key(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for TriggerCode {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for TriggerCode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        TriggerCode::from_text(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

/// Anything else, as JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        let text = text.map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let read = serde_json::from_str(value.as_str()?);
        read.map(Json).map_err(FromSqlError::other)
    }
}

/// A run's state in two columns: its word, and the reason or outcome.
pub(super) fn state(state: RunState) -> (&'static str, Option<&'static str>) {
    let detail = match state {
        RunState::Held(reason) => Some(reason.as_str()),
        RunState::Ended(outcome) => Some(outcome.as_str()),
        _ => None,
    };
    (state.as_str(), detail)
}

/// The state of the two columns `at` and the one after it.
pub(super) fn read_state(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<RunState> {
    let word: String = row.get(at)?;
    Ok(match word.as_str() {
        "proposed" => RunState::Proposed,
        "awaiting_approval" => RunState::AwaitingApproval,
        "held" => RunState::Held(row.get(at + 1)?),
        "running" => RunState::Running,
        "verifying" => RunState::Verifying,
        "ended" => RunState::Ended(row.get(at + 1)?),
        other => {
            let words = format!("`{other}` is no state of a run");
            let text = rusqlite::types::Type::Text;
            return Err(rusqlite::Error::FromSqlConversionFailure(
                at,
                text,
                words.into(),
            ));
        }
    })
}

/// The level of the column `at`.
pub(super) fn level(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Level> {
    let word: String = row.get(at)?;
    let known = Level::ALL.into_iter().find(|level| level.as_str() == word);
    known.ok_or_else(|| {
        let text = rusqlite::types::Type::Text;
        let words = format!("`{word}` is no level");
        rusqlite::Error::FromSqlConversionFailure(at, text, words.into())
    })
}
