//! The page: four golden scenes, and what holds of any.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::golden;
use super::world::{everything, idle, nothing, now, observing, standing};
use crate::model::{
    Assessment, Level, Moment, RunMode, ScoreSpan, Snapshot, Standing, Timestamp, Verdict,
};
use crate::publish::page::{View, Ways, page, run};
use crate::publish::runs::Whole;
use crate::publish::scores::Scores;
use crate::publish::status::{About, Status};
use crate::recover::desk;

/// Both ways to act.
pub(super) const OPEN: Ways = Ways {
    bearer: true,
    basic: true,
};

pub(super) fn status(world: (Snapshot, Assessment), standing: &Standing) -> Status {
    let about = About {
        identity: "app-1".into(),
        queues: Vec::new(),
    };
    Status::new(&about, &world.0, &world.1, standing)
}

/// So many seconds after the status.
fn at(status: &Status, after: f64) -> Timestamp {
    Timestamp::of_unix_seconds(status.at + after)
}

/// The score of ten minutes, as it is written down; of two of them nobody knows.
fn past(status: &Status) -> Vec<ScoreSpan> {
    let span = |(from, to, low): (f64, f64, u8)| ScoreSpan {
        since: at(status, from),
        until: at(status, to),
        low,
        mean: f64::from(low),
        level: Level::of_score(low),
    };
    let spans = [
        (-600.0, -420.0, 100),
        (-300.0, -240.0, 49),
        (-240.0, -5.0, 100),
    ];
    spans.map(span).to_vec()
}

pub(super) fn drawn(status: &Status, ways: Ways) -> String {
    let scores = Scores::until_now(past(status), status, at(status, 1.5));
    page(&View {
        status,
        scores: Ok(&scores),
        now: status.at + 1.5,
        ways,
        telemetry_path: "/metrics",
    })
}

/// All is well.
pub(super) fn healthy() -> Status {
    let (mut snapshot, mut assessment) = everything();
    let at = snapshot.at;
    let mut env = snapshot.envfile.last_facts().unwrap().clone();
    env.unresolved.clear();
    for file in &mut env.files {
        (file.problem, file.login) = (None, Some(Ok(())));
        file.violations = Some(Vec::new());
        file.insecurities = Some(Vec::new());
    }
    snapshot.envfile.enter(Ok(env), at, Default::default());
    let mut broker = snapshot.broker.last_facts().unwrap().clone();
    (broker.fallback_login, broker.configured_failure) = (false, None);
    snapshot.broker.enter(Ok(broker), at, Default::default());
    let mut workers = snapshot.workers.last_facts().unwrap().clone();
    workers.channels_unavailable = None;
    for kind in &mut workers.workers {
        (kind.control_unavailable, kind.stopped_by_operator) = (None, Some(false));
        for process in kind.processes.iter_mut().flatten() {
            process.drift.keys = Some(Vec::new());
            process.drift.file_changed = Some(false);
        }
    }
    snapshot.workers.enter(Ok(workers), at, Default::default());
    assessment.findings.clear();
    assessment.forecasts.clear();
    (assessment.score, assessment.mean) = (100, 100);
    (assessment.level, assessment.level_held, assessment.cap) = (Level::Normal, false, None);
    for component in &mut assessment.components {
        component.score = 100;
        component.penalties.clear();
    }
    for verdict in &mut assessment.verdicts {
        verdict.verdict = Verdict::Healthy;
    }
    let standing = Standing {
        mode: RunMode::Auto,
        reflex: true,
        budget_left: 10,
        ended: standing(now()).ended,
        ..idle()
    };
    status((snapshot, assessment), &standing)
}

pub(super) fn recovering() -> Status {
    let standing = Standing {
        pauses: Vec::new(),
        ..standing(now())
    };
    status(everything(), &standing)
}

#[test]
fn the_scenes_are_the_golden_ones() {
    let empty = status(nothing(), &idle());
    for (name, status, ways) in [
        ("healthy", healthy(), OPEN),
        ("recovering", recovering(), OPEN),
        ("critical", status(everything(), &idle()), Ways::default()),
        ("nothing", empty, Ways::default()),
    ] {
        // A line for each tag, so that a difference can be read.
        let text = drawn(&status, ways).replace("><", ">\n<");
        golden(&format!("tests/page/{name}.html"), &format!("{text}\n"));
    }
}

/// The words that a person sees, in order.
pub(super) fn words(html: &str) -> String {
    let body = html.split_once("<body>").unwrap().1;
    let mut words = String::new();
    for part in body.split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text);
        words.push_str(text);
        words.push(' ');
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

const HOSTILE: &str = "<script>alert('x')</script>\" onload=\"x' --><img src=x>\u{202e}&amp;";

/// Every string that may come from outside is hostile; `kept` are words that have a type.
fn poison(value: &mut Value, kept: &[&str]) {
    match value {
        Value::String(text) => *text = format!("{text}{HOSTILE}"),
        Value::Array(all) => all.iter_mut().for_each(|one| poison(one, kept)),
        Value::Object(fields) => {
            let verdicts = fields.get("verdicts").and_then(Value::as_object).cloned();
            if let Some(verdicts) = verdicts {
                let all = verdicts
                    .into_iter()
                    .map(|(k, n)| (format!("{k}{HOSTILE}"), n));
                fields.insert("verdicts".into(), Value::Object(all.collect()));
            }
            for (name, field) in fields {
                if !kept.contains(&name.as_str()) {
                    poison(field, kept);
                }
            }
        }
        _ => {}
    }
}

fn assert_harmless(html: &str) {
    let lower = html.to_lowercase();
    assert_eq!(lower.matches("<script").count(), 1, "only the page's own");
    assert!(!lower.contains("<img") && !lower.contains("-->"));
    assert!(!html.contains("\" onload="));
    // A wish is sent on as it is; nobody reads it.
    let mut read = html.to_owned();
    for unread in attributes(html, "data-body")
        .into_iter()
        .chain(attributes(html, "data-plan"))
    {
        read = read.replace(unread, "");
    }
    assert!(!read.contains('\u{202e}'));
    assert!(lower.contains("&lt;script&gt;"));
}

#[test]
fn hostile_names_are_words() {
    for original in [recovering(), status(everything(), &observing(now()))] {
        let mut value = serde_json::to_value(&original).unwrap();
        poison(&mut value, &["level", "severity"]);
        let poisoned: Status = serde_json::from_value(value).unwrap();
        assert_harmless(&drawn(&poisoned, OPEN));
    }
    let mut value = serde_json::to_value(whole()).unwrap();
    poison(&mut value, &[]);
    let poisoned: Whole = serde_json::from_value(value).unwrap();
    assert_harmless(&run(&poisoned, HOSTILE, 1_760_000_000.0));
}

fn whole() -> Whole {
    let standing = standing(now());
    let (run, steps) = standing.runs[0].clone();
    Whole::from(&desk::Whole {
        incident: standing.incidents.first().cloned(),
        run,
        steps,
        advice: Vec::new(),
    })
}

#[test]
fn a_run_has_a_page_of_its_own() {
    let html = run(&whole(), "app-1", 1_760_000_000.0);
    let words = words(&html);
    for told in [
        "Run 7: config-invalid of env file .env",
        "ConfigInvalid of env file .env, opened",
        "under way config.repair env file .env",
        "Meant: Take RABBITMQ_HOST from the last known good.",
    ] {
        assert!(words.contains(told), "{told} in\n{words}");
    }
}

fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    let parts = html.split(start.as_str()).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[test]
fn nothing_is_inline_and_what_is_pointed_at_is_there() {
    for status in [healthy(), recovering(), status(nothing(), &idle())] {
        for ways in [OPEN, Ways::default()] {
            let html = drawn(&status, ways);
            assert!(
                !html.contains(" style=") && !html.contains("<style"),
                "inline style"
            );
            assert!(!html.contains(" onclick=") && !html.contains("javascript:"));
            assert!(
                !html.contains("http://") && !html.contains("https://"),
                "elsewhere"
            );
            let ids = attributes(&html, "id");
            let named: BTreeSet<_> = ids.iter().copied().collect();
            assert_eq!(named.len(), ids.len(), "twice: {ids:?}");
            let labels = attributes(&html, "aria-labelledby");
            let anchors = attributes(&html, "href");
            let anchors = anchors.iter().filter_map(|to| to.strip_prefix('#'));
            for to in labels
                .into_iter()
                .chain(attributes(&html, "for"))
                .chain(anchors)
            {
                assert!(named.contains(to), "nothing is called {to}");
            }
            assert_eq!(html.matches("<h1").count(), 1);
            assert_eq!(
                html.matches("<table").count(),
                html.matches("<caption").count()
            );
            assert_eq!(html.matches("<main").count(), 1);
            assert_eq!(
                html.matches("class=\"act\"").count() == 0,
                ways == Ways::default()
            );
        }
    }
}

/// Everything that the script and the style sheet name is in the page, and nothing else is named.
#[test]
fn script_and_style_fit_the_page() {
    let html = drawn(&recovering(), OPEN);
    let source = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/publish/page")
            .join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let script = source("page.js");
    for id in script
        .split("by('")
        .skip(1)
        .map(|part| part.split('\'').next().unwrap())
    {
        assert!(
            html.contains(&format!(" id=\"{id}\"")),
            "the script names {id}"
        );
    }
    for at in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "eval(",
        "document.write",
    ] {
        assert!(!script.contains(at), "{at} makes markup of words");
    }
    let style = source("page.css");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn ten_thousand_queues_are_a_page_that_can_be_read() {
    let mut status = recovering();
    let queue = status.queues.as_ref().unwrap().shown[0].clone();
    status.queues.as_mut().unwrap().shown = vec![queue; 500];
    let worker = &mut status.workers.as_mut().unwrap().kinds[0];
    let process = worker.processes.as_ref().unwrap()[0].clone();
    worker.processes = Some(vec![process; 100]);
    let html = drawn(&status, OPEN);
    assert!(html.len() < 600_000, "{} bytes", html.len());
}

#[test]
fn a_status_that_stands_still_says_so() {
    let status = healthy();
    let fresh = drawn(&status, OPEN);
    let old = page(&View {
        status: &status,
        scores: Err("the ledger does not answer"),
        now: status.at + 600.0,
        ways: OPEN,
        telemetry_path: "/metrics",
    });
    assert!(!fresh.contains("This is ") && old.contains("This is 10 min old"));
    assert!(old.contains("What the score was can't be told: the ledger does not answer."));
}

/// Of the world's clock alone.
#[test]
fn the_same_world_is_the_same_page() {
    let at: Moment = now();
    let standing = Arc::new(standing(at));
    let once = drawn(&status(everything(), &standing), OPEN);
    assert_eq!(once, drawn(&status(everything(), &standing), OPEN));
}
