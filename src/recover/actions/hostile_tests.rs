//! Whatever a target is called: one that the configuration does not name selects nothing, and
//! nothing changes.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::stage::{End, Stage};
use super::*;
use crate::model::Reason;

const CONFIG: &str = "broker: {amqp: 'amqp://${USER}@h'}\n\
    workers: {w: {match: {cmdline: w}, env_file: .env}}\n\
    env_files:\n- {path: .env, keys: {USER: {required: true, default: guest}}}\n\
    files: {logs: [{glob: 'logs/*.log', max_size: 1B, max_age: 1s}], backups: [{glob: 'b/*'}]}\n";

const ACTIONS: [&str; 7] = [
    "config.repair: {}",
    "config.rollback: {}",
    "config.validate: {}",
    "config.impact: {}",
    "logs.cleanup: {}",
    "backups.verify: {}",
    "command.run: {argv: [touch, ran], risk: safe}",
];

/// Every file below `folder`, and what it holds.
fn files(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
}

fn hostile(dir: &Path) -> impl Strategy<Value = String> + use<> {
    let dir = dir.display().to_string();
    let own = move |below: &str| Just(format!("{dir}/{below}"));
    prop_oneof![
        Just(String::new()),
        Just("$(touch ran)".to_owned()),
        Just("../.env".to_owned()),
        Just("w\0".to_owned()),
        Just("1".to_owned()),
        Just("/*".to_owned()),
        Just("*".repeat(1 << 16)),
        own("logs/*"),
        own("./.env"),
        own("logs/../.env"),
        own("secret"),
        ".{0,40}",
    ]
}

fn target(name: String) -> impl Strategy<Value = Target> {
    let (vhost, other) = (name.clone(), name.clone());
    prop_oneof![
        Just(Target::EnvFile { path: name.clone() }),
        Just(Target::Worker { name: name.clone() }),
        Just(Target::Queue { vhost, name: other }),
        Just(Target::Glob { glob: name.clone() }),
        Just(Target::Disk { path: name.clone() }),
        Just(Target::Node { name }),
    ]
}

fn world() -> Stage {
    let stage = Stage::new(CONFIG, &["@"], Reason::Auth);
    stage.write(".env", "USER=\n");
    stage.write("secret", "USER=\n");
    stage.write("logs/a.log", "a log");
    stage.keep_good(".env", "USER=good\n");
    stage
}

#[test]
fn nothing_is_done_about_what_the_configuration_does_not_name() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut stage = runtime.block_on(async { world() });
    let mut before = BTreeMap::new();
    files(stage.dir.path(), &mut before);
    let targets = hostile(stage.dir.path()).prop_flat_map(target);
    let mut runner = proptest::test_runner::TestRunner::default();
    let stage = std::cell::RefCell::new(&mut stage);
    let outcome = runner.run(&targets, |target| {
        // `/` and the like may be the configuration's after all.
        let mut stage = stage.borrow_mut();
        prop_assume!(stage.world.targets.select(&target) != Selected::Mine);
        stage.about(target);
        for action in ACTIONS {
            let (told, end) = runtime.block_on(stage.step(action));
            prop_assert!(told.is_empty(), "{told:?}");
            prop_assert!(matches!(end, End::Refused(_)), "{end:?}");
        }
        let mut after = BTreeMap::new();
        files(stage.dir.path(), &mut after);
        prop_assert!(after == before);
        Ok(())
    });
    outcome.unwrap();
}
