//! What is wrong, in findings and in one number, with everything that made the number.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::facts::ProcessId;
use super::{Component, Finding, FindingKey, Moment, ProbeName, Severity, Target};

/// How far things are: a band of the score, and how far recovery may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 90 to 100.
    Normal,
    /// 70 to 89.
    Caution,
    /// 50 to 69.
    Warning,
    /// 0 to 49.
    Critical,
}

impl Level {
    /// Every level, best first.
    pub const ALL: [Level; 4] = [
        Level::Normal,
        Level::Caution,
        Level::Warning,
        Level::Critical,
    ];

    /// The band that a score lies in.
    pub fn of_score(score: u8) -> Self {
        match score {
            90.. => Level::Normal,
            70..=89 => Level::Caution,
            50..=69 => Level::Warning,
            0..=49 => Level::Critical,
        }
    }

    /// The level that an alert about the health claims: `HealthCritical`.
    pub fn of_alert(name: &str) -> Option<Self> {
        let claimed = name.strip_prefix("Health")?;
        let is = |level: &Level| level.as_str().eq_ignore_ascii_case(claimed);
        Level::ALL.into_iter().find(is)
    }

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Normal => "normal",
            Level::Caution => "caution",
            Level::Warning => "warning",
            Level::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of everything at one instant, computed from a snapshot and what came before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// When.
    pub at: Moment,
    /// 0-100: `mean`, capped by the worst finding.
    pub score: u8,
    /// How far things are. Worse than the score's band while an improvement is not confirmed by a
    /// second assessment.
    pub level: Level,
    /// The level is held back from the score's band until the next assessment confirms it.
    pub level_held: bool,
    /// Floor of the weighted mean of the components, before the cap; 0-100.
    pub mean: u8,
    /// What kept the score below the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// The components that count, and those with weight 0 that have a finding.
    pub components: Vec<ComponentScore>,
    /// Everything wrong: worst first, then by code and target.
    pub findings: Vec<Finding>,
    /// Which parts of the world could be read, by scheduled probe.
    pub coverage: Vec<Coverage>,
    /// What will be used up if it goes on like this; only what can be told with some certainty.
    pub forecasts: Vec<Forecast>,
    /// What each worker process was judged to do.
    pub verdicts: Vec<ProcessVerdict>,
}

/// The score's upper limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cap {
    /// The score can't be higher.
    pub at_most: u8,
    /// Because of this finding.
    pub finding: FindingKey,
}

/// One component's part in the score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentScore {
    /// Which.
    pub component: Component,
    /// Its weight, as configured.
    pub weight: u32,
    /// Its share of the mean after the weights of what is not configured were left out; 0-1.
    pub share: f64,
    /// 100 less the penalties, at least 0.
    pub score: u8,
    /// What took points from it.
    pub penalties: Vec<Penalty>,
}

/// Points taken from a component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Penalty {
    /// By this finding.
    pub finding: FindingKey,
    /// So bad it is.
    pub severity: Severity,
    /// So many points.
    pub points: u32,
}

/// Whether a part of the world could be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The probe.
    pub probe: ProbeName,
    /// Its newest reading succeeded, and is not outdated.
    pub available: bool,
    /// Age of its newest success; `None` before the first.
    #[serde(serialize_with = "seconds")]
    pub age: Option<Duration>,
}

fn seconds<S: Serializer>(age: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    age.map(|age| age.as_secs_f64()).serialize(serializer)
}

/// What is used up at the present rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// What runs out, or reaches its limit.
    pub what: Forecasted,
    /// Of what.
    pub target: Target,
    /// Its present value, in bytes, messages or file descriptors.
    pub value: f64,
    /// Where it ends.
    pub limit: f64,
    /// Change per second: the likely one, and the interval that holds it nine times in ten.
    pub per_second: (f64, f64, f64),
    /// Seconds until then at the likely rate.
    pub seconds: f64,
    /// Seconds until then at the fastest and the slowest rate of the interval.
    pub seconds_between: (f64, f64),
}

/// What a forecast can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forecasted {
    /// The free space of a disk.
    DiskFree,
    /// The memory that is available.
    MemoryAvailable,
    /// The messages that wait in a queue, up to its `max_ready`.
    QueueReady,
    /// The open file descriptors of a worker's process or a broker's node.
    FileDescriptors,
}

impl Forecasted {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Forecasted::DiskFree => "disk_free",
            Forecasted::MemoryAvailable => "memory_available",
            Forecasted::QueueReady => "queue_ready",
            Forecasted::FileDescriptors => "file_descriptors",
        }
    }
}

/// What one process of a worker was judged to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessVerdict {
    /// The worker's name.
    pub worker: String,
    /// Its process.
    pub process: ProcessId,
    /// The judgement.
    pub verdict: Verdict,
}

/// What a worker's process does, by the broker's word and the operating system's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It acknowledges, or nothing speaks against it yet.
    Healthy,
    /// There is nothing to do.
    Idle,
    /// It acknowledges, and messages wait longer than they should.
    Slow,
    /// It lives, without a consumer and without a socket to the broker.
    Disconnected,
    /// It has a consumer, messages wait, and none is delivered to it.
    Deaf,
    /// It holds messages, acknowledges none, and does nothing.
    Stalled,
    /// It holds messages, acknowledges none, and burns a processor.
    Spinning,
    /// A signal or a debugger stopped it.
    Stopped,
    /// It ended, and its parent has not taken notice.
    Zombie,
    /// It waits in the kernel, where no signal reaches it.
    Uninterruptible,
    /// It can't be told.
    Unknown(Unknown),
}

/// Why a verdict can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The broker's statistics of its channels are missing.
    BrokerPlane,
    /// The operating system's figures are missing.
    SystemPlane,
    /// It was not watched for two windows yet.
    TooEarly,
    /// The planes contradict each other, or neither fits a pattern.
    Unclear,
}

impl Verdict {
    /// Every label value.
    pub const LABELS: [&'static str; 11] = [
        "healthy",
        "idle",
        "slow",
        "disconnected",
        "deaf",
        "stalled",
        "spinning",
        "stopped",
        "zombie",
        "uninterruptible",
        "unknown",
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Healthy => "healthy",
            Verdict::Idle => "idle",
            Verdict::Slow => "slow",
            Verdict::Disconnected => "disconnected",
            Verdict::Deaf => "deaf",
            Verdict::Stalled => "stalled",
            Verdict::Spinning => "spinning",
            Verdict::Stopped => "stopped",
            Verdict::Zombie => "zombie",
            Verdict::Uninterruptible => "uninterruptible",
            Verdict::Unknown(_) => "unknown",
        }
    }

    /// It lives, and does not do its work: a [`WorkerHung`](super::Code::WorkerHung).
    pub fn is_hung(self) -> bool {
        matches!(
            self,
            Verdict::Deaf
                | Verdict::Stalled
                | Verdict::Spinning
                | Verdict::Stopped
                | Verdict::Zombie
                | Verdict::Uninterruptible
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
