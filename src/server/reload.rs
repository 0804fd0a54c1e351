//! Loading the configuration again, because a person asked: what was read, or why it was rejected.

use std::path::{PathBuf, absolute};

use axum::Json;
use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::act::refuse;
use super::body::Refusal;
use super::routes::State;
use crate::config::{Config, Source};
use crate::model::RunMode;
use crate::publish::status::VERSION;
use crate::recover::engine::mode;

/// Asks for the configuration to be loaded again; answered with what was read, or what is wrong.
pub type ReloadRequest = oneshot::Sender<Result<Reloaded, String>>;

/// What was read, and is in force now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// That of the status document.
    pub version: u32,
    /// The configuration file; `null`: there is none, and the defaults hold.
    pub configuration: Option<PathBuf>,
    /// The web configuration file, where one is named.
    pub web_configuration: Option<PathBuf>,
    /// The worker kinds.
    pub workers: Vec<String>,
    /// The env files.
    pub env_files: Vec<PathBuf>,
    /// How far recovery may go.
    pub mode: RunMode,
}

impl Reloaded {
    /// Of this configuration, and of the web configuration where one is named.
    pub fn of(config: &Config, web_configuration: Option<PathBuf>) -> Self {
        let env_files = config.env_files.iter().map(|file| file.path.clone());
        Reloaded {
            version: VERSION,
            configuration: match &config.source {
                // Who reads it may be in another folder.
                Source::File(path) => Some(absolute(path).unwrap_or_else(|_| path.clone())),
                Source::Defaults => None,
            },
            web_configuration,
            workers: config.workers.keys().cloned().collect(),
            env_files: env_files.collect(),
            mode: mode(config.recovery.mode),
        }
    }
}

pub(super) async fn ask(extract::State(state): extract::State<State>) -> Response {
    let (answer, answered) = oneshot::channel();
    if state.reload.send(answer).await.is_err() {
        return Refusal::later("warrener is stopping").into_response();
    }
    match answered.await {
        Ok(Ok(read)) => Json(read).into_response(),
        Ok(Err(problems)) => refuse(StatusCode::BAD_REQUEST, &problems),
        Err(_) => Refusal::later("warrener is stopping").into_response(),
    }
}
