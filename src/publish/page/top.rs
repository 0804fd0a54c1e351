//! The state in one look, and what made the score.

use maud::{Markup, html};

use super::advice::{self, Answer};
use super::parts::{
    cell, clock, counted, head, left_out, mark, number, of, row_head, shape, text, typed,
};
use super::{View, chart};
use crate::publish::status::Component;

/// Where things are, and the three answers.
pub(super) fn state(view: &View<'_>) -> Markup {
    let status = view.status;
    html! {
        section #state .{ "state " (status.level) } aria-labelledby="state-head" {
            h1 #state-head {
                span .level { span aria-hidden="true" { (shape(status.level)) } " " (status.level) }
                " " span .score { strong { (status.score) } " of 100" }
            }
            div .notes {
                @if let Some(words) = advice::old(status, view.now) { p .old { (words) } }
                @if let Some(cap) = &status.cap {
                    @let root = status.root(&cap.finding);
                    p {
                        "At most " (cap.at_most) " because of " (of(&root.code, &root.target))
                        "; " (status.mean) " without that cap."
                    }
                }
                @if status.level_held {
                    p { "Things got better: the level follows when the next assessment confirms it." }
                }
            }
            dl .answers {
                (answer("What is wrong", &advice::wrong(status)))
                (answer("What warrener does", &advice::doing(status)))
                (answer("What to do now", &advice::person(status)))
            }
            p #said .unseen role="status" { (said(view)) }
        }
    }
}

fn answer(question: &str, answer: &Answer) -> Markup {
    html! {
        div {
            dt { (question) }
            dd {
                p { (answer.words) }
                @if let Some(more) = &answer.more { p .aside { (more) } }
                @if let Some(command) = &answer.command { p { (typed(command)) } }
                @if let Some(run) = answer.run {
                    p { a href={ "/runs/" (run) } { "Run " (run) } }
                }
            }
        }
    }
}

/// What is read aloud when it changes: no figure that moves by itself.
fn said(view: &View<'_>) -> String {
    let status = view.status;
    let runs = status.recovery.runs.iter();
    let runs: Vec<String> = runs
        .map(|run| {
            let step = run.steps.last();
            let step = step.map(|step| format!(", {}", text(&step.action)));
            let state = run.state.replace('_', " ");
            format!(
                " Run {}: {}{}.",
                run.id,
                text(&state),
                step.unwrap_or_default()
            )
        })
        .collect();
    let findings = counted(status.findings.len() as u64, "finding");
    format!("{}, {findings}.{}", status.level, runs.concat())
}

/// What made the score, and what it was before.
pub(super) fn score(view: &View<'_>) -> Markup {
    let status = view.status;
    html! {
        section #score aria-labelledby="score-head" {
            h2 #score-head { "Score" }
            div .scored {
                div { (components(&status.components)) }
                div { (chart::scores(view)) }
            }
        }
    }
}

fn components(components: &[Component]) -> Markup {
    html! {
        table .cards role="table" {
            (head("What made the score", &["Component", "Score", "Weight", "Penalties"]))
            tbody role="rowgroup" {
                @for component in components {
                    tr role="row" {
                        (row_head(text(&component.component)))
                        (cell("Score", meter(component)))
                        (cell("Weight", component.weight))
                        (cell("Penalties", penalties(component)))
                    }
                }
            }
        }
    }
}

fn meter(component: &Component) -> Markup {
    let name = text(&component.component);
    html! {
        span .figure { (component.score) } " "
        meter min="0" max="100" low="50" high="90" optimum="100" value=(component.score)
            aria-label={ "Score of " (name) } { (component.score) }
    }
}

/// Penalties shown of each component at most.
const PENALTIES: usize = 4;

fn penalties(component: &Component) -> Markup {
    let more = component.penalties.len().saturating_sub(PENALTIES);
    html! {
        @if component.penalties.is_empty() { span .aside { "none" } } @else {
            ul .plain {
                @for penalty in component.penalties.iter().take(PENALTIES) {
                    li {
                        span .figure { "−" (penalty.points) } " "
                        (of(&penalty.finding.code, &penalty.finding.target))
                    }
                }
            }
            (left_out(more as u64))
        }
    }
}

/// Where the score was at its worst, in words.
pub(super) fn worst(at: f64, score: u8) -> Markup {
    let level = crate::model::Level::of_score(score);
    html! { "Lowest: " (mark(level, &number(Some(score.into())))) " at " (clock(at)) }
}
