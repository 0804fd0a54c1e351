//! `health`, `recovery`, `notify` and `ledger`: how far repair may go by itself, whom it tells,
//! and how long it remembers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cron::Cron;
use super::template::Template;
use super::units::{Budget, Period};

/// The health score.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// How much each component counts.
    pub weights: Weights,
}

/// How much each component counts; only their proportions matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// The broker, its nodes and alarms.
    pub broker: u32,
    /// Workers and queues.
    pub workers: u32,
    /// Disks, memory, logs, backups.
    pub resources: u32,
    /// Env files and drift.
    pub config: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            broker: 40,
            workers: 30,
            resources: 15,
            config: 15,
        }
    }
}

/// How far repair may go by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recovery {
    /// How far any playbook may go.
    pub mode: RecoveryMode,
    /// Findings start recovery without Alertmanager too.
    pub reflex: bool,
    /// URL of Alertmanager, to reconcile with and to look up silences. Optional.
    pub alertmanager: Option<Template>,
    /// Most runs there may be in a time.
    pub budget: RunBudget,
    /// Playbooks run by the clock.
    pub housekeeping: Vec<Housekeeping>,
    /// Folder of the team's own playbooks: each adds to the shipped ones, or replaces the one of its
    /// name. Nobody but its owner and group may write there.
    pub own_playbooks: Option<PathBuf>,
    /// Playbooks by name, where one may say less than the whole.
    pub playbooks: BTreeMap<String, PlaybookLimits>,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            mode: RecoveryMode::Propose,
            reflex: false,
            alertmanager: None,
            budget: RunBudget::default(),
            housekeeping: Vec::new(),
            own_playbooks: None,
            playbooks: BTreeMap::new(),
        }
    }
}

/// How far a playbook may go; from least to most.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryMode {
    /// Observes only.
    Off,
    /// Records and tells the exact plan, nothing more.
    Propose,
    /// Waits for a person.
    Approve,
    /// Acts.
    Auto,
}

/// Most runs there may be in a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunBudget {
    /// For one target.
    pub target: Budget,
    /// For this host.
    pub host: Budget,
}

impl Default for RunBudget {
    fn default() -> Self {
        Self {
            target: Budget {
                count: 3,
                window: Period::secs(15 * 60),
            },
            host: Budget {
                count: 10,
                window: Period::secs(3600),
            },
        }
    }
}

/// A playbook run by the clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Housekeeping {
    /// When: minute, hour, day of month, month, day of week, in local time (`TZ`, else
    /// `/etc/localtime`). A time that does not exist, when clocks go forward, runs once at the end of
    /// the gap; one that exists twice runs once. What came due while warrener did not run is run once
    /// at its start, where that is less than a day ago.
    pub cron: Cron,
    /// Which playbook; one of safe steps, which is run for the host.
    pub playbook: String,
}

/// What one playbook may do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlaybookLimits {
    /// As `recovery.mode`, never more than it.
    pub mode: Option<RecoveryMode>,
}

/// Whom to tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// A Slack channel.
    pub slack: Option<Slack>,
    /// Any server that takes a JSON document by POST.
    pub webhook: Option<Webhook>,
}

/// A Slack channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// File that holds the incoming webhook's URL.
    pub url_file: PathBuf,
    /// Health levels it is told about.
    #[serde(default = "Level::worse_than_normal")]
    pub levels: Vec<Level>,
}

/// Any server that takes a JSON document by POST. Every 2xx answer takes it; everything else is tried
/// again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its URL; a user and password in it are sent as basic authentication. Without it, `url_file`
    /// holds it.
    #[serde(default)]
    pub url: Option<Template>,
    /// File that holds its URL, where that is a secret itself.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// File that holds a bearer token for it.
    #[serde(default)]
    pub bearer_file: Option<PathBuf>,
    /// Health levels it is told about.
    #[serde(default = "Level::worse_than_normal")]
    pub levels: Vec<Level>,
}

/// A health level a channel can be told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 90 to 100: all is well again.
    Normal,
    /// 70 to 89.
    Caution,
    /// 50 to 69.
    Warning,
    /// 0 to 49.
    Critical,
}

impl Level {
    fn worse_than_normal() -> Vec<Self> {
        vec![Self::Caution, Self::Warning, Self::Critical]
    }
}

/// Reports that are sent by themselves to the channels of `notify`, each once for its planned time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reports {
    /// When the report of the last 24 hours is sent, in local time.
    pub daily: Option<Cron>,
    /// When the report of the last 7 days is sent.
    pub weekly: Option<Cron>,
    /// When the report of the last 30 days is sent.
    pub monthly: Option<Cron>,
    /// URL of Prometheus: what fires there is told in the daily report. Optional.
    pub prometheus: Option<Template>,
}

/// The durable record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ledger {
    /// How long runs and incidents are kept.
    pub keep: Period,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            keep: Period::secs(400 * 86_400),
        }
    }
}
