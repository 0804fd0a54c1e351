//! `warrener check`: before a worker starts, and against what is really there.

use std::path::Path;
use std::time::Instant;

use crate::support::env::{CANARY, command, config, emptied, env, prepared, set_mode};
use crate::support::{PATIENCE, prepare, shared_broker};

const NONE: [&str; 4] = [""; 4];

/// Runs in `dir` with no configuration file at hand but the one there.
fn in_empty_folder(args: &[&str], env: Option<&str>) -> (Option<i32>, String) {
    let program = prepare(args);
    if let Some(text) = env {
        std::fs::write(program.dir().join(".env"), text).unwrap();
        set_mode(&program.dir().join(".env"), 0o600);
    }
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}

fn env_arg(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn before_a_start_the_file_is_found_whatever_its_path_is_written_like() {
    let broker = shared_broker();
    let full = env(broker, "guest", "guest");
    let program = prepared(&config(broker, NONE), &full);
    let dir = program.dir();
    std::os::unix::fs::symlink(dir.join(".env"), dir.join("link.env")).unwrap();
    std::fs::create_dir(dir.join("sub")).unwrap();
    let written = [".env", "link.env", "sub/../.env"].map(|name| env_arg(&dir.join(name)));
    for path in &written {
        let (code, out) = command(dir, &["check", "--env", path]);
        assert_eq!(code, Some(0), "{path}: {out}");
        assert!(out.contains("keeps its schema"), "{out}");
    }
    std::fs::write(dir.join(".env"), emptied(&full)).unwrap();
    for path in &written {
        let (code, out) = command(dir, &["check", "--env", path]);
        assert_eq!(code, Some(1), "{out}");
        assert!(
            out.contains(":6: RABBITMQ_PASS is empty") && out.contains("warrener fix"),
            "{out}"
        );
    }
    std::fs::remove_file(dir.join(".env")).unwrap();
    let (code, out) = command(dir, &["check", "--env", &written[0]]);
    assert_eq!(code, Some(1));
    assert!(out.contains("no such file"), "{out}");
    // Another file has no schema; a broken configuration is another mistake than a broken file.
    let (code, out) = command(dir, &["check", "--env", &env_arg(&dir.join("other.env"))]);
    assert_eq!(code, Some(2));
    assert!(
        out.contains("has no schema for this file") && out.contains(".env"),
        "{out}"
    );
    std::fs::write(dir.join("warrener.yml"), "broker: {amqq: x}\n").unwrap();
    assert_eq!(command(dir, &["check", "--env", &written[0]]).0, Some(2));
}

#[test]
fn without_a_configuration_the_usual_four_are_asked_for() {
    let four = "RABBITMQ_HOST=h\nRABBITMQ_PORT=5672\nRABBITMQ_USER=u\nRABBITMQ_PASS=c4nary\n";
    let check = |env| in_empty_folder(&["check", "--env", ".env"], env);
    assert_eq!(check(Some(four)).0, Some(0));
    let (code, out) = check(Some(
        "RABBITMQ_HOST=\nRABBITMQ_PORT=no\nRABBITMQ_PASS=c4nary\n",
    ));
    assert_eq!(code, Some(1), "{out}");
    for line in [
        "1: RABBITMQ_HOST is empty",
        "2: RABBITMQ_PORT is not",
        "RABBITMQ_USER is missing",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
    assert!(!out.contains("c4nary"));
    assert_eq!(check(None).0, Some(1));
    // Without being asked for, only what the file names must have a value.
    assert_eq!(in_empty_folder(&["check"], Some("OTHER=\n")).0, Some(0));
    let (code, out) = in_empty_folder(&["check"], Some("RABBITMQ_HOST=\n"));
    assert_eq!(code, Some(1), "{out}");
}

#[test]
fn it_is_fast_enough_to_stand_before_every_start() {
    let broker = shared_broker();
    let program = prepared(&config(broker, NONE), &env(broker, "guest", "guest"));
    let env = env_arg(&program.dir().join(".env"));
    let mut took = Vec::new();
    for _ in 0..9 {
        let check = prepare(&["check", "--env", &env]).args([
            "--config.file".as_ref(),
            program.dir().join("warrener.yml").as_os_str(),
        ]);
        check.start().unwrap();
        let started = Instant::now();
        assert_eq!(check.wait(PATIENCE).unwrap(), Some(0));
        took.push(started.elapsed());
    }
    took.sort();
    // As the testbed sees it, with its own polling; an unoptimised build on a busy machine.
    println!("check --env took {:?} (median of 9)", took[4]);
    assert!(took[4].as_millis() < 1000, "{took:?}");
}

#[test]
fn live_names_exactly_what_is_not_there() {
    let broker = shared_broker();
    broker
        .declare("check-there", &serde_json::json!({}))
        .unwrap();
    let more = "queues: {pinned: {check-pinned: {}}}\nhost: {disks: [/, /no/such/disk]}\n\
                files: {backups: [{glob: '/nowhere/*', verify: [no-such-verifier, '{}']}]}\n";
    let base = config(broker, NONE).replace(
        "{match: {cmdline: no-such-worker}}",
        "{control: {process: {command: [no-such-program]}}, env_file: .env, \
         queues: [check-there, check-absent]}",
    );
    let full = env(broker, "guest", "guest");
    let program = prepared(&format!("{base}{more}"), &full);
    let (code, out) = command(program.dir(), &["check", "--live"]);
    assert_eq!(code, Some(1), "{out}");
    for line in [
        "ok    login with the values of",
        "ok    a message through broker.amqp and back",
        " queue check-there (worker task-worker)",
        "FAIL  queue check-absent (worker task-worker): does not exist on the broker",
        "FAIL  queue check-pinned (queues.pinned): does not exist on the broker",
        "FAIL  worker task-worker: no-such-program: no such program",
        "FAIL  verify of /nowhere/*: no-such-verifier: no such program",
        "ok    disk /\n",
        "FAIL  disk /no/such/disk: No such file",
        "ok    state directory",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
    assert!(
        !program.dir().join("state").exists(),
        "check made something"
    );
    std::fs::write(
        program.dir().join(".env"),
        full.replace("\"guest\"", CANARY),
    )
    .unwrap();
    let (code, out) = command(program.dir(), &["check", "--live"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("FAIL  login with the values of") && out.contains("(auth)"),
        "{out}"
    );
    assert!(!out.contains(CANARY), "{out}");
}
