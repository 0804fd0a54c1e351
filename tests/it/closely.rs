//! Watching closely: by itself while the level is not normal, and because a person asks.

use std::fs;

use testbed::Program;

use crate::support::env::set_mode;
use crate::support::{Exposition, PATIENCE, ROOMY, Warrener, prepare, shared_broker};

const TOKEN: &str = "t0ken-of-the-story";

fn command(w: &Warrener, args: &[&str]) -> Program {
    let url = format!("http://{}", w.address());
    let program = prepare(args).args(["--url", &url]);
    fs::write(program.dir().join("token"), TOKEN).unwrap();
    program.start().unwrap();
    program
}

fn closely(metrics: &Exposition, reason: &str) -> Option<f64> {
    metrics.get("warrener_watching_closely", &[("reason", reason)])
}

fn interval(metrics: &Exposition) -> Option<f64> {
    metrics.get("warrener_probe_interval_seconds", &[("probe", "envfile")])
}

#[test]
fn probes_run_more_often_while_it_is_asked_for_or_something_is_wrong() {
    let broker = shared_broker();
    let config = format!(
        "broker: {{amqp: '{}', every: 4s, roundtrip: {{every: 4s}}}}\n{ROOMY}\
         env_files: [{{path: good.env, mode: '0666', keys: {{KEY: {{required: true}}}}}}]\n\
         web: {{auth: {{bearer_file: token}}}}\n",
        broker.amqp_url()
    );
    let w = Warrener::serve_with(&config, |program| {
        fs::write(program.dir().join("good.env"), "KEY=value\n").unwrap();
        fs::write(program.dir().join("token"), TOKEN).unwrap();
        set_mode(&program.dir().join("token"), 0o600);
        program
    });
    w.wait("the usual interval", |m| {
        interval(m) == Some(4.0)
            && closely(m, "level") == Some(0.0)
            && closely(m, "asked") == Some(0.0)
    });

    let program = command(&w, &["watch", "--for", "5m", "--token-file", "token"]);
    let code = program.wait(PATIENCE).unwrap();
    let out = program.log();
    assert!(
        code == Some(0) && out.starts_with("Watching closely until 20"),
        "{out}"
    );
    let metrics = w.wait("half of it, asked for", |m| {
        interval(m) == Some(2.0) && closely(m, "asked") == Some(1.0)
    });
    let usual = metrics.get(
        "warrener_probe_usual_interval_seconds",
        &[("probe", "envfile")],
    );
    assert_eq!(usual, Some(4.0));
    let program = command(&w, &["status"]);
    program.wait(PATIENCE).unwrap();
    assert!(
        program
            .log()
            .contains("Watching closely, for a person asked"),
        "{}",
        program.log()
    );
    let program = command(&w, &["watch", "--end", "--token-file", "token"]);
    assert_eq!(
        program.wait(PATIENCE).unwrap(),
        Some(0),
        "{}",
        program.log()
    );
    w.wait("the usual one again", |m| {
        interval(m) == Some(4.0) && closely(m, "asked") == Some(0.0)
    });

    fs::write(w.dir().join("good.env"), "KEY=\n").unwrap();
    w.wait("half of it, for the level", |m| {
        interval(m) == Some(2.0) && closely(m, "level") == Some(1.0)
    });
    fs::write(w.dir().join("good.env"), "KEY=value\n").unwrap();
    w.wait("the usual one in the end", |m| {
        interval(m) == Some(4.0) && closely(m, "level") == Some(0.0)
    });
    // Whoever has no token changes nothing.
    let program = command(&w, &["watch", "--for", "5m"]);
    assert_eq!(
        program.wait(PATIENCE).unwrap(),
        Some(1),
        "{}",
        program.log()
    );
}
