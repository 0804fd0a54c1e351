//! `workers.restart_staged`: stage by stage, never below `min_healthy`, each worker consuming again
//! before the next one is touched. What is still to be done shows in the world: processes that were
//! started before the step began and need to be.

use std::time::Duration;

use super::fleet::{self, Kind};
use super::{Asked, Hands, Next, World, worker_start, worker_stop};
use crate::config::Control;
use crate::model::facts::{DriftFacts, ProcessFacts};
use crate::recover::playbook::{RestartArgs, Which};

/// Time that workers have to come back by themselves after the broker did.
const BY_THEMSELVES: Duration = Duration::from_secs(15);
/// Starts of one worker in one step beyond those that replace what was stopped.
const SPARE: usize = 2;

pub(super) async fn next(
    args: &RestartArgs,
    asked: &Asked<'_>,
    world: &World,
    hands: &Hands,
) -> Next {
    let kinds = match fleet::kinds(&asked.run.target, world) {
        Ok(kinds) => kinds,
        Err(why) => return Next::Wait(why),
    };
    for kind in &kinds {
        match one(args.which, kind, asked, world, hands).await {
            // This one is as it should be; the next.
            Next::Done(_) => {}
            other => return other,
        }
    }
    Next::Done("every worker concerned runs as it should".into())
}

async fn one(which: Which, kind: &Kind, asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    let instances = match fleet::instances(&kind.name, hands).await {
        Ok(instances) => instances,
        Err(failure) => return Next::Wait(failure.to_string()),
    };
    let missing = fleet::missing(kind, &instances);
    if !missing.is_empty() {
        let starts = fleet::times(asked, &kind.target(), worker_start::START);
        if starts > kind.config.count as usize + SPARE {
            return Next::Refuse(format!("worker {} was started, and ended again", kind.name));
        }
        return match fleet::environment(kind, world) {
            Ok(environment) => {
                let anew = !keeps_its_environment(kind);
                Next::Act(worker_start::plan(kind, missing, environment, anew))
            }
            Err(why) => Next::Refuse(why),
        };
    }
    if let Some(why) = not_back(which, kind, asked, world) {
        return Next::Wait(why);
    }
    let due: Vec<&ProcessFacts> = kind
        .alive()
        .filter(|process| !fleet::started_after(process, asked.begun_at))
        .filter(|process| is_due(which, kind, process, world))
        .collect();
    let born_wrong = |process: &&ProcessFacts| {
        process
            .drift
            .keys
            .as_ref()
            .is_some_and(|keys| !keys.is_empty())
    };
    if which == Which::Affected && keeps_its_environment(kind) && due.iter().any(born_wrong) {
        return Next::Refuse(format!(
            "worker {}: its containers keep the environment that they were made with, and a restart \
             changes nothing of it: make them anew by hand, or name them by `compose` and `service`",
            kind.name
        ));
    }
    let (bad, works): (Vec<_>, Vec<_>) = due
        .into_iter()
        .partition(|process| fleet::is_bad(&kind.name, process.id, world) || !consumes(process));
    let chosen = match (bad.is_empty(), works.first()) {
        (false, _) => bad,
        (true, Some(first)) => {
            let left = kind.alive().count().saturating_sub(1);
            if left < kind.config.min_healthy as usize {
                return Next::Refuse(format!(
                    "worker {}: {left} would be left working, {} must be: raise `count`, or lower \
                     `min_healthy`",
                    kind.name, kind.config.min_healthy
                ));
            }
            vec![*first]
        }
        (true, None) => return Next::Done(format!("worker {} runs as it should", kind.name)),
    };
    if let Some(why) = worker_stop::beyond_reach(&chosen) {
        return Next::Refuse(format!("worker {}: {why}", kind.name));
    }
    let victims = fleet::victims(chosen.into_iter(), kind, &instances, &hands.boot_id);
    Next::Act(worker_stop::plan(
        kind,
        victims,
        fleet::stop_how(&kind.config.stop),
    ))
}

/// Containers by name: nobody knows how they were made, so what they were made with stays.
fn keeps_its_environment(kind: &Kind) -> bool {
    matches!(&kind.config.control, Some(Control::Docker(docker)) if docker.compose.is_none())
}

/// Why it is not looked at further yet: what was started is to consume first, and what may come back
/// by itself has some time to.
fn not_back(which: Which, kind: &Kind, asked: &Asked<'_>, world: &World) -> Option<String> {
    if kind.config.queues.is_empty() {
        return None;
    }
    let waiting = kind.alive().filter(|p| !consumes(p));
    let young = waiting
        .clone()
        .filter(|p| fleet::started_after(p, asked.begun_at))
        .count();
    if young > 0 {
        return Some(format!(
            "{young} of worker {} do not consume yet",
            kind.name
        ));
    }
    let began = asked.begun_at;
    let now: crate::model::Timestamp = world.now.into();
    let patient = which == Which::NotBack && now.since(began) < BY_THEMSELVES;
    let away = waiting.count();
    (patient && away > 0)
        .then(|| format!("{away} of worker {} may come back by themselves", kind.name))
}

/// Whether this process is to be replaced.
fn is_due(which: Which, kind: &Kind, process: &ProcessFacts, world: &World) -> bool {
    match which {
        Which::All => true,
        Which::NotBack => !kind.config.queues.is_empty() && !consumes(process),
        Which::Affected => drifted(&process.drift) || fleet::is_bad(&kind.name, process.id, world),
    }
}

/// It runs with another configuration than its env file's.
fn drifted(drift: &DriftFacts) -> bool {
    match &drift.keys {
        Some(keys) => !keys.is_empty(),
        None => drift.file_changed == Some(true),
    }
}

/// It has a consumer; where the broker can't tell, it is taken at its word.
fn consumes(process: &ProcessFacts) -> bool {
    match &process.channels {
        Some(channels) => channels.iter().any(|channel| !channel.consumers.is_empty()),
        None => process.broker_socket != Some(false),
    }
}
