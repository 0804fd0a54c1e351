//! A small story on the stage, for the dashboards to be drawn from: `make grafana-look`.

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use super::stage::Stage;

/// Waits, as an onlooker does.
fn watch(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
}

/// Not a test: it shows something, for as long as it takes to draw it. The program that draws is
/// told where Prometheus is.
#[test]
#[ignore = "it only shows something: make grafana-look"]
fn the_dashboards_are_drawn() {
    let program = env::var("WARRENER_LOOK").expect("WARRENER_LOOK names the program that draws");
    let stage = Stage::set();
    watch(Duration::from_secs(70));
    stage.workers[0].kill().unwrap();
    watch(Duration::from_secs(25));
    stage.workers[0].start_again().unwrap();
    watch(Duration::from_secs(30));
    stage.broker.freeze().unwrap();
    watch(Duration::from_secs(15));
    stage.broker.thaw().unwrap();
    watch(Duration::from_secs(60));
    stage.workers[2].kill().unwrap();
    watch(Duration::from_secs(25));
    let drawn = testbed::tool(None, &program, &[&stage.prometheus.url()], "");
    eprintln!("{}", drawn.unwrap());
}
