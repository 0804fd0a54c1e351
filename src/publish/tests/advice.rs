//! What the page's top tells a person to do.

use super::page::{OPEN, drawn, healthy, recovering, status, words};
use super::world::{everything, idle, nothing, now, observing, standing};
use crate::model::{RunMode, RunState, Standing};
use crate::publish::status::Status;

/// What the page answers to "What to do now".
fn to_do(status: &Status) -> String {
    let words = words(&drawn(status, OPEN));
    let (_, after) = words.split_once("What to do now").unwrap();
    after.chars().take(160).collect()
}

#[test]
fn the_top_says_what_a_person_should_do() {
    let with = |standing: Standing| status(everything(), &standing);
    let alone = |mode, reflex| Standing {
        mode,
        reflex,
        ..idle()
    };
    let mut waits = standing(now());
    waits.runs[0].0.state = RunState::AwaitingApproval;
    let proposed = |mode| {
        let mut standing = standing(now());
        standing.runs[0].0.state = RunState::Proposed;
        standing.runs[0].0.mode = mode;
        standing
    };
    let cases = [
        (healthy(), "Nothing."),
        (recovering(), "Nothing now: watch the run."),
        (
            with(waits),
            "Decide about run 7: approve or cancel it. warrener runs approve 7",
        ),
        (
            with(proposed(RunMode::Propose)),
            "Decide about run 7: approve or cancel it.",
        ),
        // It is about to go on by itself.
        (with(proposed(RunMode::Auto)), "Nothing now: watch the run."),
        (with(observing(now())), "Give warrener room to write"),
        (
            with(alone(RunMode::Propose, false)),
            "Let warrener repair ConfigInvalid of env file .env, or do it yourself. \
             warrener recover config-invalid --target env_file:.env",
        ),
        (
            with(alone(RunMode::Off, false)),
            "Repair ConfigInvalid of env file .env",
        ),
        (
            with(alone(RunMode::Auto, true)),
            "Nothing yet: warrener is about to begin.",
        ),
        (
            with(alone(RunMode::Auto, false)),
            "Nothing, if Alertmanager calls",
        ),
        (
            status(nothing(), &idle()),
            "Tell warrener of your workers and env files",
        ),
    ];
    for (status, expected) in cases {
        let told = to_do(&status);
        assert!(
            told.trim_start().starts_with(expected),
            "{expected}\n{told}"
        );
    }
}
