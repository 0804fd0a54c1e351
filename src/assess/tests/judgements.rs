//! What the judges tell apart, and how findings are joined, held and scored.

use std::time::{Duration, Instant};

use super::world::{World, codes, found, process};
use crate::assess::{AssessConfig, LevelState, assess};
use crate::config::Config;
use crate::model::facts::{QueueFacts, Violation, ViolationKind, WorkerFacts};
use crate::model::{Code, Failure, Level, ProbeName, Reason, Severity, Target};

#[test]
fn one_timeout_is_no_unreachable_broker() {
    let mut world = World::healthy();
    world.steps(3);
    world.fail(ProbeName::Broker, Reason::Timeout);
    assert_eq!(codes(&world.step()), []);
    // The round trip goes on to succeed: the management API is down, the broker is not.
    assert_eq!(codes(&world.steps(5)), [Code::ProbeFailing]);
}

#[test]
fn silence_of_both_ways_is_and_a_refused_login_is_not() {
    let mut world = World::healthy();
    world.fail(ProbeName::Broker, Reason::Timeout);
    world.fail(ProbeName::Roundtrip, Reason::Timeout);
    assert_eq!(codes(&world.step()), [Code::BrokerUnreachable]);
    world.fail(ProbeName::Roundtrip, Reason::Auth);
    assert_eq!(codes(&world.step()), [Code::BrokerAuthFailed]);
    // A failure of another kind heals nothing.
    world.fail(ProbeName::Roundtrip, Reason::Panic);
    world.fail(ProbeName::Broker, Reason::Panic);
    assert!(codes(&world.step()).contains(&Code::BrokerAuthFailed));
    world.heal();
    assert_eq!(codes(&world.step()), []);
}

#[test]
fn a_blocked_round_trip_is_told_by_its_alarm() {
    let mut world = World::healthy();
    world.fail(ProbeName::Roundtrip, Reason::Blocked);
    world.broker.nodes[0].memory_alarm = Some(true);
    assert_eq!(codes(&world.steps(2)), [Code::BrokerMemoryAlarm]);
    world.heal();
    world.fail(ProbeName::Roundtrip, Reason::Blocked);
    assert!(codes(&world.steps(3)).contains(&Code::BrokerRoundtripFailing));
}

#[test]
fn an_emptied_env_file_leaves_the_broker_healthy() {
    let mut world = World::healthy();
    world.broker.fallback_login = true;
    world.roundtrip.fallback_login = true;
    world.roundtrip.configured_failure = Some(Failure::new(Reason::Unresolved, "no value"));
    let keys = [
        "RABBITMQ_HOST",
        "RABBITMQ_PASS",
        "RABBITMQ_PORT",
        "RABBITMQ_USER",
    ];
    let violation = |key: &str| Violation {
        key: key.into(),
        kind: ViolationKind::Empty,
        words: "has no value".into(),
    };
    world.env_file().violations = Some(keys.map(violation).into());
    world.env_file().login = None;
    let assessment = world.step();
    assert_eq!(codes(&assessment), [Code::ConfigInvalid]);
    let broker = &assessment.components[0];
    assert_eq!((broker.component.as_str(), broker.score), ("broker", 100));
    assert_eq!((assessment.score, assessment.level), (69, Level::Warning));
    // Its workers go down with it: one cause, one penalty, every symptom listed.
    world.processes().clear();
    world.queue().consumers = Some(0);
    let assessment = world.steps(2);
    let all = [
        Code::WorkerDown,
        Code::QueueWithoutConsumers,
        Code::ConfigInvalid,
    ];
    assert_eq!(codes(&assessment), all);
    for code in &all[..2] {
        let cause = found(&assessment, *code).unwrap().cause.clone().unwrap();
        assert!(matches!(cause.code, Code::ConfigInvalid | Code::WorkerDown));
    }
    let penalties: Vec<_> = assessment
        .components
        .iter()
        .flat_map(|c| &c.penalties)
        .map(|p| p.points)
        .collect();
    assert_eq!((penalties, assessment.score), (vec![30], 49));
}

/// It blocks publishers: a worker that died meanwhile died of something else, and is to be started.
#[test]
fn an_alarm_does_not_explain_a_dead_worker() {
    let mut world = World::healthy();
    world.broker.nodes[0].memory_alarm = Some(true);
    world.processes().clear();
    let assessment = world.steps(2);
    assert!(codes(&assessment).contains(&Code::BrokerMemoryAlarm));
    assert_eq!(found(&assessment, Code::WorkerDown).unwrap().cause, None);
    // A broker that is gone does.
    world.broker.nodes[0].memory_alarm = Some(false);
    world.fail(ProbeName::Broker, Reason::Refused);
    world.fail(ProbeName::Roundtrip, Reason::Refused);
    let assessment = world.steps(3);
    let cause = found(&assessment, Code::WorkerDown).unwrap().cause.clone();
    assert_eq!(cause.unwrap().code, Code::BrokerUnreachable);
}

#[test]
fn the_fallback_login_alone_blames_the_file() {
    let mut world = World::healthy();
    world.roundtrip.fallback_login = true;
    world.roundtrip.configured_failure = Some(Failure::new(Reason::Auth, "refused"));
    world.env_file().login = None;
    world.env_file().violations = None;
    let assessment = world.step();
    assert_eq!(codes(&assessment), [Code::ConfigInvalid]);
    assert_eq!(assessment.findings[0].severity, Severity::Critical);
}

#[test]
fn a_broker_that_is_down_is_not_the_files_fault() {
    let mut world = World::healthy();
    world.fail(ProbeName::Broker, Reason::Refused);
    world.fail(ProbeName::Roundtrip, Reason::Refused);
    world.env_file().login = Some(Err(Reason::Refused));
    assert_eq!(codes(&world.steps(2)), [Code::BrokerUnreachable]);
}

#[test]
fn a_dead_broker_takes_its_symptoms_on_itself() {
    let mut world = World::healthy();
    world.fail(ProbeName::Broker, Reason::Refused);
    world.fail(ProbeName::Roundtrip, Reason::Refused);
    world.fail(ProbeName::Queues, Reason::Refused);
    world.processes().clear();
    let assessment = world.steps(4);
    let root: Vec<_> = assessment
        .findings
        .iter()
        .filter(|f| f.cause.is_none())
        .map(|f| f.code)
        .collect();
    assert_eq!(root, [Code::BrokerUnreachable]);
    assert!(codes(&assessment).contains(&Code::WorkerDown));
}

#[test]
fn a_finding_keeps_its_beginning() {
    let mut world = World::healthy();
    world.processes().truncate(1);
    let first = world.step();
    let later = world.steps(20);
    let since = |a: &crate::model::Assessment| found(a, Code::WorkerMissing).unwrap().since;
    assert_eq!(since(&first), since(&later));
}

#[test]
fn a_value_around_its_limit_does_not_flap() {
    let mut world = World::healthy();
    world.host.disks[0].available = Some((99 << 30) / 10);
    world.step();
    for i in 0..20 {
        // Between 9.9 % and 10.5 % of the disk.
        world.host.disks[0].available = Some(((99 + (i % 2) * 6) << 30) / 10);
        assert_eq!(codes(&world.step()), [Code::DiskLow]);
    }
}

#[test]
fn a_stopped_worker_says_that_a_person_did_it() {
    let mut world = World::healthy();
    world.processes().clear();
    world.worker().stopped_by_operator = Some(true);
    let finding = world.step().findings.remove(0);
    assert!(
        finding.summary.contains("a person stopped it"),
        "{}",
        finding.summary
    );
}

#[test]
fn a_worker_that_can_not_be_told_is_not_well() {
    let mut world = World::healthy();
    world.worker().processes = None;
    let assessment = world.steps(3);
    assert_eq!(codes(&assessment), [Code::ProbeFailing]);
    assert_eq!(
        assessment.findings[0].target,
        Target::Probe {
            name: ProbeName::Workers
        }
    );
}

#[test]
fn a_hung_process_that_is_replaced_is_not_hung_any_more() {
    let mut world = World::healthy();
    world.acks = 0;
    world.queue().ready = Some(500);
    let hold = |world: &mut World, still: bool| {
        for process in world.processes() {
            process.channels.as_mut().unwrap()[0].unacked = Some(1);
            if still {
                process.cpu_time = Some(Duration::ZERO);
                process.voluntary_switches = Some(0);
            }
        }
    };
    for _ in 0..60 {
        hold(&mut world, true);
        world.step();
    }
    assert_eq!(
        found(&world.assess(), Code::WorkerHung)
            .unwrap()
            .processes
            .len(),
        2
    );
    // It can't be told any more: not taken for well.
    let before = world.clone();
    world
        .processes()
        .iter_mut()
        .for_each(|process| process.channels = None);
    assert!(found(&world.steps(5), Code::WorkerHung).is_some());
    // Others took their places; it is too early to tell of them.
    world = before;
    for (process, pid) in world.processes().iter_mut().zip(31..) {
        *process = super::world::process(pid);
    }
    hold(&mut world, false);
    assert_eq!(found(&world.steps(3), Code::WorkerHung), None);
}

#[test]
fn a_forgotten_world_takes_its_findings_along() {
    let mut world = World::healthy();
    world.broker.nodes[0].memory_alarm = Some(true);
    world.step();
    world.snapshot.broker.forget();
    let now = world.now;
    let assessment = assess(&world.snapshot, &mut world.history, &world.config, now);
    assert_eq!(codes(&assessment), []);
}

#[test]
fn a_large_fleet_is_assessed_in_bounded_time() {
    let mut world = World::healthy();
    world.workers.workers = (0..100)
        .map(|i| WorkerFacts {
            name: format!("w{i}"),
            desired: 10,
            processes: Some((0..10).map(|j| process(i * 10 + j)).collect()),
            ..WorkerFacts::default()
        })
        .collect();
    let limits = world.config.workers["task-worker"].clone();
    world.config.workers = (0..100)
        .map(|i| (format!("w{i}"), limits.clone()))
        .collect();
    let first = world.queues.queues[0].clone();
    world.queues.queues.extend((0..2000).map(|i| QueueFacts {
        name: format!("q{i}"),
        ..first.clone()
    }));
    world.steps(60);
    let began = Instant::now();
    world.steps(10);
    let each = began.elapsed() / 10;
    println!("1,000 processes, 2,000 queues: {each:?} an assessment, unoptimized");
    assert!(each < Duration::from_secs(5), "{each:?}");
}

#[test]
fn a_level_is_worse_at_once_and_better_when_confirmed() {
    let mut now = World::healthy().now;
    let mut level = LevelState::default();
    let mut next = |score, seconds| {
        now = now.after(Duration::from_secs(seconds));
        level.next(score, now)
    };
    assert_eq!(next(100, 5), (Level::Normal, false));
    assert_eq!(next(40, 5), (Level::Critical, false));
    assert_eq!(next(95, 5), (Level::Critical, true));
    // The same moment told twice confirms nothing.
    assert_eq!(next(95, 0), (Level::Critical, true));
    // Of two improvements the smaller one counts.
    assert_eq!(next(75, 5), (Level::Caution, false));
    assert_eq!(next(100, 5), (Level::Caution, true));
    assert_eq!(next(65, 5), (Level::Warning, false));
    assert_eq!(next(100, 5), (Level::Warning, true));
    assert_eq!(next(100, 5), (Level::Normal, false));
}

#[test]
fn nothing_known_is_not_scored_as_known() {
    let mut world = World::healthy();
    let all = ProbeName::ALL;
    all.iter().for_each(|probe| world.fail(*probe, Reason::Io));
    let assessment = world.steps(3);
    assert!(assessment.coverage.iter().all(|c| !c.available));
    assert_eq!(assessment.findings.len(), all.len());
    assert!(assessment.score <= 89);
}

#[test]
fn a_configuration_gives_the_limits() {
    let config = Config::default();
    let limits = AssessConfig::new(&config);
    let configured: Vec<_> = limits
        .weights
        .iter()
        .map(|w| (w.weight, w.configured))
        .collect();
    assert_eq!(
        configured,
        [(40, true), (30, false), (15, true), (15, false)]
    );
    assert!((limits.min_disk_free - 0.1).abs() < 1e-9);
}

#[test]
fn an_assessment_serializes() {
    let mut world = World::healthy();
    world.processes().clear();
    let json = serde_json::to_value(world.step()).unwrap();
    assert_eq!(json["findings"][0]["code"], "WorkerDown");
    assert_eq!(json["findings"][0]["target"]["kind"], "worker");
    assert_eq!(json["level"], "critical");
    assert!(json["at"].as_f64().unwrap() > 1e9);
}

/// A broker that does not answer any more is shown by its newest answer for a while: that is one
/// witness, however often the processes are looked at meanwhile.
#[test]
fn an_answer_of_the_broker_that_is_shown_again_is_no_second_witness() {
    let disconnected = |asked_again: bool| {
        let mut world = World::healthy();
        world.workers.channels_as_of = Some(world.now);
        world.steps(10);
        for process in world.processes() {
            (process.channels, process.broker_socket) = (Some(Vec::new()), Some(true));
        }
        let mut newest = None;
        world.workers.channels_as_of = Some(world.now);
        for _ in 0..10 {
            if asked_again {
                world.workers.channels_as_of = Some(world.now);
            }
            newest = Some(world.step());
        }
        codes(&newest.unwrap()).contains(&Code::WorkerDisconnected)
    };
    assert!(disconnected(true));
    assert!(!disconnected(false));
}
