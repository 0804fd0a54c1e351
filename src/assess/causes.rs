//! Causes joined to symptoms: a symptom whose cause is found counts for the cause alone.
//!
//! A link goes from a lower rank to a higher one only, so links never form a cycle:
//! env file, broker, drift, worker, queue, what follows in a queue, warrener's own sight.

use super::AssessConfig;
use crate::model::{Code, Finding, FindingKey, ProbeName, Severity, Target};

/// Gives each finding its cause among the others: the worst, then the one nearest to the root.
pub fn join(findings: &mut [Finding], config: &AssessConfig) {
    let causes: Vec<Option<FindingKey>> = findings
        .iter()
        .map(|symptom| {
            findings
                .iter()
                .filter(|cause| explains(cause, symptom, config))
                .min_by(|a, b| {
                    let worst = b.severity.cmp(&a.severity);
                    let rooted = || rank(a.code).cmp(&rank(b.code));
                    worst.then_with(rooted).then_with(|| a.key().cmp(&b.key()))
                })
                .map(Finding::key)
        })
        .collect();
    for (finding, cause) in findings.iter_mut().zip(causes) {
        finding.cause = cause;
    }
}

/// The order in which troubles follow from each other: 0 env file, 1 broker, 2 drift, 3 worker,
/// 4 queue, 5 what follows in a queue, 6 the rest.
pub fn rank(code: Code) -> u8 {
    match code {
        Code::ConfigInvalid => 0,
        Code::BrokerUnreachable
        | Code::BrokerRoundtripFailing
        | Code::BrokerAuthFailed
        | Code::BrokerNodeDown
        | Code::BrokerMemoryAlarm
        | Code::BrokerDiskAlarm => 1,
        Code::WorkerConfigDrift => 2,
        Code::WorkerDown
        | Code::WorkerMissing
        | Code::WorkerHung
        | Code::WorkerDisconnected
        | Code::WorkerFlapping => 3,
        Code::QueueStuck | Code::QueueWithoutConsumers => 4,
        Code::QueueBacklog | Code::QueueGrowing | Code::QueueSlow | Code::QueueRedelivering => 5,
        _ => 6,
    }
}

fn explains(cause: &Finding, symptom: &Finding, config: &AssessConfig) -> bool {
    if cause.severity == Severity::Information || rank(cause.code) >= rank(symptom.code) {
        return false;
    }
    match rank(cause.code) {
        0 => file_explains(cause, symptom, config),
        1 => broker_explains(cause, symptom),
        2 | 3 => worker_explains(cause, symptom, config),
        _ => rank(symptom.code) == 5 && cause.target == symptom.target,
    }
}

/// A broken env file explains what its workers suffer from, in them and in their queues.
fn file_explains(file: &Finding, symptom: &Finding, config: &AssessConfig) -> bool {
    let Target::EnvFile { path } = &file.target else {
        return false;
    };
    let uses = |name: &str| {
        config
            .workers
            .get(name)
            .is_some_and(|w| w.env_file.as_ref() == Some(path))
    };
    match (&symptom.target, symptom.code) {
        // The file that warrener itself logs in with.
        (_, Code::BrokerAuthFailed) => true,
        (_, Code::WorkerMemoryGrowing) => false,
        (Target::Worker { name }, _) => uses(name),
        (Target::Queue { name, .. }, code) => {
            code != Code::DeadLettersArriving && config.workers_of(name).any(|(name, _)| uses(name))
        }
        _ => false,
    }
}

/// A broken broker explains what hangs on its connection, and what can't be read of it.
fn broker_explains(broker: &Finding, symptom: &Finding) -> bool {
    let lost = matches!(
        broker.code,
        Code::BrokerUnreachable | Code::BrokerRoundtripFailing | Code::BrokerAuthFailed
    );
    match (symptom.code, &symptom.target) {
        // An alarm blocks publishers, not those who consume; and a node that is down is one of
        // several, or the broker is lost.
        (Code::WorkerDown | Code::WorkerMissing | Code::WorkerFlapping, _) => lost,
        (
            Code::WorkerHung
            | Code::WorkerDisconnected
            | Code::QueueStuck
            | Code::QueueWithoutConsumers,
            _,
        ) => lost || broker.code == Code::BrokerNodeDown,
        (Code::ProbeFailing, Target::Probe { name }) => {
            let reads_it = matches!(
                name,
                ProbeName::Broker | ProbeName::Queues | ProbeName::Roundtrip
            );
            lost && reads_it
        }
        _ => false,
    }
}

/// A worker explains its own further symptoms when it drifted, and its queues'.
fn worker_explains(worker: &Finding, symptom: &Finding, config: &AssessConfig) -> bool {
    let Target::Worker { name } = &worker.target else {
        return false;
    };
    match &symptom.target {
        Target::Worker { .. } => {
            symptom.code != Code::WorkerMemoryGrowing && symptom.target == worker.target
        }
        Target::Queue { name: queue, .. } => {
            let consumes = config
                .workers_of(queue)
                .any(|(consumer, _)| consumer == name);
            consumes && symptom.code != Code::DeadLettersArriving
        }
        _ => false,
    }
}
