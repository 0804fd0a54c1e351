//! What recovery does, waits for and did last.

use super::detail::{left_out, title};
use super::findings::target;
use super::layout::{Page, together};
use super::page::View;
use super::paint::{BOLD, paint};
use crate::cli::words::{printable, span};
use crate::publish::status::{Hold, Pause, Recovery, Run, Status, Step};

/// Steps shown of each run at most, unless detailed: the newest.
const STEPS: usize = 3;
/// Ended runs shown at most, unless detailed.
const ENDED: usize = 3;

/// Whether there is more to say than the mode.
pub(super) fn is_to_be_told(recovery: &Recovery) -> bool {
    let runs = !recovery.runs.is_empty() || !recovery.ended.is_empty();
    runs || !recovery.pauses.is_empty() || !recovery.incidents.is_empty()
}

/// Pauses, open runs, incidents that nothing is done about, the newest ends.
pub(super) fn write(page: &mut Page, status: &Status, view: &View<'_>) {
    let recovery = &status.recovery;
    title(page, "Recovery", &printable(&recovery.words));
    for pause in &recovery.pauses {
        page.line(2, &paused(pause, status.at));
    }
    for run in &recovery.runs {
        open(page, run, status.at, view);
    }
    left_out(page, 2, recovery.runs_left_out);
    for incident in &recovery.incidents {
        if recovery.runs.iter().all(|run| run.incident != incident.id) {
            let since = together(&span(status.at - incident.opened_at));
            let code = printable(&incident.code);
            let words = format!("{code} of {}: open for {since}", target(&incident.target));
            page.line(2, &format!("{words}, without a run"));
        }
    }
    left_out(page, 2, recovery.incidents_left_out);
    let most = if view.detailed { usize::MAX } else { ENDED };
    for run in recovery.ended.iter().take(most) {
        page.line(2, &ended(run, status.at));
    }
}

fn paused(pause: &Pause, at: f64) -> String {
    let what = pause.target.as_ref().map_or("everything".into(), target);
    let until = match pause.until {
        Some(until) => format!("for {} more", span(until - at)),
        None => "until somebody resumes it".to_owned(),
    };
    let until = together(&until);
    format!("paused: {what}, {until}: {}", printable(&pause.reason))
}

/// `run 7 worker-unhealthy of worker mailer`
fn named(run: &Run) -> String {
    let name = paint(BOLD, &together(&format!("run {}", run.id)));
    let playbook = printable(&run.playbook);
    format!("{name} {playbook} of {}", target(&run.target))
}

fn open(page: &mut Page, run: &Run, at: f64, view: &View<'_>) {
    let since = together(&format!("for {}", span(at - run.created_at)));
    let state = printable(&run.state.replace('_', " "));
    page.line(2, &format!("{}: {state}, {since}", named(run)));
    if let Some(hold) = &run.hold {
        page.line(4, &held(hold, at));
    }
    if run.state == "awaiting_approval" {
        let id = run.id;
        page.line(4, &format!("to let it go: warrener runs approve {id}"));
    }
    let most = if view.detailed { usize::MAX } else { STEPS };
    let hidden = run.steps.len().saturating_sub(most);
    let before = hidden as u64 + run.steps_left_out;
    if before > 0 {
        page.marked(4, "- ", &format!("{before} before: --detailed"));
    }
    for step in run.steps.iter().skip(hidden) {
        page.marked(4, "- ", &done(step));
    }
}

fn held(hold: &Hold, at: f64) -> String {
    let words = format!("{} ({})", printable(&hold.words), printable(&hold.reason));
    match hold.until {
        Some(until) if until > at => {
            let left = together(&span(until - at));
            format!("{words}, for {left} more")
        }
        _ => words,
    }
}

fn done(step: &Step) -> String {
    let action = printable(&step.action);
    match (&step.result, &step.words) {
        (Some(result), words) => {
            let words = words.as_deref().unwrap_or(&step.plan);
            let result = printable(&result.replace('_', " "));
            format!("{action}: {result}: {}", printable(words))
        }
        (None, _) => format!("{action}: under way: {}", printable(&step.plan)),
    }
}

fn ended(run: &Run, at: f64) -> String {
    let outcome = run.outcome.as_deref().unwrap_or("ended");
    let outcome = printable(&outcome.replace('_', " "));
    let ago = run
        .ended_at
        .map(|ended| format!(" {} ago", span(at - ended)));
    let ended = together(&format!("{outcome}{}", ago.unwrap_or_default()));
    match &run.hold {
        Some(hold) if outcome == "held" => {
            format!("{}: {ended}: {}", named(run), printable(&hold.words))
        }
        _ => format!("{}: {ended}", named(run)),
    }
}
