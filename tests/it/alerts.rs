//! The shipped rules and routes, alive: a real fault, a real Prometheus, a real Alertmanager.

use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use testbed::wait_until;

use crate::support::PATIENCE;
use crate::support::alerting::{Alert, PAGED, World};

/// The broker dies: one call for a person, everything else that would call is inhibited, and what
/// recovery is told is not.
#[test]
fn a_killed_broker_makes_one_page() {
    let world = World::start();
    world.broker.kill().unwrap();
    let probes = ["broker", "queues", "roundtrip"];
    // The last to come are the pages of the blind probes: a while after the broker's own.
    let alerts = world.wait("every page there will be", PAGED, |alerts| {
        let pages = |name: &str| {
            alerts
                .iter()
                .filter(|a| a.name() == format!("{name}Page"))
                .count()
        };
        let blind = |a: &&Alert| a.name() == "ProbeFailingPage" && a.label("severity") == "warning";
        pages("BrokerUnreachable") == 1
            && pages("HealthCritical") == 1
            && alerts.iter().filter(blind).count() == probes.len()
    });
    let (pages, others): (Vec<_>, Vec<_>) = alerts.iter().partition(|a| a.is_page());
    for page in &pages {
        println!(
            "{:<10} {} {}",
            page.state,
            page.name(),
            page.label("target")
        );
    }
    let speaking: Vec<_> = pages.iter().filter(|a| a.state != "suppressed").collect();
    assert_eq!(speaking.len(), 1, "{speaking:?}");
    assert_eq!(speaking[0].name(), "BrokerUnreachablePage");
    assert_eq!(speaking[0].label("severity"), "critical");
    assert!(pages.len() > probes.len(), "{pages:?}");
    assert!(
        pages
            .iter()
            .filter(|a| a.state == "suppressed")
            .all(|a| a.inhibited)
    );
    let quiet: Vec<_> = others.iter().filter(|a| a.state == "suppressed").collect();
    assert!(quiet.is_empty(), "recovery is starved: {quiet:?}");

    let firing = ["FIRING BrokerUnreachablePage"];
    assert_eq!(world.told_people("#on-call"), firing);
    assert_eq!(world.told_people("#operations"), [""; 0]);
    let told = world.told_recovery();
    for name in [
        "BrokerUnreachable",
        "HealthCritical",
        "ProbeFailing",
        "Watchdog",
    ] {
        assert!(
            told.iter().any(|(told, _)| told == name),
            "{name} is not among {told:?}"
        );
    }
    assert!(
        !told.iter().any(|(name, _)| name.ends_with("Page")),
        "{told:?}"
    );
    assert!(
        !world.receiver.told("/ping").is_empty(),
        "the dead man's switch is silent"
    );

    // The end of it is no second call: symptoms clear later than their cause.
    world.broker.start_again().unwrap();
    world.wait(
        "the watchdog alone",
        PAGED,
        |alerts| matches!(alerts, [one] if one.name() == "Watchdog"),
    );
    let resolved = [firing[0], "RESOLVED BrokerUnreachablePage"];
    wait_until("the all-clear", PAGED, || {
        world.told_people("#on-call").len() >= resolved.len()
    })
    .unwrap();
    assert_eq!(world.told_people("#on-call"), resolved);
    assert_eq!(world.told_people("#operations"), [""; 0]);
}

/// A fault, and the alert that it makes.
struct Fault {
    what: &'static str,
    make: fn(&World),
    undo: fn(&World),
    alert: &'static str,
    /// Labels that it must carry; a value that ends in `*` is a beginning.
    labels: &'static [(&'static str, &'static str)],
}

const FAULTS: &[Fault] = &[
    Fault {
        what: "the only consumer of a queue is killed",
        make: |w| w.worker.kill().unwrap(),
        undo: |w| w.worker.start_again().unwrap(),
        alert: "QueueWithoutConsumers",
        labels: &[
            ("queue", "orders"),
            ("vhost", "/"),
            ("target", "queue:%2F:orders"),
            ("severity", "warning"),
            ("playbook", "worker-unhealthy"),
        ],
    },
    Fault {
        what: "a key of .env is emptied",
        make: |w| edit_env(w, "RABBITMQ_HOST=127.0.0.1", "RABBITMQ_HOST="),
        undo: |w| edit_env(w, "RABBITMQ_HOST=", "RABBITMQ_HOST=127.0.0.1"),
        alert: "ConfigInvalid",
        labels: &[
            ("path", "*"),
            ("target", "env_file:*"),
            ("severity", "warning"),
            ("playbook", "config-invalid"),
        ],
    },
    Fault {
        what: "the memory alarm of a node",
        make: |w| limit_memory(w, "0.000001"),
        undo: |w| limit_memory(w, "0.6"),
        alert: "BrokerMemoryAlarm",
        labels: &[
            ("node", "*"),
            ("target", "node:*"),
            ("severity", "critical"),
            ("playbook", "notify"),
        ],
    },
    Fault {
        what: "the broker is frozen",
        make: |w| w.broker.freeze().unwrap(),
        undo: |w| w.broker.thaw().unwrap(),
        alert: "BrokerUnreachable",
        labels: &[
            ("target", "broker"),
            ("severity", "critical"),
            ("playbook", "broker-down"),
        ],
    },
    Fault {
        what: "the broker is killed",
        make: |w| w.broker.kill().unwrap(),
        undo: |w| w.broker.start_again().unwrap(),
        alert: "BrokerUnreachable",
        labels: &[
            ("target", "broker"),
            ("severity", "critical"),
            ("playbook", "broker-down"),
        ],
    },
];

fn edit_env(world: &World, old: &str, new: &str) {
    let file = world.warrener.dir().join(".env");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(old));
    fs::write(&file, text.replacen(old, new, 1)).unwrap();
}

fn limit_memory(world: &World, share: &str) {
    world
        .broker
        .ctl(&["set_vm_memory_high_watermark", share])
        .unwrap();
}

/// Each fault in turn: its alert is there with its labels, recovery is told, and it resolves. The
/// seconds are printed; `-- --nocapture` shows them.
#[test]
fn each_fault_reaches_alertmanager_and_resolves() {
    let world = World::start();
    let mut table =
        String::from("fault → alert: seconds to firing, to recovery told, to resolved\n");
    for fault in FAULTS {
        let started = Instant::now();
        (fault.make)(&world);
        let what = format!("{} for {}", fault.alert, fault.what);
        world.wait(&what, PATIENCE, |alerts| {
            let mut of = alerts.iter().filter(|a| a.name() == fault.alert);
            of.any(|alert| fault.labels.iter().all(|(k, v)| fits(alert.label(k), v)))
        });
        let firing = started.elapsed();
        world.wait_told(fault.alert, "firing");
        let told = started.elapsed();
        let undone = Instant::now();
        (fault.undo)(&world);
        // Everything that it brought goes with it; that a file was changed is told for a while.
        let stays = ["Watchdog", "ConfigChanged"];
        world.wait(&format!("{} to resolve", fault.alert), PAGED, |alerts| {
            alerts.iter().all(|a| stays.contains(&a.name()))
        });
        let resolved = undone.elapsed();
        // An alert that fires again before its end was told is the same one to Alertmanager, which
        // then tells nothing new before `repeat_interval`.
        world.wait_told(fault.alert, "resolved");
        let [firing, told, resolved] = [firing, told, resolved].map(|t| t.as_secs_f64());
        let (what, alert) = (fault.what, fault.alert);
        writeln!(
            table,
            "  {what} → {alert}: {firing:.1}, {told:.1}, {resolved:.1}"
        )
        .unwrap();
    }
    println!("{table}");
}

fn fits(value: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => value.len() > start.len() && value.starts_with(start),
        None => value == pattern,
    }
}

/// Without warrener there is nothing to scrape: Prometheus tells, by itself.
#[test]
fn a_warrener_that_is_gone_is_told() {
    let world = World::start();
    world.warrener.program.terminate().unwrap();
    world.warrener.program.wait(PATIENCE).unwrap();
    let alerts = world.wait("WarrenerDown and its page", PAGED, |alerts| {
        let active = |name| {
            alerts
                .iter()
                .any(|a| a.name() == name && a.state == "active")
        };
        active("WarrenerDown") && active("WarrenerDownPage")
    });
    let down: Vec<_> = alerts
        .iter()
        .filter(|a| a.name() == "WarrenerDown")
        .collect();
    assert_eq!(down.len(), 1);
    assert_eq!(down[0].label("instance"), world.warrener.address());
}
