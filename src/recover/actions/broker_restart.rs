//! `broker.restart`: restarts this host's broker node by its control, once. That the node itself is
//! down or hung is the guard's to see.

use std::time::Duration;

use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::model::{Generation, Target};
use crate::platform::act::{StartHow, StopHow, StopSignal, generation, is_up};

/// Time that the node has to end in order, before force.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn next(asked: &Asked<'_>, _world: &World, hands: &Hands) -> Next {
    // Also what may have been done before warrener ended is done once.
    if !asked.own.is_empty() {
        return Next::Done("it was restarted".into());
    }
    let Some(broker) = &hands.broker else {
        return Next::Refuse("this host's configuration has no `broker.control`".into());
    };
    let instances = match broker.lock().await.instances().await {
        Ok(instances) => instances,
        Err(failure) => return Next::Wait(failure.to_string()),
    };
    let Some(instance) = instances.into_iter().next() else {
        return Next::Refuse("`broker.control` names nothing that is there".into());
    };
    let before = match (is_up(&instance), generation(&instance, &hands.boot_id)) {
        // Programs do not tell one run of the node from the next.
        (true, Generation::Absent) => Vec::new(),
        (true, generation) => vec![generation],
        (false, _) => vec![Generation::Absent],
    };
    let name = instance.name;
    let words = format!("restart the broker's node ({name})");
    let work = move |hands: std::sync::Arc<Hands>| async move {
        let Some(broker) = &hands.broker else {
            return Ok(Effect::needless("it has no control"));
        };
        let how = StopHow {
            signal: StopSignal::Term,
            grace: GRACE,
        };
        let acted = broker
            .lock()
            .await
            .restart(&name, &how, &StartHow::default())
            .await?;
        Ok(Effect {
            words: acted.words,
            after: vec![acted.after],
            ..Effect::default()
        })
    };
    Next::Act(Plan {
        words,
        target: Target::Broker,
        before,
        victims: None,
        job: job(work),
    })
}
