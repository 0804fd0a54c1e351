//! `worker.start`: starts what is missing, with the env file of now, which must keep its schema.

use super::fleet::{self, Kind};
use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::model::{Generation, Secret};
use crate::platform::act::StartHow;

/// How plans of this kind begin.
pub(super) const START: &str = "start ";

pub(super) async fn next(asked: &Asked<'_>, world: &World, hands: &Hands) -> Next {
    let kinds = match fleet::kinds(&asked.run.target, world) {
        Ok(kinds) => kinds,
        Err(why) => return Next::Wait(why),
    };
    for kind in &kinds {
        let instances = match fleet::instances(&kind.name, hands).await {
            Ok(instances) => instances,
            Err(failure) => return Next::Wait(failure.to_string()),
        };
        let missing = fleet::missing(kind, &instances);
        if missing.is_empty() {
            continue;
        }
        if fleet::times(asked, &kind.target(), START) > 0 {
            return Next::Refuse(format!("worker {} was started, and ended again", kind.name));
        }
        return match fleet::environment(kind, world) {
            Ok(environment) => Next::Act(plan(kind, missing, environment, false)),
            Err(why) => Next::Refuse(why),
        };
    }
    Next::Done("as many run as should".into())
}

/// To start these instances.
pub(super) fn plan(
    kind: &Kind,
    instances: Vec<String>,
    environment: Vec<(String, Secret)>,
    anew: bool,
) -> Plan {
    let words = format!("{START}{}", instances.join(", "));
    let name = kind.name.clone();
    let before = instances.iter().map(|_| Generation::Absent).collect();
    let work = move |hands: std::sync::Arc<Hands>| async move {
        let mut effect = Effect::default();
        let Some(actor) = hands.workers.get(&name) else {
            return Ok(Effect::needless("it has no control"));
        };
        let how = StartHow { environment, anew };
        let mut told = Vec::new();
        for instance in &instances {
            let acted = actor.lock().await.start(instance, &how).await?;
            told.push(acted.words);
            effect.after.push(acted.after);
        }
        effect.words = told.join("; ");
        Ok(effect)
    };
    Plan {
        words,
        target: kind.target(),
        before,
        victims: None,
        job: job(work),
    }
}
