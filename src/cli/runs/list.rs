//! The list of runs.

use super::told;
use crate::cli::layout::Page;
use crate::cli::words::{printable, rough, sentence, span, target};
use crate::publish::runs::{Run, Runs};

/// The runs in a table, newest first.
pub(super) fn render(runs: &Runs, note: Option<&str>, now: f64, width: usize) -> String {
    let mut page = Page::new(width);
    if let Some(note) = note {
        page.line(0, &sentence(note));
        page.blank();
    }
    if runs.runs.is_empty() {
        page.line(0, "No runs yet: nothing asked for recovery.");
        return page.into_text();
    }
    let head = ["Run", "For", "State", "Made"];
    let rows: Vec<Vec<String>> = runs.runs.iter().map(|run| row(run, now)).collect();
    page.table(0, &head, &rows);
    page.blank();
    if let Some(waiting) = runs
        .runs
        .iter()
        .find(|run| run.state == "awaiting_approval")
    {
        let id = waiting.id;
        page.line(
            0,
            &format!("Run {id} waits for a person: warrener runs approve {id}"),
        );
    }
    let newest = runs.runs[0].id;
    page.line(0, &format!("More: warrener runs show {newest}"));
    page.into_text()
}

fn row(run: &Run, now: f64) -> Vec<String> {
    let state = match (&run.hold, run.ended_at) {
        (_, Some(ended)) => {
            let took = span(ended - run.created_at);
            format!("{} after {took}", told::state(run))
        }
        (Some(hold), None) if run.state == "held" => {
            format!("{}: {}", told::state(run), printable(&hold.reason))
        }
        _ => told::state(run),
    };
    vec![
        format!("{} {}", run.id, printable(&run.playbook)),
        target(&run.target),
        state,
        format!("{} ago", rough(now - run.created_at)),
    ]
}
