//! `worker.stop`: stops the processes that do no work, whole: the signal, the grace, then force.

use super::fleet::{self, Kind, Victims};
use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::model::facts::{ProcessFacts, ProcessState};
use crate::model::{Code, Target, TriggerCode};
use crate::platform::act::{StopHow, stop_process};
use crate::recover::playbook::StopArgs;

/// How plans of this kind begin.
pub(super) const STOP: &str = "stop ";

pub(super) async fn next(args: &StopArgs, asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    let kinds = match fleet::kinds(&asked.run.target, world) {
        Ok(kinds) => kinds,
        Err(why) => return Next::Wait(why),
    };
    for kind in &kinds {
        let bad: Vec<&ProcessFacts> = concerned(kind, asked, world);
        if bad.is_empty() {
            continue;
        }
        if let Some(why) = beyond_reach(&bad) {
            return Next::Refuse(format!("worker {}: {why}", kind.name));
        }
        let instances = match fleet::instances(&kind.name, hands).await {
            Ok(instances) => instances,
            Err(failure) => return Next::Wait(failure.to_string()),
        };
        let victims = fleet::victims(bad.into_iter(), kind, &instances, &hands.boot_id);
        let mut how = fleet::stop_how(&kind.config.stop);
        if let Some(signal) = args.signal {
            how.signal = fleet::stop_signal(signal);
        }
        if let Some(grace) = args.grace {
            how.grace = grace.get();
        }
        return Next::Act(plan(kind, victims, how));
    }
    Next::Done("no process of it does no work".into())
}

/// The processes that the trouble is about, else those that are judged to do no work. Those that were
/// started since are not.
fn concerned<'a>(kind: &'a Kind, asked: &Asked<'_>, world: &World) -> Vec<&'a ProcessFacts> {
    let mut findings = world.assessment.findings.iter();
    let finding = findings.find(|finding| {
        TriggerCode::Finding(finding.code) == asked.incident.key.code
            && finding.target == asked.run.target
            && matches!(finding.code, Code::WorkerHung | Code::WorkerDisconnected)
    });
    // What it was about is stopped, and the finding gone: whatever else is judged meanwhile is for a run
    // of its own.
    let of_a_worker = matches!(asked.run.target, Target::Worker { .. });
    if of_a_worker && finding.is_none() && !asked.own.is_empty() {
        return Vec::new();
    }
    let named = finding
        .map(|finding| finding.processes.clone())
        .unwrap_or_default();
    let since = asked.run.started_at.unwrap_or(asked.begun_at);
    let old = kind
        .processes()
        .iter()
        .filter(|p| !fleet::started_after(p, since));
    old.filter(|process| match named.is_empty() {
        true => fleet::is_bad(&kind.name, process.id, world),
        false => named.contains(&process.id),
    })
    .collect()
}

/// Why no signal helps.
pub(super) fn beyond_reach(processes: &[&ProcessFacts]) -> Option<String> {
    let stuck = processes
        .iter()
        .find(|p| p.state == Some(ProcessState::Uninterruptible));
    let stuck = stuck.map(|p| {
        format!(
            "process {} waits in the kernel, where no signal reaches it: look at its disk or mount",
            p.id.pid
        )
    });
    let dead = processes
        .iter()
        .find(|p| p.state == Some(ProcessState::Zombie));
    stuck.or(dead.map(|p| {
        format!(
            "process {} has ended and its parent does not take notice: end the parent",
            p.id.pid
        )
    }))
}

/// To stop these.
pub(super) fn plan(kind: &Kind, victims: Victims, how: StopHow) -> Plan {
    let named = victims.instances.iter().cloned();
    let alone = victims
        .processes
        .iter()
        .map(|id| format!("process {}", id.pid));
    let all: Vec<String> = named.chain(alone).collect();
    let words = format!(
        "{STOP}{} of worker {}: SIG{}, and by force after {} s",
        all.join(", "),
        kind.name,
        format!("{:?}", how.signal).to_uppercase(),
        how.grace.as_secs()
    );
    let (name, target) = (kind.name.clone(), kind.target());
    let (before, all) = (victims.before.clone(), victims.all.clone());
    let work = move |hands: std::sync::Arc<Hands>| async move {
        let mut told = Vec::new();
        let mut effect = Effect::default();
        for id in &victims.processes {
            let acted = stop_process(*id, &how).await?;
            told.push(acted.words);
            effect.after.push(acted.after);
        }
        if let Some(actor) = hands.workers.get(&name) {
            for instance in &victims.instances {
                let acted = actor.lock().await.stop(instance, &how).await?;
                told.push(acted.words);
                effect.after.push(acted.after);
            }
        }
        effect.words = told.join("; ");
        Ok(effect)
    };
    Plan {
        words,
        target,
        before,
        victims: Some(all),
        job: job(work),
    }
}
