//! What recovery does, waits for, and did last.

use maud::{Markup, html};

use super::View;
use super::controls::{Wish, ask, button, closed};
use super::parts::{
    ago, cell, counted, head, lasting, left_out, row_head, sentence, spaced, target, text, typed,
    until, went,
};
use crate::publish::status::{Hold, Incident, Pause, Run, Step, Target};
use crate::publish::words::span;

/// Pauses, open runs, incidents without a run, the newest ends.
pub(super) fn section(view: &View<'_>) -> Markup {
    let recovery = &view.status.recovery;
    let idle = |incident: &&Incident| recovery.runs.iter().all(|run| run.incident != incident.id);
    let idle: Vec<_> = recovery.incidents.iter().filter(idle).collect();
    let whole = recovery.pauses.iter().any(|pause| pause.target.is_none());
    html! {
        section #recovery aria-labelledby="recovery-head" {
            h2 #recovery-head { "Recovery" }
            p {
                (sentence(&recovery.words))
                @if let Some(left) = recovery.budget_left { " The host's budget has room for " (counted(left, "more run")) "." }
            }
            (closed(view))
            @for pause in &recovery.pauses { (paused(view, pause)) }
            @if !whole {
                (button(view, Wish {
                    path: "/api/v1/pause", does: "pause", words: "Pause everything",
                    ..Wish::default()
                }))
            }
            @for run in &recovery.runs { (open(view, run)) }
            (left_out(recovery.runs_left_out))
            @if !idle.is_empty() {
                h3 { "Open incidents without a run" }
                ul .plain {
                    @for incident in idle {
                        li {
                            (text(&incident.code)) " of " (target(&incident.target))
                            " " span .aside { "open for " (lasting(incident.opened_at, view.now)) }
                        }
                    }
                }
            }
            (left_out(recovery.incidents_left_out))
            (ended(view))
        }
    }
}

fn paused(view: &View<'_>, pause: &Pause) -> Markup {
    let what = pause
        .target
        .as_ref()
        .map_or("everything".to_owned(), target);
    html! {
        div .paused {
            p {
                strong { "Paused: " (what) } ", since " (ago(pause.since, view.now)) ", "
                @match pause.until {
                    Some(end) => { "ends " (until(end, view.now)) },
                    None => { "until somebody resumes it" },
                }
                ": " (text(&pause.reason))
            }
            (button(view, Wish {
                path: "/api/v1/resume", does: "resume", words: "Resume",
                body: Some(&body_for(pause.target.as_ref())), ..Wish::default()
            }))
            p .command { (typed(&resume(pause.target.as_ref()))) }
        }
    }
}

/// What a wish about this target says.
fn body_for(target: Option<&Target>) -> String {
    let key = target.map(|target| target.key.as_str());
    match key {
        Some(key) => serde_json::json!({ "target": key }).to_string(),
        None => "{}".to_owned(),
    }
}

fn resume(target: Option<&Target>) -> String {
    match target {
        Some(target) => format!("warrener resume --target {}", text(&target.key)),
        None => "warrener resume".to_owned(),
    }
}

/// A run that is not over, with its steps.
fn open(view: &View<'_>, run: &Run) -> Markup {
    let waits = run.waits_for_a_person();
    let held = run.hold.as_ref().is_some_and(|hold| hold.reason == "mode");
    html! {
        article #{ "run-" (run.id) } .run aria-labelledby={ "run-" (run.id) "-head" } {
            h3 #{ "run-" (run.id) "-head" } {
                a href={ "/runs/" (run.id) } { "Run " (run.id) } ": "
                (text(&run.playbook)) " of " (target(&run.target))
            }
            p {
                strong { (spaced(&run.state)) }
                " " span .aside {
                    "for " (lasting(run.created_at, view.now)) ", asked for by " (text(&run.source))
                    ", mode " (text(&run.mode))
                }
            }
            @if let Some(hold) = &run.hold { (held_by(view, hold)) }
            (steps(view, run))
            (decide(view, run, waits || held))
            @if waits {
                p .command {
                    (typed(&format!("warrener runs approve {}", run.id))) " or "
                    (typed(&format!("warrener runs cancel {}", run.id)))
                }
            }
        }
    }
}

/// What a person may do about a run.
fn decide(view: &View<'_>, run: &Run, may_go: bool) -> Markup {
    let path = |does: &str| format!("/api/v1/runs/{}/{does}", run.id);
    let plan = ask(&run.playbook, &run.target, true);
    html! {
        div .buttons {
            @if may_go {
                (button(view, Wish {
                    path: &path("approve"), does: "approve",
                    words: &format!("Approve run {}", run.id), plan: Some(&plan), body: None,
                }))
            }
            (button(view, Wish {
                path: &path("cancel"), does: "cancel", words: &format!("Cancel run {}", run.id),
                ..Wish::default()
            }))
        }
    }
}

fn held_by(view: &View<'_>, hold: &Hold) -> Markup {
    html! {
        p {
            "Held (" (spaced(&hold.reason)) "): " (sentence(&hold.words))
            @if let Some(end) = hold.until { " Until " (until(end, view.now)) "." }
        }
    }
}

fn steps(view: &View<'_>, run: &Run) -> Markup {
    html! {
        @if run.steps_left_out > 0 {
            p .aside { (run.steps_left_out) " steps before these" }
        }
        @if !run.steps.is_empty() {
            ol .steps start=(run.steps.first().map_or(1, |step| step.number)) {
                @for step in &run.steps { li { (self::step(view, step)) } }
            }
        }
    }
}

fn step(view: &View<'_>, step: &Step) -> Markup {
    html! {
        @match &step.result {
            Some(result) => { (went(result)) },
            None => { span .mark .busy { span aria-hidden="true" { "…" } " under way" } },
        }
        " " code { (text(&step.action)) } " " (target(&step.target))
        " " span .aside { (text(&step.risk)) ", " (ago(step.intended_at, view.now)) }
        p { (sentence(step.words.as_ref().unwrap_or(&step.plan))) }
    }
}

/// How long it took, for a run that is over.
fn took(run: &Run) -> String {
    let end = run.ended_at.map(|ended| span(ended - run.created_at));
    end.unwrap_or_else(|| "?".to_owned())
}

fn ended(view: &View<'_>) -> Markup {
    let ended = &view.status.recovery.ended;
    html! {
        @if !ended.is_empty() {
            h3 { "Latest runs" }
            table .cards role="table" {
                (head("Latest runs", &["Run", "Playbook", "Target", "Outcome", "Ended", "Took"]))
                tbody role="rowgroup" {
                    @for run in ended {
                        tr role="row" {
                            (row_head(html! { a href={ "/runs/" (run.id) } { "Run " (run.id) } }))
                            (cell("Playbook", text(&run.playbook)))
                            (cell("Target", target(&run.target)))
                            (cell("Outcome", outcome(run)))
                            (cell("Ended", html! {
                                @if let Some(at) = run.ended_at { (ago(at, view.now)) } @else { "?" }
                            }))
                            (cell("Took", took(run)))
                        }
                    }
                }
            }
        }
    }
}

fn outcome(run: &Run) -> Markup {
    let word = run.outcome.as_deref().unwrap_or("ended");
    html! {
        (went(word))
        @if let Some(hold) = run.hold.as_ref().filter(|_| word == "held") {
            " " span .aside { (text(&hold.words)) }
        }
    }
}
