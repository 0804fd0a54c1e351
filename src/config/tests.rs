//! The shipped example loads; the defaults hold.

mod golden;
mod hardening;
mod mutated;
mod reference;
mod templates;
mod units;

use std::path::Path;

use super::*;

#[test]
fn the_example_loads_whole() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example/warrener.yml");
    let config = Config::load(Some(&file)).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.identity, "app-1");
    assert_eq!(config.workers["task-worker"].count, 2);
    let default = config.env_files[0].keys["RABBITMQ_PORT"].default.clone();
    assert_eq!(default.unwrap().expose(), "5672");
}

#[test]
fn built_in_urls_parse() {
    let broker = Config::defaults(Path::new("/srv")).broker;
    assert_eq!(
        (
            broker.amqp.len(),
            broker.management.len(),
            broker.prometheus.len()
        ),
        (1, 1, 1)
    );
}
