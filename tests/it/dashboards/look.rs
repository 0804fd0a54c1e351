//! The incident on the stage, for the dashboards to be drawn from: `make grafana-look`.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use super::stage::{Stage, empty_the_env, restore_the_env};

/// Waits, as an onlooker does.
fn watch(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}

/// Not a test: it shows something, for as long as it takes to draw it. The program that draws is
/// told where Prometheus is, and which dashboards.
#[test]
#[ignore = "it only shows something: make grafana-look"]
fn the_dashboards_are_drawn() {
    let program = env::var("WARRENER_LOOK").expect("WARRENER_LOOK names the program that draws");
    let stage = Stage::healthy();
    let draw = |boards: &[&str]| {
        let url = stage.prometheus.url();
        let arguments = [&[url.as_str()], boards].concat();
        let drawn = testbed::tool(None, &program, &arguments, "");
        eprintln!("{}", drawn.unwrap());
    };
    let [orders, _, emails] = &stage.workers[..] else {
        panic!("{} workers", stage.workers.len());
    };
    watch(Duration::from_secs(80));

    orders.freeze().unwrap();
    watch(Duration::from_secs(35));
    orders.thaw().unwrap();
    watch(Duration::from_secs(45));

    empty_the_env(stage.dir());
    watch(Duration::from_secs(10));
    // Started again, it falls back to what is compiled in, and finds no broker there.
    emails.kill().unwrap();
    emails.start_again().unwrap();
    watch(Duration::from_secs(30));
    draw(&["warrener-overview", "warrener-config"]);

    restore_the_env(stage.dir(), &stage.broker);
    for worker in &stage.workers {
        worker.stop().unwrap();
        worker.start_again().unwrap();
    }
    watch(Duration::from_secs(40));
    draw(&["warrener-broker", "warrener-workers", "warrener-self"]);
}
