//! Of two reasons, the one that is asked first is told.

use std::time::Duration;

use super::world::*;
use crate::config::RecoveryMode;
use crate::model::*;
use crate::recover::guard::{CHECKS, Decision, Silence};

/// Brings one reason about.
fn break_it(w: &mut World, reason: HoldReason) {
    match reason {
        HoldReason::NotMine => w.target = Some(worker("other")),
        HoldReason::Mode => w.config.recovery.mode = RecoveryMode::Off,
        HoldReason::Paused => w.pauses.push(Pause {
            target: None,
            since: w.stamp(1),
            until: None,
            reason: String::new(),
        }),
        HoldReason::StoppedByOperator => {
            let mut facts = (*w.snapshot.workers.facts().unwrap()).clone();
            facts.workers[1].stopped_by_operator = Some(true);
            let at = w.snapshot.workers.read_at().unwrap();
            w.snapshot.workers.enter(Ok(facts), at, Duration::ZERO);
        }
        HoldReason::StaleSnapshot => w.now = w.now.after(Duration::from_secs(20)),
        HoldReason::UnknownTarget => w.target = None,
        HoldReason::Unconfirmed => w.assessment.findings.retain(|f| f.code != Code::WorkerHung),
        HoldReason::Level => w.assessment.level = Level::Caution,
        HoldReason::Silenced => {
            w.silence = Some(Silence {
                id: "s".into(),
                ends_at: w.stamp(0).after(Duration::from_secs(600)),
            });
        }
        HoldReason::CauseFirst => drop(w.finds(Code::BrokerUnreachable, Target::Broker).clone()),
        HoldReason::Locked => {
            let run = w.ran(worker("task"), 2000);
            run.state = RunState::Running;
            run.ended_at = None;
        }
        HoldReason::Cooldown => drop(w.ran(worker("task"), 1).clone()),
        HoldReason::BlastRadius => w.victims = Some(vec![process(10), process(11)]),
        HoldReason::MessageSafety => drop(w.finds(Code::QueueRedelivering, queue("tasks")).clone()),
        HoldReason::Budget => {
            for ago in [500, 501, 502] {
                w.ran(worker("task"), ago);
            }
        }
    }
}

#[test]
fn there_is_a_check_for_every_reason_in_its_order() {
    let reasons = CHECKS.map(|(reason, _)| reason);
    assert_eq!(reasons, HoldReason::ALL);
}

#[test]
fn of_any_two_the_first_is_told() {
    for first in HoldReason::ALL {
        for second in HoldReason::ALL {
            // Without a target it is nobody's; of nobody's nothing is known.
            let targets = [HoldReason::NotMine, HoldReason::UnknownTarget];
            let of_workers = [HoldReason::StoppedByOperator];
            let pair = [first, second];
            let no_target = pair.contains(&&HoldReason::UnknownTarget);
            if first >= second
                || targets.iter().all(|t| pair.contains(&t))
                || (no_target && of_workers.iter().any(|w| pair.contains(&w)))
            {
                continue;
            }
            let mut world = World::hung();
            break_it(&mut world, *second);
            break_it(&mut world, *first);
            match world.decide() {
                Decision::Hold(hold) => assert_eq!(hold.reason, *first, "with {second}"),
                Decision::Go => panic!("{first} and {second} go"),
            }
            let all = world.reasons();
            assert!(all.is_sorted(), "{all:?}");
        }
    }
}
