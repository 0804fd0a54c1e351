//! A storm of alerts: 2,000 a second for half a minute, and 10,000 in one body. What is acknowledged is on
//! the disk, each trouble has one incident and one run, and memory stays bounded. Seconds and bytes are
//! printed, never asserted.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::{mib, wait_until};

use crate::support::env::set_mode;
use crate::support::{PATIENCE, Warrener, ask, post, prepare};

const TOKEN: &str = "t0ken";
const KINDS: usize = 100;
const PER_BODY: usize = 20;
const BODIES_PER_SECOND: u32 = 100;
const SECONDS: u32 = 30;
const AT_ONCE: usize = 10_000;

fn body(alerts: impl Iterator<Item = Value>) -> String {
    let alerts: Vec<Value> = alerts.collect();
    json!({ "version": "4", "alerts": alerts }).to_string()
}

/// An alert about one of the kinds; `mark` makes its fingerprint one of its own.
fn alert(kind: usize, mark: usize) -> Value {
    json!({
        "status": "firing",
        "labels": {
            "alertname": "WorkerDown", "worker": format!("w{kind}"), "instance": format!("host-{mark}")
        }
    })
}

fn recovery(w: &Warrener) -> Value {
    serde_json::from_str(&ask(w.address(), "GET /api/v1/recovery", &[]).text()).unwrap()
}

/// Every alert that was acknowledged is counted; the figure is published with the next snapshot.
fn wait_taken(w: &Warrener, alerts: usize) {
    let labels = [("as", "trigger")];
    w.wait("every alert counted", |m| {
        m.get("warrener_alerts_received_total", &labels) == Some(alerts as f64)
    });
}

fn send(w: &Warrener, body: &str) -> Duration {
    let began = Instant::now();
    let answer = post(
        w.address(),
        "/webhook/alertmanager",
        Some(TOKEN),
        body.as_bytes(),
    );
    assert_eq!(answer.status, 202, "{}", answer.text());
    began.elapsed()
}

#[test]
#[ignore = "half a minute of load: make drill"]
fn a_storm_of_alerts_is_taken_and_nothing_runs_twice() {
    let program = prepare(&["serve", "--web.listen-address=127.0.0.1:0"]);
    let workers: String = (0..KINDS)
        .map(|n| format!("  w{n}: {{match: {{cmdline: 'no-such-worker-{n} '}}}}\n"))
        .collect();
    let config = format!(
        "state: state\nbroker: {{amqp: 'amqp://u:p@127.0.0.1:1', every: 5s}}\n\
         host: {{disks: [], min_memory_available: 0}}\nweb: {{auth: {{bearer_file: token}}}}\n\
         workers:\n{workers}"
    );
    std::fs::write(program.dir().join("token"), TOKEN).unwrap();
    set_mode(&program.dir().join("token"), 0o600);
    std::fs::write(program.dir().join("warrener.yml"), config).unwrap();
    let w = Warrener::start(program);
    let pid = w.program.pid().unwrap();
    w.wait("the workers seen down", |m| {
        m.all("warrener_finding", &[("code", "WorkerDown")]).count() == KINDS
    });

    let every = Duration::from_secs(1) / BODIES_PER_SECOND;
    let mut times = Vec::new();
    let began = Instant::now();
    for n in 0..BODIES_PER_SECOND * SECONDS {
        let due = every * n;
        // Not to wait for anything: this is the pace of the load.
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let first = n as usize * PER_BODY;
        let alerts = (first..first + PER_BODY).map(|mark| alert(mark % KINDS, mark));
        times.push(send(&w, &body(alerts)));
    }
    let lasted = began.elapsed();
    let sent = times.len() * PER_BODY;
    times.sort_unstable();
    let percent = |p: usize| times[(times.len() * p / 100).min(times.len() - 1)];
    println!(
        "{sent} alerts in {:.1} s ({:.0}/s), acknowledged in: median {:?}, p99 {:?}, worst {:?}; RSS {:.1} MiB",
        lasted.as_secs_f64(),
        sent as f64 / lasted.as_secs_f64(),
        percent(50),
        percent(99),
        times[times.len() - 1],
        mib(pid, "VmRSS:").unwrap()
    );
    wait_taken(&w, sent);

    let large = body((0..AT_ONCE).map(|mark| alert(mark % KINDS, 1_000_000 + mark)));
    let bytes = large.len();
    let took = send(&w, &large);
    println!(
        "{AT_ONCE} alerts in one body of {bytes} bytes: {took:?}; RSS {:.1} MiB",
        mib(pid, "VmRSS:").unwrap()
    );
    wait_taken(&w, sent + AT_ONCE);
    // The same once more: nothing new.
    println!("the same again: {:?}", send(&w, &large));

    wait_until("everything taken up", PATIENCE, || {
        let waiting = recovery(&w)["pending_triggers"].as_u64();
        (waiting == Some(0))
            .then_some(())
            .ok_or_else(|| format!("{waiting:?} wait"))
    })
    .unwrap();
    let list = |path: &str, name: &str| -> Vec<Value> {
        let answer = ask(w.address(), &format!("GET {path}?limit=1000"), &[]);
        let all: Value = serde_json::from_str(&answer.text()).unwrap();
        all[name].as_array().unwrap().clone()
    };
    let incidents = list("/api/v1/incidents", "incidents");
    let of_workers = |one: &&Value| one["code"] == "WorkerDown";
    assert_eq!(incidents.iter().filter(of_workers).count(), KINDS);
    let runs = list("/api/v1/runs", "runs");
    let mut targets: Vec<_> = runs
        .iter()
        .map(|run| run["target"]["key"].to_string())
        .collect();
    let all = targets.len();
    targets.sort();
    targets.dedup();
    assert_eq!((all, targets.len()), (KINDS, KINDS), "one run for each");
    println!(
        "{KINDS} incidents, {all} runs; RSS at the end {:.1} MiB, at most {:.1}",
        mib(pid, "VmRSS:").unwrap(),
        mib(pid, "VmHWM:").unwrap()
    );
}
