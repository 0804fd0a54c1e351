//! Units of a systemd that a container booted.

use std::time::{Duration, Instant};

use testbed::Systemd as Booted;
use tokio::time::timeout;
use warrener::model::Reason;
use warrener::platform::observe::{Instance, InstanceState};
use warrener::platform::systemd::Systemd;

use crate::{PATIENCE, SOON};

const FOREVER: &str = "[Service]\nExecStart=/bin/sleep infinity\n";

fn watch(booted: &Booted, units: &[&str]) -> Systemd {
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    Systemd::new(units).at(booted.bus())
}

async fn only(systemd: &mut Systemd) -> Instance {
    let mut instances = systemd.instances().await.unwrap();
    assert_eq!(instances.len(), 1);
    instances.remove(0)
}

/// Reads at each change until it is as wanted.
async fn until(systemd: &mut Systemd, wanted: impl Fn(&Instance) -> bool) -> Instance {
    let mut seen = None;
    let reading = async {
        loop {
            let instance = only(systemd).await;
            if wanted(&instance) {
                return instance;
            }
            seen = Some(instance);
            systemd.changed().await;
        }
    };
    let outcome = timeout(PATIENCE, reading).await;
    outcome.unwrap_or_else(|_| panic!("last seen: {seen:?}"))
}

fn is_down(instance: &Instance) -> bool {
    matches!(
        instance.state,
        InstanceState::Stopped | InstanceState::Failed
    )
}

#[tokio::test]
#[ignore = "boots a container, as root: make test-systemd"]
async fn what_a_person_stopped_is_told_from_what_ended_by_itself() {
    let booted = Booted::boot().unwrap();
    booted.unit("worker@.service", FOREVER).unwrap();
    let unit = |name: &str, service: &str| {
        booted
            .unit(name, &format!("[Service]\n{service}\n"))
            .unwrap();
    };
    unit("fails.service", "ExecStart=/bin/false");
    unit("leaves.service", "ExecStart=/bin/sleep 0.5");
    unit(
        "again.service",
        "ExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=50ms",
    );
    unit(
        "loops.service",
        "ExecStart=/bin/false\nRestart=always\nRestartSec=1h",
    );
    unit(
        "dirty.service",
        "ExecStart=/bin/sh -c 'trap \"exit 7\" TERM; while :; do sleep 0.1; done'",
    );
    unit(
        "deaf.service",
        "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'\nTimeoutStopSec=300ms",
    );
    booted
        .unit(
            "enabled.service",
            &format!("{FOREVER}\n[Install]\nWantedBy=multi-user.target\n"),
        )
        .unwrap();
    booted.systemctl(&["enable", "enabled.service"]).unwrap();
    let start = |name: &str| {
        // A unit that fails at once may fail the command that starts it.
        drop(booted.systemctl(&["start", name]));
    };
    let stop = |name: &str| booted.systemctl(&["stop", name]).unwrap();

    // Running: its process and its number.
    let mut worker = watch(&booted, &["worker@1.service"]);
    assert_eq!(only(&mut worker).await.state, InstanceState::Stopped);
    assert_eq!(only(&mut worker).await.stopped_by_operator, None);
    start("worker@1");
    let first = until(&mut worker, |i| i.state == InstanceState::Running).await;
    let pid = first.main_pid.unwrap();
    assert_eq!(first.pids.as_deref(), Some(&[pid][..]));
    assert_eq!(first.unit.as_deref(), Some("worker@1.service"));
    assert_eq!(
        first.cgroup.as_deref(),
        Some("/system.slice/system-worker.slice/worker@1.service")
    );
    assert_eq!(first.stopped_by_operator, Some(false));
    assert!(booted.host_pid(pid).is_ok());

    // Killed by a stranger: failed, and its life had a number of its own.
    booted.kill(pid).unwrap();
    let killed = until(&mut worker, is_down).await;
    assert_eq!(killed.state, InstanceState::Failed);
    assert_eq!(
        (killed.stopped_by_operator, killed.last_exit),
        (Some(false), Some(-9))
    );
    assert_eq!(
        (killed.main_pid, killed.pids.as_deref()),
        (None, Some(&[][..]))
    );
    start("worker@1");
    let second = until(&mut worker, |i| i.state == InstanceState::Running).await;
    assert_ne!(
        second.generation.as_ref().unwrap(),
        first.generation.as_ref().unwrap()
    );

    // Stopped by a person; systemd forgets the unit, and only who watched it knows.
    stop("worker@1");
    let stopped = until(&mut worker, |i| {
        is_down(i) && i.stopped_by_operator.is_some()
    })
    .await;
    assert_eq!(
        (stopped.state, stopped.stopped_by_operator),
        (InstanceState::Stopped, Some(true))
    );
    assert_eq!(stopped.generation, second.generation);
    let stranger = only(&mut watch(&booted, &["worker@1.service"])).await;
    assert_eq!(
        (stranger.state, stranger.stopped_by_operator),
        (InstanceState::Stopped, None)
    );

    // A SIGTERM from elsewhere ends it as cleanly as a stop does.
    start("worker@1");
    let third = until(&mut worker, |i| i.state == InstanceState::Running).await;
    booted.terminate(third.main_pid.unwrap()).unwrap();
    let ended = until(&mut worker, |i| {
        is_down(i) && i.stopped_by_operator.is_some()
    })
    .await;
    assert_eq!(
        (ended.state, ended.stopped_by_operator),
        (InstanceState::Stopped, Some(false))
    );
    assert_eq!(ended.last_exit, Some(-15));

    // It left by itself, with 0.
    let mut leaves = watch(&booted, &["leaves.service"]);
    only(&mut leaves).await;
    start("leaves");
    let left = until(&mut leaves, |i| is_down(i) && i.last_exit.is_some()).await;
    assert_eq!(
        (left.state, left.stopped_by_operator),
        (InstanceState::Stopped, Some(false))
    );

    // Everything below is told also to who comes later: systemd keeps what failed or is enabled.
    let late = async |name: &str| only(&mut watch(&booted, &[name])).await;
    start("fails");
    let failed = until(&mut watch(&booted, &["fails.service"]), is_down).await;
    assert_eq!(
        (failed.state, failed.last_exit),
        (InstanceState::Failed, Some(1))
    );
    assert_eq!(failed.stopped_by_operator, Some(false));
    start("enabled");
    stop("enabled");
    assert_eq!(
        late("enabled.service").await.stopped_by_operator,
        Some(true)
    );
    start("enabled");
    let pid = late("enabled.service").await.main_pid.unwrap();
    booted.terminate(pid).unwrap();
    let ended = until(&mut watch(&booted, &["enabled.service"]), is_down).await;
    assert_eq!(
        (ended.state, ended.stopped_by_operator),
        (InstanceState::Stopped, Some(false))
    );
    // A stop that ended dirtily, and one that had to kill: failed, and on purpose.
    for (name, exit) in [("dirty.service", 7), ("deaf.service", -9)] {
        start(name);
        stop(name);
        let stopped = late(name).await;
        assert_eq!(stopped.state, InstanceState::Failed, "{stopped:?}");
        assert_eq!(
            (stopped.stopped_by_operator, stopped.last_exit),
            (Some(true), Some(exit))
        );
    }

    // Restarted by systemd: starting while it waits, then another life.
    start("again");
    let mut again = watch(&booted, &["again.service"]);
    let before = only(&mut again).await;
    booted.kill(before.main_pid.unwrap()).unwrap();
    let after = until(&mut again, |i| {
        i.state == InstanceState::Running && i.generation != before.generation
    })
    .await;
    assert_ne!(after.main_pid, before.main_pid);
    stop("again");
    let stopped = until(&mut again, |i| {
        is_down(i) && i.stopped_by_operator.is_some()
    })
    .await;
    assert_eq!(stopped.stopped_by_operator, Some(true));

    // Stopped by a person while it waits for its next start.
    let mut loops = watch(&booted, &["loops.service"]);
    only(&mut loops).await;
    start("loops");
    until(&mut loops, |i| {
        i.state == InstanceState::Starting && i.last_exit == Some(1)
    })
    .await;
    stop("loops");
    let stopped = until(&mut loops, |i| {
        is_down(i) && i.stopped_by_operator.is_some()
    })
    .await;
    assert_eq!(stopped.stopped_by_operator, Some(true), "{stopped:?}");

    // Masked: nobody may start it.
    booted.systemctl(&["mask", "leaves.service"]).unwrap_err();
}

#[tokio::test]
#[ignore = "boots a container, as root: make test-systemd"]
async fn units_keep_their_order_and_a_change_is_told_within_a_second() {
    let booted = Booted::boot().unwrap();
    booted.unit("worker@.service", FOREVER).unwrap();
    let names = [
        "nonesuch.service",
        "worker@2.service",
        "worker@1.service",
        "worker@.service",
    ];
    booted
        .systemctl(&["start", "worker@1", "worker@2"])
        .unwrap();
    let mut systemd = watch(&booted, &names);
    let instances = systemd.instances().await.unwrap();
    let states: Vec<_> = instances
        .iter()
        .map(|i| (i.name.as_str(), i.state))
        .collect();
    assert_eq!(
        states,
        [
            (names[0], InstanceState::Unknown),
            (names[1], InstanceState::Running),
            (names[2], InstanceState::Running),
            (names[3], InstanceState::Unknown),
        ]
    );

    // Reading is no change: units that are not there are loaded and forgotten each time.
    let quiet = timeout(Duration::from_millis(500), systemd.changed());
    assert!(quiet.await.is_err());
    booted.kill(instances[2].main_pid.unwrap()).unwrap();
    let since = Instant::now();
    timeout(SOON, systemd.changed()).await.unwrap();
    println!("told after {:?}", since.elapsed());

    // systemd stands still: told within the deadline, and read again once it goes on.
    booted.freeze().unwrap();
    let failure = systemd.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout, "{failure}");
    booted.thaw().unwrap();
    assert_eq!(
        systemd.instances().await.unwrap()[1].state,
        InstanceState::Running
    );

    // The bus goes away, and comes back.
    booted
        .systemctl(&["kill", "--signal=KILL", "dbus.service"])
        .unwrap();
    timeout(SOON, systemd.changed()).await.unwrap();
    let mut read = systemd.instances().await;
    let since = Instant::now();
    while read.is_err() && since.elapsed() < PATIENCE {
        read = systemd.instances().await;
    }
    assert_eq!(read.unwrap()[1].state, InstanceState::Running);
}
