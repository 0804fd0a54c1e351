//! Containers of a Docker engine of the test's own.

use std::time::{Duration, Instant};

use testbed::Engine;
use tokio::time::timeout;
use warrener::model::Reason;
use warrener::platform::docker::{Containers, Docker};
use warrener::platform::observe::{Instance, InstanceState};

use crate::{PATIENCE, SOON};

const FOREVER: &str = "exec sleep 1000";
/// Ends in order when it is asked to.
const ORDERLY: &str = "trap 'exit 0' TERM; while :; do sleep 1 & wait; done";
/// Grows until the kernel ends it.
const HUNGRY: &str = "x=a; while :; do x=$x$x; done";

fn named(engine: &Engine, names: &[&str]) -> Docker {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Docker::new(Containers::Named(names)).at(engine.host())
}

/// Reads at each change, and now and then, until the only instance is as wanted.
async fn until(docker: &mut Docker, wanted: impl Fn(&Instance) -> bool) -> Instance {
    let since = Instant::now();
    loop {
        let mut instances = docker.instances().await.unwrap();
        assert_eq!(instances.len(), 1);
        if wanted(&instances[0]) {
            return instances.remove(0);
        }
        assert!(since.elapsed() < PATIENCE, "last seen: {instances:?}");
        drop(timeout(Duration::from_millis(200), docker.changed()).await);
    }
}

fn is_down(instance: &Instance) -> bool {
    matches!(
        instance.state,
        InstanceState::Stopped | InstanceState::Failed
    ) && instance.stopped_by_operator.is_some()
}

#[tokio::test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
async fn a_persons_stop_is_told_from_a_kill_a_crash_and_a_lack_of_memory() {
    let mut engine = Engine::start().unwrap();
    let docker = |args: &[&str]| engine.docker(args).unwrap();
    engine.run("orderly", &[], ORDERLY).unwrap();
    engine.run("deaf", &[], FOREVER).unwrap();
    engine.run("killed", &[], FOREVER).unwrap();
    engine.run("crashed", &[], FOREVER).unwrap();
    engine.run("one", &[], "exit 1").unwrap();
    engine.run("zero", &[], "exit 0").unwrap();
    engine.run("hungry", &["--memory=20m"], HUNGRY).unwrap();
    docker(&["create", "--name", "created", Engine::IMAGE, "true"]);

    // The process is this machine's.
    let mut crashed = named(&engine, &["crashed"]);
    let running = until(&mut crashed, |i| i.state == InstanceState::Running).await;
    let pid = running.main_pid.unwrap();
    let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert_eq!(line, "sleep\x001000\0");
    assert_eq!(
        running.container,
        Some(docker(&["inspect", "--format={{.Id}}", "crashed"]))
    );
    assert_eq!(
        (running.stopped_by_operator, running.last_exit),
        (Some(false), None)
    );

    let kill = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(kill.unwrap(), rustix::process::Signal::KILL).unwrap();
    let since = Instant::now();
    timeout(SOON, crashed.changed()).await.unwrap();
    println!("told after {:?}", since.elapsed());
    docker(&["stop", "--time=5", "orderly"]);
    docker(&["stop", "--time=0", "deaf"]);
    docker(&["kill", "killed"]);

    let expected = [
        ("orderly", InstanceState::Stopped, true, 0),
        ("deaf", InstanceState::Stopped, true, -9),
        ("killed", InstanceState::Failed, false, -9),
        ("crashed", InstanceState::Failed, false, -9),
        ("one", InstanceState::Failed, false, 1),
        ("zero", InstanceState::Stopped, false, 0),
        ("hungry", InstanceState::Failed, false, -9),
    ];
    // Also who comes later is told, as long as the engine keeps its events.
    for (name, state, on_purpose, exit) in expected {
        let seen = until(&mut named(&engine, &[name]), is_down).await;
        assert_eq!(seen.state, state, "{seen:?}");
        assert_eq!(seen.stopped_by_operator, Some(on_purpose), "{seen:?}");
        assert_eq!(
            (seen.last_exit, seen.main_pid),
            (Some(exit), None),
            "{seen:?}"
        );
    }
    let all = named(&engine, &["created", "nonesuch", "zero"])
        .instances()
        .await
        .unwrap();
    let states: Vec<_> = all
        .iter()
        .map(|i| (i.state, i.stopped_by_operator))
        .collect();
    assert_eq!(
        states,
        [
            (InstanceState::Stopped, None),
            (InstanceState::Unknown, None),
            (InstanceState::Stopped, Some(false)),
        ]
    );

    // Started again: another life. A restart is no stop.
    docker(&["start", "crashed"]);
    let started = until(&mut crashed, |i| i.state == InstanceState::Running).await;
    assert_eq!(started.container, running.container);
    assert_ne!(started.generation, running.generation);
    docker(&["restart", "--time=0", "crashed"]);
    let again = until(&mut crashed, |i| {
        i.generation != started.generation && i.main_pid.is_some()
    })
    .await;
    assert_eq!(
        (again.state, again.stopped_by_operator),
        (InstanceState::Running, Some(false))
    );
    docker(&["pause", "crashed"]);
    until(&mut crashed, |i| i.stopped_by_operator == Some(true)).await;
    docker(&["unpause", "crashed"]);
    until(&mut crashed, |i| i.stopped_by_operator == Some(false)).await;

    // The engine goes, with its memory.
    engine.stop().unwrap();
    timeout(SOON, crashed.changed()).await.unwrap();
    let failure = crashed.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unsupported, "{failure}");
    engine.start_again().unwrap();
    let read = named(&engine, &["deaf"]).instances().await.unwrap();
    assert_eq!(
        (read[0].state, read[0].stopped_by_operator),
        (InstanceState::Failed, None)
    );
}

#[tokio::test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
async fn a_service_is_its_folders_and_keeps_its_order() {
    let engine = Engine::start().unwrap();
    let folder = engine.dir().join("shop");
    std::fs::create_dir(&folder).unwrap();
    let link = engine.dir().join("link");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    let run = |name: &str, folder: &str, service: &str, number: &str, one_off: &str| {
        let label = |key: &str, value: &str| format!("--label=com.docker.compose.{key}={value}");
        let labels = [
            label("project", "shop"),
            label("project.working_dir", folder),
            label("service", service),
            label("container-number", number),
            label("oneoff", one_off),
        ];
        let labels: Vec<_> = labels.iter().map(String::as_str).collect();
        engine.run(name, &labels, FOREVER).unwrap();
    };
    let here = folder.to_str().unwrap();
    run("shop-task-10", here, "task", "10", "False");
    run("shop-task-2", link.to_str().unwrap(), "task", "2", "False");
    run("shop-task-run", here, "task", "1", "True");
    run("shop-mail-1", here, "mail", "1", "False");
    run("else-task-1", "/srv/else", "task", "1", "False");
    let watch = |service: &str| {
        let service = service.to_owned();
        let folder = folder.clone();
        Docker::new(Containers::Service { folder, service }).at(engine.host())
    };
    let mut task = watch("task");
    let names: Vec<_> = task
        .instances()
        .await
        .unwrap()
        .into_iter()
        .map(|i| i.name)
        .collect();
    assert_eq!(names, ["shop-task-2", "shop-task-10"]);
    let missing = watch("nonesuch").instances().await.unwrap();
    assert_eq!(
        (missing[0].name.as_str(), missing[0].state),
        ("nonesuch", InstanceState::Unknown)
    );

    // Taken down, as `compose down` does; then made anew.
    let mut mail = watch("mail");
    let before = until(&mut mail, |i| i.state == InstanceState::Running).await;
    engine.docker(&["stop", "--time=0", "shop-mail-1"]).unwrap();
    engine.docker(&["rm", "shop-mail-1"]).unwrap();
    let gone = until(&mut mail, |i| i.state == InstanceState::Unknown).await;
    assert_eq!(
        (gone.name.as_str(), gone.stopped_by_operator),
        ("mail", Some(true))
    );
    run("shop-mail-1", here, "mail", "1", "False");
    let after = until(&mut mail, |i| i.state == InstanceState::Running).await;
    assert_ne!(after.container, before.container);
    assert_ne!(after.generation, before.generation);
}
