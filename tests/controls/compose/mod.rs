//! `docker-compose.yml`, brought up as it is shipped but for its images: what of these can't be pulled is
//! Debian's, under the same names of services (`testbed/compose/docker-compose.test.yml`). What was done is told
//! by the engine, what warrener thinks of it by warrener in its container.

#![expect(clippy::print_stdout, reason = "the times are for people")]

mod project;

use std::fs;
use std::time::Instant;

use self::project::{ENV, Project};

/// What happened to the file one evening.
const EMPTIED: &str = "RABBITMQ_HOST=\nRABBITMQ_PORT=\nRABBITMQ_USER=\nRABBITMQ_PASS=\n";

#[test]
#[ignore = "starts a Docker engine, as root: make test-compose"]
fn compose_gives_a_closed_loop_behind_a_proxy_that_lets_little_through() {
    let began = Instant::now();
    let project = Project::new();
    println!("engine and images: {:.1} s", began.elapsed().as_secs_f64());
    let shipped = ["--file", "docker-compose.yml", "config", "--quiet"];
    project.compose(&shipped);

    let began = Instant::now();
    project.compose(&["up", "--detach"]);
    println!("up: {:.1} s", began.elapsed().as_secs_f64());
    project.rests("after the start");
    project.wait("a last known good, by Prometheus", || {
        let query = "warrener_env_file_last_known_good_timestamp_seconds";
        let ask = [
            "exec",
            "warrener-prometheus-1",
            "promtool",
            "query",
            "instant",
        ];
        let args: Vec<&str> = ask
            .iter()
            .copied()
            .chain(["http://127.0.0.1:9090", query])
            .collect();
        project
            .engine
            .docker(&args)
            .ok()
            .filter(|told| told.contains(query))
    });
    println!("well, and known: {:.1} s", began.elapsed().as_secs_f64());

    refused(&project);
    killed(&project);
    stopped(&project);
    emptied(&project);
}

/// What the proxy lets through of what an attacker would ask.
fn refused(project: &Project) {
    let id = project.life("worker").id;
    let image = r#""Image":"warrener-sample-worker:0.1.0""#;
    let made = "/containers/create?name=warrener-worker-9";
    let with = |more: &str| format!(r#"{{{image},{more}}}"#);
    for (method, path, body) in [
        ("POST", format!("/containers/{id}/exec"), "{}".to_owned()),
        ("POST", format!("/containers/{id}/stop"), String::new()),
        (
            "POST",
            format!("/v1.12/containers/{id}/start"),
            String::new(),
        ),
        (
            "PUT",
            format!("/containers/{id}/archive?path=/"),
            String::new(),
        ),
        (
            "GET",
            format!("/containers/{id}/archive?path=/etc"),
            String::new(),
        ),
        (
            "GET",
            format!("/containers/{id}/../../images/x/get"),
            String::new(),
        ),
        (
            "POST",
            "/images/create?fromImage=x".to_owned(),
            String::new(),
        ),
        ("DELETE", format!("/containers/{id}?force=1"), String::new()),
        ("DELETE", format!("/containers/{id}?v=1"), String::new()),
        (
            "DELETE",
            format!("/containers/{}", &id[..12]),
            String::new(),
        ),
        (
            "DELETE",
            "/volumes/warrener_state".to_owned(),
            String::new(),
        ),
        ("POST", "/build".to_owned(), String::new()),
        ("GET", "/secrets".to_owned(), String::new()),
        (
            "POST",
            "/containers/create?name=other".to_owned(),
            with(r#""Tty":false"#),
        ),
        (
            "POST",
            "/containers/create".to_owned(),
            with(r#""Tty":false"#),
        ),
        (
            "POST",
            made.to_owned(),
            with(r#""HostConfig":{"Privileged":true}"#),
        ),
        (
            "POST",
            made.to_owned(),
            with(r#""hostconfig":{"binds":["/:/host"]}"#),
        ),
        (
            "POST",
            made.to_owned(),
            with("\"HostConfig\":{\"\\u0042inds\":[\"/:/host\"]}"),
        ),
        (
            "POST",
            made.to_owned(),
            with("\"HostConfig\":{\"Bind\u{17f}\":[\"/:/host\"]}"),
        ),
        (
            "POST",
            made.to_owned(),
            with("\"HostConfig\":{\"Binds\":\t\n[\"/:/host\"]}"),
        ),
        (
            "POST",
            made.to_owned(),
            with(r#""HostConfig":{"PidMode":"host"}"#),
        ),
        (
            "POST",
            made.to_owned(),
            with(r#""HostConfig":{"CapAdd":["SYS_ADMIN"]}"#),
        ),
        (
            "POST",
            made.to_owned(),
            with(r#""HostConfig":{"MaskedPaths":[]}"#),
        ),
        (
            "POST",
            made.to_owned(),
            with(&format!(r#""User":"{}""#, "x".repeat(40_000))),
        ),
    ] {
        let answer = project.proxy(method, &path, &body);
        let shown: String = body.chars().take(90).collect();
        println!("{method} {path} {shown}: {answer}");
        assert_eq!(answer, "403", "{method} {path} {shown}");
    }
    for path in ["/version", "/v1.41/containers/json", "/info"] {
        assert_eq!(project.proxy("GET", path, ""), "200", "{path}");
    }
}

fn killed(project: &Project) {
    let (before, other) = (project.life("worker"), project.life("mailer"));
    let (after, began) = (project.newest(), Instant::now());
    project.compose(&["kill", "worker"]);
    project.recovers("worker killed", "worker-unhealthy", after, began);
    let now = project.life("worker");
    assert_eq!((&*now.status, &now.id), ("running", &before.id));
    assert_ne!(now.started, before.started);
    assert_eq!(project.life("mailer"), other);
    project.rests("after the worker was killed");
}

fn stopped(project: &Project) {
    let after = project.newest();
    project.compose(&["stop", "worker"]);
    let stopped = project.life("worker");
    assert_eq!(stopped.status, "exited");
    let began = Instant::now();
    project.wait("what a person stopped to be held", || {
        let mut runs = project.runs().into_iter();
        runs.find(|run| {
            run["id"].as_i64() > Some(after)
                && run["state"] == "held"
                && run["hold"]["reason"] == "stopped_by_operator"
        })
    });
    println!(
        "stopped by a person: held after {:.1} s",
        began.elapsed().as_secs_f64()
    );
    // Everything else goes on being repaired, and it stays as it is.
    let (after, began) = (project.newest(), Instant::now());
    project.compose(&["kill", "mailer"]);
    project.recovers("mailer killed beside it", "worker-unhealthy", after, began);
    assert_eq!(project.life("worker"), stopped);
    project.compose(&["start", "worker"]);
    project.rests("after the person started it again");
}

fn emptied(project: &Project) {
    let path = project.folder.join(ENV);
    let good = fs::read_to_string(&path).unwrap();
    let (after, began) = (project.newest(), Instant::now());
    fs::write(&path, EMPTIED).unwrap();
    project.compose(&[
        "up",
        "--detach",
        "--force-recreate",
        "--no-deps",
        "worker",
        "mailer",
    ]);
    let broken = (project.life("worker"), project.life("mailer"));
    project.recovers("env file emptied", "config-invalid", after, began);
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
    for (service, broken) in [("worker", broken.0), ("mailer", broken.1)] {
        let now = project.life(service);
        assert_eq!(now.status, "running");
        assert_ne!(now.id, broken.id, "{service} was not made anew");
        let name = format!("warrener-{service}-1");
        let format = "--format={{json .Config.Env}}";
        let env = project.engine.docker(&["inspect", format, &name]).unwrap();
        assert!(env.contains("RABBITMQ_HOST=rabbitmq"), "{service}");
    }
    project.rests("after the env file was emptied");
}
