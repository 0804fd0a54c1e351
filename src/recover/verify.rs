//! Whether it helped: the conditions of a playbook against a later snapshot. Pure. What can't be
//! looked at is not seen, and what was read before the act says nothing.
//!
//! Must not know: what was done, what follows.

use std::collections::BTreeMap;

use super::actions::World;
use super::playbook::{Condition, Playbook};
use crate::model::facts::{ProcessState, WorkerFacts};
use crate::model::{
    Code, Finding, Moment, Section, Severity, Snapshot, Target, Timestamp, TriggerCode, Unknown,
    Verdict,
};

#[cfg(test)]
mod tests;

/// What is to be verified.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// What was wrong.
    pub code: &'a TriggerCode,
    /// With what.
    pub target: &'a Target,
    /// What was run.
    pub playbook: &'a Playbook,
    /// Only what was read after this counts.
    pub after: Moment,
    /// By worker, what it had acknowledged when it was first seen after the act.
    pub acked: &'a BTreeMap<String, u64>,
}

/// The conditions that are not seen, each in words; none: it helped.
pub fn unseen(conditions: &[Condition], about: &About<'_>, world: &World) -> Vec<String> {
    let conditions = conditions.iter();
    conditions
        .filter_map(|condition| see(*condition, about, world).err())
        .collect()
}

/// What each of the target's workers has acknowledged by now, as far as that can be told.
pub fn acked(about_target: &Target, world: &World) -> BTreeMap<String, u64> {
    let Some(facts) = world.snapshot.workers.facts() else {
        return BTreeMap::new();
    };
    let names = world.targets.workers_of(about_target);
    let workers = facts.workers.iter().filter(|w| names.contains(&w.name));
    workers.map(|w| (w.name.clone(), w.used.acked)).collect()
}

/// The finding that the run is about; of one asked for by name, any that its playbook answers.
pub fn symptom<'w>(
    code: &TriggerCode,
    target: &Target,
    playbook: &Playbook,
    world: &'w World,
) -> Option<&'w Finding> {
    let mut findings = world.assessment.findings.iter();
    findings.find(|finding| {
        let same = match code {
            TriggerCode::Finding(code) => finding.code == *code,
            _ => playbook.findings().any(|code| code == finding.code),
        };
        same && finding.target == *target
    })
}

fn see(condition: Condition, about: &About<'_>, world: &World) -> Result<(), String> {
    let snapshot = &world.snapshot;
    match condition {
        Condition::SymptomGone => symptom_gone(about, world),
        Condition::BrokerReachable => read("the broker", &snapshot.broker, about.after).map(drop),
        Condition::RoundtripSucceeds => read(
            "a message through the broker",
            &snapshot.roundtrip,
            about.after,
        )
        .map(drop),
        Condition::ConfigValid => config(about, world, |file| match &file.violations {
            Some(violations) if violations.is_empty() => Ok(()),
            Some(violations) => Err(format!("{} keys break its schema", violations.len())),
            None => Err("it can't be read".to_owned()),
        }),
        Condition::LoginSucceeds => {
            config(about, world, |file| match (file.says_login, &file.login) {
                (Some(false), _) | (_, Some(Ok(()))) => Ok(()),
                (_, Some(Err(reason))) => Err(format!("a login with it fails: {reason}")),
                (_, None) => Err("no login was tried with it yet".to_owned()),
            })
        }
        Condition::NoDrift => {
            read("the workers", &snapshot.workers, about.after)?;
            let workers = world.targets.workers_of(about.target);
            let mut findings = world.assessment.findings.iter();
            let drift = findings.find(|finding| {
                let Target::Worker { name } = &finding.target else {
                    return false;
                };
                finding.code == Code::WorkerConfigDrift && workers.contains(name)
            });
            match drift {
                Some(finding) => Err(format!("{} is not over", finding.key())),
                None => Ok(()),
            }
        }
        Condition::WorkersRunning => workers(about, world, running),
        Condition::WorkersConsuming => workers(about, world, |w| consuming(w, world)),
        Condition::WorkersAcking => workers(about, world, |w| acking(w, about, world)),
        Condition::ScoreAtLeast(least) => match world.assessment.score {
            score if score >= least => Ok(()),
            // What a person stopped may stay so.
            _ if only_a_persons(world) => Ok(()),
            score => Err(format!("the score is {score}, not {least}")),
        },
    }
}

/// The facts of a section that were read after `after`.
fn read<T>(what: &str, section: &Section<T>, after: Moment) -> Result<std::sync::Arc<T>, String> {
    let facts = section.facts();
    let facts = facts.ok_or_else(|| match section.failure() {
        Some(failure) => format!("{what} can't be read: {failure}"),
        None => format!("{what} was not read yet"),
    })?;
    match is_newer(section, after) {
        true => Ok(facts),
        false => Err(format!("{what} was not read again yet")),
    }
}

/// Whether all of a reading lies behind `after`: one that began before may show what was.
pub fn is_newer<T>(section: &Section<T>, after: Moment) -> bool {
    let took = section.duration.unwrap_or_default();
    section.read_at().is_some_and(|at| at.since(after) > took)
}

/// Whether `at` lies behind `after`.
pub fn is_later(at: Moment, after: Moment) -> bool {
    !at.since(after).is_zero()
}

/// The finding is not there, and it could be seen if it were: nobody looked at what can't be read.
pub fn is_gone(code: &TriggerCode, target: &Target, playbook: &Playbook, world: &World) -> bool {
    symptom(code, target, playbook, world).is_none() && is_readable(target, &world.snapshot)
}

/// Every process that a worker had when `since` was has been watched for long enough to be judged: a
/// warrener that began a moment ago does not see a hang yet, and that is no evidence.
pub fn is_judged(target: &Target, since: Timestamp, world: &World) -> bool {
    let Target::Worker { name } = target else {
        return true;
    };
    let Some(facts) = world.snapshot.workers.facts() else {
        return false;
    };
    let worker = facts.workers.iter().find(|worker| worker.name == *name);
    let processes = worker.and_then(|worker| worker.processes.as_ref());
    let old = processes.into_iter().flatten().filter(|process| {
        let at = process.started_at.map(Timestamp::from);
        at.is_none_or(|at| at < since)
    });
    let old: Vec<_> = old.map(|process| process.id).collect();
    let verdicts = world.assessment.verdicts.iter();
    let early = Verdict::Unknown(Unknown::TooEarly);
    !verdicts
        .filter(|v| v.worker == *name && old.contains(&v.process))
        .any(|v| v.verdict == early)
}

/// What a finding about a target is read from was read, or is not read any more at all.
pub fn is_readable(target: &Target, snapshot: &Snapshot) -> bool {
    fn there<T>(section: &Section<T>) -> bool {
        section.interval.is_none() || section.success() == Some(true)
    }
    match target {
        Target::Worker { .. } => there(&snapshot.workers),
        Target::EnvFile { .. } => there(&snapshot.envfile),
        Target::Queue { .. } => there(&snapshot.queues),
        Target::Broker | Target::Node { .. } => there(&snapshot.broker),
        Target::Disk { .. } | Target::Host => there(&snapshot.host),
        Target::Glob { .. } => there(&snapshot.files),
        Target::Probe { .. } => true,
    }
}

fn symptom_gone(about: &About<'_>, world: &World) -> Result<(), String> {
    let snapshot = &world.snapshot;
    if !is_later(world.assessment.at, about.after) {
        return Err("nothing was assessed since".to_owned());
    }
    let after = about.after;
    match about.target {
        Target::Worker { .. } => read("the workers", &snapshot.workers, after).map(drop),
        Target::EnvFile { .. } => read("the env files", &snapshot.envfile, after).map(drop),
        Target::Queue { .. } => read("the queues", &snapshot.queues, after).map(drop),
        Target::Broker | Target::Node { .. } => {
            read("the broker", &snapshot.broker, after).map(drop)
        }
        Target::Disk { .. } | Target::Host => read("the host", &snapshot.host, after).map(drop),
        Target::Glob { .. } => read("the files", &snapshot.files, after).map(drop),
        Target::Probe { .. } => Ok(()),
    }?;
    match symptom(about.code, about.target, about.playbook, world) {
        Some(finding) if is_a_persons(finding, world) => Ok(()),
        Some(finding) => Err(format!("{} is not over", finding.key())),
        None => Ok(()),
    }
}

/// Nothing costs anything but what a person stopped.
fn only_a_persons(world: &World) -> bool {
    let findings = world.assessment.findings.iter();
    let mut costly = findings.filter(|finding| finding.severity > Severity::Information);
    costly.all(|finding| is_a_persons(finding, world))
}

/// What a worker lacks now is what a person stopped of it.
fn is_a_persons(finding: &Finding, world: &World) -> bool {
    let Target::Worker { name } = &finding.target else {
        return false;
    };
    let Some(facts) = world.snapshot.workers.facts() else {
        return false;
    };
    let mut workers = facts.workers.iter();
    let own = workers.find(|worker| worker.name == *name);
    matches!(finding.code, Code::WorkerDown | Code::WorkerMissing)
        && own.is_some_and(|worker| worker.stopped_by_operator == Some(true))
}

fn config(
    about: &About<'_>,
    world: &World,
    is_well: impl Fn(&crate::model::facts::EnvFileFacts) -> Result<(), String>,
) -> Result<(), String> {
    let facts = read("the env files", &world.snapshot.envfile, about.after)?;
    let concerned = env_files_of(about.target, world);
    for file in facts.files.iter().filter(|f| concerned.contains(&f.path)) {
        is_well(file).map_err(|why| format!("{}: {why}", file.path))?;
    }
    Ok(())
}

/// The env files that a target is about: itself, a worker's, all for the broker.
pub fn env_files_of(target: &Target, world: &World) -> Vec<String> {
    let all = world.config.env_files.iter();
    let all = all.map(|file| file.path.display().to_string());
    match target {
        Target::EnvFile { path } => vec![path.clone()],
        Target::Worker { name } => world
            .targets
            .env_file_of(name)
            .map(str::to_owned)
            .into_iter()
            .collect(),
        Target::Queue { .. } => {
            let workers = world.targets.workers_of(target);
            let files = workers.iter().filter_map(|w| world.targets.env_file_of(w));
            files.map(str::to_owned).collect()
        }
        _ => all.collect(),
    }
}

fn workers(
    about: &About<'_>,
    world: &World,
    is_well: impl Fn(&WorkerFacts) -> Result<(), String>,
) -> Result<(), String> {
    let facts = read("the workers", &world.snapshot.workers, about.after)?;
    let names = world.targets.workers_of(about.target);
    let concerned = facts.workers.iter().filter(|w| names.contains(&w.name));
    // What a person stopped is not expected to run; what has no control is a person's to start.
    let expected = concerned.filter(|w| !w.is_left_stopped() && w.controlled);
    for worker in expected {
        is_well(worker).map_err(|why| format!("worker {}: {why}", worker.name))?;
    }
    Ok(())
}

fn running(worker: &WorkerFacts) -> Result<(), String> {
    let processes = worker.processes.as_ref();
    let processes = processes.ok_or("its processes can't be told")?;
    let alive = processes
        .iter()
        .filter(|p| !matches!(p.state, Some(ProcessState::Zombie | ProcessState::Stopped)))
        .count();
    match alive {
        alive if alive >= worker.expected() => Ok(()),
        alive => Err(format!("{alive} of {} run", worker.expected())),
    }
}

fn consuming(worker: &WorkerFacts, world: &World) -> Result<(), String> {
    let processes = worker.processes.as_ref();
    let processes = processes.ok_or("its processes can't be told")?;
    if world.targets.queues_of(&worker.name).next().is_none() {
        // It consumes from no queue that anybody knows of.
        return Ok(());
    }
    let told = processes.iter().filter(|p| p.channels.is_some());
    let consuming = told.clone().filter(|process| {
        let mut channels = process.channels.iter().flatten();
        channels.any(|channel| !channel.consumers.is_empty())
    });
    let desired = worker.expected();
    if told.count() == processes.len() && !processes.is_empty() {
        let consuming = consuming.count();
        return match consuming >= desired.min(processes.len()) {
            true => Ok(()),
            false => Err(format!("{consuming} of {desired} consume")),
        };
    }
    // Without statistics of channels, the queues' own count of consumers.
    let facts = world.snapshot.queues.facts();
    let facts = facts.ok_or("whether it consumes can't be told")?;
    for name in world.targets.queues_of(&worker.name) {
        let mut queues = facts.queues.iter().filter(|queue| queue.name == *name);
        let consumers = queues.find_map(|queue| queue.consumers);
        match consumers {
            Some(n) if n >= desired.max(1) as u64 => {}
            Some(n) => return Err(format!("queue {name} has {n} consumers")),
            None => return Err(format!("consumers of queue {name} can't be told")),
        }
    }
    Ok(())
}

/// Where messages wait, something is acknowledged.
fn acking(worker: &WorkerFacts, about: &About<'_>, world: &World) -> Result<(), String> {
    let facts = read("the queues", &world.snapshot.queues, about.after)?;
    let own: Vec<_> = world.targets.queues_of(&worker.name).collect();
    let mut waiting = facts
        .queues
        .iter()
        .filter(|queue| own.contains(&&queue.name) && queue.ready.is_some_and(|ready| ready > 0));
    let Some(queue) = waiting.next() else {
        return Ok(());
    };
    let before = about.acked.get(&worker.name);
    match before {
        Some(before) if worker.used.acked > *before => Ok(()),
        _ => Err(format!(
            "messages wait in {} and none is acknowledged yet",
            queue.name
        )),
    }
}
