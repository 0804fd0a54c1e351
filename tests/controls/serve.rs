//! The real binary on workers that are units or containers: what runs, what a person stopped.

use std::path::Path;
use std::time::Duration;

use testbed::{Engine, Program, Systemd, free_port, http, wait_until};

const EXE: &str = env!("CARGO_BIN_EXE_warrener");
const LONG: Duration = Duration::from_secs(60);

/// Watches one kind, `worker`, and no broker.
fn config(control: &str, count: u32) -> String {
    format!(
        "state: state\nbroker: {{amqp: 'amqp://127.0.0.1:1', every: 1s}}\nhost: {{disks: []}}\n\
         workers:\n  worker: {{control: {control}, count: {count}}}\n"
    )
}

/// Waits until each of these families has this value for the kind.
fn wait(port: u16, wanted: &[(&str, u32)]) {
    let outcome = wait_until("the metrics", LONG, || {
        let answer = http::get(&format!("http://127.0.0.1:{port}/metrics"));
        let text = answer.map(|answer| answer.body).unwrap_or_default();
        let has = |(name, value): &(&str, u32)| {
            let line = format!("warrener_worker_{name}{{worker=\"worker\"}} {value}");
            text.lines().any(|own| own == line)
        };
        wanted.iter().all(has).then_some(()).ok_or_else(|| {
            let own = text.lines().filter(|l| l.starts_with("warrener_worker_"));
            own.collect::<Vec<_>>().join("\n")
        })
    });
    outcome.unwrap();
}

const RUNS: &str = "processes_running";
const BY_A_PERSON: &str = "stopped_by_operator";

#[test]
#[ignore = "boots a container, as root: make test-systemd"]
fn systemd_units_as_workers() {
    let booted = Systemd::boot().unwrap();
    // Where the units are, so that their processes have the numbers that systemd tells.
    booted.install(Path::new(EXE), "usr/bin/warrener").unwrap();
    let control = "{systemd: 'worker@{1..2}.service'}";
    booted
        .write("etc/warrener.yml", &config(control, 2))
        .unwrap();
    let port = free_port().unwrap();
    let serve = format!(
        "[Service]\nStateDirectory=warrener\nWorkingDirectory=/var/lib/warrener\n\
         ExecStart=/usr/bin/warrener serve --config.file=/etc/warrener.yml \
         --web.listen-address=127.0.0.1:{port}\n"
    );
    booted.unit("warrener.service", &serve).unwrap();
    let worker = "[Service]\nExecStart=/bin/sleep infinity\n";
    booted.unit("worker@.service", worker).unwrap();
    let [one, two] = ["worker@1.service", "worker@2.service"];
    booted
        .systemctl(&["start", one, two, "warrener.service"])
        .unwrap();
    wait(
        port,
        &[("control_available", 1), (RUNS, 2), (BY_A_PERSON, 0)],
    );
    booted.systemctl(&["kill", "--signal=KILL", one]).unwrap();
    wait(port, &[(RUNS, 1), (BY_A_PERSON, 0), ("exits_total", 1)]);
    booted.systemctl(&["start", one]).unwrap();
    wait(port, &[(RUNS, 2), ("restarts_total", 1)]);
    booted.systemctl(&["stop", one, two]).unwrap();
    wait(port, &[(RUNS, 0), (BY_A_PERSON, 1)]);
}

#[test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
fn docker_containers_as_workers() {
    let engine = Engine::start().unwrap();
    let run = "trap 'exit 0' TERM; while :; do sleep 1 & wait; done";
    engine.run("worker", &[], run).unwrap();
    let port = free_port().unwrap();
    let program = Program::new(EXE).unwrap();
    let program = program
        .args([
            "serve".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ])
        .env("DOCKER_HOST", &engine.host());
    let control = "{docker: {container: worker}}";
    std::fs::write(program.dir().join("warrener.yml"), config(control, 1)).unwrap();
    program.start().unwrap();
    wait(
        port,
        &[("control_available", 1), (RUNS, 1), (BY_A_PERSON, 0)],
    );
    engine.docker(&["kill", "worker"]).unwrap();
    wait(port, &[(RUNS, 0), (BY_A_PERSON, 0), ("exits_total", 1)]);
    engine.docker(&["start", "worker"]).unwrap();
    wait(port, &[(RUNS, 1)]);
    engine.docker(&["stop", "worker"]).unwrap();
    wait(port, &[(RUNS, 0), (BY_A_PERSON, 1)]);
}

/// What a worker wrote: a message, an error of its own, and a traceback.
const WROTE: &str = "echo started; echo 'ERROR task 1 failed' >&2; \
    echo 'Traceback (most recent call last):' >&2; echo '  File \"w.py\", line 1' >&2; \
    echo 'KeyError: 7' >&2; echo going on";

/// The groups of `warrener logs --errors --json`: message and lines that follow the newest.
fn errors(json: &str) -> Vec<(String, usize)> {
    let document: serde_json::Value =
        serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {json}"));
    let groups = document["groups"].as_array().unwrap().iter();
    let told = |group: &serde_json::Value| {
        let more = group["newest"]["more"].as_array().unwrap().len();
        assert!(group["last"].as_f64().is_some(), "{json}");
        (group["message"].as_str().unwrap().to_owned(), more)
    };
    groups.map(told).collect()
}

#[test]
#[ignore = "boots a container, as root: make test-systemd"]
fn the_journal_of_systemd_workers_is_read_by_unit() {
    let booted = Systemd::boot().unwrap();
    booted.install(Path::new(EXE), "usr/bin/warrener").unwrap();
    let control = "{systemd: 'worker@{1..2}.service'}";
    booted
        .write("etc/warrener.yml", &config(control, 2))
        .unwrap();
    booted
        .write(
            "usr/bin/worker",
            &format!("#!/bin/sh\n{WROTE}\nexec sleep infinity\n"),
        )
        .unwrap();
    let worker = "[Service]\nExecStart=/bin/sh /usr/bin/worker\n";
    booted.unit("worker@.service", worker).unwrap();
    booted.unit("stranger.service", worker).unwrap();
    let grave =
        "[Service]\nSyslogLevel=err\nSyslogLevelPrefix=no\nExecStart=/bin/echo disk on fire\n";
    booted.unit("worker@2.service", grave).unwrap();
    booted
        .systemctl(&["start", "worker@1", "worker@2", "stranger"])
        .unwrap();
    let logs = "[Service]\nType=oneshot\nStandardOutput=truncate:/run/logs.json\n\
                StandardError=truncate:/run/logs.err\n\
                ExecStart=/usr/bin/warrener logs --errors --json --config.file /etc/warrener.yml\n";
    booted.unit("logs.service", logs).unwrap();
    let outcome = wait_until("the journal's lines", LONG, || {
        drop(booted.systemctl(&["start", "logs"]));
        let told = errors(
            &booted
                .read("run/logs.json")
                .map_err(|error| error.to_string())?,
        );
        let all = ["ERROR task <n> failed: KeyError: <n>", "disk on fire"];
        let has = |message: &&str| told.iter().any(|(told, _)| told == message);
        if all.iter().all(has) {
            Ok(told)
        } else {
            Err(format!("{told:?}"))
        }
    });
    let told = outcome.unwrap();
    // The stranger's are not there, nor what is no error; the traceback is one with its message.
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|(_, more)| *more == 3), "{told:?}");
}

#[test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
fn docker_containers_logs_are_read_from_their_engine() {
    let engine = Engine::start().unwrap();
    engine
        .run("worker", &[], &format!("{WROTE}; exec sleep 600"))
        .unwrap();
    let outcome = wait_until("the container's lines", LONG, || {
        let program = Program::new(EXE).map_err(|error| error.to_string())?;
        let program = program
            .args(["logs", "--errors", "--json"])
            .env("DOCKER_HOST", &engine.host());
        let control = config("{docker: {container: worker}}", 1);
        std::fs::write(program.dir().join("warrener.yml"), control).map_err(|e| e.to_string())?;
        program.start().map_err(|error| error.to_string())?;
        program.wait(LONG).map_err(|error| error.to_string())?;
        let told = errors(&program.log());
        if told == [("ERROR task <n> failed: KeyError: <n>".to_owned(), 3)] {
            Ok(())
        } else {
            Err(format!("{told:?}"))
        }
    });
    outcome.unwrap();
}
