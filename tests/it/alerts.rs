//! The shipped rules and routes, alive: a real fault, a real Prometheus, a real Alertmanager.

pub(crate) mod faults;
pub(crate) mod table;

use testbed::wait_until;

use crate::support::PATIENCE;
use crate::support::alerting::{Alert, Kind, PAGED, Told, World};

/// The broker dies: one call for a person, everything else that would call is inhibited, and what
/// recovery is told is not.
#[test]
fn a_killed_broker_makes_one_page() {
    let world = World::start(&[Kind::new("killed"), Kind::new("frozen")]);
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
            told.iter().any(|told| told.name == name),
            "{name} is not among {told:?}"
        );
    }
    assert!(
        !told.iter().any(|told| told.name.ends_with("Page")),
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

/// A few faults at once, one for each way an alert takes: a plain number, a finding, a rule that
/// waits, a file. The whole table is a drill: it takes ten minutes.
#[test]
fn faults_reach_alertmanager_and_resolve() {
    let world = World::start(&[Kind::new("killed"), Kind::new("frozen")]);
    let some = [
        &faults::KILLED,
        &faults::FROZEN,
        &faults::BROKEN_FILE,
        &faults::MEMORY_ALARM,
    ];
    table::run(&world, &some, &["BrokerUnreachable"]);
    table::wait_told(&world, &some, "resolved");
    let told = world.told_recovery();
    for alert in some.iter().flat_map(|fault| fault.alerts) {
        let fired = |told: &&Told| told.name == alert.name && told.status == "firing";
        assert!(told.iter().any(|told| fired(&told)), "{}", alert.name);
    }
}

/// Without warrener there is nothing to scrape: Prometheus tells, by itself.
#[test]
fn a_warrener_that_is_gone_is_told() {
    let world = World::start(&[]);
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
