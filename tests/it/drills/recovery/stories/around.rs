//! What recovery itself rests on: its disk, and Alertmanager.

use std::fs;
use std::io::Write as _;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};
use testbed::{amtool, wait_until};

use super::{Scene, Story, WORKER, Way};
use crate::support::PATIENCE;
use crate::support::ward::{Care, Ward};

pub(super) const STORIES: [Story; 3] = [
    Story {
        name: "disk full while recovering",
        care: || Care {
            disk: Some("8m"),
            ..Care::default()
        },
        fault: full,
        ..WORKER
    },
    Story {
        name: "Alertmanager down",
        fault: deaf,
        after: |s| {
            if let Some(pipeline) = &s.pipeline {
                pipeline.cut_off(false);
            }
        },
        asks: true,
        ..WORKER
    },
    Story {
        name: "silenced in Alertmanager for a while",
        ways: &[Way::Alerts],
        fault: silenced,
        asks: true,
        ..WORKER
    },
];

/// A worker hangs, and when its repair is under way, the disk of the ledger is full.
fn full(scene: &Scene) {
    let ward = &scene.ward;
    let after = ward.newest();
    Ward::signal(ward.pids("task")[0], Signal::STOP);
    wait_until("the run at work", PATIENCE * 3, || {
        let run = scene.under_way("worker-unhealthy", after);
        run.is_some_and(|run| run["state"] == "running")
    })
    .unwrap();
    let ballast = ward.disk().join("ballast");
    fill(&mut fs::File::create(&ballast).unwrap());
    // What is left in the ledger's own files is soon used up.
    let told = scene.told().len();
    let mut sent = 0;
    let refused = wait_until("an alert refused", PATIENCE * 2, || {
        sent += 1;
        ward.act("/webhook/alertmanager", &growing(sent)).0 == 503
    });
    refused.unwrap();
    let observes = wait_until("observing only", PATIENCE, || {
        let recovery = ward.get("/api/v1/recovery");
        ward.act("/webhook/alertmanager", &growing(0));
        match recovery["observe_only"]["reason"] == "full" {
            true => Ok(()),
            false => Err(recovery.to_string()),
        }
    });
    observes.unwrap();
    let own = || scene.told()[told..].iter().any(|kind| kind == "own");
    wait_until("people told", PATIENCE, own).unwrap();
    assert!(
        scene.under_way("worker-unhealthy", after).is_some(),
        "it ended, and that could not be written down"
    );
    fs::remove_file(ballast).unwrap();
    scene.since.set(Some(Instant::now()));
    let taken = || ward.act("/webhook/alertmanager", &growing(0)).0 == 202;
    wait_until("the alert taken", PATIENCE, taken).unwrap();
}

fn fill(file: &mut fs::File) {
    let mut piece = 1 << 16;
    while piece > 0 {
        if file.write_all(&vec![0; piece]).is_err() {
            piece /= 2;
        }
    }
}

/// An alert that asks for nothing.
fn growing(mark: u32) -> Value {
    let labels = json!({"alertname": "QueueGrowing", "queue": "task", "vhost": "/", "mark": mark.to_string()});
    json!({"version": "4", "alerts": [{"status": "firing", "labels": labels}]})
}

/// A worker is killed while Alertmanager is down; when it is back, what it posts is lost, so that all
/// depends on its being asked.
fn deaf(scene: &Scene) {
    let kill = || Ward::signal(scene.ward.pids("task")[0], Signal::KILL);
    let Some(pipeline) = &scene.pipeline else {
        return kill();
    };
    let after = scene.ward.newest();
    pipeline.cut_off(true);
    pipeline.alerting.alertmanager.stop().unwrap();
    kill();
    let fires = || {
        let alerts = pipeline.alerting.prometheus.alerts().unwrap();
        let mut alerts = alerts.as_array().into_iter().flatten();
        alerts.any(|a| a["labels"]["alertname"] == "WorkerMissing" && a["state"] == "firing")
    };
    wait_until("the alert in Prometheus", PATIENCE, fires).unwrap();
    assert_eq!(scene.ward.newest(), after, "nobody could ask for a repair");
    pipeline.alerting.alertmanager.start_again().unwrap();
    scene.since.set(Some(Instant::now()));
}

/// A worker is killed that somebody silenced; later the silence is ended.
fn silenced(scene: &Scene) {
    let pipeline = scene.pipeline.as_ref().unwrap();
    let url = format!(
        "--alertmanager.url={}",
        pipeline.alerting.alertmanager.url()
    );
    let amtool = |args: &[&str]| amtool(&[&[url.as_str()], args].concat(), "").unwrap();
    let add = [
        "silence",
        "add",
        "worker=task",
        "--duration=1h",
        "--author=story",
        "--comment=work",
    ];
    let id = amtool(&add).trim().to_owned();
    scene.reload();
    let after = scene.ward.newest();
    Ward::signal(scene.ward.pids("task")[0], Signal::KILL);
    let there = || !pipeline.firing("worker-unhealthy").is_empty();
    wait_until("the alert in Alertmanager", PATIENCE, there).unwrap();
    // It is not posted: asking shows it.
    scene.reload();
    let held = wait_until("the run held", PATIENCE * 2, || {
        let run = scene.under_way("worker-unhealthy", after);
        let run = run.unwrap_or_default();
        match run["state"] == "held" && run["hold"]["reason"] == "silenced" {
            true => Ok(()),
            false => Err(run.to_string()),
        }
    });
    held.unwrap();
    assert_eq!(scene.ward.pids("task").len(), 1, "silenced, and repaired");
    amtool(&["silence", "expire", &id]);
    scene.reload();
    scene.since.set(Some(Instant::now()));
}
