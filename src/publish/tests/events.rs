//! What a listener is told, and what not again.

use std::sync::Arc;

use super::world::{idle, now, standing};
use crate::model::{Outcome, RunState, Standing};
use crate::publish::events::{Event, Listener};

fn told(events: &[Event]) -> Vec<(&'static str, serde_json::Value)> {
    events
        .iter()
        .map(|event| (event.name, serde_json::from_str(&event.data).unwrap()))
        .collect()
}

/// The names of events, and of runs their number and state.
fn short(events: &[Event]) -> Vec<String> {
    told(events)
        .iter()
        .map(|(name, data)| match *name {
            "run" => {
                let (run, steps) = (&data["run"], data["steps"].as_array().map(Vec::len));
                let state = run["outcome"].as_str().or(run["state"].as_str()).unwrap();
                format!("run {} {state} {steps:?}", run["id"])
            }
            name => name.to_owned(),
        })
        .collect()
}

#[test]
fn the_first_time_what_is_open_then_what_changed() {
    let mut listener = Listener::default();
    let first = Arc::new(standing(now()));
    let open = ["recovery", "run 7 running Some(1)", "run 8 held Some(0)"];
    assert_eq!(short(&listener.stands(&first)), open);
    assert_eq!(listener.stands(&first), []);

    // What does not concern runs is no event of theirs.
    let counted = Standing {
        budget_left: 1,
        ..(*first).clone()
    };
    assert_eq!(listener.stands(&Arc::new(counted.clone())), []);

    let mut went_on = counted;
    let (mut run, mut steps) = went_on.runs.remove(0);
    steps[0].intent.plan = "another".into();
    went_on.runs.insert(0, (run.clone(), steps));
    let changed = listener.stands(&Arc::new(went_on.clone()));
    assert_eq!(short(&changed), ["run 7 running Some(1)"]);

    went_on.runs.remove(0);
    run.state = RunState::Ended(Outcome::Recovered);
    went_on.ended.insert(0, run.clone());
    let over = listener.stands(&Arc::new(went_on.clone()));
    assert_eq!(short(&over), ["recovery", "run 7 recovered None"]);

    // One that began and ended between two looks.
    run.id.0 = 9;
    went_on.ended.insert(0, run);
    let unseen = listener.stands(&Arc::new(went_on.clone()));
    assert_eq!(short(&unseen), ["run 9 recovered None"]);
    assert_eq!(listener.stands(&Arc::new(went_on)), []);
}

#[test]
fn what_was_over_before_is_not_told() {
    let mut listener = Listener::default();
    let mut before = idle();
    before.ended = standing(now()).ended;
    assert_eq!(short(&listener.stands(&Arc::new(before))), ["recovery"]);
}
