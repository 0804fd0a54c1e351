use super::unit::{Properties, Unit};
use super::*;

const NAME: &str = "worker@1.service";

/// Properties as signals and answers carry them.
fn properties(texts: &[(&str, &str)], numbers: &[(&str, u64)]) -> Properties {
    let texts = texts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), zbus::Str::from(*value).into()));
    let numbers = numbers.iter().map(|(name, value)| {
        let value = match *name {
            "ExecMainCode" | "ExecMainStatus" => i32::try_from(*value).unwrap().into(),
            "MainPID" => u32::try_from(*value).unwrap().into(),
            _ => (*value).into(),
        };
        ((*name).to_owned(), value)
    });
    texts.chain(numbers).collect()
}

const STARTED: (&str, u64) = ("ExecMainStartTimestampMonotonic", 100);

fn ended(at: u64) -> (&'static str, u64) {
    ("ExecMainExitTimestampMonotonic", at)
}

fn left_active(at: u64) -> (&'static str, u64) {
    ("ActiveExitTimestampMonotonic", at)
}

/// A unit that ran once and is down.
fn down(state: &str, result: &str, times: &[(&str, u64)]) -> Unit {
    let mut unit = Unit::default();
    let texts = [
        ("LoadState", "loaded"),
        ("ActiveState", state),
        ("Result", result),
    ];
    unit.take(&properties(&texts, times));
    unit
}

fn on_purpose(unit: &Unit) -> Option<bool> {
    unit.instance(NAME, None, None).stopped_by_operator
}

#[test]
fn who_ended_first_tells_who_stopped_it() {
    let asked = [STARTED, left_active(200), ended(201)];
    let itself = [STARTED, ended(200), left_active(201)];
    for (state, result, times, expected) in [
        ("inactive", "success", &asked[..], Some(true)),
        ("inactive", "success", &itself[..], Some(false)),
        ("failed", "exit-code", &asked, Some(true)),
        ("failed", "signal", &itself, Some(false)),
        ("failed", "watchdog", &asked, Some(false)),
        ("failed", "oom-kill", &itself, Some(false)),
        // It waited for its next start and was stopped: it would be failed otherwise.
        ("inactive", "exit-code", &itself, Some(true)),
        ("failed", "timeout", &asked, Some(true)),
        // Never active in this life.
        (
            "failed",
            "exit-code",
            &[STARTED, left_active(90), ended(200)],
            Some(false),
        ),
        // The process could not even be started.
        ("failed", "resources", &[], Some(false)),
        // Never started, or forgotten.
        ("inactive", "success", &[], None),
    ] {
        let unit = down(state, result, times);
        assert_eq!(on_purpose(&unit), expected, "{unit:?}");
    }
    // Too slow to stop, or its time was over: systemd calls both the same.
    let mut limited = down("failed", "timeout", &asked);
    limited.take(&properties(&[], &[("RuntimeMaxUSec", 3_600_000_000)]));
    assert_eq!(on_purpose(&limited), None);
    limited.take(&properties(&[], &[("RuntimeMaxUSec", u64::MAX)]));
    assert_eq!(on_purpose(&limited), Some(true));
}

#[test]
fn what_systemd_forgot_is_known_to_who_watched() {
    let watched = down(
        "inactive",
        "success",
        &[STARTED, left_active(200), ended(201)],
    );
    let mut forgotten = down("inactive", "success", &[]);
    let read = |unit: &Unit, before| unit.instance(NAME, None, before).stopped_by_operator;
    assert_eq!(read(&forgotten, None), None);
    assert_eq!(read(&forgotten, Some(&watched)), Some(true));
    // The signals of its end are on their way.
    let running = down("active", "success", &[STARTED]);
    assert_eq!(read(&forgotten, Some(&running)), None);
    // One that systemd still knows says so itself.
    let itself = down("failed", "signal", &[STARTED, ended(300), left_active(301)]);
    assert_eq!(read(&itself, Some(&watched)), Some(false));
    // Loaded anew, it says 0 for the run that is remembered: no news.
    let mut remembered = watched.clone();
    let zeros = properties(
        &[("ActiveState", "inactive"), ("Result", "success")],
        &[
            ("ExecMainStartTimestampMonotonic", 0),
            left_active(0),
            ended(0),
        ],
    );
    remembered.take(&zeros);
    forgotten.take(&zeros);
    assert_eq!(remembered, watched);
    assert_eq!(read(&forgotten, Some(&remembered)), Some(true));
}

#[test]
fn states_and_exits_have_their_names() {
    for (load, active, sub, expected) in [
        ("loaded", "active", "running", InstanceState::Running),
        ("loaded", "reloading", "reload", InstanceState::Running),
        ("loaded", "active", "exited", InstanceState::Stopped),
        (
            "loaded",
            "activating",
            "auto-restart",
            InstanceState::Starting,
        ),
        (
            "loaded",
            "deactivating",
            "stop-sigterm",
            InstanceState::Stopping,
        ),
        ("loaded", "inactive", "dead", InstanceState::Stopped),
        ("loaded", "failed", "failed", InstanceState::Failed),
        ("not-found", "inactive", "dead", InstanceState::Unknown),
        // Its file was removed while it runs.
        ("not-found", "active", "running", InstanceState::Running),
        ("masked", "inactive", "dead", InstanceState::Stopped),
        ("bad-setting", "inactive", "dead", InstanceState::Failed),
    ] {
        let mut unit = Unit::default();
        let texts = [
            ("LoadState", load),
            ("ActiveState", active),
            ("SubState", sub),
        ];
        unit.take(&properties(&texts, &[]));
        let instance = unit.instance(NAME, None, None);
        assert_eq!(instance.state, expected, "{load} {active} {sub}");
        assert_eq!(instance.unit.is_none(), expected == InstanceState::Unknown);
        if load == "masked" {
            assert_eq!(instance.stopped_by_operator, Some(true));
        }
    }
    let exit = |code, status| {
        let mut unit = down("failed", "signal", &[STARTED, ended(200), left_active(201)]);
        let numbers = [("ExecMainCode", code), ("ExecMainStatus", status)];
        unit.take(&properties(&[], &numbers));
        unit.instance(NAME, None, None).last_exit
    };
    assert_eq!(exit(1, 3), Some(3));
    assert_eq!(exit(2, 9), Some(-9));
    assert_eq!(exit(3, 11), Some(-11));
    assert_eq!(exit(0, 0), None);
}

#[test]
fn object_paths_are_systemds() {
    let path = |unit| object_path(unit).rsplit('/').next().unwrap().to_owned();
    assert_eq!(path("worker@1.service"), "worker_401_2eservice");
    assert_eq!(path("7a-b_c.service"), "_37a_2db_5fc_2eservice");
}

#[tokio::test]
async fn no_bus_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus");
    let mut systemd =
        Systemd::new(vec![NAME.to_owned()]).at(format!("unix:path={}", socket.display()));
    let failure = systemd.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unsupported);
    assert!(
        failure.message.contains("DBUS_SYSTEM_BUS_ADDRESS"),
        "{failure}"
    );

    // A socket that nobody listens on any more.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let failure = systemd.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused, "{failure}");

    let mut nonsense = Systemd::new(vec![NAME.to_owned()]).at("nonsense");
    let failure = nonsense.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unsupported, "{failure}");
}

#[tokio::test]
async fn a_bus_that_is_silent_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut systemd =
        Systemd::new(vec![NAME.to_owned()]).at(format!("unix:path={}", socket.display()));
    systemd.deadline = Duration::from_millis(50);
    let failure = systemd.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout, "{failure}");
}
