//! `workers`: the kinds of worker processes, what they consume, how they are found and handled.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;
use super::control::Control;
use super::expression::Regex;
use super::units::{Period, Ratio};

/// One kind of worker. Needs `control`, `match` or both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Worker {
    /// How its processes are observed, stopped and started. Without it they are only observed.
    /// The forms are those of `broker.control`.
    pub control: Option<Control>,
    /// How its processes are recognised where the control can't tell; needed with `command`.
    #[serde(rename = "match")]
    pub matching: Option<Match>,
    /// Processes there should be.
    pub count: u32,
    /// Processes there must be at any moment, also during a staged restart.
    pub min_healthy: u32,
    /// Queues it consumes.
    pub queues: Vec<String>,
    /// The env file it is started with; one of `env_files`.
    pub env_file: Option<PathBuf>,
    /// Staged restarts go from the lowest stage to the highest.
    pub stage: u32,
    /// How it is stopped.
    pub stop: Stop,
    /// When it counts as hung.
    pub hang: Hang,
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            control: None,
            matching: None,
            count: 1,
            min_healthy: 1,
            queues: Vec::new(),
            env_file: None,
            stage: 1,
            stop: Stop::default(),
            hang: Hang::default(),
        }
    }
}

impl Config {
    /// The names of the workers that are started with the env file at `path`.
    pub fn workers_with(&self, path: &Path) -> impl Iterator<Item = &str> {
        let with = move |worker: &Worker| worker.env_file.as_deref() == Some(path);
        let workers = self.workers.iter().filter(move |(_, worker)| with(worker));
        workers.map(|(name, _)| name.as_str())
    }
}

/// How processes are recognised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Matches the command line, its arguments joined by single spaces.
    pub cmdline: Regex,
}

/// How a worker is stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stop {
    /// Signal that asks it to stop.
    pub signal: Signal,
    /// Time it has before it is killed.
    pub grace: Period,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: Signal::Term,
            grace: Period::secs(10),
        }
    }
}

/// Signal that asks a process to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// SIGTERM.
    Term,
    /// SIGINT.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
    /// SIGKILL; no grace.
    Kill,
}

/// When a worker counts as hung.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hang {
    /// Messages wait and it has acknowledged none for this long. The broker's statistics are up to
    /// 6 s late, 18 s at 10,000 queues: less than 30 s only on a small broker.
    pub no_ack_for: Period,
    /// Share of one core from which a process that acknowledges nothing counts as spinning.
    pub cpu_spin: Ratio,
}

impl Default for Hang {
    fn default() -> Self {
        Self {
            no_ack_for: Period::secs(120),
            cpu_spin: Ratio::percent(90),
        }
    }
}
