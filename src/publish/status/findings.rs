//! What is wrong, what it costs, and what runs out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::recovery::Remedy;
use super::rounded;
use crate::model::{self, Severity, Standing};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// `broker`, `node`, `queue`, `worker`, `env_file`, `disk`, `host`, `glob` or `probe`.
    pub kind: String,
    /// Its name without its kind; a queue's has its virtual host before it, but for `/`.
    pub name: String,
    /// The `target` label of the metrics.
    pub key: String,
}

impl From<&model::Target> for Target {
    fn from(target: &model::Target) -> Self {
        Target {
            kind: target.kind().to_owned(),
            name: target.name(),
            key: target.key(),
        }
    }
}

/// Names a finding: no two have both alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FindingKey {
    /// Its code.
    pub code: String,
    /// Its target.
    pub target: Target,
}

impl From<&model::FindingKey> for FindingKey {
    fn from(key: &model::FindingKey) -> Self {
        FindingKey {
            code: key.code.as_str().to_owned(),
            target: Target::from(&key.target),
        }
    }
}

/// The score's upper limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// The score can't be higher.
    pub at_most: u8,
    /// Because of this finding.
    pub finding: FindingKey,
}

impl From<&model::Cap> for Cap {
    fn from(cap: &model::Cap) -> Self {
        Cap {
            at_most: cap.at_most,
            finding: FindingKey::from(&cap.finding),
        }
    }
}

/// One component's part in the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub component: String,
    /// Its weight, as configured.
    pub weight: u32,
    /// Its share of the mean; 0-1.
    pub share: f64,
    /// 100 less the penalties, at least 0.
    pub score: u8,
    /// What took points from it.
    pub penalties: Vec<Penalty>,
}

/// Points taken from a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Penalty {
    /// By this finding.
    pub finding: FindingKey,
    /// How bad it is.
    pub severity: Severity,
    /// How many points.
    pub points: u32,
}

impl From<&model::ComponentScore> for Component {
    fn from(score: &model::ComponentScore) -> Self {
        let penalty = |p: &model::Penalty| Penalty {
            finding: FindingKey::from(&p.finding),
            severity: p.severity,
            points: p.points,
        };
        Component {
            component: score.component.as_str().to_owned(),
            weight: score.weight,
            share: rounded(score.share),
            score: score.score,
            penalties: score.penalties.iter().map(penalty).collect(),
        }
    }
}

/// One reading that a finding stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at.
    pub what: String,
    /// What was seen, with its unit.
    pub value: String,
    /// What should be; `null` where nothing is expected of it.
    pub expected: Option<String>,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong; also the alert's name.
    pub code: String,
    /// With what.
    pub target: Target,
    /// How bad it is.
    pub severity: Severity,
    /// Since when without a break, in seconds since the Unix epoch.
    pub since: f64,
    /// The newest reading that showed it. It is older than the status while nobody can look.
    pub as_of: f64,
    /// One sentence for people, without a full stop.
    pub summary: String,
    /// What it stands on.
    pub evidence: Vec<Evidence>,
    /// The pids concerned, where it is about some of a worker's processes.
    pub pids: Vec<u32>,
    /// The finding that explains this one and bears its penalty.
    pub cause: Option<FindingKey>,
    /// What would be done.
    pub remedy: Remedy,
}

impl Finding {
    pub(super) fn new(finding: &model::Finding, standing: &Standing) -> Self {
        let evidence = |e: &model::Evidence| Evidence {
            what: e.what.clone(),
            value: e.value.clone(),
            expected: e.expected.clone(),
        };
        Finding {
            code: finding.code.as_str().to_owned(),
            target: Target::from(&finding.target),
            severity: finding.severity,
            since: rounded(finding.since.unix_seconds()),
            as_of: rounded(finding.as_of.unix_seconds()),
            summary: finding.summary.clone(),
            evidence: finding.evidence.iter().map(evidence).collect(),
            pids: finding.processes.iter().map(|p| p.pid).collect(),
            cause: finding.cause.as_ref().map(FindingKey::from),
            remedy: Remedy::new(finding.code, &finding.target, standing),
        }
    }

    /// Its code and target.
    pub fn key(&self) -> FindingKey {
        FindingKey {
            code: self.code.clone(),
            target: self.target.clone(),
        }
    }
}

/// What is used up at the present rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// `disk_free`, `memory_available`, `queue_ready` or `file_descriptors`.
    pub what: String,
    /// Of what.
    pub target: Target,
    /// Its present value, in bytes, messages or file descriptors.
    pub value: f64,
    /// Where it ends.
    pub limit: f64,
    /// Change per second at the `likely` rate.
    pub per_second: f64,
    /// Seconds until then, by bound: `likely`, and the `earliest` and `latest` of the interval
    /// that holds it nine times in ten. A bound that never comes is missing.
    pub exhaustion_seconds: BTreeMap<String, f64>,
}

impl From<&model::Forecast> for Forecast {
    fn from(forecast: &model::Forecast) -> Self {
        let (earliest, latest) = forecast.seconds_between;
        let bounds = [
            ("earliest", earliest),
            ("likely", forecast.seconds),
            ("latest", latest),
        ];
        Forecast {
            what: forecast.what.as_str().to_owned(),
            target: Target::from(&forecast.target),
            value: forecast.value,
            limit: forecast.limit,
            per_second: forecast.per_second.0,
            exhaustion_seconds: bounds
                .into_iter()
                .filter(|(_, seconds)| seconds.is_finite())
                .map(|(bound, seconds)| (bound.to_owned(), rounded(seconds)))
                .collect(),
        }
    }
}
