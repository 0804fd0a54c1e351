//! Something wrong: its code, its target, since when, by what evidence and from what cause.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::facts::ProcessId;
use super::{Code, Moment, ProbeName};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be told; no penalty.
    Information,
    /// 10 points of its component; at most 89 in all.
    Minor,
    /// 30 points of its component; at most 69 in all.
    Major,
    /// 60 points of its component; at most 49 in all.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Severity; 4] = [
        Severity::Information,
        Severity::Minor,
        Severity::Major,
        Severity::Critical,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Information => "information",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Critical => "critical",
        }
    }

    /// Points it takes from its component's 100.
    pub fn penalty(self) -> u32 {
        match self {
            Severity::Information => 0,
            Severity::Minor => 10,
            Severity::Major => 30,
            Severity::Critical => 60,
        }
    }

    /// The highest score there can be while it is active.
    pub fn cap(self) -> u8 {
        match self {
            Severity::Information => 100,
            Severity::Minor => 89,
            Severity::Major => 69,
            Severity::Critical => 49,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// The broker as a whole.
    Broker,
    /// One node of it.
    Node {
        /// Its Erlang name.
        name: String,
    },
    /// A queue.
    Queue {
        /// Its virtual host.
        vhost: String,
        /// Its name.
        name: String,
    },
    /// A kind of worker.
    Worker {
        /// Its name in the configuration.
        name: String,
    },
    /// An env file.
    EnvFile {
        /// Its path, as in the configuration.
        path: String,
    },
    /// A file system.
    Disk {
        /// Its path, as in the configuration.
        path: String,
    },
    /// This host.
    Host,
    /// The files of a glob.
    Glob {
        /// The glob, as in the configuration.
        glob: String,
    },
    /// One of warrener's own probes.
    Probe {
        /// Its name.
        name: ProbeName,
    },
}

impl Target {
    /// The word for its kind: `queue`, `worker`, `env_file`, ...
    pub fn kind(&self) -> &'static str {
        match self {
            Target::Broker => "broker",
            Target::Node { .. } => "node",
            Target::Queue { .. } => "queue",
            Target::Worker { .. } => "worker",
            Target::EnvFile { .. } => "env_file",
            Target::Disk { .. } => "disk",
            Target::Host => "host",
            Target::Glob { .. } => "glob",
            Target::Probe { .. } => "probe",
        }
    }

    /// Its name without its kind, for people; `vhost/queue` for a queue outside the default one.
    pub fn name(&self) -> String {
        match self {
            Target::Broker | Target::Host => String::new(),
            Target::Node { name } | Target::Worker { name } => name.clone(),
            Target::Queue { vhost, name } if vhost == "/" => name.clone(),
            Target::Queue { vhost, name } => format!("{vhost}/{name}"),
            Target::EnvFile { path } | Target::Disk { path } => path.clone(),
            Target::Glob { glob } => glob.clone(),
            Target::Probe { name } => name.as_str().to_owned(),
        }
    }

    /// A string that is this target's and no other's, the same in every version:
    /// `worker:task-worker`, `queue:%2F:ai_tasks`.
    pub fn key(&self) -> String {
        match self {
            Target::Broker | Target::Host => self.kind().to_owned(),
            Target::Queue { vhost, name } => {
                let vhost = vhost
                    .replace('%', "%25")
                    .replace('/', "%2F")
                    .replace(':', "%3A");
                format!("queue:{vhost}:{name}")
            }
            other => format!("{}:{}", other.kind(), other.name()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Broker | Target::Host => f.write_str(self.kind()),
            other => write!(f, "{} {}", other.kind().replace('_', " "), other.name()),
        }
    }
}

/// What a finding, an alert and an incident of one trouble have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingKey {
    /// What is wrong.
    pub code: Code,
    /// With what.
    pub target: Target,
}

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.target)
    }
}

/// One reading that a finding stands on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at: "messages ready".
    pub what: String,
    /// What was seen, with its unit: "5,200". Never a secret.
    pub value: String,
    /// What should be: "at most 1,000"; `None` where nothing is expected of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

impl Evidence {
    /// Something seen.
    pub fn seen(what: impl Into<String>, value: impl Into<String>) -> Self {
        Evidence {
            what: what.into(),
            value: value.into(),
            expected: None,
        }
    }

    /// Something seen, against what should be.
    pub fn against(
        what: impl Into<String>,
        value: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Evidence {
            what: what.into(),
            value: value.into(),
            expected: Some(expected.into()),
        }
    }
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What is wrong; also the alert's name.
    pub code: Code,
    /// With what.
    pub target: Target,
    /// How bad it is.
    pub severity: Severity,
    /// Since when, without a break.
    pub since: Moment,
    /// The newest reading that showed it. Older than the assessment while its section is
    /// unavailable: what was wrong is not taken for healed because nobody can look.
    pub as_of: Moment,
    /// One sentence for people, without a full stop.
    pub summary: String,
    /// What it stands on.
    pub evidence: Vec<Evidence>,
    /// The processes concerned, where it is about some of a worker's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessId>,
    /// The finding that explains this one; it counts for the cause alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<FindingKey>,
}

impl Finding {
    /// Its code and target.
    pub fn key(&self) -> FindingKey {
        FindingKey {
            code: self.code,
            target: self.target.clone(),
        }
    }
}
