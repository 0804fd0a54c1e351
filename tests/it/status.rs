//! `warrener status`: against a server, with none, and on a terminal.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use testbed::{Program, wait_until};
use tokio::net::TcpSocket;

use crate::support::{EXE, PATIENCE, Warrener, ask, config, prepare, shared_broker};

/// `warrener status` to its end: exit code and output.
fn status(args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut program = prepare(&[&["status"], args].concat());
    for (name, value) in env {
        program = program.env(name, value);
    }
    to_the_end(&program)
}

fn to_the_end(program: &Program) -> (Option<i32>, String) {
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}

fn url(w: &Warrener) -> String {
    format!("http://{}", w.address())
}

/// A server whose every probe has read once, and reads no more while a test looks.
fn still(config: &str) -> Warrener {
    let config = config.replace("every: 1s", "every: 1h");
    let w = Warrener::serve(&config);
    wait_until("every probe", PATIENCE, || {
        ask(w.address(), "GET /-/ready", &[]).status == 200
    })
    .unwrap();
    w
}

#[test]
fn a_healthy_server_is_shown_in_a_screenful_and_ends_with_0() {
    let w = still(&config(shared_broker(), "identity: app-1\n"));
    let (code, out) = status(&["--url", &url(&w)], &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.starts_with("app-1: health 100 of 100, normal ("),
        "{out}"
    );
    assert!(out.contains("Nothing is wrong."), "{out}");
    assert!(out.lines().count() < 24 && out.lines().all(|l| l.chars().count() <= 80));
    let (code, ready) = status(&["--url", &url(&w), "--ready"], &[]);
    assert_eq!(code, Some(0), "{ready}");
    assert!(ready.contains("is ready"), "{ready}");
    let (code, detailed) = status(&["--url", &url(&w), "--detailed"], &[]);
    assert_eq!(code, Some(0), "{detailed}");
    for words in [
        "Broker: RabbitMQ ",
        "Round trip",
        "Queues: ",
        "Host: ",
        "Probes\n",
    ] {
        assert!(detailed.contains(words), "{words} in\n{detailed}");
    }
}

#[test]
fn json_is_the_servers_document() {
    let w = still(&config(shared_broker(), ""));
    let served = ask(w.address(), "GET /api/v1/status", &[]).text();
    let (code, out) = status(&["--url", &url(&w), "--json"], &[]);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!((code, value(&out)), (Some(0), value(&served)), "{out}");
    assert!(out.lines().count() > 50, "{out}");
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let w = still(&config(shared_broker(), ""));
    let url = url(&w);
    let coloured = |env: &[(&str, &str)]| status(&["--url", &url], env).1.contains('\u{1b}');
    assert!(!coloured(&[]), "into a file");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn what_is_wrong_is_explained_and_ends_with_1() {
    let file = "broker: {amqp: 'amqp://u:s3cret@127.0.0.1:1', every: 1s}\nidentity: app-1\n";
    let w = Warrener::serve(file);
    w.wait("the finding", |m| {
        m.get("warrener_finding", &[("code", "BrokerUnreachable")]) == Some(1.0)
    });
    let (code, out) = status(&["--url", &url(&w)], &[]);
    assert_eq!(code, Some(1), "{out}");
    for words in [
        "app-1: health 49 of 100, critical",
        "at most 49 because of BrokerUnreachable of the broker",
        "CRITICAL BrokerUnreachable of the broker, for ",
        "refused",
        "remedy: playbook broker-down: ",
        "Can't see broker (refused, never read)",
        "Proposing only: plans are told, nothing is done",
    ] {
        assert!(out.contains(words), "{words} in\n{out}");
    }
    let (code, json) = status(&["--url", &url(&w), "--json"], &[]);
    assert_eq!(code, Some(1), "{json}");
    assert!(
        !out.contains("s3cret") && !json.contains("s3cret"),
        "{json}"
    );
}

#[test]
fn a_server_that_is_not_there_or_none_of_ours_is_told_and_ends_with_1() {
    let (_socket, port) = nobody(0).unwrap();
    let url_of_nobody = format!("http://127.0.0.1:{port}");
    let (code, out) = status(&["--url", &url_of_nobody], &[]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains(&url_of_nobody) && out.contains("warrener serve"),
        "{out}"
    );
    // The broker's management answers, with something else.
    let (code, out) = status(&["--url", &shared_broker().management_url()], &[]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("404"), "{out}");
}

#[test]
fn usage_errors_end_with_2() {
    for args in [
        &["--url", "127.0.0.1:15699"][..],
        &["--token-file", "absent"],
        &["--watch", "0"],
        &["--json", "--watch"],
        &["--json", "--detailed"],
    ] {
        let (code, out) = status(args, &[]);
        assert_eq!(code, Some(2), "{args:?}: {out}");
    }
}

/// A port that is taken, at which nobody listens; `None` where somebody has it.
fn nobody(port: u16) -> Option<(TcpSocket, u16)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], port).into()).ok()?;
    let port = socket.local_addr().unwrap().port();
    Some((socket, port))
}

#[test]
fn with_no_server_it_probes_by_itself() {
    // Where a server runs on the default port of this host, it would be asked. What happens with
    // none is tested without the binary too: `cli::status::tests::origin`.
    let Some((_socket, _)) = nobody(15699) else {
        return;
    };
    let program = prepare(&["status"]);
    fs::write(
        program.dir().join("warrener.yml"),
        config(shared_broker(), ""),
    )
    .unwrap();
    let (code, out) = to_the_end(&program);
    assert_eq!(code, Some(0), "{out}");
    let flat = out.replace('\n', " ");
    assert!(
        flat.starts_with("No server at http://127.0.0.1:15699: probed once just now."),
        "{out}"
    );
    assert!(out.contains("health 100 of 100, normal"), "{out}");
    let program = prepare(&["status"]);
    fs::write(program.dir().join("warrener.yml"), "broker: {evry: 5s}\n").unwrap();
    let (code, out) = to_the_end(&program);
    assert_eq!(code, Some(2), "{out}");
}

fn interrupt(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn watch_into_a_file_writes_block_after_block() {
    let w = still(&config(shared_broker(), ""));
    let program = prepare(&["status", "--watch", "1", "--url", &url(&w)]);
    program.start().unwrap();
    wait_until("three blocks", PATIENCE, || {
        program.log().matches("health 100 of 100").count() >= 3
    })
    .unwrap();
    interrupt(program.pid().unwrap());
    assert_eq!(program.wait(PATIENCE).unwrap(), Some(0));
    assert!(!program.log().contains('\u{1b}'), "{}", program.log());
}

#[test]
fn watch_on_a_terminal_draws_in_place_and_restores_it() {
    let w = still(&config(shared_broker(), ""));
    let command = format!(
        "stty cols 50 rows 6; echo $$ > pid; exec {EXE} status --watch 1 --url {}",
        url(&w)
    );
    let program = Program::new("/usr/bin/script")
        .unwrap()
        .args(["-qfec", &command, "/dev/null"])
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh");
    program.start().unwrap();
    wait_until("three drawings", PATIENCE, || {
        program.log().matches("\u{1b}[H").count() >= 3
    })
    .unwrap();
    let pid = fs::read_to_string(program.dir().join("pid")).unwrap();
    interrupt(pid.trim().parse().unwrap());
    assert_eq!(
        program.wait(PATIENCE).unwrap(),
        Some(0),
        "{}",
        program.log()
    );
    let log = program.log();
    let at = |code: &str| {
        log.find(code)
            .unwrap_or_else(|| panic!("{code:?} in {log:?}"))
    };
    assert!(at("\u{1b}[?1049h") < at("\u{1b}[H"), "{log:?}");
    assert!(log.ends_with("\u{1b}[?25h\u{1b}[?1049l"), "{log:?}");
    assert!(log.matches("\u{1b}[?1049h").count() == 1, "{log:?}");
    // Nothing scrolls: a drawing has no more lines than the window.
    for drawing in log.split("\u{1b}[H").skip(1) {
        assert!(drawing.matches('\n').count() < 6, "{drawing:?}");
    }
    assert!(
        log.contains("more lines: make the window higher"),
        "{log:?}"
    );
}
