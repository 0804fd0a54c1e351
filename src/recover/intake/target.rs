//! The labels of an alert to a target of this host.

use std::collections::BTreeMap;

use crate::model::{Code, ProbeName, Target, TriggerCode};
use crate::recover::targets::{Selected, Targets};

/// What the labels select.
pub(super) enum Choice {
    Target(Target),
    NotMine,
    Unknown(String),
}

type Labels = BTreeMap<String, String>;

/// The target that `code` is about.
///
/// `target`, the finding's key, goes before the labels of its parts; both at once must agree.
pub(super) fn choose(code: &TriggerCode, labels: &Labels, targets: &Targets) -> Choice {
    let kinds: &[&str] = match code {
        TriggerCode::Finding(code) => &[kind(*code)],
        TriggerCode::Alert(name) if name.as_str().starts_with("Health") => &["host"],
        TriggerCode::Alert(_) => &["worker", "queue", "node", "glob"],
        TriggerCode::Asked(_) => &[],
    };
    let parts = kinds
        .iter()
        .find_map(|kind| of_parts(kind, labels, targets));
    let whole = match labels.get("target") {
        None => None,
        Some(key) => match Target::from_key(key) {
            Some(target) if any_kind(code) || kinds.contains(&target.kind()) => Some(target),
            Some(_) => return unknown("`target` is of a kind that the alert is never about"),
            None => return unknown("`target` is no target's key"),
        },
    };
    let target = match (whole, parts) {
        (Some(whole), Some(parts)) if whole.kind() == parts.kind() && whole != parts => {
            return unknown("`target` and the other labels contradict each other");
        }
        (Some(target), _) | (None, Some(target)) => target,
        (None, None) => {
            let kinds = kinds.join(", ");
            return unknown(&format!("no label says which target is meant ({kinds})"));
        }
    };
    match targets.select(&target) {
        Selected::Mine => Choice::Target(target),
        Selected::NotMine => Choice::NotMine,
        Selected::Unknown => unknown("no configuration can name such a target"),
    }
}

fn unknown(words: &str) -> Choice {
    Choice::Unknown(words.to_owned())
}

/// A team's own alert may be about anything.
fn any_kind(code: &TriggerCode) -> bool {
    matches!(code, TriggerCode::Alert(name) if !name.as_str().starts_with("Health"))
}

/// The target of a kind that the labels spell out.
fn of_parts(kind: &str, labels: &Labels, targets: &Targets) -> Option<Target> {
    let label = |name: &str| labels.get(name).cloned();
    Some(match kind {
        "broker" => Target::Broker,
        "host" => Target::Host,
        "node" => Target::Node {
            name: label("node")?,
        },
        "worker" => Target::Worker {
            name: label("worker")?,
        },
        "queue" => {
            let name = label("queue")?;
            let configured = || targets.vhost_of(&name).map(str::to_owned);
            let vhost = label("vhost").or_else(configured);
            Target::Queue {
                vhost: vhost.unwrap_or_else(|| "/".to_owned()),
                name,
            }
        }
        "env_file" => Target::EnvFile {
            path: label("path")?,
        },
        "disk" => Target::Disk {
            path: label("path").or_else(|| label("disk"))?,
        },
        "glob" => Target::Glob {
            glob: label("glob")?,
        },
        "probe" => {
            let name = label("probe")?;
            Target::Probe {
                name: ProbeName::ALL.into_iter().find(|p| p.as_str() == name)?,
            }
        }
        _ => return None,
    })
}

/// The kind of target that a finding is about: [`Target::kind`].
pub fn kind(code: Code) -> &'static str {
    match code {
        Code::BrokerUnreachable | Code::BrokerRoundtripFailing | Code::BrokerAuthFailed => "broker",
        Code::BrokerNodeDown | Code::BrokerMemoryAlarm | Code::BrokerDiskAlarm => "node",
        Code::QueueStuck
        | Code::QueueWithoutConsumers
        | Code::QueueBacklog
        | Code::QueueGrowing
        | Code::QueueSlow
        | Code::QueueRedelivering
        | Code::DeadLettersArriving => "queue",
        Code::WorkerDown
        | Code::WorkerMissing
        | Code::WorkerHung
        | Code::WorkerDisconnected
        | Code::WorkerFlapping
        | Code::WorkerMemoryGrowing
        | Code::WorkerConfigDrift => "worker",
        Code::ConfigInvalid | Code::ConfigInsecure | Code::ConfigChanged => "env_file",
        Code::DiskLow | Code::DiskWillFill => "disk",
        Code::MemoryLow => "host",
        Code::LogOversized | Code::LogErrors | Code::BackupStale | Code::BackupBroken => "glob",
        Code::ProbeFailing => "probe",
    }
}
