//! What holds whatever the world is.

use proptest::prelude::*;

use super::world::*;
use crate::config::{Config, RecoveryMode};
use crate::model::*;
use crate::recover::guard::{Decision, LocalNode, most_risk};

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![
        Verdict::Healthy,
        Verdict::Idle,
        Verdict::Slow,
        Verdict::Disconnected,
        Verdict::Deaf,
        Verdict::Stalled,
        Verdict::Spinning,
        Verdict::Zombie,
        Verdict::Unknown(Unknown::TooEarly),
    ])
}

/// Any world: every input of the guard changed or not; a fair share of them goes.
fn worlds() -> impl Strategy<Value = World> {
    let source = prop::sample::select(TriggerSource::ALL.to_vec());
    let steps = prop::sample::select(vec![
        ("worker-unhealthy", "start"),
        ("worker-unhealthy", "replace"),
        ("config-invalid", "repair"),
        ("broker-down", "restart"),
        ("housekeeping", "clean"),
    ]);
    let node = prop::sample::select(vec![
        LocalNode::Unknown,
        LocalNode::Up,
        LocalNode::Down,
        LocalNode::Hung,
    ]);
    let level = prop::sample::select(Level::ALL.to_vec());
    let mode = prop_oneof![
        1 => Just(RecoveryMode::Off),
        1 => Just(RecoveryMode::Propose),
        1 => Just(RecoveryMode::Approve),
        5 => Just(RecoveryMode::Auto),
    ];
    let victims = prop::option::of(prop::sample::subsequence(vec![10, 11, 20, 21], 0..=4));
    let parts = (source, steps, node, level, mode, victims);
    let more = (
        any::<(bool, bool, bool)>(),
        0u32..4,
        prop::collection::vec(verdicts(), 2),
        prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(0u64..4000, 0..12)],
    );
    (parts, more).prop_map(|(parts, more)| {
        let (source, (playbook, name), node, level, mode, victims) = parts;
        let ((approved, broker, found), least, verdicts, runs) = more;
        let mut w = if broker && node != LocalNode::Up {
            World::broker_down()
        } else {
            World::hung()
        };
        (w.playbook, w.steps) = rung(playbook, name);
        w.source = source;
        w.local_node = node;
        w.assessment.level = level;
        w.config.recovery.mode = mode;
        w.approved = approved;
        w.victims = victims.map(|pids| pids.into_iter().map(process).collect());
        w.config.workers.get_mut("task").unwrap().min_healthy = least;
        w.assessment.verdicts.clear();
        w.verdict("task", 10, verdicts[0]);
        w.verdict("task", 11, verdicts[1]);
        if !found {
            w.assessment.findings.clear();
        }
        for ago in runs {
            w.ran(worker("task"), ago);
        }
        w
    })
}

/// Replaces a hung worker, and nothing but what the caller looks at speaks against it.
fn replacing(w: World) -> World {
    let ready = World::hung();
    let findings = ready.assessment.findings.clone();
    World {
        assessment: Assessment {
            findings,
            level: Level::Warning,
            ..w.assessment
        },
        config: Config {
            recovery: ready.config.recovery,
            ..w.config
        },
        code: ready.code,
        target: ready.target,
        playbook: ready.playbook,
        steps: ready.steps,
        ..w
    }
}

fn risk(w: &World) -> Risk {
    w.steps.iter().map(|s| s.action.risk()).max().unwrap()
}

fn works(w: &World, pid: u32) -> bool {
    let of = |v: &&ProcessVerdict| v.process == process(pid);
    let verdict = w.assessment.verdicts.iter().find(of).unwrap().verdict;
    !verdict.is_hung() && verdict != Verdict::Disconnected
}

proptest! {
    #[test]
    fn nothing_goes_above_the_level(w in worlds()) {
        if w.decide() == Decision::Go {
            let most = most_risk(w.assessment.level, w.source);
            prop_assert!(most.is_some_and(|most| risk(&w) <= most));
        }
    }

    #[test]
    fn nothing_drastic_goes_without_a_node_seen_to_be_bad(w in worlds()) {
        if w.decide() == Decision::Go && risk(&w) == Risk::Drastic {
            prop_assert_eq!(w.assessment.level, Level::Critical);
            prop_assert_eq!(w.local_node, LocalNode::Down);
        }
    }

    #[test]
    fn what_works_is_never_stopped_below_the_least(w in worlds().prop_map(replacing)) {
        let Some(victims) = &w.victims else { return Ok(()) };
        let hit = |pid: &u32| victims.contains(&process(*pid));
        let lost = [10, 11].iter().any(|pid| hit(pid) && works(&w, *pid));
        let left = [10, 11].iter().filter(|pid| !hit(pid) && works(&w, **pid)).count();
        let least = w.config.workers["task"].min_healthy as usize;
        let held = w.reasons().contains(&HoldReason::BlastRadius);
        prop_assert_eq!(held, lost && left < least, "{} of {}", left, least);
        prop_assert!(!held || w.decide() != Decision::Go);
    }

    #[test]
    fn off_and_unapproved_never_go(w in worlds()) {
        if w.decide() == Decision::Go {
            let asked = w.approved || w.source.is_a_person();
            let mode = w.config.recovery.mode;
            prop_assert!(mode == RecoveryMode::Auto || (asked && mode != RecoveryMode::Off));
        }
    }

    #[test]
    fn no_target_and_no_strangers_target_goes(mut w in worlds(), name in ".{0,30}", none: bool) {
        prop_assume!(!w.config.workers.contains_key(&name));
        w.target = (!none).then(|| worker(&name));
        prop_assert!(matches!(w.decide(), Decision::Hold(_)));
        // Nor is it repeated to anybody who reads the label of the reason.
        w.target = Some(worker(&"x".repeat(1 << 20)));
        prop_assert!(matches!(w.decide(), Decision::Hold(_)));
    }

    #[test]
    fn the_same_question_has_the_same_answer(w in worlds()) {
        let (first, again) = (w.holds(), w.holds());
        prop_assert_eq!(&first, &again);
        prop_assert!(first.iter().map(|h| h.reason).is_sorted());
        match w.decide() {
            Decision::Go => prop_assert!(first.is_empty()),
            Decision::Hold(hold) => prop_assert_eq!(Some(&hold), first.first()),
        }
    }

    #[test]
    fn three_runs_in_a_quarter_of_an_hour_are_the_most(w in worlds().prop_map(replacing)) {
        let recent = |run: &&Run| w.stamp(0).since(run.started_at.unwrap()).as_secs() < 900;
        let (quarter, hour) = (w.runs.iter().filter(recent).count(), |run: &&Run| {
            w.stamp(0).since(run.started_at.unwrap()).as_secs() < 3600
        });
        let spent = quarter >= 3 || w.runs.iter().filter(hour).count() >= 10;
        prop_assert_eq!(w.reasons().contains(&HoldReason::Budget), spent);
        prop_assert!(!spent || w.decide() != Decision::Go);
    }
}
