//! The status as versioned JSON: what `GET /api/v1/status` answers and `warrener status` shows.

use serde::Serialize;

use crate::model::{Assessment, Snapshot};

/// The version of the form; it grows when something is taken away or changes its meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Status<'a> {
    version: u32,
    warrener: &'static str,
    identity: &'a str,
    #[serde(flatten)]
    assessment: &'a Assessment,
    failures: Vec<ProbeFailure<'a>>,
}

/// Why a probe's newest reading failed.
#[derive(Serialize)]
struct ProbeFailure<'a> {
    probe: &'static str,
    reason: &'static str,
    message: &'a str,
}

/// The status of one instant as JSON. No value in it is a secret: what is secret has a type that
/// is not printed.
pub fn status(identity: &str, snapshot: &Snapshot, assessment: &Assessment) -> String {
    let failures = snapshot.failures();
    let status = Status {
        version: VERSION,
        warrener: env!("CARGO_PKG_VERSION"),
        identity,
        assessment,
        failures: failures
            .iter()
            .map(|(probe, failure)| ProbeFailure {
                probe: probe.as_str(),
                reason: failure.reason.as_str(),
                message: &failure.message,
            })
            .collect(),
    };
    // Nothing in it can fail to be written.
    serde_json::to_string(&status).unwrap_or_default()
}
