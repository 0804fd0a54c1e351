//! Whose it is, and whether anybody said no: configuration, mode, people.

use super::{Case, Hold, HoldReason};
use crate::config::RecoveryMode;
use crate::model::{Code, Evidence, Target};
use crate::recover::targets::Selected;

pub(super) fn not_mine(case: &Case<'_>) -> Option<Hold> {
    let target = case.request.target?;
    let hold = |words: String| Some(Hold::new(HoldReason::NotMine, words));
    if case.view.targets.select(target) == Selected::NotMine {
        return hold(format!("the configuration of this host has no {target}"));
    }
    if case.restarts_broker() && case.view.config.broker.control.is_none() {
        return hold("the configuration of this host has no `broker.control`".to_owned());
    }
    None
}

pub(super) fn mode(case: &Case<'_>) -> Option<Hold> {
    let hold = |words: String| Hold::new(HoldReason::Mode, words);
    if let Some(why) = case.view.observe_only {
        return Some(hold(format!("warrener can only observe: {why}")));
    }
    let recovery = &case.view.config.recovery;
    let playbook = case.request.playbook;
    let limit = recovery.playbooks.get(&playbook.name);
    let limit = limit.and_then(|limits| limits.mode);
    let modes = [Some(recovery.mode), Some(playbook.mode), limit];
    let mode = modes.into_iter().flatten().min()?;
    let asked = case.request.approved || case.request.source.is_a_person();
    let words = match mode {
        RecoveryMode::Auto => None,
        RecoveryMode::Approve | RecoveryMode::Propose if asked => None,
        RecoveryMode::Approve => Some("a person has to approve it"),
        RecoveryMode::Propose => Some("it is only proposed"),
        RecoveryMode::Off => Some("recovery is off"),
    };
    if let Some(words) = words {
        return Some(hold(format!("{words} (mode of {})", playbook.name)));
    }
    let uncontrolled = |name: &&String| {
        let worker = case.view.config.workers.get(*name);
        worker.is_some_and(|worker| worker.control.is_none())
    };
    // A worker without a control is only observed; with others beside it, it is left out.
    let first = case
        .workers
        .first()
        .filter(|_| case.workers.iter().all(|w| uncontrolled(&w)))?;
    Some(hold(format!(
        "worker {first} has no `control`: it is only observed"
    )))
}

pub(super) fn paused(case: &Case<'_>) -> Option<Hold> {
    let workers = case
        .workers
        .iter()
        .map(|name| Target::Worker { name: name.clone() });
    let concerned: Vec<Target> = case
        .request
        .target
        .cloned()
        .into_iter()
        .chain(workers)
        .collect();
    let pause = case
        .view
        .pauses
        .iter()
        .filter(|pause| pause.holds(case.now))
        .find(|pause| {
            pause.target.is_none() || concerned.iter().any(|target| pause.covers(target))
        })?;
    let what = match &pause.target {
        None => "everything is paused".to_owned(),
        Some(target) => format!("{target} is paused"),
    };
    let hold = Hold::new(HoldReason::Paused, what).until(pause.until);
    Some(hold.with(Evidence::seen("reason", pause.reason.clone())))
}

pub(super) fn stopped_by_operator(case: &Case<'_>) -> Option<Hold> {
    let hold = |what: &str| {
        let words = format!("a person stopped {what}; it stays stopped until a person starts it");
        Some(Hold::new(HoldReason::StoppedByOperator, words))
    };
    if case.restarts_broker() && case.view.broker_stopped_by_operator == Some(true) {
        return hold("the broker's node");
    }
    let facts = case.view.snapshot.workers.facts()?;
    // What is lacking is what a person stopped; otherwise there may be more that is wrong with it.
    let lacks = matches!(
        case.request.code.finding(),
        Some(Code::WorkerDown | Code::WorkerMissing)
    );
    let stopped = |name: &String| {
        let mut workers = facts.workers.iter();
        workers
            .find(|worker| worker.name == *name)
            .is_some_and(|worker| {
                worker.is_left_stopped() || lacks && worker.stopped_by_operator == Some(true)
            })
    };
    // Of several, those that were stopped are left out of the plan.
    match &case.workers[..] {
        [] => None,
        workers if workers.iter().all(stopped) => hold(&format!("worker {}", workers.join(", "))),
        _ => None,
    }
}

pub(super) fn unknown_target(case: &Case<'_>) -> Option<Hold> {
    let hold = |words: String| Some(Hold::new(HoldReason::UnknownTarget, words));
    let Some(target) = case.request.target else {
        return hold("nothing says what is to be repaired".to_owned());
    };
    match case.view.targets.select(target) {
        Selected::Mine => {}
        Selected::NotMine | Selected::Unknown => {
            // Its name is a stranger's: not repeated here.
            return hold(format!("no {} of this host is meant", target.kind()));
        }
    }
    let touches_workers = case
        .request
        .steps
        .iter()
        .any(|s| s.action.touches_workers());
    let restart = |s: &crate::recover::playbook::Step| {
        matches!(
            s.action,
            crate::recover::playbook::Action::WorkersRestartStaged(_)
        )
    };
    // A staged restart of nobody is nothing to do; stopping nobody in particular is a mistake.
    if touches_workers && case.workers.is_empty() && !case.request.steps.iter().any(restart) {
        return hold(format!("{target} is no worker's"));
    }
    None
}

pub(super) fn silenced(case: &Case<'_>) -> Option<Hold> {
    let silence = case.request.silence?;
    if case.request.source.is_a_person() || silence.ends_at <= case.now {
        return None;
    }
    let words = "Alertmanager has a silence for it".to_owned();
    let hold = Hold::new(HoldReason::Silenced, words).until(Some(silence.ends_at));
    Some(hold.with(Evidence::seen("silence", silence.id.clone())))
}
