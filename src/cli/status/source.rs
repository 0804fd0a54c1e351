//! Where a status comes from: a server, or, where none runs, this process's own probes.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use crate::app::Judge;
use crate::cli::client::{Client, Unanswered};
pub(super) use crate::cli::output::Problem;
use crate::config::Config;
use crate::model::Attention;
use crate::publish::status::{Status, VERSION};
use crate::watch::Watch;
use crate::watch::cycle::{Assembler, Probes};

/// How long this process's own probes are waited for; each has a shorter deadline of its own.
const PATIENCE: Duration = Duration::from_secs(20);

/// A status, and the document that it was read from.
#[derive(Debug)]
pub(in crate::cli) struct Reading {
    pub(in crate::cli) status: Status,
    pub(super) json: String,
    /// What has to be known of how it came about.
    pub(super) note: Option<String>,
}

/// Where statuses come from.
pub(in crate::cli) struct Origin {
    client: Client,
    /// The configuration to probe by when no server is there; `None`: not to.
    own_config: Option<Option<PathBuf>>,
    own: Option<Own>,
}

impl Origin {
    /// From the server of `client`; where none is there, by probing as `own_config` says.
    pub(in crate::cli) fn new(client: Client, own_config: Option<Option<PathBuf>>) -> Self {
        Origin {
            client,
            own_config,
            own: None,
        }
    }

    /// The status now.
    pub(in crate::cli) async fn read(&mut self) -> Result<Reading, Problem> {
        match self.client.get("/api/v1/status").await {
            Ok(json) => {
                self.own = None;
                let status = parse(&json)
                    .map_err(|why| Problem::Failed(format!("{}: {why}", self.client.url())))?;
                let note = None;
                Ok(Reading { status, json, note })
            }
            Err(Unanswered::NobodyThere(url)) => {
                let Some(file) = &self.own_config else {
                    return Err(Problem::Failed(format!(
                        "no server at {url}: is `warrener serve` running there?"
                    )));
                };
                let first = self.own.is_none();
                let own = match &mut self.own {
                    Some(own) => own,
                    none => none.insert(Own::start(file.as_deref())?),
                };
                let status = own.read().await;
                let json = status.to_json();
                let how = if first {
                    "probed once just now. What takes a second reading or time can't be told: \
                     queues without consumers, backlogs, hung workers, trends, flapping"
                } else {
                    "probed from here. What takes time can be told only of the time since this \
                     began: hung workers, trends, flapping"
                };
                Ok(Reading {
                    status,
                    json,
                    note: Some(format!("no server at {url}: {how}")),
                })
            }
            Err(unanswered) => Err(Problem::Failed(unanswered.to_string())),
        }
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads a server's document; fields that this version does not know are passed over.
pub(super) fn parse(json: &str) -> Result<Status, String> {
    let Versioned { version } =
        serde_json::from_str(json).map_err(|_| "this is no status of warrener's".to_owned())?;
    if version != VERSION {
        return Err(format!(
            "its status has version {version}, this program reads version {VERSION}: use the \
             program of the server's version, or --json"
        ));
    }
    serde_json::from_str(json).map_err(|error| format!("its status can't be read: {error}"))
}

/// Probes that run in this process.
struct Own {
    assembler: Assembler,
    judge: Judge,
    /// They end with this.
    _probes: Probes,
}

impl Own {
    fn start(file: Option<&std::path::Path>) -> Result<Self, Problem> {
        let config = Config::load(file).map_err(|errors| Problem::Usage(errors.to_string()))?;
        let build = Watch::default()
            .build(&config)
            .map_err(|failure| Problem::Failed(failure.to_string()))?;
        let assembler = Assembler::start();
        let probes = build.start(
            &assembler,
            tokio::sync::watch::channel(Attention::default()).1,
        );
        Ok(Own {
            judge: Judge::new(&config),
            assembler,
            _probes: probes,
        })
    }

    /// The status of the newest readings, once every probe was tried.
    async fn read(&mut self) -> Status {
        let mut snapshots = self.assembler.snapshots();
        let tried = snapshots.wait_for(|snapshot| snapshot.every_probe_was_tried());
        // What was not read in time is shown as not read.
        drop(timeout(PATIENCE, tried).await);
        let snapshot = std::sync::Arc::clone(&snapshots.borrow());
        self.judge.status(&snapshot)
    }
}
