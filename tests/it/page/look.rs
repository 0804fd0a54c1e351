//! The page's pictures in docs/images: `make page-look`.

use std::env;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{RECOVERY, empty_the_env, told};
use crate::support::ward::Care;
use crate::support::{Browser, PATIENCE};

/// Long enough for the chart to have something to show.
const WHILE: Duration = Duration::from_secs(90);

/// What of the page is drawn, in pixels.
const HEIGHT: u32 = 1200;

fn draw(browser: &Browser, name: &str, width: u32, scheme: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
    let file = folder.join(format!("page-{name}.png"));
    browser.resize(width, HEIGHT);
    browser.scheme(scheme);
    browser.run("window.scrollTo(0, 0)");
    browser.picture(&file, Some(HEIGHT));
    let path = file.display().to_string();
    let arguments = [
        "--force",
        "--skip-if-larger",
        "--speed=1",
        "--ext=.png",
        "64",
        &path,
    ];
    testbed::tool(None, "pngquant", &arguments, "").unwrap();
}

/// Not a test: it draws a fleet that is well, its recovery, and a broker that is gone.
#[test]
#[ignore = "it draws pictures: make page-look"]
fn the_page_is_drawn() {
    let ward = Care {
        kinds: vec![("orders", 2), ("emails", 2), ("reports", 2)],
        more: "queues: {pinned: {orders: {max_ready: 1000, min_consumers: 2, max_drain: 10m}, \
               emails: {max_ready: 500, min_consumers: 1}, reports: {max_ready: 100}}}\n"
            .into(),
        ..Care::default()
    }
    .start();
    ward.wait_known_good();
    let browser = Browser::start();
    browser.open(ward.warrener.address(), "/");
    browser.wait("a live page", PATIENCE, &told("link", &["Live."]));
    let end = Instant::now() + WHILE;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        thread::park_timeout(left);
    }
    draw(&browser, "healthy", 1280, "light");
    draw(&browser, "phone-light", 360, "light");

    empty_the_env(&ward);
    browser.wait("steps", RECOVERY, &told("recovery", &["config.impact"]));
    draw(&browser, "recovery", 1280, "light");
    draw(&browser, "phone-dark", 360, "dark");
    browser.wait("the end", RECOVERY, &told("state", &["100 of 100"]));

    ward.kill_broker(Signal::KILL);
    let gone = ["critical", "of the broker"];
    browser.wait("the loss of the broker", PATIENCE, &told("findings", &gone));
    draw(&browser, "critical", 1280, "dark");
}
