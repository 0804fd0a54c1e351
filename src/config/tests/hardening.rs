//! No bytes make the loader panic, wait, or show a secret.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{Config, MAX_CONFIG_BYTES};

fn load(text: &str) -> Result<Config, String> {
    let file = Path::new("warrener.yml");
    Config::from_text(text, file, Path::new("/srv")).map_err(|errors| errors.to_string())
}

#[test]
fn a_file_too_large_is_refused_unread() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("warrener.yml");
    fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let started = Instant::now();
    let errors = Config::load(Some(&path)).unwrap_err().to_string();
    let expected = format!(
        "{}: larger than {MAX_CONFIG_BYTES} bytes\n    remedy: a warrener.yml is a few \
         kilobytes; is this the right file?",
        path.display()
    );
    assert_eq!(errors, expected);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_missing_file_and_a_folder_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let message = |path: &Path| Config::load(Some(path)).unwrap_err().to_string();
    assert!(message(&dir.path().join("none.yml")).contains(": no such file\n    remedy: "));
    assert!(message(dir.path()).contains(": not a regular file\n    remedy: "));
}

#[test]
fn relative_paths_are_meant_from_the_folder_of_the_file() {
    let config = load(
        "env_files: [{path: ./.env}]\n\
         workers: {w: {control: {process: {command: [a]}}, env_file: .env}}\n\
         files: {logs: [{glob: 'logs/*.log'}]}\n",
    );
    let config = config.unwrap();
    let worker = &config.workers["w"];
    assert_eq!(config.env_files[0].path, Path::new("/srv/.env"));
    assert_eq!(worker.env_file.as_deref(), Some(Path::new("/srv/.env")));
    assert_eq!(config.files.logs[0].glob, "/srv/logs/*.log");
    let super::super::Control::Process(process) = worker.control.as_ref().unwrap() else {
        panic!("{worker:?}")
    };
    assert_eq!(process.cwd, Path::new("/srv"));
}

#[test]
fn an_absent_section_is_no_broker_of_its_own() {
    assert_eq!(load("identity: a").unwrap().broker.management.len(), 1);
    let config = load("broker: {amqp: 'amqp://elsewhere'}").unwrap();
    assert!(config.broker.management.is_empty() && config.broker.prometheus.is_empty());
}

#[test]
fn no_error_and_no_debug_shows_a_secret() {
    for text in [
        "broker: {amqp: 'amqp://u:hunter2@h', every: 0}",
        "broker: {amqp: 'http://u:hunter2@h'}",
        "broker: {amqp: ['hunter2']}",
        "broker: {amqp: 'amqp://${hunter2-}'}",
        "web: {auth: {basic: hunter2}}",
        "env_files: [{path: a, keys: {P: {default: hunter2, type: port}}}]",
        "env_files: [{path: a, keys: {P: {default: hunter2, values: [hunter22]}}}]",
        "env_files: [{path: a, keys: {P: hunter2}}]",
    ] {
        let errors = load(text).unwrap_err();
        assert!(!errors.contains("hunter2"), "{errors}");
    }
    let text = "broker: {amqp: 'amqp://u:hunter2@h'}\n\
                env_files: [{path: a, keys: {P: {default: hunter2}}}]";
    assert!(!format!("{:?}", load(text).unwrap()).contains("hunter2"));
}

/// Text that looks like a configuration, mostly.
fn yaml() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just("- "),
        Just(": "),
        Just("broker"),
        Just("workers"),
        Just("env_files"),
        Just("keys"),
        Just("path"),
        Just("control"),
        Just("recovery"),
        Just("mode"),
        Just("every"),
        Just("5s"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(", "),
        Just("&a "),
        Just("*a "),
        Just("<<"),
        Just("!t "),
        Just("'"),
        Just("\""),
        Just("|"),
        Just(">"),
        Just("#"),
        Just("\t"),
        Just("${A}"),
        Just("null"),
        Just("1e999"),
        Just("é"),
        Just("---\n"),
        Just("%"),
    ];
    proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in yaml()) {
        if let Err(errors) = load(&text) {
            prop_assert!(errors.lines().count() >= 2);
            prop_assert!(errors.starts_with("warrener.yml:"));
        }
    }

    #[test]
    fn no_characters_panic(text in any::<String>()) {
        // Whether it loads does not matter here.
        drop(load(&text));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.yml");
        fs::write(&path, &bytes).unwrap();
        drop(Config::load(Some(&path)));
    }
}

#[test]
fn a_large_file_loads_in_time() {
    let mut text = String::from("workers:\n");
    for n in 0..5000 {
        text.push_str(&format!(
            "  worker-{n}: {{match: {{cmdline: 'worker-{n}'}}, count: 2}}\n"
        ));
    }
    let started = Instant::now();
    assert_eq!(load(&text).unwrap().workers.len(), 5000);
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_scalar_keeps_its_own_spelling() {
    let spelled = |value: &str| {
        let text = format!(
            "\u{feff}# é\r\nenv_files:\r\n- path: é\r\n  keys:\r\n    ü: {{default: {value}}}\r\n"
        );
        let text = text.replace("ü", "A");
        load(&text).unwrap().env_files[0].keys["A"]
            .default
            .clone()
            .unwrap()
            .expose()
            .to_owned()
    };
    for value in [
        "1.10", "0640", "0x1F", "1_000", "1e3", "true", "+5", "-0", "a b", "~a", "yes", ".5",
    ] {
        assert_eq!(spelled(value), value);
    }
    for (written, value) in [
        ("'1.10'", "1.10"),
        ("\"tr\\u0075e\"", "true"),
        ("&n 1.10", "1.10"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        (".inf", ".inf"),
        ("!!str 5.0", "5.0"),
    ] {
        assert_eq!(spelled(written), value, "{written}");
    }
    let text =
        "workers: {a: {match: {cmdline: &c '1.10'}, count: &n 2, min_healthy: *n, queues: [*c]}}";
    let worker = load(text).unwrap().workers["a"].clone();
    assert_eq!((worker.min_healthy, &*worker.queues[0]), (2, "1.10"));
    let aliased = "env_files: [{path: a, keys: {A: {default: &d 1.10}, B: {default: *d}}}]";
    let keys = load(aliased).unwrap().env_files[0].keys.clone();
    assert_eq!(keys["B"].default.as_ref().unwrap().expose(), "1.10");
}
