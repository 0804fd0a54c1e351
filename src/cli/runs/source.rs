//! Where runs are read from: a server, or, where none is, the ledger itself.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::cli::ConfigArgs;
use crate::cli::client::{Client, ServerArgs, Unanswered};
use crate::cli::ledger;
use crate::cli::output::Problem;
use crate::recover::ledger::{Ledger, LedgerError};

/// What was read, and the document that it was read from.
pub(super) struct Read<T> {
    pub(super) value: T,
    pub(super) json: String,
    /// What has to be known of how it came about.
    pub(super) note: Option<String>,
}

/// From the server; where none is there and none was named, from the ledger by `own`.
pub(super) async fn read<T: DeserializeOwned + Serialize>(
    server: &ServerArgs,
    config: &ConfigArgs,
    path: &str,
    own: impl FnOnce(&Ledger) -> Result<T, Problem>,
) -> Result<Read<T>, Problem> {
    // A server that was named and is not there is not replaced by something else.
    let config = server.url.is_none().then(|| config.file());
    read_at(&server.client()?, config, path, own).await
}

/// The same; `config` is the configuration of the ledger, `None`: not to read one.
pub(super) async fn read_at<T: DeserializeOwned + Serialize>(
    client: &Client,
    config: Option<Option<PathBuf>>,
    path: &str,
    own: impl FnOnce(&Ledger) -> Result<T, Problem>,
) -> Result<Read<T>, Problem> {
    let (nobody, file) = match (client.get(path).await, config) {
        (Ok(json), _) => {
            let wrong = |why| Problem::Failed(format!("{}: {why}", client.url()));
            let value = parse(&json).map_err(wrong)?;
            let note = None;
            return Ok(Read { value, json, note });
        }
        (Err(nobody @ Unanswered::NobodyThere(_)), Some(file)) => (nobody.to_string(), file),
        (Err(unanswered), _) => return Err(unanswered.into()),
    };
    let there = ledger::open(file.as_deref(), &nobody)?;
    let value = own(&there.ledger)?;
    let json = serde_json::to_string(&value)
        .map_err(|error| Problem::Failed(format!("it can't be written: {error}")))?;
    let file = there.ledger.file().display();
    let note = Some(format!("{nobody}: read from {file}"));
    Ok(Read { value, json, note })
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads a server's document; fields that this version does not know are passed over.
pub(in crate::cli) fn parse<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    let Versioned { version } = serde_json::from_str(json)
        .map_err(|_| "this is no answer of this version of warrener's".to_owned())?;
    if version != VERSION {
        return Err(format!(
            "its answer has version {version}, this program reads version {VERSION}: use the \
             program of the server's version"
        ));
    }
    serde_json::from_str(json).map_err(|error| format!("its answer can't be read: {error}"))
}

pub(super) fn unread(error: LedgerError) -> Problem {
    Problem::Failed(error.to_string())
}
