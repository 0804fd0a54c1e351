//! The four lines went empty: what put them back, from what, and what was left alone.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use testbed::{Broker, Program};

use crate::support::env::{CANARY, add_user, command, config, emptied, env, prepared, set_mode};
use crate::support::{Exposition, PATIENCE, Warrener, ask, broker, shared_broker};

const NONE: [&str; 4] = [""; 4];

fn text(dir: &Path) -> String {
    std::fs::read_to_string(dir.join(".env")).unwrap()
}

fn folder(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn kept(m: &Exposition) -> Option<f64> {
    m.get("warrener_env_file_last_known_good_timestamp_seconds", &[])
}

/// Ends a server in order; gives all that it said.
fn end(program: &Program) -> String {
    program.terminate().unwrap();
    assert_eq!(program.wait(PATIENCE).unwrap(), Some(0));
    program.log()
}

/// Serves `full` until its login worked.
fn serving(broker: &Broker, full: &str) -> Warrener {
    let config = config(broker, NONE).replace(
        "cmdline: no-such-worker}}",
        "cmdline: no-such-worker}, env_file: .env}",
    );
    let w = Warrener::start(prepared(&config, full));
    w.wait("the login with the file's values", |m| {
        m.get("warrener_env_file_login_success", &[]) == Some(1.0)
    });
    w
}

#[test]
fn the_emptied_lines_come_back_from_what_serve_kept() {
    let broker = shared_broker();
    add_user(broker, "fix-good");
    let full = env(broker, "fix-good", CANARY);
    let w = Warrener::start(prepared(&config(broker, NONE), &full));
    let m = w.wait("the last known good", |m| kept(m).is_some());
    assert_eq!(m.get("warrener_env_file_login_success", &[]), Some(1.0));
    let hash_key = std::fs::read(w.dir().join("state/hash.key")).unwrap();

    // The incident, while warrener's own broker comes from the same lines.
    std::fs::write(w.dir().join(".env"), emptied(&full)).unwrap();
    let m = w.wait("the file as the finding", |m| {
        m.get(
            "warrener_finding",
            &[("code", "ConfigInvalid"), ("severity", "critical")],
        ) == Some(1.0)
            && m.get("warrener_env_file_login_success", &[]) == Some(0.0)
            && m.get("warrener_roundtrip_login_fallback", &[]) == Some(1.0)
    });
    let component = |name| m.get("warrener_health_component_score", &[("component", name)]);
    assert_eq!(component("broker"), Some(100.0));
    assert!(
        kept(&m).is_some(),
        "an emptied file replaced the last known good"
    );
    let mut seen = m.text.clone() + ask(w.address(), "GET /api/v1/status", &[]).text().as_str();
    let dir = w.dir().to_owned();

    let (code, out) = command(&dir, &["check"]);
    seen += &out;
    assert_eq!(code, Some(1), "{out}");
    for line in [
        ".env:2: RABBITMQ_HOST is empty",
        ".env:3: RABBITMQ_PORT is empty",
        ".env:4: RABBITMQ_USER is empty",
        ".env:6: RABBITMQ_PASS is empty",
        "run `warrener fix`",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }

    let before = (text(&dir), folder(&dir));
    let (code, out) = command(&dir, &["fix", "--dry-run"]);
    seen += &out;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("nothing was written"), "{out}");
    assert_eq!((text(&dir), folder(&dir)), before);
    assert!(!dir.join("state/backups").exists());

    let meta = |dir: &Path| {
        let meta = dir.join(".env").metadata().unwrap();
        (meta.mode(), meta.uid(), meta.gid())
    };
    let was = meta(&dir);
    let (code, out) = command(&dir, &["fix"]);
    seen += &out;
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("from last known good, kept ") && out.contains("+RABBITMQ_HOST=127.0.0.1")
    );
    assert!(out.contains("+RABBITMQ_PASS=[redacted]"), "{out}");
    assert!(
        out.contains("repaired: the broker accepts a login"),
        "{out}"
    );
    assert!(out.lines().all(|line| line.len() <= 200), "{out}");
    assert_eq!(text(&dir), full, "every byte is what it was");
    assert_eq!((meta(&dir), folder(&dir)), (was, before.1));
    let backup = std::fs::read_dir(dir.join("state/backups"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(backup.metadata().unwrap().mode() & 0o7777, 0o600);
    assert_eq!(
        std::fs::read_to_string(backup.path()).unwrap(),
        emptied(&full)
    );

    w.wait("a healthy configuration", |m| {
        let config = [("component", "config")];
        m.get("warrener_health_component_score", &config) == Some(100.0)
    });
    let (code, out) = command(&dir, &["fix"]);
    seen += &out;
    assert_eq!(code, Some(0));
    assert!(out.contains("nothing to do"), "{out}");

    // A restart finds the same key, the same good content, and takes nothing for changed.
    seen += &end(&w.program);
    w.program.start().unwrap();
    let log = || w.program.log();
    testbed::wait_until("the second start", PATIENCE, || log().contains("listening")).unwrap();
    let address = log();
    let (_, rest) = address.split_once("address=").unwrap();
    let address = rest
        .split_whitespace()
        .next()
        .unwrap()
        .trim_matches('"')
        .to_owned();
    testbed::wait_until("what was kept before", PATIENCE, || {
        let m = Exposition::parse(ask(&address, "GET /metrics", &[]).text());
        kept(&m).is_some()
            && m.get("warrener_env_file_changed_timestamp_seconds", &[])
                .is_none()
    })
    .unwrap();
    assert_eq!(std::fs::read(dir.join("state/hash.key")).unwrap(), hash_key);
    seen += &end(&w.program);
    assert!(!seen.contains(CANARY), "the password was shown");
    assert!(
        !seen.contains("kept-0ther"),
        "a value that no schema names was shown"
    );
}

#[test]
fn workers_are_named_and_a_stopped_broker_leaves_it_unverified() {
    let broker = broker().start().unwrap();
    let full = env(&broker, "guest", "guest");
    let defaults = [
        ", default: 127.0.0.1",
        &format!(", default: {}", broker.amqp_port()),
        ", default: guest",
        ", default_from: pass",
    ];
    let config = config(&broker, defaults).replace(
        "{cmdline: no-such-worker}",
        "{cmdline: no-such-worker}, env_file: .env",
    );
    let program = prepared(&config, &emptied(&full));
    std::fs::write(program.dir().join("pass"), "guest\n").unwrap();
    broker.stop().unwrap();
    let (code, out) = command(program.dir(), &["fix"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("written, unverified") && out.contains("refused"),
        "{out}"
    );
    assert!(
        out.contains("from default\n") && out.contains("from default_from "),
        "{out}"
    );
    assert!(
        out.contains("until they are restarted:\n    task-worker"),
        "{out}"
    );
    let plain = full
        .replace("'guest'", "guest")
        .replace("\"guest\"", "guest");
    assert_eq!(text(program.dir()), plain);
    broker.start_again().unwrap();
    let (code, out) = command(program.dir(), &["check", "--live"]);
    assert!(
        out.contains("ok    login with the values of"),
        "{code:?}\n{out}"
    );
}

#[test]
fn a_default_that_does_not_log_in_is_not_given_for_values_that_do() {
    let broker = shared_broker();
    let full = env(broker, "guest", "guest");
    // Too short for the schema, and good enough for the broker.
    let wrong = [
        ", default: 127.0.0.1",
        "",
        "",
        ", pattern: '.{9,}', default: wr0ng-default",
    ];
    let program = prepared(&config(broker, wrong), &full);
    let (code, out) = command(program.dir(), &["fix"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("rolled back") && out.contains("(auth)"),
        "{out}"
    );
    assert!(!out.contains("wr0ng-default"), "{out}");
    assert_eq!(text(program.dir()), full);
    assert!(!program.dir().join("state/backups").exists());
}

#[test]
fn a_wrong_password_is_the_files_fault_and_clears() {
    let broker = shared_broker();
    add_user(broker, "fix-wrong");
    let full = env(broker, "fix-wrong", CANARY);
    let w = serving(broker, &full);
    let file = w.dir().join(".env");
    w.wait("a first round trip", |m| {
        m.get("warrener_probe_success", &[("probe", "roundtrip")]) == Some(1.0)
    });
    std::fs::write(&file, full.replace(CANARY, "c4nary-wrong")).unwrap();
    let m = w.wait("the file as a critical finding", |m| {
        let critical = [("code", "ConfigInvalid"), ("severity", "critical")];
        m.get("warrener_finding", &critical) == Some(1.0)
            && m.get("warrener_env_file_login_success", &[]) == Some(0.0)
            && m.get("warrener_roundtrip_login_fallback", &[]) == Some(1.0)
    });
    // It breaks no schema, and the broker is well.
    assert_eq!(m.get("warrener_env_file_violations", &[]), Some(0.0));
    for code in ["BrokerUnreachable", "BrokerRoundtripFailing"] {
        assert_eq!(
            m.all("warrener_finding", &[("code", code)]).count(),
            0,
            "{code}"
        );
    }
    let component = |name| m.get("warrener_health_component_score", &[("component", name)]);
    assert_eq!(
        (component("broker"), component("config")),
        (Some(100.0), Some(40.0))
    );
    std::fs::write(&file, &full).unwrap();
    w.wait("all well again", |m| {
        m.all("warrener_finding", &[("code", "ConfigInvalid")])
            .count()
            == 0
            && m.get("warrener_env_file_login_success", &[]) == Some(1.0)
    });
    assert!(!w.program.log().contains("c4nary"));
}

#[test]
fn a_world_readable_file_is_insecure_until_it_is_not() {
    let broker = shared_broker();
    let full = env(broker, "guest", "guest");
    let w = Warrener::start(prepared(&config(broker, NONE), &full));
    let insecure = [("code", "ConfigInsecure"), ("severity", "minor")];
    w.wait("nothing insecure", |m| {
        m.get("warrener_env_file_violations", &[]) == Some(0.0)
            && m.all("warrener_finding", &insecure).count() == 0
    });
    set_mode(&w.dir().join(".env"), 0o644);
    w.wait("the open file", |m| {
        m.get("warrener_finding", &insecure) == Some(1.0)
            && m.get("warrener_env_file_insecurity", &[("kind", "mode")]) == Some(1.0)
    });
    let (code, out) = command(w.dir(), &["check"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("mode 0644 lets others read it, 0640 is allowed"),
        "{out}"
    );
    set_mode(&w.dir().join(".env"), 0o640);
    w.wait("nothing insecure again", |m| {
        m.all("warrener_finding", &insecure).count() == 0
    });
}

#[test]
fn without_a_state_directory_serve_goes_on_and_says_so() {
    let broker = shared_broker();
    let full = env(broker, "guest", "guest");
    let program = prepared(&config(broker, NONE), &full);
    std::fs::write(program.dir().join("state"), "no folder").unwrap();
    let w = Warrener::start(program);
    let m = w.wait("the login", |m| {
        m.get("warrener_env_file_login_success", &[]) == Some(1.0)
    });
    assert_eq!(kept(&m), None);
    assert!(
        w.program.log().contains("no last known good is kept"),
        "{}",
        w.program.log()
    );
    std::fs::write(w.dir().join(".env"), emptied(&full)).unwrap();
    let (code, out) = command(w.dir(), &["fix"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("can't be repaired") && out.contains("no source has a value"),
        "{out}"
    );
}

/// A shell reads what was written, and runs nothing of it.
#[test]
fn a_shell_reads_the_values_as_they_were_given() {
    use warrener::envfile::Document;

    let values = [
        "plain",
        "two words",
        "it's",
        "a\"b",
        "a\\d",
        "ends\\",
        "a\\\\b",
        "$HOME ${PATH}",
        "$(echo x)",
        "`echo x`",
        "a;b&c|d",
        "~",
        "#no comment",
        "a #b",
        "é ü",
        "one\ntwo",
        "!x*?",
        "=",
        "a'$\"\\",
    ];
    for before in ["A=\n", "export A='old' # why\n", "A=\"old\"\n"] {
        for value in values {
            let document = Document::parse(before.as_bytes());
            let document = document.with("A", &value.into(), None).unwrap();
            let read = "set -e; . ./.env; printf '%s' \"$A\"";
            let shell = Program::new("/bin/sh").unwrap().args(["-c", read]);
            std::fs::write(shell.dir().join(".env"), document.print()).unwrap();
            shell.start().unwrap();
            assert_eq!(
                shell.wait(PATIENCE).unwrap(),
                Some(0),
                "{value}: {}",
                shell.log()
            );
            assert_eq!(shell.log(), value, "{before:?}");
        }
    }
}
