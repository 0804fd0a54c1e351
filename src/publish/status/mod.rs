//! The status as versioned JSON: what `GET /api/v1/status` answers and `warrener status` shows.
//! docs/API.md describes the form.
//!
//! Plain values, so that whoever reads the JSON reads these same types: words are strings, for a
//! newer warrener may know more of them; what could not be told is `null`, never 0. What the world
//! outside decides the length of is bounded, and says how much was left out; findings never are.
//! No value is a secret: what is secret has a type that is not printed.

mod broker;
mod findings;
mod local;
mod probes;
mod recovery;
mod runs;
mod workers;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Assessment, Level, Snapshot, Standing};

pub use broker::{Broker, Node, Phase, Queue, QueueLimits, Queues, Roundtrip};
pub use findings::{Cap, Component, Evidence, Finding, FindingKey, Forecast, Penalty, Target};
pub use local::{
    Backup, Disk, EnvFile, EnvFiles, Files, Host, Insecurity, Log, NamedSize, Variable, Violation,
};
pub use probes::{Attention, Failure, Probe};
pub use recovery::{ObserveOnly, Recovery, Remedy, Scheduled};
pub use runs::{Hold, Incident, Pause, Run, Step};
pub use workers::{DriftedKey, Process, Worker, Workers};

/// The version of the form; it grows when something is taken away or changes its meaning. What is
/// added within a version has a default, for a reader that is newer than its server.
pub const VERSION: u32 = 1;

/// What the configuration adds to a snapshot.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Whose status it is.
    pub identity: String,
    /// The limits of the pinned queues: virtual host (`None`: wherever it was found), name, limits.
    pub queues: Vec<(Option<String>, String, QueueLimits)>,
}

/// The status of one instant. A section that could not be read is `null`; its probe says why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub warrener: String,
    /// The host's name in the configuration.
    pub identity: String,
    /// When, in seconds since the Unix epoch.
    pub at: f64,
    /// 0-100: `mean`, capped by the worst finding.
    pub score: u8,
    /// How far things are.
    pub level: Level,
    /// The level is held back until the next assessment confirms that things are better.
    pub level_held: bool,
    /// 0-100, before the cap.
    pub mean: u8,
    /// What kept the score below the mean.
    pub cap: Option<Cap>,
    /// The parts of the score.
    pub components: Vec<Component>,
    /// Everything wrong, worst first.
    pub findings: Vec<Finding>,
    /// What is done without a person, what is under way, and what was done last.
    pub recovery: Recovery,
    /// The probes that are scheduled.
    pub probes: Vec<Probe>,
    /// Why they run more often than usual; `null` while they don't.
    #[serde(default)]
    pub attention: Option<Attention>,
    /// The broker and its nodes.
    pub broker: Option<Broker>,
    /// The queues that are pinned or have a finding.
    pub queues: Option<Queues>,
    /// The newest round trip.
    pub roundtrip: Option<Roundtrip>,
    /// The kinds of workers.
    pub workers: Option<Workers>,
    /// The env files.
    pub env_files: Option<EnvFiles>,
    /// This host.
    pub host: Option<Host>,
    /// Logs and backups.
    pub files: Option<Files>,
    /// What will be used up if it goes on like this.
    pub forecasts: Vec<Forecast>,
}

impl Status {
    /// The status of one snapshot, what it was assessed to be, and where recovery stands.
    pub fn new(
        about: &About,
        snapshot: &Snapshot,
        assessment: &Assessment,
        standing: &Standing,
    ) -> Self {
        Status {
            version: VERSION,
            warrener: env!("CARGO_PKG_VERSION").to_owned(),
            identity: about.identity.clone(),
            at: rounded(assessment.at.unix_seconds()),
            score: assessment.score,
            level: assessment.level,
            level_held: assessment.level_held,
            mean: assessment.mean,
            cap: assessment.cap.as_ref().map(Cap::from),
            components: assessment.components.iter().map(Component::from).collect(),
            findings: assessment
                .findings
                .iter()
                .map(|finding| Finding::new(finding, standing))
                .collect(),
            recovery: Recovery::new(standing),
            probes: probes::all(snapshot, assessment),
            attention: Attention::of(snapshot),
            broker: snapshot.broker.facts().as_deref().map(Broker::from),
            queues: snapshot
                .queues
                .facts()
                .map(|facts| Queues::new(&facts, &assessment.findings, about)),
            roundtrip: snapshot.roundtrip.facts().as_deref().map(Roundtrip::from),
            workers: snapshot
                .workers
                .facts()
                .map(|facts| Workers::new(&facts, &assessment.verdicts)),
            env_files: snapshot.envfile.facts().as_deref().map(EnvFiles::from),
            host: snapshot.host.facts().as_deref().map(Host::from),
            files: snapshot.files.facts().as_deref().map(Files::from),
            forecasts: assessment.forecasts.iter().map(Forecast::from).collect(),
        }
    }

    /// The finding behind this one: where another explains it that is as bad, that one.
    pub fn root(&self, of: &FindingKey) -> FindingKey {
        let find = |key: &FindingKey| self.findings.iter().find(|f| f.key() == *key);
        let mut key = of;
        // Each step leads to another finding; causes in a circle end with the count.
        for _ in &self.findings {
            let Some((symptom, cause)) = find(key).and_then(|f| Some((f, f.cause.as_ref()?)))
            else {
                break;
            };
            if find(cause).is_none_or(|cause| cause.severity != symptom.severity) {
                break;
            }
            key = cause;
        }
        key.clone()
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Milliseconds are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn seconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64())
}

/// At most so many entries of a list whose length the world decides, and how many were left out.
fn bounded<T>(most: usize, all: impl IntoIterator<Item = T>) -> (Vec<T>, u64) {
    let mut all = all.into_iter();
    let kept = all.by_ref().take(most).collect();
    (kept, all.count() as u64)
}
