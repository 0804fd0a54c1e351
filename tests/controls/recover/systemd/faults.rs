//! What breaks, and is repaired through systemd.

use super::{BROKER, Site, worker};

#[test]
#[ignore = "boots a container, as root: make test-systemd"]
fn systemd_units_are_repaired_by_the_user_of_the_shipped_polkit_rule() {
    let site = Site::start();
    worker_killed(&site);
    worker_hung(&site);
    env_file_emptied(&site);
    broker_killed(&site);
    broker_hung(&site);
    site.nothing_is_lost();
}

fn worker_killed(site: &Site) {
    let [one, two] = [worker(1), worker(2)];
    let (life, other) = (site.life(&one), site.life(&two));
    let pid = site.main_pid(&one);
    site.send(30);
    let (after, began) = site.now();
    site.booted.kill(pid).unwrap();
    site.watched
        .recovers("worker unit killed", "worker-unhealthy", after, began);
    assert_ne!(site.life(&one), life);
    assert_eq!((site.life(&two), site.starts(1)), (other, 2));
    site.well("after a worker was killed");
}

fn worker_hung(site: &Site) {
    let two = worker(2);
    let life = site.life(&two);
    let pid = site.main_pid(&two);
    site.send(30);
    let (after, began) = site.now();
    site.booted.stop(pid).unwrap();
    site.watched
        .recovers("worker unit hung", "worker-unhealthy", after, began);
    assert_ne!(site.life(&two), life);
    assert_eq!([1, 2, 3].map(|i| site.starts(i)), [2, 2, 1]);
    site.well("after a worker hung");
}

fn env_file_emptied(site: &Site) {
    let broker = site.life(BROKER);
    let before = [1, 2, 3].map(|i| site.starts(i));
    let good = site.booted.read("srv/app/.env").unwrap();
    let emptied = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";
    let (after, began) = site.now();
    site.booted.write("srv/app/.env", emptied).unwrap();
    // Somebody restarts the workers on it: they fall back to what is compiled into them.
    for index in 1..=3 {
        site.booted.systemctl(&["restart", &worker(index)]).unwrap();
    }
    site.watched
        .recovers(".env emptied", "config-invalid", after, began);
    assert_eq!(site.booted.read("srv/app/.env").unwrap(), good);
    // By the person, and in stages by warrener; the broker was not touched.
    assert_eq!([1, 2, 3].map(|i| site.starts(i)), before.map(|n| n + 2));
    assert_eq!(site.life(BROKER), broker);
    site.well("after .env was emptied");
}

fn broker_killed(site: &Site) {
    let life = site.life(BROKER);
    site.send(30);
    let (after, began) = site.now();
    site.booted.kill(site.main_pid(BROKER)).unwrap();
    site.watched
        .recovers("broker unit killed", "broker-down", after, began);
    assert_ne!(site.life(BROKER), life);
    site.watched
        .rests("after the broker was killed", 100, 121.0);
    site.well("after the broker was killed");
}

fn broker_hung(site: &Site) {
    let life = site.life(BROKER);
    site.send(30);
    let (after, began) = site.now();
    site.booted.stop(site.main_pid(BROKER)).unwrap();
    site.watched
        .recovers("broker unit hung", "broker-down", after, began);
    assert_ne!(site.life(BROKER), life);
    site.well("after the broker hung");
}
