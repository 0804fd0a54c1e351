//! What the clock asks for, and `warrener report`, against a real server and without one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use testbed::wait_until;

use crate::support::receiver::Receiver;
use crate::support::{PATIENCE, Warrener, ask, prepare};

/// A planned minute, and a look at the clock.
const MINUTE: Duration = Duration::from_secs(120);

fn get(w: &Warrener, path: &str) -> Value {
    let answer = ask(w.address(), &format!("GET {path}"), &[]);
    serde_json::from_str(&answer.text()).unwrap()
}

fn line<'a>(report: &'a Value, check: &str) -> &'a Value {
    let mut lines = report["lines"].as_array().unwrap().iter();
    let of = |line: &&Value| line["check"].as_str().unwrap().contains(check);
    lines.find(of).unwrap()
}

#[test]
fn the_clock_asks_once_for_each_planned_minute_and_the_report_tells_of_it() {
    let people = Receiver::start();
    let config = format!(
        "broker: {{amqp: 'amqp://u:p@127.0.0.1:1', every: 1s}}\nidentity: app-1\n\
         recovery: {{mode: auto, housekeeping: [{{cron: '* * * * *', playbook: housekeeping}}]}}\n\
         notify: {{webhook: {{url: '{}'}}}}\nreport: {{daily: '* * * * *'}}\n",
        people.url("/told")
    );
    let mut w = Warrener::serve(&config);
    let by_clock = |w: &Warrener| {
        let runs = get(w, "/api/v1/runs");
        let runs = runs["runs"].as_array().unwrap().clone();
        assert!(runs.iter().all(|run| run["source"] == "clock"), "{runs:?}");
        runs
    };
    let reports = || {
        let told = people.told("/told");
        let told = told.into_iter().filter(|one| one.body["kind"] == "report");
        told.collect::<Vec<_>>()
    };
    wait_until("a run by the clock, and a report", MINUTE, || {
        let runs = by_clock(&w);
        let ended = runs.iter().any(|run| run["outcome"] == "recovered");
        let told = !reports().is_empty();
        (ended && told)
            .then_some(())
            .ok_or_else(|| format!("{runs:?}"))
    })
    .unwrap();
    let first = reports()[0].body.clone();
    assert!(
        first["what"]
            .as_str()
            .unwrap()
            .starts_with("daily report: "),
        "{first}"
    );

    let metrics = w.metrics();
    let labels = [("playbook", "housekeeping"), ("cron", "* * * * *")];
    let of = |name: &str| metrics.get(name, &labels).unwrap();
    let last = of("warrener_recovery_scheduled_last_timestamp_seconds");
    let next = of("warrener_recovery_scheduled_next_timestamp_seconds");
    assert!(
        next > last && last % 60.0 == 0.0 && next % 60.0 == 0.0,
        "{last} {next}"
    );

    w.program.terminate().unwrap();
    w.program.wait(PATIENCE).unwrap();
    w.start_again();
    w.wait_success("host", 1.0);
    wait_until("the schedule after the restart", PATIENCE, || {
        let status = get(&w, "/api/v1/status");
        let scheduled = status["recovery"]["scheduled"][0]["last"].as_f64();
        scheduled.filter(|at| *at >= last).ok_or(status.to_string())
    })
    .unwrap();
    let at: Vec<_> = reports()
        .iter()
        .map(|one| one.body["told_at"].as_f64().unwrap())
        .collect();
    let minutes: BTreeSet<_> = at.iter().map(|at| (at / 60.0) as i64).collect();
    assert_eq!(minutes.len(), at.len(), "twice in a minute: {at:?}");

    let report = get(&w, "/api/v1/report?period=weekly");
    let maintenance = line(&report, "preventive maintenance");
    assert!(
        maintenance["evidence"].to_string().contains("1 recovered"),
        "{maintenance}"
    );
    // It may be younger than the first minute of scores; how they are held is a matter of `learn`.
    let score = line(&report, "90 or more");
    assert_ne!(score["answer"], "ok", "{score}");
    assert!(get(&w, "/api/v1/scores")["points"].is_array());
    let wrong = ask(w.address(), "GET /api/v1/report?period=yearly", &[]);
    assert!(
        wrong.text().contains("daily, weekly or monthly"),
        "{}",
        wrong.text()
    );
    let markdown = ask(w.address(), "GET /api/v1/report?format=md", &[]).text();
    assert!(
        markdown.starts_with("# Daily report of app-1"),
        "{markdown}"
    );

    let url = format!("http://{}", w.address());
    let program = prepare(&["report", "--monthly", "--url", &url]);
    program.start().unwrap();
    assert_eq!(
        program.wait(PATIENCE).unwrap(),
        Some(0),
        "{}",
        program.log()
    );
    assert!(
        program.log().contains("app-1: monthly report: "),
        "{}",
        program.log()
    );

    // Without a server it is read of the ledger.
    w.program.terminate().unwrap();
    w.program.wait(PATIENCE).unwrap();
    let file = w.dir().join("warrener.yml");
    let program = prepare(&["report", "--format", "json", "--config.file"]).args([file]);
    program.start().unwrap();
    assert_eq!(
        program.wait(PATIENCE).unwrap(),
        Some(0),
        "{}",
        program.log()
    );
    let log = program.log();
    assert!(log.contains("\"incidents and their recovery\""), "{log}");
}
