//! Every fault of a worker, an env file or the broker, made on the real thing and repaired: by
//! findings alone, and through the shipped rules of a real Prometheus and the shipped routes of a real
//! Alertmanager, which delivers everything twice.
//!
//! `DRILL_ROUNDS` (5) times each; `DRILL_WAY=reflex|alerts` for one of both; `DRILL_ONLY` for the
//! stories whose name holds it. The table is what the drill is for; seconds are never asserted.

#![expect(clippy::print_stdout, reason = "the table is what the drill is for")]

mod stories;

use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::{Alerting, Program, Receivers, wait_until};

use crate::support::ward::{TOKEN, Ward};
use crate::support::{PATIENCE, Receiver, prepare, root};
use stories::{STORIES, Story};

/// A run and all that holds it.
const ENDED: Duration = Duration::from_secs(240);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Reflex,
    Alerts,
}

/// What one round gave, in seconds from the fault.
struct Round {
    consuming: Option<f64>,
    verified: f64,
    outcome: String,
    lost: usize,
}

/// Prometheus, Alertmanager, and what doubles its word.
struct Pipeline {
    _alerting: Alerting,
    _doubler: Receiver,
    _people: Receiver,
    _written: Program,
}

fn pipeline(ward: &Ward) -> Pipeline {
    let written = prepare(&["rules", "--output", "out", "--profile", "fast"]);
    written.start().unwrap();
    assert_eq!(
        written.wait(PATIENCE).unwrap(),
        Some(0),
        "{}",
        written.log()
    );
    let (doubler, people) = (
        Receiver::doubling(ward.warrener.address()),
        Receiver::start(),
    );
    let receivers = Receivers {
        webhook: doubler.url("/webhook/alertmanager"),
        token: TOKEN.to_owned(),
        slack: people.url("/slack"),
        ping: people.url("/ping"),
    };
    let dir = written.dir().join("out");
    let alerting = Alerting::start(root(), &dir, ward.warrener.address(), &receivers).unwrap();
    Pipeline {
        _alerting: alerting,
        _doubler: doubler,
        _people: people,
        _written: written,
    }
}

#[test]
#[ignore = "takes an hour: make drill"]
fn faults_and_their_repair() {
    let rounds = number("DRILL_ROUNDS").unwrap_or(5);
    let only = std::env::var("DRILL_ONLY").unwrap_or_default();
    let ways = match std::env::var("DRILL_WAY").as_deref() {
        Ok("reflex") => vec![Way::Reflex],
        Ok("alerts") => vec![Way::Alerts],
        _ => vec![Way::Reflex, Way::Alerts],
    };
    println!(
        "| story | way | outcome | consuming again: median, worst (s) | verified: median, worst (s) | lost | rounds |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for story in STORIES.iter().filter(|story| story.name.contains(&only)) {
        for way in &ways {
            let told = drill(story, *way, rounds);
            println!("{}", row(story, *way, &told));
            let right = |round: &&Round| round.outcome == story.outcome && round.lost == 0;
            if told.iter().filter(right).count() != told.len() {
                wrong.push(format!("{} by {way:?}", story.name));
            }
        }
    }
    assert!(wrong.is_empty(), "not as they should: {wrong:?}");
}

fn drill(story: &Story, way: Way, rounds: usize) -> Vec<Round> {
    let mut care = (story.care)();
    care.reflex = way == Way::Reflex;
    // Nothing else than the fault is to wait for: budgets have tests of their own.
    care.recovery = "  budget: {target: 100 per 15m, host: 1000 per 1h}\n".into();
    // By alerts alone nothing starts the workers that never ran but the alert of it.
    let ward = care.start_at(crate::support::broker().start().unwrap());
    let _pipeline = (way == Way::Alerts).then(|| pipeline(&ward));
    let mut told = Vec::new();
    for _ in 0..rounds {
        ward.wait_well(story.name);
        ward.wait_known_good();
        rest(&ward, story);
        told.push(round(story, &ward));
        (story.after)(&ward);
    }
    told
}

/// What ended a moment ago is not run again: that is the cooldown's, not the fault's.
fn rest(ward: &Ward, story: &Story) {
    let ended = |run: &Value| run["ended_at"].as_f64().unwrap_or_default();
    let newest = ward.runs().iter().map(ended).fold(0.0, f64::max);
    let rested = wait_until("the cooldown to end", ENDED, || {
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_secs_f64();
        now - newest > story.cooldown
    });
    rested.unwrap();
}

fn round(story: &Story, ward: &Ward) -> Round {
    let after = ward.newest();
    let sent = ward.broker.publish("task", story.traffic).unwrap();
    let began = Instant::now();
    (story.fault)(ward);
    let mut consuming = None;
    let mut broken = false;
    let run = wait_until("the run to end", ENDED, || {
        let well = (story.well)(ward);
        broken |= !well;
        if well && broken {
            consuming.get_or_insert_with(|| began.elapsed().as_secs_f64());
        }
        let runs = ward.runs();
        let own = |run: &&Value| {
            run["playbook"] == story.playbook && run["id"].as_i64() > Some(after) && run["state"] == "ended"
                // What was over before anything was done is a symptom's.
                && run["outcome"] != "self_resolved"
        };
        runs.iter().find(own).cloned()
    });
    let run = run.unwrap_or_else(|e| {
        panic!(
            "{}: {e}\n{:#?}\n{}",
            story.name,
            ward.runs(),
            ward.warrener.program.log()
        )
    });
    let verified = began.elapsed().as_secs_f64();
    let outcome = run["outcome"].as_str().unwrap_or_default().to_owned();
    if outcome != story.outcome {
        println!(
            "{}: {:#}",
            story.name,
            ward.run(run["id"].as_i64().unwrap())
        );
    }
    (story.mend)(ward);
    let lost = match story.outcome {
        "recovered" => {
            let missing = || {
                let worked = ward.worked("task");
                sent.iter().filter(|m| !worked.contains(*m)).count()
            };
            wait_until("every message", PATIENCE, || (missing() == 0).then_some(())).ok();
            missing()
        }
        _ => 0,
    };
    Round {
        consuming,
        verified,
        outcome,
        lost,
    }
}

fn row(story: &Story, way: Way, told: &[Round]) -> String {
    let figures = |of: &dyn Fn(&Round) -> Option<f64>| {
        let mut all: Vec<f64> = told.iter().filter_map(of).collect();
        all.sort_by(f64::total_cmp);
        match all.last() {
            Some(worst) => format!("{:.1}, {worst:.1}", all[all.len() / 2]),
            None => "-".to_owned(),
        }
    };
    let mut outcomes: Vec<_> = told.iter().map(|round| round.outcome.as_str()).collect();
    outcomes.sort_unstable();
    outcomes.dedup();
    let lost: usize = told.iter().map(|round| round.lost).sum();
    format!(
        "| {} | {way:?} | {} | {} | {} | {lost} | {} |",
        story.name,
        outcomes.join(", "),
        figures(&|round| round.consuming),
        figures(&|round| Some(round.verified)),
        told.len()
    )
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}
