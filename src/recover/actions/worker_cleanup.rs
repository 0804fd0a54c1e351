//! `worker.cleanup`: ends what stopped instances left behind in their group or cgroup.

use super::{Asked, Effect, Hands, Next, Plan, World, fleet, job};
use crate::model::StepResult;
use crate::platform::act::is_up;

pub(super) async fn next(asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    // To end what is left over once more costs nothing.
    let known = |step: &crate::model::Step| {
        let result = step.done.as_ref().map(|done| done.result);
        result.is_some_and(|result| result != StepResult::Unknown)
    };
    if asked.own.iter().any(known) {
        return Next::Done("nothing is left behind".into());
    }
    let kinds = match fleet::kinds(&asked.run.target, world) {
        Ok(kinds) => kinds,
        Err(why) => return Next::Wait(why),
    };
    let mut down = Vec::new();
    for kind in &kinds {
        match fleet::instances(&kind.name, hands).await {
            Ok(instances) => {
                let ended = instances.into_iter().filter(|instance| !is_up(instance));
                down.extend(ended.map(|instance| (kind.name.clone(), instance.name)));
            }
            Err(failure) => return Next::Wait(failure.to_string()),
        }
    }
    if down.is_empty() {
        return Next::Done("none of them is stopped".into());
    }
    let names: Vec<_> = down.iter().map(|(_, instance)| instance.as_str()).collect();
    let words = format!("end what is left of {}", names.join(", "));
    let work = move |hands: std::sync::Arc<Hands>| async move {
        let mut told = Vec::new();
        for (worker, instance) in &down {
            if let Some(actor) = hands.workers.get(worker) {
                told.push(actor.lock().await.clean(instance).await?.words);
            }
        }
        Ok(Effect::done(told.join("; ")))
    };
    Next::Act(Plan {
        words,
        target: asked.run.target.clone(),
        before: Vec::new(),
        victims: Some(Vec::new()),
        job: job(work),
    })
}
