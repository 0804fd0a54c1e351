//! `worker.stop`: stops the processes that do no work, whole: the signal, the grace, then force.

use super::fleet::{self, Kind, Victims};
use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::model::facts::{ProcessFacts, ProcessState};
use crate::model::{Code, Generation, TriggerCode};
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
    let named = finding
        .map(|finding| finding.processes.clone())
        .unwrap_or_default();
    let since = asked.run.started_at.unwrap_or(asked.begun_at);
    let old = kind
        .processes()
        .iter()
        .filter(|p| !fleet::started_after(p, since));
    // What this step began with is all that it stops: whatever else is judged meanwhile is for a run of
    // its own.
    let begun = begun(kind, asked);
    old.filter(|process| begun.is_empty() || begun.iter().any(|before| is_it(process, before)))
        .filter(|process| match named.is_empty() {
            true => fleet::is_bad(&kind.name, process.id, world),
            false => named.contains(&process.id),
        })
        .collect()
}

/// What this step went for already, of this kind.
fn begun<'a>(kind: &Kind, asked: &Asked<'a>) -> Vec<&'a Generation> {
    let target = kind.target();
    let newest = asked.journal.iter().rev();
    let own = newest.take_while(|step| {
        step.intent.action == asked.step.action.name() && step.intent.rung == asked.run.rung
    });
    own.filter(|step| step.intent.target == target)
        .flat_map(|step| &step.intent.before)
        .collect()
}

fn is_it(process: &ProcessFacts, before: &Generation) -> bool {
    match before {
        Generation::Process { process: id, .. } => *id == process.id,
        Generation::Unit { unit, .. } => process.unit.as_ref() == Some(unit),
        Generation::Container { id, .. } => process.container.as_ref() == Some(id),
        Generation::Absent | Generation::File { .. } => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::ProcessId;
    use crate::model::{Finding, Moment, ProcessVerdict, Severity, StepResult, Verdict};
    use crate::recover::actions::scene_tests::Scene;
    use crate::recover::playbook::Action;

    fn process(pid: u32) -> ProcessFacts {
        ProcessFacts {
            id: ProcessId {
                pid,
                start_ticks: 1,
            },
            ..ProcessFacts::default()
        }
    }

    /// The finding names these, and they are judged to be hung.
    fn hung(scene: &mut Scene, pids: &[u32], is_found: bool) {
        let ids: Vec<_> = pids.iter().map(|pid| process(*pid).id).collect();
        let at: Moment = scene.world.now;
        let mut assessment = (*scene.world.assessment).clone();
        assessment.verdicts = ids
            .iter()
            .map(|id| ProcessVerdict {
                worker: "task".into(),
                process: *id,
                verdict: Verdict::Stalled,
            })
            .collect();
        let finding = Finding {
            code: Code::WorkerHung,
            target: scene.run.target.clone(),
            severity: Severity::Major,
            since: at,
            as_of: at,
            summary: String::new(),
            evidence: Vec::new(),
            processes: ids,
            cause: None,
        };
        assessment.findings = is_found.then_some(finding).into_iter().collect();
        scene.world.assessment = std::sync::Arc::new(assessment);
    }

    fn stopped(scene: &Scene) -> Vec<u32> {
        let kind = Kind {
            name: "task".into(),
            config: scene.world.config.workers["task"].clone(),
            facts: scene.world.snapshot.workers.facts().unwrap().workers[0].clone(),
        };
        scene.asked(|asked| {
            let all = concerned(&kind, asked, &scene.world);
            all.iter().map(|process| process.id.pid).collect()
        })
    }

    #[test]
    fn what_is_judged_while_it_stops_another_is_not_stopped_by_it() {
        let mut scene = Scene::new("http://127.0.0.1:1", vec![process(1), process(2)], &[]);
        scene.step.action = Action::WorkerStop(StopArgs::default());
        hung(&mut scene, &[1], true);
        assert_eq!(stopped(&scene), [1]);
        for result in [StepResult::Done, StepResult::Unknown, StepResult::Failed] {
            scene.went_for("worker.stop", process(1).id, result);
            // The sibling instead, with the finding still there, and with it gone.
            for is_found in [true, false] {
                hung(&mut scene, &[2], is_found);
                assert!(stopped(&scene).is_empty(), "{result:?}");
            }
            // What it went for and what is still there, it goes on with.
            hung(&mut scene, &[1, 2], true);
            assert_eq!(stopped(&scene), [1], "{result:?}");
        }
    }
}
