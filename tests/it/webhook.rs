//! Alertmanager's webhook: the real one posts to the real route, and what it says is in the ledger.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use testbed::{Alertmanager, tool, wait_until};

use crate::support::env::set_mode;
use crate::support::{PATIENCE, Tmpfs, Warrener, ask, post, prepare, root};

const TOKEN: &str = "t0ken-of-the-story";
const WEBHOOK: &str = "/webhook/alertmanager";

/// A server that knows two kinds of workers; its broker is nowhere.
fn config(more: &str) -> String {
    format!(
        "broker: {{amqp: 'amqp://u:p@127.0.0.1:1', every: 1s}}\nidentity: app-1\n\
         workers:\n  mail: {{match: {{cmdline: no-such-worker}}}}\n  \
         task: {{match: {{cmdline: no-such-worker}}}}\n{more}"
    )
}

const AUTH: &str = "web: {auth: {bearer_file: token}}\n";

fn serve(config: &str) -> Warrener {
    Warrener::serve_with(config, |program| {
        fs::write(program.dir().join("token"), format!("{TOKEN}\n")).unwrap();
        set_mode(&program.dir().join("token"), 0o600);
        program
    })
}

fn recovery(w: &Warrener) -> Value {
    let answer = ask(w.address(), "GET /api/v1/recovery", &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_str(&answer.text()).unwrap()
}

fn incidents(w: &Warrener) -> Value {
    let answer = ask(w.address(), "GET /api/v1/incidents", &[]);
    serde_json::from_str(&answer.text()).unwrap()
}

/// Whether recovery knows of trouble with `target`: as an incident, or as a trigger that waits.
fn knows(w: &Warrener, target: &str, triggers: u64) -> Result<(), String> {
    let (standing, incidents) = (recovery(w), incidents(w));
    let all = incidents["incidents"].as_array().unwrap();
    let opened = all.iter().any(|one| one["target"]["key"] == target);
    let waits = standing["pending_triggers"].as_u64().unwrap() >= triggers;
    let known = opened || waits;
    known
        .then_some(())
        .ok_or_else(|| format!("{standing}\n{incidents}"))
}

fn payload(labels: &Value) -> String {
    let alert = json!({ "status": "firing", "labels": labels });
    json!({ "version": "4", "alerts": [alert] }).to_string()
}

#[test]
fn alertmanager_is_heard_and_what_is_hostile_is_put_aside() {
    let w = serve(&config(AUTH));
    let token = w.dir().join("token");
    let alertmanager = Alertmanager::start_in(
        root(),
        &format!(
            "route: {{receiver: warrener, group_by: ['...'], group_wait: 0s, group_interval: 1s}}\n\
             receivers:\n- name: warrener\n  webhook_configs:\n  - url: http://{}{WEBHOOK}\n    \
             http_config: {{authorization: {{type: Bearer, credentials_file: {}}}}}\n",
            w.address(),
            token.display()
        ),
    )
    .unwrap();
    let labels = |name: &str, worker: &str| json!({ "alertname": name, "worker": worker });
    let hostile = "$(touch pwned)";
    let alerts = json!([
        { "labels": labels("WorkerDown", "mail") },
        { "labels": labels("WorkerDown", hostile) },
        { "labels": labels("WorkerDown", "of-another-host") },
        { "labels": { "alertname": "Watchdog" } },
    ]);
    alertmanager.send(&alerts).unwrap();
    wait_until("the trigger in the ledger", PATIENCE, || {
        knows(&w, "worker:mail", 1)
    })
    .unwrap();
    let standing = wait_until("the hostile one aside", PATIENCE, || {
        let standing = recovery(&w);
        let aside = standing["quarantined"].as_array().unwrap();
        let told = aside.iter().any(|one| one["reason"] == "unknown_target");
        if told {
            Ok(standing)
        } else {
            Err(standing.to_string())
        }
    })
    .unwrap();
    assert!(!standing.to_string().contains(TOKEN), "{standing}");
    assert!(!w.dir().join("pwned").exists());
    let log = w.program.log();
    assert!(!log.contains(hostile) && !log.contains(TOKEN), "{log}");
    let all = incidents(&w).to_string();
    assert!(!all.contains("of-another-host"), "{all}");
}

#[test]
fn hostile_labels_select_nothing_and_change_nothing() {
    let w = serve(&config(&format!("{AUTH}recovery: {{mode: auto}}\n")));
    // Of two processes that would be missed: the server's own, and this test's.
    let pids = [w.program.pid().unwrap(), std::process::id()].map(|pid| pid.to_string());
    let standing = recovery(&w);
    let long = "m".repeat(1 << 20);
    let hostile = [
        "$(reboot)",
        "`touch pwned`",
        "; touch pwned #",
        "../../etc/passwd",
        "..",
        "mail\0",
        "\0",
        "mail\nTerm",
        "--config.file=/etc/passwd",
        "",
        " ",
        "*",
        &pids[0],
        &pids[1],
        long.as_str(),
    ];
    let names = [
        "WorkerDown",
        "WorkerHung",
        "QueueStuck",
        "ConfigInvalid",
        "DiskLow",
        "LogOversized",
    ];
    let selectors = [
        "worker", "target", "queue", "node", "path", "disk", "glob", "pid", "probe", "playbook",
    ];
    let mut sent = 0;
    for value in hostile {
        let mut alerts: Vec<Value> = Vec::new();
        for name in names {
            for selector in selectors {
                let labels = json!({ "alertname": name, selector: value });
                alerts.push(json!({ "status": "firing", "labels": labels }));
            }
            let target = json!({ "alertname": name, "target": format!("worker:{value}") });
            alerts.push(json!({ "status": "firing", "labels": target }));
        }
        let named = json!({ "alertname": value });
        alerts.push(json!({ "status": "firing", "labels": named }));
        // Of the long ones only as many as a body may hold.
        let most = (4 << 20) / value.len().max(1);
        alerts.truncate(most.max(1));
        sent += alerts.len() as u64;
        let body = json!({ "version": "4", "alerts": alerts }).to_string();
        let answer = post(w.address(), WEBHOOK, Some(TOKEN), body.as_bytes());
        assert_eq!(answer.status, 202, "{}", answer.text());
        let accepted: Value = serde_json::from_str(&answer.text()).unwrap();
        assert_eq!(accepted["triggers"], 0, "{value:.40}: {accepted}");
    }
    let count = |what: &str| {
        let labels = [("as", what)];
        w.metrics()
            .get("warrener_alerts_received_total", &labels)
            .unwrap_or(0.0)
    };
    let aside = || {
        ["quarantined", "not_mine", "for_people", "heartbeat"]
            .map(count)
            .iter()
            .sum::<f64>()
    };
    wait_until("every alert counted", PATIENCE, || {
        let aside = aside();
        (aside == sent as f64)
            .then_some(())
            .ok_or_else(|| format!("{aside} of {sent}"))
    })
    .unwrap();
    let now = recovery(&w);
    assert_eq!(now["pending_triggers"], 0, "{now}");
    assert_eq!(incidents(&w)["incidents"], json!([]));
    assert_eq!(now["mode"], standing["mode"]);
    assert!(!w.dir().join("pwned").exists());
    let log = w.program.log();
    assert!(!log.contains("$(reboot)") && !log.contains("mmmm"), "{log}");
}

#[test]
fn it_is_closed_without_credentials_and_to_wrong_ones() {
    let body = payload(&json!({ "alertname": "WorkerDown", "worker": "mail" }));
    let closed = serve(&config(""));
    let answer = post(closed.address(), WEBHOOK, Some(TOKEN), body.as_bytes());
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(
        answer.text().contains("web.auth.bearer_file"),
        "{}",
        answer.text()
    );
    closed.wait_success("host", 1.0);

    let open = serve(&config(AUTH));
    for wrong in [None, Some("wrong"), Some("")] {
        let answer = post(open.address(), WEBHOOK, wrong, body.as_bytes());
        assert_eq!(answer.status, 401, "{wrong:?}");
    }
    let answer = post(open.address(), WEBHOOK, Some(TOKEN), body.as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.text());
    let accepted: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(accepted["new"], 1);
    assert_eq!(
        ask(open.address(), &format!("GET {WEBHOOK}"), &[]).status,
        405
    );
    for refused in ["", "{", r#"{"version":"3","alerts":[]}"#] {
        let answer = post(open.address(), WEBHOOK, Some(TOKEN), refused.as_bytes());
        assert_eq!(answer.status, 400, "{refused}: {}", answer.text());
    }
    // Told its length, it does not read the body first.
    let length = format!("Content-Length: {}", (8 << 20) + 1);
    let auth = format!("Authorization: Bearer {TOKEN}");
    let json = "Content-Type: application/json";
    let answer = ask(
        open.address(),
        &format!("POST {WEBHOOK}"),
        &[&length, &auth, json],
    );
    assert_eq!(answer.status, 413, "{}", answer.text());
    let counted = open.metrics().get(
        "warrener_http_requests_total",
        &[("route", WEBHOOK), ("code", "413")],
    );
    assert_eq!(counted, Some(1.0));
}

#[test]
fn a_trigger_outlives_a_kill() {
    let w = serve(&config(AUTH));
    let body = payload(&json!({ "alertname": "WorkerDown", "worker": "mail" }));
    assert_eq!(
        post(w.address(), WEBHOOK, Some(TOKEN), body.as_bytes()).status,
        202
    );
    let pid = Pid::from_raw(w.program.pid().unwrap().cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    w.program.wait(PATIENCE).unwrap();
    let again = prepare(&["serve", "--web.listen-address=127.0.0.1:0", "--config.file"])
        .args([w.dir().join("warrener.yml")]);
    let again = Warrener::start(again);
    wait_until("the trigger", PATIENCE, || knows(&again, "worker:mail", 1)).unwrap();
}

#[test]
fn what_can_not_be_written_is_refused_and_the_rest_goes_on() {
    let Ok(disk) = Tmpfs::mount("4m") else {
        eprintln!("skipped: who may not mount has no read-only disk");
        return;
    };
    let path = disk.path().display().to_string();
    tool(None, "mount", &["-o", "remount,ro", &path], "").unwrap();
    let w = serve(&config(&format!("{AUTH}state: {path}/state\n")));
    let body = payload(&json!({ "alertname": "WorkerDown", "worker": "mail" }));
    let answer = post(w.address(), WEBHOOK, Some(TOKEN), body.as_bytes());
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").is_some(), "{}", answer.head);
    let standing = wait_until("observing only", PATIENCE, || {
        let standing = recovery(&w);
        if standing["observe_only"].is_null() {
            Err(standing.to_string())
        } else {
            Ok(standing)
        }
    })
    .unwrap();
    assert_eq!(
        standing["observe_only"]["reason"], "read_only",
        "{standing}"
    );
    w.wait_success("host", 1.0);
    tool(None, "mount", &["-o", "remount,rw", &path], "").unwrap();
    wait_until("it is taken", PATIENCE, || {
        post(w.address(), WEBHOOK, Some(TOKEN), body.as_bytes()).status == 202
    })
    .unwrap();
}
