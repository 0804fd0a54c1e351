//! What a person stopped or paused is left so, in every playbook.

#![expect(clippy::print_stdout, reason = "the times are for people")]

use super::{BROKER, Site, worker};

/// A score that one of three workers, stopped by a person, leaves.
const ONE_AWAY: i64 = 89;
const EMPTIED: &str = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";

#[test]
#[ignore = "boots a container, as root: make test-systemd"]
fn what_a_person_stopped_of_systemd_stays_stopped_in_every_playbook() {
    let site = Site::start();
    let two = worker(2);
    let after = site.watched.newest();
    site.booted.systemctl(&["stop", &two]).unwrap();
    let journal = site.journal(&two);
    let stays = |what: &str| {
        assert_eq!(site.state(&two), "inactive", "{what}");
        assert_eq!(site.starts(2), 1, "{what}");
        // systemd wrote nothing more of it.
        assert_eq!(site.journal(&two), journal, "{what}");
    };
    site.watched
        .holds("worker-unhealthy", after, "stopped_by_operator");
    stays("alone");
    killed_beside_it(&site);
    stays("worker-unhealthy");
    hung_beside_it(&site);
    stays("worker-unhealthy, replaced");
    configuration(&site);
    stays("config-invalid");
    broker(&site);
    stays("broker-down");
    emergency(&site);
    stays("emergency");
    site.booted.systemctl(&["start", &two]).unwrap();
    site.well("after the person started it again");
    assert_eq!(site.starts(2), 2);
    broker_stopped(&site);
    site.nothing_is_lost();
}

/// The two that nobody stopped consume, and nothing else is wrong.
fn rest_well(site: &Site, what: &str) {
    site.consumers(2);
    site.watched.rests(what, ONE_AWAY, 31.0);
}

fn killed_beside_it(site: &Site) {
    let what = "worker killed, another stopped by a person";
    let starts = site.starts(1);
    let (after, began) = site.now();
    site.booted.kill(site.main_pid(&worker(1))).unwrap();
    let watched = &site.watched;
    watched.recovers(what, "worker-unhealthy", after, began);
    assert_eq!(site.starts(1), starts + 1);
    rest_well(site, what);
}

fn hung_beside_it(site: &Site) {
    let what = "worker hung, another stopped by a person";
    let starts = site.starts(3);
    site.send(30);
    let (after, began) = site.now();
    site.booted.stop(site.main_pid(&worker(3))).unwrap();
    let watched = &site.watched;
    watched.recovers(what, "worker-unhealthy", after, began);
    assert_eq!(site.starts(3), starts + 1);
    rest_well(site, what);
}

fn configuration(site: &Site) {
    let what = ".env emptied, a worker stopped by a person";
    let good = site.booted.read("srv/app/.env").unwrap();
    let before = [1, 3].map(|i| site.starts(i));
    let (after, began) = site.now();
    site.booted.write("srv/app/.env", EMPTIED).unwrap();
    for index in [1, 3] {
        site.booted.systemctl(&["restart", &worker(index)]).unwrap();
    }
    let watched = &site.watched;
    watched.recovers(what, "config-invalid", after, began);
    assert_eq!(site.booted.read("srv/app/.env").unwrap(), good);
    assert_eq!([1, 3].map(|i| site.starts(i)), before.map(|n| n + 2));
    rest_well(site, what);
}

fn broker(site: &Site) {
    let what = "broker killed, a worker stopped by a person";
    let life = site.life(BROKER);
    let (after, began) = site.now();
    site.booted.kill(site.main_pid(BROKER)).unwrap();
    let watched = &site.watched;
    watched.recovers(what, "broker-down", after, began);
    assert_ne!(site.life(BROKER), life);
    rest_well(site, what);
}

fn emergency(site: &Site) {
    let what = "emergency, a worker stopped by a person";
    let before = [1, 3].map(|i| site.starts(i));
    let (after, began) = site.now();
    for index in [1, 3] {
        site.booted.kill(site.main_pid(&worker(index))).unwrap();
    }
    site.warrener(&["recover", "--emergency"]);
    let run = site.watched.ends("emergency", after);
    let took = began.elapsed().as_secs_f64();
    println!("{what}: {} after {took:.1} s", run["run"]["outcome"]);
    assert_eq!([1, 3].map(|i| site.starts(i)), before.map(|n| n + 1));
    rest_well(site, what);
}

fn broker_stopped(site: &Site) {
    let after = site.watched.newest();
    site.booted.systemctl(&["stop", BROKER]).unwrap();
    let journal = site.journal(BROKER);
    site.watched
        .holds("broker-down", after, "stopped_by_operator");
    // Longer than a run would take to begin.
    site.watched.wait("some looks at it", || {
        let held = site.watched.status()["recovery"]["runs"].to_string();
        held.contains("broker-down").then_some(())
    });
    assert_eq!(site.state(BROKER), "inactive");
    assert_eq!(site.journal(BROKER), journal);
    site.booted.systemctl(&["start", BROKER]).unwrap();
    site.well("after the person started the broker again");
}

#[test]
#[ignore = "boots a container, as root: make test-systemd"]
fn what_a_person_paused_of_systemd_waits_in_every_playbook() {
    let site = Site::start();
    site.warrener(&["pause", "--reason", "maintenance"]);
    let lives =
        || [worker(1), worker(2), worker(3), BROKER.to_owned()].map(|unit| site.life(&unit));

    let (one, starts) = (worker(1), site.starts(1));
    let after = site.watched.newest();
    site.booted.kill(site.main_pid(&one)).unwrap();
    site.watched.holds("worker-unhealthy", after, "paused");
    let before = lives();
    site.booted.write("srv/app/.env", EMPTIED).unwrap();
    site.watched.holds("config-invalid", after, "paused");
    site.warrener(&["recover", "--emergency"]);
    site.watched.holds("emergency", after, "paused");
    site.booted.kill(site.main_pid(BROKER)).unwrap();
    site.watched.holds("broker-down", after, "paused");
    assert_eq!(lives(), before);
    assert_eq!(
        (site.state(&one).as_str(), site.state(BROKER).as_str()),
        ("failed", "failed")
    );
    assert_eq!(site.booted.read("srv/app/.env").unwrap(), EMPTIED);
    assert_eq!(site.starts(1), starts);

    let (_, began) = site.now();
    site.warrener(&["resume"]);
    site.watched
        .recovers("all of it, resumed", "broker-down", after, began);
    site.well("after it was resumed");
    assert_eq!(site.starts(1), starts + 1);
    assert_ne!(site.booted.read("srv/app/.env").unwrap(), EMPTIED);
}
