//! The laws: of the score, of causes, of verdicts, and of not being able to look.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::world::{World, process};
use crate::assess::hang::{BrokerSample, Limits, Sample, verdict};
use crate::assess::{AssessConfig, Weight, join, score};
use crate::model::facts::{DriftedKey, KeyChange, ProcessState, WorkerFacts};
use crate::model::{
    Code, Component, Finding, FindingKey, Level, Moment, ProbeName, Reason, Severity, Target,
};

fn targets() -> impl Strategy<Value = Target> {
    let queue = |name: &str| Target::Queue {
        vhost: "/".into(),
        name: name.into(),
    };
    select(vec![
        Target::Broker,
        Target::Node {
            name: "rabbit@a".into(),
        },
        queue("ai_tasks"),
        queue("other"),
        Target::Worker {
            name: "task-worker".into(),
        },
        Target::Worker {
            name: "other".into(),
        },
        Target::EnvFile {
            path: ".env".into(),
        },
        Target::Host,
        Target::Probe {
            name: ProbeName::Queues,
        },
        Target::Probe {
            name: ProbeName::Host,
        },
    ])
}

fn finding(code: Code, target: Target, severity: Severity, at: Moment) -> Finding {
    Finding {
        code,
        target,
        severity,
        since: at,
        as_of: at,
        summary: String::new(),
        evidence: Vec::new(),
        processes: Vec::new(),
        cause: None,
    }
}

prop_compose! {
    fn findings(most: usize)(
        parts in vec((select(Code::ALL), targets(), select(Severity::ALL.to_vec())), 0..most),
    ) -> Vec<Finding> {
        let at = World::healthy().now;
        let unique: BTreeMap<FindingKey, Finding> = parts
            .into_iter()
            .map(|(code, target, severity)| finding(code, target, severity, at))
            .map(|finding| (finding.key(), finding))
            .collect();
        unique.into_values().collect()
    }
}

prop_compose! {
    fn weights()(parts in vec((0u32..100, any::<bool>()), 4)) -> Vec<Weight> {
        let with = |(component, (weight, configured))| Weight { component, weight, configured };
        Component::ALL.into_iter().zip(parts).map(with).collect()
    }
}

fn config() -> AssessConfig {
    World::healthy().config
}

/// A few things that break at once, by number.
fn break_it(world: &mut World, what: usize) {
    match what {
        0 => world.processes().truncate(1),
        1 => world.processes().clear(),
        2 => world.queue().consumers = Some(0),
        3 => world.queue().ready = Some(9000),
        4 => world.broker.nodes[0].up = false,
        5 => world.broker.nodes[1].disk_alarm = Some(true),
        6 => world.host.disks[0].available = Some(1),
        7 => world.host.memory_available = Some(1),
        8 => world.env_file().login = Some(Err(Reason::Auth)),
        9 => world.env_file().exists = Some(false),
        10 => world.files.backups[0].newest_age = Some(Duration::from_secs(1 << 30)),
        11 => world.worker().restarts += 9,
        12 => {
            let key = DriftedKey {
                key: "A".into(),
                change: KeyChange::Changed,
            };
            world
                .processes()
                .iter_mut()
                .for_each(|p| p.drift.keys = Some(vec![key.clone()]));
        }
        _ => world.fail(ProbeName::Roundtrip, Reason::Timeout),
    }
}

fn some_findings() -> impl Strategy<Value = Vec<Finding>> {
    findings(12).prop_filter("one at least", |all| !all.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_finding_more_never_raises_the_score(
        all in some_findings(), weights in weights(), which: Index,
    ) {
        let mut all = all;
        join(&mut all, &config());
        let mut fewer = all.clone();
        fewer.remove(which.index(all.len()));
        prop_assert!(score(&all, &weights).score <= score(&fewer, &weights).score);
    }

    #[test]
    fn a_worse_finding_never_raises_the_score(
        all in some_findings(), weights in weights(), which: Index,
    ) {
        let mut worse = all.clone();
        let raised = &mut worse[which.index(all.len())].severity;
        *raised = Severity::ALL[(*raised as usize + 1).min(3)];
        prop_assert!(score(&worse, &weights).score <= score(&all, &weights).score);
    }

    #[test]
    fn the_level_is_explained_by_a_finding(all in findings(12), weights in weights()) {
        let mut all = all;
        join(&mut all, &config());
        let scored = score(&all, &weights);
        let worst = all.iter().map(|f| f.severity).max().unwrap_or(Severity::Information);
        prop_assert!(scored.score <= worst.cap());
        if worst > Severity::Information {
            prop_assert!(scored.score < 90);
        } else {
            prop_assert_eq!(scored.score, 100);
        }
        if Level::of_score(scored.score) > Level::Normal {
            let penalties = scored.components.iter().map(|c| c.penalties.len()).sum::<usize>();
            prop_assert!(scored.cap.is_some() || penalties > 0);
        }
    }

    #[test]
    fn causes_end_at_a_root_that_counts(all in findings(30)) {
        let mut all = all;
        join(&mut all, &config());
        for start in &all {
            let mut at = start;
            for _ in 0..=all.len() {
                let Some(cause) = &at.cause else { break };
                at = all.iter().find(|f| f.key() == *cause).unwrap();
            }
            prop_assert!(at.cause.is_none(), "a cycle from {}", start.key());
            prop_assert!(at.severity > Severity::Information || at.key() == start.key());
        }
    }

    #[test]
    fn the_order_of_findings_does_not_matter(all in findings(12), weights in weights()) {
        let (mut one, mut other) = (all.clone(), all);
        other.reverse();
        join(&mut one, &config());
        join(&mut other, &config());
        prop_assert_eq!(score(&one, &weights).score, score(&other, &weights).score);
        other.reverse();
        prop_assert_eq!(one, other);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn looking_away_never_improves(
        broken in vec(0usize..14, 0..4),
        blinded in vec((select(ProbeName::ALL.to_vec()), select(Reason::ALL.to_vec())), 1..4),
        steps in 1usize..6,
    ) {
        let mut world = World::healthy();
        world.steps(2);
        for what in broken {
            break_it(&mut world, what);
        }
        let before = world.steps(4);
        let mut looking = world.clone();
        for (probe, reason) in blinded {
            world.fail(probe, reason);
        }
        let after = world.steps(steps);
        let still = looking.steps(steps);
        prop_assert!(after.score <= still.score, "{:?}\n{:?}", after.findings, still.findings);
        prop_assert!(after.score <= before.score || still.score > before.score);
    }

    #[test]
    fn the_order_of_facts_does_not_matter(broken in vec(0usize..14, 0..4)) {
        let mut world = World::healthy();
        world.workers.workers.push(WorkerFacts {
            name: "other".into(),
            desired: 3,
            processes: Some(vec![process(21), process(22)]),
            ..WorkerFacts::default()
        });
        for what in broken {
            break_it(&mut world, what);
        }
        let mut turned = world.clone();
        let mut last = (world.assess(), turned.assess());
        for _ in 0..5 {
            // The world's own queue is its first: turned only while the probes read.
            turned.step();
            turned.history = world.history.clone();
            world.step();
            let now = world.now;
            turned.now = now;
            turned.queues.queues.reverse();
            turned.workers.workers.reverse();
            turned.broker.nodes.reverse();
            for worker in &mut turned.workers.workers {
                worker.processes.iter_mut().for_each(|processes| processes.reverse());
            }
            turned.history = world.history.clone();
            last = (world.assess(), turned.assess());
            turned.queues.queues.reverse();
            turned.workers.workers.reverse();
            turned.broker.nodes.reverse();
            for worker in &mut turned.workers.workers {
                worker.processes.iter_mut().for_each(|processes| processes.reverse());
            }
        }
        let findings = |a: &crate::model::Assessment| a.findings.clone();
        prop_assert_eq!(findings(&last.0), findings(&last.1));
        prop_assert_eq!(last.0.score, last.1.score);
        prop_assert_eq!(last.0.verdicts, last.1.verdicts);
    }
}

prop_compose! {
    /// One process over ten minutes: anything at all on both planes.
    fn trace()(
        state in select(vec![ProcessState::Running, ProcessState::Sleeping]),
        cores in select(vec![0.0, 0.3, 1.0]),
        (unacked, prefetch) in (0u64..3, 0u64..3),
        (ready, consumers) in (select(vec![None, Some(0), Some(7)]), 0u64..2),
        flags in any::<[bool; 4]>(),
        deliveries in 0u64..2,
    ) -> Vec<Sample> {
        let start = World::healthy().now;
        let [socket, auto, in_line, contradicted] = flags;
        (0..120u64).map(|i| Sample {
            at: start.after(Duration::from_secs(i * 5)),
            state: Some(state),
            cpu_time: Some(Duration::from_secs_f64(cores * 5.0 * i as f64)),
            switches: Some(0),
            broker_socket: Some(socket),
            asked: Some(start.after(Duration::from_secs(i * 5))),
            broker: Some(BrokerSample {
                channels: 1,
                consumers,
                acked: 0,
                delivered: i * deliveries,
                unacked,
                ready,
                full: prefetch > 0 && unacked >= prefetch,
                bounded: prefetch > 0 && !auto,
                auto,
                others_acked: 0,
                in_line,
                contradicted,
            }),
        }).collect()
    }
}

/// Any state but that of a process that has ended.
fn alive() -> impl Strategy<Value = ProcessState> {
    let all = ProcessState::ALL.into_iter();
    select(
        all.filter(|state| *state != ProcessState::Zombie)
            .collect::<Vec<_>>(),
    )
}

const LIMITS: Limits = Limits {
    window: Duration::from_secs(120),
    cpu_spin: 0.9,
    consumes: true,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn who_acknowledges_is_never_hung(trace in trace(), acks_at in 72usize..120, states: bool) {
        let mut trace = trace;
        for (i, sample) in trace.iter_mut().enumerate() {
            if let Some(broker) = sample.broker.as_mut().filter(|_| i >= acks_at) {
                broker.acked = 1;
                broker.consumers = 1;
            }
        }
        let verdict = verdict(&trace, &LIMITS);
        prop_assert!(!verdict.is_hung(), "{verdict:?}, {states}");
    }

    #[test]
    fn who_acknowledges_in_any_state_is_never_hung(state in alive(), trace in trace()) {
        let mut trace = trace;
        for (i, sample) in trace.iter_mut().enumerate() {
            sample.state = Some(state);
            if let Some(broker) = &mut sample.broker {
                (broker.acked, broker.consumers) = (i as u64, 1);
            }
        }
        prop_assert!(!verdict(&trace, &LIMITS).is_hung());
    }

    #[test]
    fn a_missing_plane_hangs_nobody(trace in trace(), plane in 0..3, which: Index) {
        let mut trace = trace;
        let from = trace.len() - 1 - which.index(40);
        for sample in &mut trace[from..] {
            match plane {
                0 => sample.broker = None,
                1 => sample.state = None,
                _ => (sample.cpu_time, sample.switches) = (None, None),
            }
        }
        let found = verdict(&trace, &LIMITS);
        // Deaf asks of the system only whether it lives.
        prop_assert!(!found.is_hung() || (plane == 2 && found.as_str() == "deaf"), "{found:?}");
    }

    #[test]
    fn two_windows_are_needed(trace in trace(), length in 0usize..48) {
        prop_assert!(!verdict(&trace[..length], &LIMITS).is_hung());
    }

    #[test]
    fn no_prefetch_and_auto_acknowledgement_hang_nobody(trace in trace()) {
        let bounded = trace[0].broker.is_some_and(|b| b.bounded);
        prop_assert!(bounded || !verdict(&trace, &LIMITS).is_hung());
    }
}
