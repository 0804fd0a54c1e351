//! Every fault of a worker, an env file, the broker, or of what recovery rests on, made on the real
//! thing and repaired: by findings alone, and through the shipped rules of a real Prometheus and the
//! shipped routes of a real Alertmanager, which delivers everything twice.
//!
//! What came of it is told by others than warrener: Alertmanager's API, the log that the workers keep of
//! their starts and messages, the broker's counters and its node's uptime, and whoever people are told by.
//!
//! `DRILL_ROUNDS` (5) times each; `DRILL_WAY=reflex|alerts` for one of both; `DRILL_ONLY` for the
//! stories whose name holds it. The table is what the drill is for; seconds are never asserted.

#![expect(clippy::print_stdout, reason = "the table is what the drill is for")]

mod scene;
mod stories;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::wait_until;

use scene::Scene;
use stories::Story;

/// A run and all that holds it.
const ENDED: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Reflex,
    Alerts,
}

/// What one round gave; times in seconds from the fault.
struct Round {
    /// Alertmanager's API first had an alert that asks for it.
    alerted: Option<f64>,
    consuming: Option<f64>,
    verified: f64,
    outcome: String,
    /// Who asked for the run.
    source: String,
    /// By the workers' own log, and the node's.
    starts: usize,
    nodes: usize,
    /// Times that a person was called.
    calls: usize,
    /// Pages that Alertmanager sent meanwhile.
    pages: usize,
    lost: usize,
    /// What should not be.
    wrong: Vec<String>,
}

#[test]
#[ignore = "takes hours: make drill"]
fn faults_and_their_repair() {
    let rounds = number("DRILL_ROUNDS").unwrap_or(5);
    let only = std::env::var("DRILL_ONLY").unwrap_or_default();
    let ways = match std::env::var("DRILL_WAY").as_deref() {
        Ok("reflex") => vec![Way::Reflex],
        Ok("alerts") => vec![Way::Alerts],
        _ => vec![Way::Reflex, Way::Alerts],
    };
    println!(
        "| story | way | outcome | asked by | in Alertmanager | consuming again | verified | worker starts | \
         node starts | people called | pages | lost | rounds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for story in stories::all().filter(|story| story.name.contains(&only)) {
        for way in ways.iter().filter(|way| story.ways.contains(way)) {
            let told = drill(story, *way, rounds, &mut wrong);
            println!("{}", row(story, *way, &told));
            let all = told.iter().flat_map(|round| &round.wrong);
            wrong.extend(all.map(|what| format!("{} by {way:?}: {what}", story.name)));
        }
    }
    println!(
        "\nTimes are the median and the worst, in seconds from the fault; counts are the most of a round."
    );
    assert!(wrong.is_empty(), "not as they should: {wrong:#?}");
}

/// Each round has a scene of its own: what came before is a matter of cooldowns and recurrence, not of
/// the fault. One that breaks off is told of and ends none of the others.
fn drill(story: &Story, way: Way, rounds: usize, wrong: &mut Vec<String>) -> Vec<Round> {
    let mut told = Vec::new();
    for number in 1..=rounds {
        let played = catch_unwind(AssertUnwindSafe(|| {
            let scene = Scene::start(story, way);
            scene.ward.wait_well(story.name);
            scene.ward.wait_known_good();
            rest(&scene, story);
            round(story, &scene)
        }));
        match played {
            Ok(round) => told.push(round),
            Err(_) => wrong.push(format!(
                "{} by {way:?}: round {number} broke off",
                story.name
            )),
        }
    }
    told
}

/// The workers' first start was a run too; what ended a moment ago is not run again.
fn rest(scene: &Scene, story: &Story) {
    let rested = wait_until("the cooldown to end", ENDED, || {
        let runs = scene.ward.runs();
        let of_it = runs.iter().filter(|run| run["playbook"] == story.playbook);
        let ended = |run: &Value| run["ended_at"].as_f64().unwrap_or_default();
        let newest = of_it.map(ended).fold(0.0, f64::max);
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_secs_f64();
        now - newest > story.cooldown
    });
    rested.unwrap();
}

fn round(story: &Story, scene: &Scene) -> Round {
    let ward = &scene.ward;
    let after = ward.newest();
    let before = (
        ward.starts("task"),
        ward.broker.control_starts(),
        scene.calls(),
        scene.uptime(),
    );
    let pages = || scene.pipeline.as_ref().map_or(0, |p| p.pages());
    let pages_before = pages();
    let sent = ward.broker.publish("task", story.traffic).unwrap();
    scene.sent.replace(sent);
    let fault_at = Instant::now();
    scene.since.set(None);
    (story.fault)(scene);
    let began = scene.since.get().unwrap_or(fault_at);
    let mut alerts = BTreeSet::new();
    let (mut alerted, mut consuming) = (None, None);
    let mut broken = scene.since.get().is_some();
    let run = wait_until("the run to end", ENDED, || {
        let seconds = began.elapsed().as_secs_f64();
        let well = (story.well)(scene);
        broken |= !well;
        if well && broken {
            consuming.get_or_insert(seconds);
        }
        if let Some(pipeline) = &scene.pipeline {
            alerts.extend(pipeline.firing(story.playbook));
            if !alerts.is_empty() {
                alerted.get_or_insert(seconds);
            }
        }
        ended(story, &ward.runs(), after)
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
    let outcome = outcome(&run);
    let starts = ward.starts("task") - before.0;
    let nodes = ward.broker.control_starts() - before.1;
    let uptime = scene.uptime();
    // A notice is on its way for a moment.
    let called = || scene.calls() - before.2;
    wait_until("people called", crate::support::PATIENCE, || {
        called() >= story.calls.min(1)
    })
    .ok();
    // Whoever else calls does so at the end of a run.
    let rests = |run: &Value| run["state"] == "ended" || run["state"] == "held";
    wait_until("the other runs", crate::support::PATIENCE, || {
        let runs = ward.runs();
        let mut all = runs.iter().filter(|run| run["id"].as_i64() > Some(after));
        all.all(rests)
    })
    .ok();
    let calls = called();
    (story.mend)(scene);
    (story.after)(scene);
    let (lost, kept) = scene.missing(&scene.sent.borrow());
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    must(
        outcome.starts_with(story.outcome),
        format!("ended as {outcome}"),
    );
    must(starts <= story.starts, format!("{starts} workers started"));
    must(nodes == story.nodes, format!("{nodes} nodes started"));
    must(
        (story.calls.min(1)..=story.calls).contains(&calls),
        format!("{calls} calls of a person"),
    );
    must(
        lost == 0,
        format!("{lost} messages lost, {kept} still at the broker"),
    );
    let went_on = uptime
        .zip(before.3)
        .is_none_or(|(now, before)| now > before);
    must(
        went_on || story.nodes > 0,
        "the broker's node began anew".into(),
    );
    let strayed = scene.strayed();
    must(strayed == 0, format!("{strayed} consumers at the decoy"));
    if scene.pipeline.is_some() {
        must(!alerts.is_empty(), "Alertmanager had no alert of it".into());
    }
    let source = run["source"].as_str().unwrap_or_default().to_owned();
    let asked = match (&scene.pipeline, story.asks) {
        (None, _) => "finding",
        (Some(_), true) => "reconcile",
        (Some(_), false) => "alertmanager",
    };
    must(source == asked, format!("asked for by {source}"));
    if !wrong.is_empty() {
        println!("{}: {wrong:?}", story.name);
        for run in ward
            .runs()
            .iter()
            .rev()
            .filter(|run| run["id"].as_i64() > Some(after))
        {
            println!("{:#}", ward.run(run["id"].as_i64().unwrap()));
        }
    }
    Round {
        alerted,
        consuming,
        verified,
        outcome,
        source,
        starts,
        nodes,
        calls,
        pages: pages() - pages_before,
        lost,
        wrong,
    }
}

/// The run of the story's own fault, once it is over, or waits as it should.
fn ended(story: &Story, runs: &[Value], after: i64) -> Option<Value> {
    let is_own =
        |run: &&Value| run["playbook"] == story.playbook && run["id"].as_i64() > Some(after);
    let is_over = |run: &&Value| match story.outcome {
        "held" => outcome(run).starts_with("held (message_safety"),
        // What was over before anything was done is a symptom's.
        _ => run["state"] == "ended" && run["outcome"] != "self_resolved",
    };
    runs.iter().filter(is_own).find(is_over).cloned()
}

fn outcome(run: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match run["state"] == "ended" {
        true => word(&run["outcome"]),
        false => format!("{} ({})", word(&run["state"]), word(&run["hold"]["reason"])),
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
    let words = |of: &dyn Fn(&Round) -> String| {
        let all: BTreeSet<String> = told.iter().map(of).collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    };
    let most = |of: &dyn Fn(&Round) -> usize| told.iter().map(of).max().unwrap_or_default();
    let lost: usize = told.iter().map(|round| round.lost).sum();
    format!(
        "| {} | {way:?} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {lost} | {} |",
        story.name,
        words(&|round| round.outcome.clone()),
        words(&|round| round.source.clone()),
        figures(&|round| round.alerted),
        figures(&|round| round.consuming),
        figures(&|round| Some(round.verified)),
        most(&|round| round.starts),
        most(&|round| round.nodes),
        most(&|round| round.calls),
        most(&|round| round.pages),
        told.len()
    )
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}
