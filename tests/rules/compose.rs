//! What `docker-compose.yml` says again of the rules, because these have no way to include a file.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn alertmanager_in_compose_routes_and_inhibits_as_the_shipped_example() {
    let between = |text: &str| {
        let (_, text) = text.split_once("\nroute:\n").unwrap();
        let (routes, _) = text.split_once("\nreceivers:\n").unwrap();
        routes.to_owned()
    };
    let (example, compose) = (
        read("rules/alertmanager.yml"),
        read("deploy/compose/alertmanager.yml"),
    );
    assert_eq!(between(&compose), between(&example));
    testbed::amtool(&["check-config", "deploy/compose/alertmanager.yml"], "").unwrap();
}

#[test]
fn every_image_is_pinned_and_every_port_is_on_the_loopback() {
    let compose = read("docker-compose.yml");
    let named = |key: &str| {
        let lines = compose.lines().map(str::trim).map(str::to_owned);
        let found: Vec<_> = lines.filter(|line| line.starts_with(key)).collect();
        assert!(!found.is_empty(), "{key}");
        found
    };
    for image in named("image:") {
        let (_, tag) = image.rsplit_once(':').unwrap();
        assert!(tag.contains(|c: char| c.is_ascii_digit()), "{image}");
    }
    for ports in named("ports:") {
        let all = ports.matches(['\'']).count() / 2;
        assert_eq!(ports.matches("'127.0.0.1:").count(), all, "{ports}");
    }
}
