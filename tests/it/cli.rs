//! The commands that answer and end.

use crate::support::{PATIENCE, config, prepare, shared_broker};

/// Runs to the end: exit code and output.
fn run(args: &[&str], file: Option<&str>) -> (Option<i32>, String) {
    let program = prepare(args);
    if let Some(text) = file {
        std::fs::write(program.dir().join("warrener.yml"), text).unwrap();
    }
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}

#[test]
fn probe_prints_what_it_saw() {
    let file = config(shared_broker(), "");
    let (code, out) = run(&["probe"], Some(&file));
    assert_eq!(code, Some(0), "{out}");
    for words in [
        "broker: ok",
        "queues: ok",
        "roundtrip: ok",
        "host: ok",
        "envfile: ok",
        "RabbitMQ ",
    ] {
        assert!(out.contains(words), "{words} in\n{out}");
    }
    let (code, out) = run(&["probe", "host"], Some(&file));
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("memory ") && !out.contains("roundtrip"),
        "{out}"
    );
}

#[test]
fn probe_of_a_broker_that_is_not_there_fails_with_the_reason() {
    let (code, out) = run(
        &["probe", "broker"],
        Some("broker: {amqp: 'amqp://u:s3cret@127.0.0.1:1'}\n"),
    );
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("refused") && out.contains("127.0.0.1:1"),
        "{out}"
    );
    assert!(!out.contains("s3cret"), "{out}");
}

#[test]
fn check_says_valid_or_what_is_wrong() {
    let (code, out) = run(&["check"], Some("queues: {per_queue_limit: 10}\n"));
    assert_eq!((code, out.as_str()), (Some(0), "warrener.yml: valid\n"));
    let (code, out) = run(&["check"], Some("queues: {per_queue_limit: ten}\n"));
    assert_eq!(code, Some(2));
    assert!(
        out.starts_with("warrener.yml:1:27: queues.per_queue_limit: "),
        "{out}"
    );
    let (code, out) = run(
        &["check"],
        Some("recovery: {playbooks: {house: {mode: off}}}\n"),
    );
    assert_eq!(code, Some(2), "{out}");
    let words = "recovery.playbooks.house: `house` is no playbook";
    assert!(out.contains(words) && out.contains("housekeeping"), "{out}");
    let (code, out) = run(&["check", "--config.file=absent.yml"], None);
    assert_eq!(code, Some(2));
    assert!(out.contains("absent.yml"), "{out}");
    let (code, out) = run(&["check"], None);
    assert_eq!(code, Some(0));
    assert!(out.contains("RABBITMQ_*"), "{out}");
}

#[test]
fn help_version_completions_and_usage() {
    let (code, out) = run(&["--help"], None);
    assert_eq!(code, Some(0));
    for command in [
        "serve",
        "status",
        "probe",
        "check",
        "fix",
        "init",
        "recover",
        "runs",
        "pause",
        "resume",
        "rules",
        "completions",
    ] {
        assert!(out.contains(command), "{command} in\n{out}");
    }
    let (code, out) = run(&["--version"], None);
    assert_eq!(
        (code, out.trim()),
        (Some(0), concat!("warrener ", env!("CARGO_PKG_VERSION")))
    );
    for shell in ["bash", "zsh", "fish"] {
        let (code, out) = run(&["completions", shell], None);
        assert!(code == Some(0) && out.contains("warrener"), "{shell}");
    }
    assert_eq!(run(&["frobnicate"], None).0, Some(2));
    assert_eq!(run(&[], None).0, Some(2));
}
