//! The probes: which of them see, since when, and why the others do not.

use serde::{Deserialize, Serialize};

use super::{rounded, seconds};
use crate::model::{self, Assessment, ProbeName, Section, Snapshot};

/// One probe that is scheduled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Its name.
    pub probe: String,
    /// Whether its newest reading succeeded; `null` before the first.
    pub success: Option<bool>,
    /// Whether what it read counts: the newest reading succeeded and is not outdated.
    pub available: bool,
    /// Why its newest reading failed.
    pub failure: Option<Failure>,
    /// Readings that failed in a row.
    pub failed_in_a_row: u32,
    /// Age of its newest success; `null` before the first.
    pub age_seconds: Option<f64>,
    /// How long its newest reading took.
    pub duration_seconds: Option<f64>,
    /// The interval in force.
    pub interval_seconds: Option<f64>,
    /// The interval while warrener does not watch closely.
    #[serde(default)]
    pub usual_interval_seconds: Option<f64>,
}

/// Why the probes run more often than usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// Because the level is not normal.
    pub level: bool,
    /// Because a person asked for it: until then, in seconds since the Unix epoch.
    pub asked_until: Option<f64>,
}

impl Attention {
    /// `None` while nobody pays any.
    pub(super) fn of(snapshot: &Snapshot) -> Option<Self> {
        let paid = snapshot.attention;
        paid.is_close(snapshot.at).then(|| Attention {
            level: paid.restless,
            asked_until: paid
                .asked(snapshot.at)
                .map(|until| rounded(until.unix_seconds())),
        })
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The named reason, as in the metrics and the log.
    pub reason: String,
    /// What happened, where.
    pub message: String,
}

impl From<&model::Failure> for Failure {
    fn from(failure: &model::Failure) -> Self {
        Failure {
            reason: failure.reason.as_str().to_owned(),
            message: failure.message.clone(),
        }
    }
}

/// Those that are scheduled, in the order they are shown.
pub(super) fn all(snapshot: &Snapshot, assessment: &Assessment) -> Vec<Probe> {
    let one = |probe| match probe {
        ProbeName::Broker => of(probe, &snapshot.broker, assessment),
        ProbeName::Queues => of(probe, &snapshot.queues, assessment),
        ProbeName::Roundtrip => of(probe, &snapshot.roundtrip, assessment),
        ProbeName::Host => of(probe, &snapshot.host, assessment),
        ProbeName::Envfile => of(probe, &snapshot.envfile, assessment),
        ProbeName::Workers => of(probe, &snapshot.workers, assessment),
        ProbeName::Files => of(probe, &snapshot.files, assessment),
    };
    ProbeName::ALL.into_iter().filter_map(one).collect()
}

fn of<T>(probe: ProbeName, section: &Section<T>, assessment: &Assessment) -> Option<Probe> {
    let interval = section.interval?;
    let coverage = assessment.coverage.iter().find(|c| c.probe == probe);
    let age = section.read_at().map(|at| assessment.at.since(at));
    Some(Probe {
        probe: probe.as_str().to_owned(),
        success: section.success(),
        available: coverage.is_some_and(|c| c.available),
        failure: section.failure().map(Failure::from),
        failed_in_a_row: section.tally.failed_in_a_row,
        age_seconds: age.map(seconds),
        duration_seconds: section.duration.map(seconds),
        interval_seconds: Some(seconds(interval)),
        usual_interval_seconds: section.usual_interval().map(seconds),
    })
}
