//! What only a look inside can show of processes: lost records, numbers used again.

mod restart;

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::group::Group;
use super::program::{run, succeed};
use super::*;
use crate::model::Reason;
use crate::platform::proc::Proc;
use crate::platform::records::{FOLDER, ProcessRecord};

const PATIENCE: Duration = Duration::from_secs(20);

fn spec(dir: &TempDir, script: &str) -> ProcessSpec {
    ProcessSpec {
        worker: "task".into(),
        command: ["sh", "-c", script].map(String::from).to_vec(),
        cwd: dir.path().into(),
        log: None,
        count: 2,
        state: dir.path().join("state"),
    }
}

fn actor(spec: &ProcessSpec) -> Actor {
    Actor::new(Controlled::Process(spec.clone()))
}

fn gently() -> StopHow {
    StopHow {
        signal: StopSignal::Term,
        grace: Duration::from_secs(10),
    }
}

async fn started(actor: &mut Actor, instance: &str) -> ProcessId {
    let acted = actor.start(instance, &StartHow::default()).await.unwrap();
    match acted.after {
        Generation::Process { process, .. } => process,
        other => panic!("{other:?}"),
    }
}

fn record(spec: &ProcessSpec, index: u32) -> std::path::PathBuf {
    let name = ProcessRecord::name_of("task", index);
    spec.state.join(FOLDER).join(name)
}

fn runs(id: ProcessId) -> bool {
    Proc::default().kin(id.pid).is_some_and(|kin| kin.id == id)
}

#[tokio::test]
async fn it_leads_a_session_of_its_own_and_is_recorded_privately() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let mut spec = spec(&dir, "env > seen; pwd >> seen; echo said; exec sleep 600");
    spec.log = Some(dir.path().join("log"));
    let mut actor = actor(&spec);
    let how = StartHow {
        environment: vec![("GIVEN".into(), Secret::from("a value"))],
        anew: false,
    };
    actor.start("task.1", &how).await.unwrap();
    let there = actor.instances().await.unwrap();
    let states: Vec<_> = there.iter().map(|i| (i.name.as_str(), i.state)).collect();
    let expected = [
        ("task.0", InstanceState::Stopped),
        ("task.1", InstanceState::Running),
    ];
    assert_eq!(states, expected);
    let pid = there[1].main_pid.unwrap();
    let kin = Proc::default().kin(pid).unwrap();
    assert_eq!((kin.group, kin.session), (pid, pid));
    let meta = fs::metadata(record(&spec, 1)).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o600);
    let seen = fs::read_to_string(dir.path().join("seen")).unwrap();
    let state = spec.state.canonicalize().unwrap();
    for line in [
        "GIVEN=a value".to_owned(),
        format!("CARGO_MANIFEST_DIR={}", env!("CARGO_MANIFEST_DIR")),
        format!("WARRENER_PROCESS=task.1@{}", state.display()),
        dir.path().canonicalize().unwrap().display().to_string(),
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line}: {seen}");
    }
    assert_eq!(
        fs::read_to_string(dir.path().join("log")).unwrap(),
        "said\n"
    );
    actor.stop("task.1", &gently()).await.unwrap();
    assert!(Proc::default().kin(pid).is_none(), "it is reaped");
    assert!(!record(&spec, 1).exists());
}

#[tokio::test]
async fn one_whose_record_was_lost_is_found_by_its_mark_and_not_started_twice() {
    let dir = tempfile::tempdir().unwrap();
    // It has a child that leads a session too.
    let spec = spec(&dir, "echo x >> starts; setsid sleep 600 & exec sleep 600");
    let first = started(&mut actor(&spec), "task.0").await;
    let kept = fs::read(record(&spec, 0)).unwrap();
    fs::remove_file(record(&spec, 0)).unwrap();
    let mut later = actor(&spec);
    let again = later.start("task.0", &StartHow::default()).await.unwrap();
    assert!(again.words.contains("runs already"), "{}", again.words);
    assert_eq!(
        fs::read_to_string(dir.path().join("starts")).unwrap(),
        "x\n"
    );
    let read = |bytes: &[u8]| serde_json::from_slice::<ProcessRecord>(bytes).unwrap();
    let (kept, found) = (read(&kept), read(&fs::read(record(&spec, 0)).unwrap()));
    let expected = ProcessRecord {
        command: None,
        ..kept
    };
    assert_eq!(found, expected);
    // A record that is none is no obstacle.
    fs::write(record(&spec, 0), "{").unwrap();
    assert_eq!(started(&mut later, "task.0").await, first);

    // The one that left the group goes with it.
    let stopped = later.stop("task.0", &gently()).await.unwrap();
    assert!(!stopped.forced, "{}", stopped.words);
    assert_eq!(marked(&spec, "task.0"), [0_u32; 0]);
}

/// Processes that carry the mark and have not ended.
fn marked(spec: &ProcessSpec, instance: &str) -> Vec<u32> {
    let state = spec.state.canonicalize().unwrap();
    let mark = (
        "WARRENER_PROCESS",
        format!("{instance}@{}", state.display()),
    );
    let machine = Proc::default();
    let all = machine.all_kin().unwrap().into_iter().map(|kin| kin.id.pid);
    all.filter(|pid| group::carries(&machine, *pid, &mark))
        .collect()
}

#[tokio::test]
async fn what_a_dead_process_left_is_no_process_and_is_cleaned_up() {
    let dir = tempfile::tempdir().unwrap();
    let script = "sleep 600 & setsid sleep 600 & exec sleep 600";
    let spec = spec(&dir, script);
    let mut actor = actor(&spec);
    let first = started(&mut actor, "task.0").await;
    let pid = i32::try_from(first.pid).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::KILL).unwrap();
    until("the process to be reaped", move || !runs(first)).await;
    assert_eq!(marked(&spec, "task.0").len(), 2);
    let there = actor.instances().await.unwrap();
    assert_eq!(there[0].state, InstanceState::Stopped, "{there:?}");
    let cleaned = actor.clean("task.0").await.unwrap();
    assert!(
        cleaned.words.starts_with("2 processes"),
        "{}",
        cleaned.words
    );
    assert!(cleaned.forced);
    assert_eq!(marked(&spec, "task.0"), [0_u32; 0]);
    let again = actor.clean("task.0").await.unwrap();
    assert!(again.words.contains("nothing"), "{}", again.words);
    // One that runs is left alone.
    let second = started(&mut actor, "task.0").await;
    actor.clean("task.0").await.unwrap();
    assert!(runs(second));
    actor.stop("task.0", &gently()).await.unwrap();
}

/// A child that is killed, should the test fail first; it holds nothing of the test's open.
struct Child(std::process::Child);

impl Child {
    fn of(argv: &[&str]) -> Self {
        use std::os::unix::process::CommandExt;
        #[expect(
            clippy::disallowed_methods,
            reason = "a test starts what is not warrener's own"
        )]
        let mut command = std::process::Command::new(argv[0]);
        command.args(&argv[1..]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Child(command.process_group(0).spawn().unwrap())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn a_stranger_with_the_same_number_is_never_signalled() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(&dir, "exec sleep 600");
    let mut stranger = Child::of(&["sleep", "600"]);
    let kin = Proc::default().kin(stranger.0.id()).unwrap();
    let machine = Proc::default();
    let same_number = ProcessRecord {
        worker: "task".into(),
        index: 0,
        pid: kin.id.pid,
        start_ticks: kin.id.start_ticks - 1,
        boot_id: machine.boot_id().unwrap(),
        started_at_ms: 1,
        command: None,
    };
    let other_boot = ProcessRecord {
        start_ticks: kin.id.start_ticks,
        boot_id: "another".into(),
        ..same_number.clone()
    };
    fs::create_dir_all(spec.state.join(FOLDER)).unwrap();
    let now = StopHow {
        signal: StopSignal::Kill,
        grace: Duration::ZERO,
    };
    for written in [same_number, other_boot] {
        let text = serde_json::to_vec(&written).unwrap();
        fs::write(record(&spec, 0), text).unwrap();
        let mut actor = actor(&spec);
        let stopped = actor.stop("task.0", &now).await.unwrap();
        assert!(stopped.words.contains("does not run"), "{}", stopped.words);
        actor.clean("task.0").await.unwrap();
        // The group's own rules, whatever was read before.
        let mark = ("WARRENER_PROCESS", "task.0@nowhere".to_owned());
        let mut group = Group::new("task.0", written.id(), mark);
        if written.start_ticks != kin.id.start_ticks {
            group.end(&gently()).await.unwrap();
            group.end(&now).await.unwrap();
        }
        let one = stop_process(
            ProcessId {
                pid: kin.id.pid,
                start_ticks: kin.id.start_ticks + 1,
            },
            &now,
        );
        assert!(one.await.unwrap().words.contains("gone"));
        assert!(stranger.0.try_wait().unwrap().is_none(), "it was signalled");
        // Its place is free all the same.
        let ours = started(&mut actor, "task.0").await;
        assert_ne!(ours.pid, kin.id.pid);
        actor.stop("task.0", &gently()).await.unwrap();
        assert!(stranger.0.try_wait().unwrap().is_none(), "it was signalled");
    }
    // The control: rightly named, it ends.
    let killed = stop_process(kin.id, &now).await.unwrap();
    assert!(killed.forced, "{}", killed.words);
}

#[tokio::test]
async fn a_start_that_can_not_be_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let good = spec(&dir, "exec sleep 600");
    let told = async |change: &dyn Fn(&mut ProcessSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        let start = StartHow::default();
        let failure = actor(&spec).start("task.0", &start).await.unwrap_err();
        assert!(!record(&spec, 0).exists());
        failure.message
    };
    let absent = told(&|spec| spec.command = vec!["/no/such/program".into()]).await;
    assert!(absent.contains("/no/such/program"), "{absent}");
    assert!(absent.contains("no such program"), "{absent}");
    let text = dir.path().join("text");
    fs::write(&text, "no program").unwrap();
    let text = text.display().to_string();
    let not_executable = told(&|spec| spec.command = vec![text.clone()]).await;
    assert!(not_executable.contains("executed"), "{not_executable}");
    let folder = told(&|spec| spec.cwd = "/no/such/folder".into()).await;
    assert!(folder.contains("/no/such/folder"), "{folder}");
    let log = told(&|spec| spec.log = Some("/no/such/logs/log".into())).await;
    assert!(log.contains("folder must be there"), "{log}");
    fs::write(dir.path().join("file"), "").unwrap();
    let state = told(&|spec| spec.state = dir.path().join("file")).await;
    assert!(state.contains("`state`"), "{state}");
    let failure = actor(&good).start("mail.0", &StartHow::default()).await;
    assert!(failure.unwrap_err().message.contains("task"));
}

#[tokio::test]
async fn a_process_alone_is_asked_continued_and_forced() {
    let stopped = |how: StopHow, prepare: &'static str| async move {
        let dir = tempfile::tempdir().unwrap();
        let ready = dir.path().join("ready");
        let script = format!(
            "{prepare} echo > {}; while :; do sleep 0.1; done",
            ready.display()
        );
        let child = Child::of(&["sh", "-c", &script]);
        testbed::wait_until("it to be ready", PATIENCE, || ready.exists()).unwrap();
        let id = Proc::default().kin(child.0.id()).unwrap().id;
        let pid = i32::try_from(id.pid).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        let acted = stop_process(id, &how).await.unwrap();
        acted.forced
    };
    assert!(!stopped(gently(), "").await);
    let brief = StopHow {
        grace: Duration::from_millis(300),
        ..gently()
    };
    assert!(stopped(brief, "trap '' TERM;").await);
}

#[tokio::test]
async fn a_programs_end_and_its_last_line_are_told() {
    let shell = |script: &str| ["sh", "-c", script].map(String::from).to_vec();
    let flood = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last >&2; exit 7";
    let failure = succeed(&shell(flood), PATIENCE).await.unwrap_err();
    assert!(
        failure.message.starts_with("sh ended with 7: "),
        "{failure}"
    );
    assert!(failure.message.len() < 400, "{}", failure.message.len());
    succeed(&shell("exit 0"), PATIENCE).await.unwrap();
    let slow = succeed(&shell("echo waiting; sleep 600"), Duration::from_secs(1)).await;
    let slow = slow.unwrap_err();
    assert_eq!(slow.reason, Reason::Timeout);
    assert!(slow.message.ends_with("waiting"), "{slow}");

    // What it leaves running goes on, and can write on.
    let dir = tempfile::tempdir().unwrap();
    let done = dir.path().join("done");
    let script = format!(
        "(while ! test -e {0}/go; do sleep 0.05; done; echo on && echo > {0}/done) & echo begun",
        dir.path().display()
    );
    let ran = run(&shell(&script), PATIENCE).await.unwrap();
    assert_eq!(ran.last_line, "begun");
    fs::write(dir.path().join("go"), "").unwrap();
    until("the file", move || done.exists()).await;
    let absent = run(&["/no/such/program".into()], PATIENCE)
        .await
        .unwrap_err();
    assert!(absent.message.contains("/no/such/program"), "{absent}");
}

/// The runtime goes on meanwhile.
async fn until(what: &'static str, look: impl Fn() -> bool + Send + 'static) {
    let wait = move || testbed::wait_until(what, PATIENCE, look).unwrap();
    tokio::task::spawn_blocking(wait).await.unwrap();
}

#[test]
fn each_kind_has_its_generation() {
    let none = Instance::default();
    assert_eq!(generation(&none, "boot"), Generation::Absent);
    let unit = Instance {
        unit: Some("a.service".into()),
        generation: Some("0a".into()),
        ..Instance::default()
    };
    let expected = Generation::Unit {
        unit: "a.service".into(),
        invocation_id: "0a".into(),
    };
    assert_eq!(generation(&unit, "boot"), expected);
    let container = Instance {
        container: Some("c1".into()),
        generation: Some("c1 2026-01-01T00:00:00Z".into()),
        ..Instance::default()
    };
    let expected = Generation::Container {
        id: "c1".into(),
        started_at: "2026-01-01T00:00:00Z".into(),
    };
    assert_eq!(generation(&container, "boot"), expected);
    let process = Instance {
        main_pid: Some(42),
        generation: Some("boot:42:700".into()),
        ..Instance::default()
    };
    let expected = Generation::Process {
        process: ProcessId {
            pid: 42,
            start_ticks: 700,
        },
        boot_id: "boot".into(),
    };
    assert_eq!(generation(&process, "boot"), expected);
    assert_eq!(generation(&process, "another"), Generation::Absent);
}
