//! A webhook's body: whatever it is, only what is configured is selected, and each alert is accounted
//! for once.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use warrener::config::Config;
use warrener::recover::intake::{MAX_ALERTS, parse};
use warrener::recover::targets::{Selected, Targets};

const CONFIG: &str = "
workers:
  task: {match: {cmdline: task}, queues: [tasks], env_file: /srv/.env}
  mail: {match: {cmdline: mail}, queues: [mails]}
queues: {pinned: {orders: {vhost: shop, max_ready: 5}}}
host: {disks: [/]}
files: {logs: [{glob: '/srv/logs/*.log'}]}
env_files: [{path: /srv/.env}]
";

static TARGETS: LazyLock<Targets> = LazyLock::new(|| {
    let config = Config::from_text(CONFIG, Path::new("warrener.yml"), Path::new("/srv"));
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    Targets::of(&config).with_nodes(["rabbit@a".into()], Some("rabbit@a".into()))
});

fuzz_target!(|body: &[u8]| {
    let Ok(batch) = parse(body, &TARGETS, "app-1") else {
        return;
    };
    let configured = TARGETS.all();
    for trigger in &batch.triggers {
        assert_eq!(
            TARGETS.select(&trigger.target),
            Selected::Mine,
            "{trigger:?}"
        );
        assert!(
            configured
                .iter()
                .any(|own| own.name() == trigger.target.name())
                || trigger.target.key().starts_with("probe:"),
            "{trigger:?}"
        );
        let mut texts = trigger
            .labels
            .iter()
            .flat_map(|(name, value)| [name, value]);
        assert!(
            texts.all(|text| !text.contains(char::is_control)),
            "{trigger:?}"
        );
    }
    for aside in &batch.quarantined {
        assert!(!aside.excerpt.contains(char::is_control), "{aside:?}");
        assert!(aside.excerpt.chars().count() <= 200, "{aside:?}");
    }
    let told = (batch.triggers.len() + batch.quarantined.len()) as u64
        + batch.heartbeats
        + batch.for_people
        + batch.not_mine;
    assert!(told <= MAX_ALERTS as u64, "{told}");
});
