//! The words of a run: what its state, its end, its source and its mode mean to a person.

use crate::cli::layout::together;
use crate::cli::paint::{self, paint};
use crate::cli::words::{instant, printable, target};
use crate::publish::runs::{Hold, Incident, Run};

/// `held`, `awaiting approval`; how it ended, once it did.
pub(in crate::cli) fn state(run: &Run) -> String {
    let word = run.outcome.as_ref().unwrap_or(&run.state);
    paint(paint::run(word), &printable(&word.replace('_', " ")))
}

/// What that means.
pub(in crate::cli) fn meaning(run: &Run) -> &'static str {
    match run.outcome.as_deref().unwrap_or(&run.state) {
        "recovered" => {
            "verified on later readings: the trouble was gone, and still so after the stability \
             window"
        }
        "failed" => "everything was tried, and it is still wrong: a person is needed",
        "rolled_back" => "it did not help, and what was changed is as it was before",
        "self_resolved" => "it was over before anything was disturbed",
        "held" if run.outcome.is_some() => {
            "it never came to act, or not to the end: what held it outlived it"
        }
        "cancelled" => "a person, or the end of what asked for it, called it off",
        "unknown" => {
            "what was done can't be told: warrener ended in between, and nothing shows it; look at \
             the steps and at the target"
        }
        "proposed" => "planned, nothing done",
        "awaiting_approval" => "it waits for a person",
        "held" => "it waits until what holds it is gone",
        "running" => "it acts",
        "verifying" => "everything was done; it waits for evidence on later readings",
        _ => "a newer warrener knows what this means",
    }
}

/// Who asked for it.
pub(super) fn source(word: &str) -> String {
    match word {
        "alertmanager" => "told by Alertmanager".to_owned(),
        "reconcile" => "found firing at Alertmanager".to_owned(),
        "finding" => "seen by warrener itself".to_owned(),
        "command" => "asked for at the command line".to_owned(),
        "page" => "asked for on the status page".to_owned(),
        "clock" => "asked for by the clock".to_owned(),
        other => printable(other),
    }
}

/// How far it may go.
pub(super) fn mode(word: &str) -> String {
    let means = match word {
        "propose" => ": its plan is told, nothing is done",
        "approve" => ": it waits for a person before it acts",
        "auto" => ": it acts by itself",
        _ => "",
    };
    format!("{}{means}", printable(word))
}

/// What it is about.
pub(super) fn incident(incident: &Incident) -> String {
    let about = target(&incident.target);
    match incident.code.strip_prefix("playbook:") {
        Some(playbook) => format!("playbook {} for {about}", printable(playbook)),
        None => format!("{} of {about}", printable(&incident.code)),
    }
}

/// Why it waits, with the end where it is known.
pub(in crate::cli) fn hold(hold: &Hold) -> String {
    let until = hold.until.map(|until| {
        let until = together(&instant(until));
        format!(", until {until}")
    });
    format!(
        "{} ({}){}",
        printable(&hold.words),
        printable(&hold.reason),
        until.unwrap_or_default()
    )
}
