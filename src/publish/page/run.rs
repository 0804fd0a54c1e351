//! The page of one run: everything that was meant, done and found.

use maud::{Markup, html};

use super::parts::{ago, clock, sentence, spaced, target, text, until, went};
use super::{document, live};
use crate::publish::runs::{Hold, Run, Step, Whole};
use crate::publish::words::span;

/// The page of a run; `identity` is this host's name, `now` in seconds since the Unix epoch.
pub fn run(whole: &Whole, identity: &str, now: f64) -> String {
    let run = &whole.run;
    let name = format!(
        "Run {}: {} of {}",
        run.id,
        text(&run.playbook),
        target(&run.target)
    );
    let body = html! {
        header .bar {
            p .name { a href="/" { "warrener" } " " strong { (text(identity)) } }
            (live(now))
        }
        main #main {
            section #state aria-labelledby="run-head" {
                h1 #run-head { (name) }
                (about(whole, now))
                @if let Some(hold) = &run.hold { (held(hold, now)) }
            }
            section #steps aria-labelledby="steps-head" {
                h2 #steps-head { "Steps" }
                @if whole.steps.is_empty() { p { "None yet." } } @else {
                    ol .steps { @for one in &whole.steps { li { (step(one, now)) } } }
                }
            }
        }
        footer { p { a href="/" { "The whole state" } ". The same for programs: "
            a href={ "/api/v1/runs/" (run.id) } { "run " (run.id) } "." } }
    };
    let title = format!("{name} · {} · warrener", text(identity));
    document(&title, &body)
}

fn about(whole: &Whole, now: f64) -> Markup {
    let run = &whole.run;
    html! {
        dl .about {
            div { dt { "State" } dd { (state(run)) } }
            @if let Some(incident) = &whole.incident {
                div {
                    dt { "Incident " (incident.id) }
                    dd {
                        (text(&incident.code)) " of " (target(&incident.target)) ", opened "
                        (ago(incident.opened_at, now))
                        @match incident.closed_at {
                            Some(at) => { ", closed " (ago(at, now)) },
                            None => { ", open" },
                        }
                    }
                }
            }
            div { dt { "Asked for by" } dd { (text(&run.source)) ", mode " (text(&run.mode)) } }
            div { dt { "Made" } dd { (ago(run.created_at, now)) } }
            div {
                dt { "First act" }
                dd { @match run.started_at { Some(at) => { (ago(at, now)) }, None => { "none" } } }
            }
            @if let Some(at) = run.ended_at {
                div { dt { "Ended" } dd { (ago(at, now)) ", after " (span(at - run.created_at)) } }
            }
            div {
                dt { "May disturb" }
                dd {
                    @if run.touches.is_empty() { "nothing" }
                    @for (at, touched) in run.touches.iter().enumerate() {
                        @if at > 0 { ", " } (target(touched))
                    }
                }
            }
        }
    }
}

fn state(run: &Run) -> Markup {
    match &run.outcome {
        Some(outcome) => went(outcome),
        None => html! { strong { (spaced(&run.state)) } },
    }
}

fn held(hold: &Hold, now: f64) -> Markup {
    html! {
        p {
            "Held (" (spaced(&hold.reason)) "): " (sentence(&hold.words))
            @if let Some(end) = hold.until { " Until " (until(end, now)) "." }
        }
        @if !hold.evidence.is_empty() {
            ul {
                @for evidence in &hold.evidence {
                    li { (text(&evidence.what)) ": " (text(&evidence.value))
                        @if let Some(expected) = &evidence.expected {
                            " " span .aside { "expected: " (text(expected)) } } }
                }
            }
        }
    }
}

fn step(step: &Step, now: f64) -> Markup {
    html! {
        @match &step.result {
            Some(result) => { (went(result)) },
            None => { span .mark .busy { span aria-hidden="true" { "…" } " under way" } },
        }
        " " code { (text(&step.action)) } " " (target(&step.target))
        " " span .aside {
            (text(&step.risk)) ", rung " (step.rung + 1) ", attempt " (step.attempt) ", "
            (clock(step.intended_at)) " (" (ago(step.intended_at, now)) ")"
            @if let Some(done) = step.done_at { ", took " (span(done - step.intended_at)) }
        }
        p { "Meant: " (sentence(&step.plan)) }
        @if let Some(words) = &step.words { p { (sentence(words)) } }
        @for (when, what) in [("Before", &step.before), ("After", &step.after)] {
            @if !what.is_empty() {
                p .aside { (when) ": " (what.iter().map(|w| text(w)).collect::<Vec<_>>().join("; ")) }
            }
        }
    }
}
