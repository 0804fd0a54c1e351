//! `warrener runs`, `recover`, `pause` and `resume` against a real server.

use std::fs;
use std::path::Path;

use serde_json::Value;
use testbed::wait_until;

use crate::support::env::set_mode;
use crate::support::{PATIENCE, Warrener, ask, prepare};

const TOKEN: &str = "t0ken-of-the-story";

/// A server that knows one kind of workers; its broker is nowhere.
fn serve(more: &str) -> Warrener {
    let config = format!(
        "broker: {{amqp: 'amqp://u:p@127.0.0.1:1', every: 1s}}\nidentity: app-1\n\
         workers: {{mail: {{match: {{cmdline: no-such-worker}}}}}}\n{more}"
    );
    Warrener::serve_with(&config, |program| {
        token(program.dir(), TOKEN);
        program
    })
}

const AUTH: &str = "web: {auth: {bearer_file: token}}\n";

fn token(dir: &Path, token: &str) {
    fs::write(dir.join("token"), format!("{token}\n")).unwrap();
    set_mode(&dir.join("token"), 0o600);
}

/// A command that asks `w` with this token: exit code and output.
fn command(w: &Warrener, with: Option<&str>, args: &[&str]) -> (Option<i32>, String) {
    let url = format!("http://{}", w.address());
    let mut program = prepare(args).args(["--url", &url]);
    if let Some(with) = with {
        token(program.dir(), with);
        program = program.args(["--token-file", "token"]);
    }
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    let log = program.log();
    assert!(!log.contains(TOKEN), "{log}");
    (code, log)
}

/// Waits until the pauses in force are of these targets; the empty one is everything.
fn pauses(w: &Warrener, expected: &[&str]) -> Value {
    wait_until("the pauses", PATIENCE, || {
        let answer = ask(w.address(), "GET /api/v1/recovery", &[]);
        let standing: Value = serde_json::from_str(&answer.text()).unwrap();
        let pauses = standing["pauses"].as_array().unwrap();
        let keys = pauses
            .iter()
            .map(|pause| pause["target"]["key"].as_str().unwrap_or(""));
        if keys.eq(expected.iter().copied()) {
            Ok(standing)
        } else {
            Err(standing.to_string())
        }
    })
    .unwrap()
}

#[test]
fn a_pause_survives_a_restart_until_it_is_resumed() {
    let w = serve(AUTH);
    let pause = [
        "pause", "--target", "mail", "--for", "1h", "--reason", "a test",
    ];
    let (code, out) = command(&w, Some(TOKEN), &pause);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.starts_with("Paused: worker:mail, until 2") && out.contains("--target worker:mail"),
        "{out}"
    );
    let (code, out) = command(&w, Some(TOKEN), &["pause"]);
    assert_eq!(code, Some(0), "{out}");
    pauses(&w, &["", "worker:mail"]);
    w.program.terminate().unwrap();
    assert_eq!(
        w.program.wait(PATIENCE).unwrap(),
        Some(0),
        "{}",
        w.program.log()
    );

    let again = prepare(&["serve", "--web.listen-address=127.0.0.1:0", "--config.file"])
        .args([w.dir().join("warrener.yml")]);
    let again = Warrener::start(again);
    let standing = pauses(&again, &["", "worker:mail"]);
    assert_eq!(standing["pauses"][1]["reason"], "a test");
    let (code, out) = command(&again, Some(TOKEN), &["resume"]);
    assert_eq!((code, out.as_str()), (Some(0), "Resumed: everything.\n"));
    let (code, out) = command(&again, Some(TOKEN), &["resume"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("Nothing to resume: everything"), "{out}");
    pauses(&again, &["worker:mail"]);
}

#[test]
fn what_is_not_granted_says_what_to_do() {
    let w = serve(AUTH);
    let wrong = |with, args: &[&str], words: &str| {
        let (code, out) = command(&w, with, args);
        assert_eq!(code, Some(1), "{args:?}: {out}");
        assert!(out.contains(words), "{words} in {out}");
    };
    wrong(None, &["pause"], "--token-file");
    wrong(Some("wrong"), &["resume"], "--token-file");
    wrong(
        Some(TOKEN),
        &["pause", "--target", "x"],
        "there are: broker, host, worker:mail",
    );
    wrong(
        Some(TOKEN),
        &["recover", "housekeeping", "--target", "x"],
        "worker:mail",
    );
    wrong(None, &["runs", "show", "99"], "`warrener runs` lists them");
    let closed = serve("");
    let (code, out) = command(&closed, Some(TOKEN), &["recover", "--emergency"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("set web.auth.bearer_file in warrener.yml"),
        "{out}"
    );
}

#[test]
fn runs_are_listed_without_a_token() {
    let w = serve(AUTH);
    let (code, out) = command(&w, None, &["runs"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("No runs yet"), "{out}");
    let (code, out) = command(&w, None, &["runs", "list", "--json"]);
    let runs: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &runs["version"]),
        (Some(0), &Value::from(1)),
        "{out}"
    );
}

#[test]
fn what_is_paused_is_held_and_can_be_called_off() {
    let w = serve(AUTH);
    w.wait_success("workers", 1.0);
    assert_eq!(command(&w, Some(TOKEN), &["pause"]).0, Some(0));
    pauses(&w, &[""]);
    let ask = ["recover", "housekeeping", "--target", "host"];
    let (code, out) = command(&w, Some(TOKEN), &[&ask[..], &["--dry-run"]].concat());
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("(paused)") && out.contains("1 logs.cleanup, safe: "),
        "{out}"
    );
    let (code, out) = command(&w, Some(TOKEN), &ask);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with("Run 1 works on it."), "{out}");
    let show = |what: &str, words: &str| {
        wait_until(what, PATIENCE, || {
            let (code, out) = command(&w, None, &["runs", "show", "1"]);
            assert_eq!(code, Some(0), "{out}");
            if out.contains(words) {
                Ok(())
            } else {
                Err(out)
            }
        })
        .unwrap();
    };
    show("held", "Run 1: housekeeping for the host, held");
    let (code, out) = command(&w, None, &["runs", "cancel", "1"]);
    assert_eq!(code, Some(1), "{out}");
    let (code, out) = command(&w, Some(TOKEN), &["runs", "cancel", "1"]);
    assert_eq!(code, Some(0), "{out}");
    show("called off", "Run 1: housekeeping for the host, cancelled");
    let (code, out) = command(&w, Some(TOKEN), &["runs", "cancel", "1"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("409") && out.contains("is over"), "{out}");
}

#[test]
fn a_run_is_followed_to_its_verified_end() {
    let w = serve(AUTH);
    w.wait_success("workers", 1.0);
    let ask = ["recover", "housekeeping", "--target", "host"];
    let (code, out) = command(&w, Some(TOKEN), &[&ask[..], &["--dry-run"]].concat());
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("nothing was done") && out.contains("Nothing stands against it."),
        "{out}"
    );
    let (code, out) = command(&w, Some(TOKEN), &[&ask[..], &["--wait"]].concat());
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("logs.cleanup: needless") && out.contains("recovered: "),
        "{out}"
    );
    let (_, list) = command(&w, None, &["runs"]);
    assert!(
        list.contains("1 housekeeping") && list.contains("recovered after"),
        "{list}"
    );
    let (_, unknown) = command(&w, Some(TOKEN), &["recover", "nothing", "--target", "host"]);
    assert!(
        unknown.contains("there is no playbook `nothing`"),
        "{unknown}"
    );
}

#[test]
fn a_server_is_needed_to_recover_and_usage_ends_with_2() {
    let run = |args: &[&str]| {
        let program = prepare(args);
        program.start().unwrap();
        (program.wait(PATIENCE).unwrap(), program.log())
    };
    for args in [
        &["recover", "housekeeping", "--url", "http://127.0.0.1:1"][..],
        &["runs", "cancel", "1", "--url", "http://127.0.0.1:1"],
    ] {
        let (code, out) = run(args);
        assert_eq!(code, Some(1), "{out}");
        assert!(out.contains("`warrener serve` does the work"), "{out}");
    }
    for args in [
        &["recover"][..],
        &["recover", "housekeeping", "--emergency"],
        &["recover", "housekeeping", "--dry-run", "--wait"],
        &["runs", "show"],
        &["runs", "show", "x"],
        &["pause", "--for", "soon"],
        &["pause", "--url", "nowhere"],
    ] {
        let (code, out) = run(args);
        assert_eq!(code, Some(2), "{args:?}: {out}");
    }
    for help in ["recover", "runs", "pause"] {
        let (code, out) = run(&[help, "--help"]);
        assert!(code == Some(0) && out.contains("Examples:"), "{out}");
    }
}
