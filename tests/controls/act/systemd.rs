//! The promises, kept by a unit of a systemd that a container booted.

use std::time::Duration;

use testbed::Systemd as Booted;
use warrener::model::Generation;
use warrener::platform::act::{Actor, Controlled, StartHow, StopHow, StopSignal, is_up};
use warrener::platform::observe::InstanceState;
use warrener::platform::systemd::Systemd;

use super::{
    WORKER, World, forces_the_deaf, gently, life, only, restarts_anew, starts_once,
    stops_the_stopped, stops_whole, tells_why_not, token,
};
use crate::PATIENCE;

struct Unit {
    booted: Booted,
    name: &'static str,
    token: String,
}

impl Unit {
    fn new(name: &'static str, more: &str) -> Self {
        let unit = Unit {
            booted: Booted::boot().unwrap(),
            name,
            token: token(),
        };
        unit.booted.write("etc/worker.sh", WORKER).unwrap();
        unit.behave("orderly");
        unit.define(more);
        unit
    }

    fn define(&self, more: &str) {
        let start = format!("/bin/sh /etc/worker.sh {} /etc/mode", self.token);
        let text = format!("[Service]\nExecStart={start}\n{more}");
        self.booted.unit(self.name, &text).unwrap();
    }

    /// What the observing half says that comes later, such as another warrener's.
    async fn seen(&self) -> Option<bool> {
        let mut systemd = Systemd::new(vec![self.name.to_owned()]).at(self.booted.bus());
        systemd
            .instances()
            .await
            .unwrap()
            .remove(0)
            .stopped_by_operator
    }
}

impl World for Unit {
    fn actor(&self) -> Actor {
        let units = Controlled::Systemd(vec![self.name.to_owned()]);
        Actor::at(units, Some(self.booted.bus()))
    }

    fn instance(&self) -> &str {
        self.name
    }

    fn behave(&self, how: &str) {
        self.booted.write("etc/mode", how).unwrap();
    }

    fn token(&self) -> &str {
        &self.token
    }
}

#[tokio::test]
#[ignore = "boots a container, as root: make test-systemd"]
async fn a_systemd_unit_keeps_the_promises_of_starting_and_stopping() {
    let unit = Unit::new("task@1.service", "");
    starts_once(&unit).await;
    stops_whole(&unit).await;
    stops_the_stopped(&unit).await;
    forces_the_deaf(&unit).await;
    restarts_anew(&unit, true).await;
    tells_why_not(&unit, &["ended with 3", "journalctl --unit=task@1.service"]).await;
    let start = StartHow::default();
    let mut actor = unit.actor();
    drop(actor.start("else.service", &start).await.unwrap_err());
    let absent = Controlled::Systemd(vec!["none.service".to_owned()]);
    let mut absent = Actor::at(absent, Some(unit.booted.bus()));
    let failure = absent.start("none.service", &start).await.unwrap_err();
    assert!(
        failure.message.contains("no unit none.service"),
        "{failure}"
    );
}

#[tokio::test]
#[ignore = "boots a container, as root: make test-systemd"]
async fn what_warrener_stops_of_systemd_is_no_persons_wish() {
    let unit = Unit::new("task.service", "");
    let start = StartHow::default();
    let mut actor = unit.actor();
    let brief = StopHow {
        signal: StopSignal::Term,
        grace: Duration::from_millis(500),
    };
    // Enabled, so that systemd remembers it, whoever watched.
    unit.define("[Install]\nWantedBy=multi-user.target\n");
    unit.booted.systemctl(&["enable", unit.name]).unwrap();
    for (mode, forced) in [("orderly", false), ("deaf", true)] {
        unit.behave(mode);
        actor.start(unit.name, &start).await.unwrap();
        unit.up();
        let stopped = actor.stop(unit.name, &brief).await.unwrap();
        assert_eq!(stopped.forced, forced, "{}", stopped.words);
        assert_eq!(unit.seen().await, Some(false), "{mode}");
    }
    // A restart whose second half fails.
    unit.behave("orderly");
    actor.start(unit.name, &start).await.unwrap();
    unit.up();
    unit.behave("fails");
    actor
        .restart(unit.name, &brief, &StartHow::default())
        .await
        .unwrap_err();
    assert_eq!(unit.seen().await, Some(false));
    // A deaf one is restarted within its grace, not within the unit's own 90 s.
    unit.behave("deaf");
    actor.start(unit.name, &start).await.unwrap();
    unit.up();
    let again = actor
        .restart(unit.name, &brief, &StartHow::default())
        .await
        .unwrap();
    assert!(again.forced, "{}", again.words);
    // A restart that the check before the start does not let through.
    unit.booted
        .systemctl(&["kill", "--signal=KILL", unit.name])
        .unwrap();
    unit.define(
        "ExecStartPre=/bin/sh -c 'read -r mode < /etc/mode; test $$mode != refused'\n\
         [Install]\nWantedBy=multi-user.target\n",
    );
    unit.behave("orderly");
    testbed::wait_until("it to be down", PATIENCE, || unit.processes().is_empty()).unwrap();
    actor.start(unit.name, &start).await.unwrap();
    unit.up();
    unit.behave("refused");
    let refused = actor
        .restart(unit.name, &brief, &StartHow::default())
        .await
        .unwrap_err();
    println!("{refused}");
    assert_eq!(unit.seen().await, Some(false));
    unit.behave("deaf");
    actor.start(unit.name, &start).await.unwrap();
    // The control: a person's stop is one, also of a unit that warrener started.
    unit.booted
        .systemctl(&["kill", "--signal=KILL", unit.name])
        .unwrap();
    testbed::wait_until("it to be down", PATIENCE, || unit.processes().is_empty()).unwrap();
    unit.behave("orderly");
    actor.start(unit.name, &start).await.unwrap();
    unit.booted.systemctl(&["stop", unit.name]).unwrap();
    assert_eq!(unit.seen().await, Some(true));
}

#[tokio::test]
#[ignore = "boots a container, as root: make test-systemd"]
async fn what_systemd_starts_by_itself_and_what_it_leaves() {
    let unit = Unit::new("task.service", "Restart=always\nRestartSec=50ms\n");
    let start = StartHow::default();
    let mut actor = unit.actor();
    let first = actor.start(unit.name, &start).await.unwrap();
    let before = unit.up();
    let stopped = actor.stop(unit.name, &gently()).await.unwrap();
    assert!(stopped.words.contains("by itself"), "{}", stopped.words);
    testbed::wait_until("another life", PATIENCE, || {
        let now = unit.processes();
        now.len() == 3 && now.iter().all(|pid| !before.contains(pid))
    })
    .unwrap();
    actor.start(unit.name, &start).await.unwrap();
    assert_ne!(life(&mut actor).await, first.after);

    // It waits for its next start.
    unit.define("Restart=always\nRestartSec=1h\n");
    actor.stop(unit.name, &gently()).await.unwrap();
    let waits = only(&mut actor).await;
    assert_eq!(waits.state, InstanceState::Starting, "{waits:?}");
    assert_eq!(unit.processes(), [0_u32; 0]);
    let started = actor.start(unit.name, &start).await.unwrap();
    assert!(matches!(started.after, Generation::Unit { .. }));
    unit.up();
    unit.booted.systemctl(&["stop", unit.name]).unwrap();

    // A unit that leaves its children behind.
    unit.define("KillMode=process\n");
    actor.start(unit.name, &start).await.unwrap();
    unit.up();
    actor.stop(unit.name, &gently()).await.unwrap();
    assert!(!is_up(&only(&mut actor).await));
    assert_eq!(unit.processes().len(), 2);
    let cleaned = actor.clean(unit.name).await.unwrap();
    assert!(cleaned.words.contains("2 processes"), "{}", cleaned.words);
    assert_eq!(unit.processes(), [0_u32; 0]);
    let again = actor.clean(unit.name).await.unwrap();
    assert!(again.words.contains("nothing"), "{}", again.words);
}
