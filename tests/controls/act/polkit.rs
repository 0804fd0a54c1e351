//! The shipped polkit rule, in the hands of a real polkit: as the user `warrener`, who may do nothing
//! by himself.

use std::path::Path;
use std::time::Duration;

use testbed::Systemd as Booted;
use warrener::model::Reason;
use warrener::platform::act::{Actor, Controlled, StartHow, StopHow, StopSignal};

use super::WORKER;

const RULE: &str = include_str!("../../../deploy/polkit/warrener.rules");
/// Tells this program that it runs inside.
const INSIDE: &str = "WARRENER_TEST_INSIDE";
/// One that the rule names, one that it does not, and the one that is this program.
const UNITS: [&str; 2] = ["task-worker@1.service", "other.service"];
const PROBE: &str = "probe.service";

#[tokio::test]
#[ignore = "boots a container, as root: make test-systemd"]
async fn systemd_lets_the_user_of_the_shipped_polkit_rule_do_what_it_names_alone() {
    let booted = Booted::boot().unwrap();
    let there = booted.systemctl(&["cat", "polkit.service"]);
    there.expect("a root with polkit: remove .roots/systemd and make it anew");
    booted
        .write("etc/polkit-1/rules.d/50-warrener.rules", RULE)
        .unwrap();
    booted
        .write("usr/lib/sysusers.d/warrener.conf", "u warrener -\n")
        .unwrap();
    booted
        .systemctl(&["restart", "systemd-sysusers.service", "polkit.service"])
        .unwrap();
    booted.write("etc/worker.sh", WORKER).unwrap();
    booted.write("etc/mode", "deaf").unwrap();
    for unit in ["task-worker@.service", UNITS[1]] {
        let text = "[Service]\nExecStart=/bin/sh /etc/worker.sh 1000 /etc/mode\n";
        booted.unit(unit, text).unwrap();
    }
    let own = std::env::current_exe().unwrap();
    booted.install(Path::new(&own), "usr/bin/controls").unwrap();
    let text = format!(
        "[Service]\nType=oneshot\nUser=warrener\nEnvironment={INSIDE}=1\n\
         ExecStart=/usr/bin/controls --ignored --exact act::polkit::by_the_user_inside\n"
    );
    booted.unit(PROBE, &text).unwrap();
    if booted.systemctl(&["start", PROBE]).is_err() {
        // It fails too, and says the lines that count.
        booted
            .systemctl(&["status", "--no-pager", "--lines=40", PROBE])
            .unwrap();
    }
}

#[tokio::test]
#[ignore = "a part of the test above, inside the container"]
async fn by_the_user_inside() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    let units = UNITS.map(str::to_owned).to_vec();
    let mut actor = Actor::new(Controlled::Systemd(units));
    let (start, [named, other]) = (StartHow::default(), UNITS);
    let how = StopHow {
        signal: StopSignal::Term,
        grace: Duration::from_millis(500),
    };
    let first = actor.start(named, &start).await.unwrap();
    let second = actor
        .restart(named, &how, &StartHow::default())
        .await
        .unwrap();
    assert_ne!(first.after, second.after);
    // Killed, so that it has failed, and the next start resets that.
    assert!(actor.stop(named, &how).await.unwrap().forced);
    actor.start(named, &start).await.unwrap();
    let refused = actor.start(other, &start).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Access, "{refused}");
    assert!(
        refused.message.contains("deploy/polkit/warrener.rules"),
        "{refused}"
    );
}
