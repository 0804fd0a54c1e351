//! The body of a webhook: version 4, in JSON.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::alert::{self, Read};
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

/// A body whose frame was read: it is a webhook's, and its alerts are read one by one as they are
/// asked for. So a body of ten thousand holds no more memory than its bytes.
#[derive(Debug)]
pub struct Body<B> {
    bytes: B,
    alerts: Vec<Range<usize>>,
    truncated: u64,
}

impl<B: AsRef<[u8]>> Body<B> {
    /// Reads the frame.
    ///
    /// # Errors
    /// [`PayloadError`]: the body as a whole can't be read. A single alert that can't is put aside.
    pub fn open(bytes: B) -> Result<Self, PayloadError> {
        let body = bytes.as_ref();
        if body.len() > MAX_BODY_BYTES {
            return Err(PayloadError::TooLarge { bytes: body.len() });
        }
        let payload: Payload =
            serde_json::from_slice(body).map_err(|e| PayloadError::Malformed {
                line: e.line(),
                column: e.column(),
            })?;
        if payload.version.as_deref() != Some("4") {
            return Err(PayloadError::Version);
        }
        let count = payload.alerts.len();
        if count > MAX_ALERTS {
            return Err(PayloadError::TooManyAlerts { alerts: count });
        }
        let begin = body.as_ptr().addr();
        let place = |raw: &&RawValue| {
            let start = raw.get().as_ptr().addr() - begin;
            start..start + raw.get().len()
        };
        let alerts = payload.alerts.iter().map(place).collect();
        let truncated = payload.truncated.unwrap_or(0);
        Ok(Body {
            bytes,
            alerts,
            truncated,
        })
    }

    /// Alerts that Alertmanager left out, because the receiver's `max_alerts` is not 0.
    pub fn truncated(&self) -> u64 {
        self.truncated
    }

    /// Its alerts, read in their order. `identity` is this host's name in labels.
    pub fn alerts<'a>(
        &'a self,
        targets: &'a Targets,
        identity: &'a str,
    ) -> impl Iterator<Item = Read> + 'a {
        let bytes = self.bytes.as_ref();
        let alerts = self.alerts.iter().cloned().enumerate();
        alerts.map(move |(index, place)| {
            let raw = bytes.get(place).unwrap_or_default();
            let raw = std::str::from_utf8(raw).unwrap_or_default();
            alert::read(index, raw, targets, identity)
        })
    }
}

/// Reads a body whole. `identity` is this host's name in labels.
///
/// # Errors
/// [`PayloadError`]: the body as a whole can't be read. A single alert that can't is put aside.
pub fn parse(body: &[u8], targets: &Targets, identity: &str) -> Result<Batch, PayloadError> {
    let body = Body::open(body)?;
    let mut batch = Batch {
        truncated: body.truncated(),
        ..Batch::default()
    };
    body.alerts(targets, identity)
        .for_each(|read| batch.enter(read));
    Ok(batch)
}
