//! The body of a webhook: version 4, in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::alert;
use super::{Batch, MAX_ALERTS, MAX_BODY_BYTES};
use crate::recover::targets::Targets;

/// Why a whole body was refused: none of it was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is too long.
    #[error("{bytes} bytes, at most {MAX_BODY_BYTES} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// It has too many alerts.
    #[error("{alerts} alerts, at most {MAX_ALERTS} are taken")]
    TooManyAlerts {
        /// How many.
        alerts: usize,
    },
    /// It is not such a JSON document. Holds no part of it.
    #[error("not an Alertmanager webhook (line {line}, column {column})")]
    Malformed {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
    },
    /// It is of another version.
    #[error("not version 4 of the Alertmanager webhook")]
    Version,
}

/// What is read of the body; the rest may be anything.
#[derive(Deserialize)]
struct Payload<'a> {
    version: Option<String>,
    #[serde(borrow)]
    alerts: Vec<&'a RawValue>,
    #[serde(rename = "truncatedAlerts", default)]
    truncated: Option<u64>,
}

/// What is read of one alert.
#[derive(Deserialize)]
pub(super) struct Alert {
    pub(super) status: String,
    pub(super) labels: BTreeMap<String, String>,
    #[serde(rename = "startsAt", default)]
    pub(super) starts_at: Option<String>,
}

/// Reads a body. `identity` is this host's name in labels.
///
/// # Errors
/// [`PayloadError`]: the body as a whole can't be read. A single alert that can't is put aside.
pub fn parse(body: &[u8], targets: &Targets, identity: &str) -> Result<Batch, PayloadError> {
    if body.len() > MAX_BODY_BYTES {
        return Err(PayloadError::TooLarge { bytes: body.len() });
    }
    let payload: Payload = serde_json::from_slice(body).map_err(|e| PayloadError::Malformed {
        line: e.line(),
        column: e.column(),
    })?;
    if payload.version.as_deref() != Some("4") {
        return Err(PayloadError::Version);
    }
    let alerts = payload.alerts.len();
    if alerts > MAX_ALERTS {
        return Err(PayloadError::TooManyAlerts { alerts });
    }
    let mut batch = Batch {
        truncated: payload.truncated.unwrap_or(0),
        ..Batch::default()
    };
    for (index, raw) in payload.alerts.iter().enumerate() {
        batch.enter(alert::read(index, raw.get(), targets, identity));
    }
    Ok(batch)
}
