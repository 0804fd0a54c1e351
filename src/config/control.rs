//! `control`: how a worker or the broker node is observed, stopped and started.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one_or_many::OneOrMany;
use super::systemd_units::UnitName;

/// How a worker or service is observed, stopped and started: exactly one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Control {
    /// warrener starts the processes itself.
    Process(ProcessControl),
    /// systemd service units; a name or a list, `{1..3}` counts.
    Systemd(OneOrMany<UnitName>),
    /// Docker containers.
    Docker(DockerControl),
    /// Commands of your own.
    Command(CommandControl),
}

/// warrener starts the processes itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessControl {
    /// Program and arguments; no shell.
    pub command: Vec<String>,
    /// Working folder.
    #[serde(default = "here")]
    pub cwd: PathBuf,
    /// File that standard output and error are appended to; without it they are dropped.
    #[serde(default)]
    pub log: Option<PathBuf>,
}

fn here() -> PathBuf {
    PathBuf::from(".")
}

/// Docker containers: the services of a compose project, or containers by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DockerControl {
    /// Folder of the compose project; needs `service`.
    pub compose: Option<PathBuf>,
    /// Service of the compose project.
    pub service: Option<String>,
    /// Name of a container outside compose; a name or a list.
    pub container: OneOrMany<String>,
}

/// Commands of your own, each program and arguments; no shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandControl {
    /// Starts it.
    pub start: Vec<String>,
    /// Stops it.
    pub stop: Vec<String>,
    /// Exit code 0 when it runs.
    pub status: Vec<String>,
}
