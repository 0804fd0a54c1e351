//! The story of one run: why, how far, what was done, how it ended.

use super::told;
use crate::cli::layout::{Page, together};
use crate::cli::paint::{self, BOLD, paint};
use crate::cli::words::{instant, printable, sentence, span, target};
use crate::publish::runs::{Hold, Run, Step, Whole};

/// The whole story.
pub(super) fn render(whole: &Whole, note: Option<&str>, now: f64, width: usize) -> String {
    let mut page = Page::new(width);
    if let Some(note) = note {
        page.line(0, &sentence(note));
        page.blank();
    }
    let run = &whole.run;
    let name = format!("Run {}", run.id);
    page.line(
        0,
        &format!(
            "{}: {} for {}, {}",
            paint(BOLD, &name),
            printable(&run.playbook),
            target(&run.target),
            told::state(run)
        ),
    );
    page.line(2, told::meaning(run));
    page.blank();
    why(&mut page, whole, now);
    if let Some(hold) = &run.hold {
        page.blank();
        held(&mut page, run, hold);
    }
    page.blank();
    steps(&mut page, whole);
    page.blank();
    end(&mut page, run, now);
    if !whole.advice.is_empty() {
        page.blank();
        page.line(0, &paint(BOLD, "What is known of such incidents"));
        for advice in &whole.advice {
            page.marked(2, "- ", &printable(advice));
        }
    }
    page.blank();
    page.line(0, &next(run));
    page.into_text()
}

fn why(page: &mut Page, whole: &Whole, now: f64) {
    let run = &whole.run;
    page.line(0, &paint(BOLD, "Why"));
    let source = told::source(&run.source);
    match &whole.incident {
        Some(incident) => {
            page.line(2, &format!("{}, {source}", told::incident(incident)));
            let open = match incident.closed_at {
                Some(closed) => format!(
                    "open for {}, closed {}",
                    together(&span(closed - incident.opened_at)),
                    together(&instant(closed))
                ),
                None => format!("open for {}", together(&span(now - incident.opened_at))),
            };
            page.line(2, &format!("incident {}, {open}", incident.id));
            if let Some(cause) = incident.cause {
                page.line(2, &format!("a symptom of incident {cause}"));
            }
        }
        None => {
            let words = format!("{source}; incident {} is no longer kept", run.incident);
            page.line(2, &words);
        }
    }
    page.line(2, &format!("made {}", together(&instant(run.created_at))));
    page.line(2, &format!("mode {}", told::mode(&run.mode)));
    let others = run.touches.iter().filter(|touched| **touched != run.target);
    let others: Vec<String> = others.map(target).collect();
    if !others.is_empty() {
        page.line(2, &format!("may also disturb {}", others.join(", ")));
    }
}

fn held(page: &mut Page, run: &Run, hold: &Hold) {
    let is_held = run.state == "held";
    let title = if is_held { "Held" } else { "Held for a while" };
    page.line(0, &paint(BOLD, title));
    page.line(2, &told::hold(hold));
    for evidence in &hold.evidence {
        let (what, value) = (printable(&evidence.what), printable(&evidence.value));
        let expected = evidence.expected.as_deref().map(printable);
        let expected = expected.map(|expected| format!("; expected: {expected}"));
        let words = format!("{what}: {value}{}", expected.unwrap_or_default());
        page.marked(2, "- ", &words);
    }
}

fn steps(page: &mut Page, whole: &Whole) {
    if whole.steps.is_empty() {
        page.line(0, &paint(BOLD, "Nothing was done"));
        return;
    }
    page.line(0, &paint(BOLD, "What was done"));
    let mut rung = None;
    for step in &whole.steps {
        if rung.is_some_and(|before| before != step.rung) {
            let words = format!("that did not help; rung {} of the ladder:", step.rung + 1);
            page.line(2, &words);
        }
        rung = Some(step.rung);
        one(page, step, whole.run.created_at);
    }
}

fn one(page: &mut Page, step: &Step, began: f64) {
    let again = match step.attempt {
        1 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    let after = together(&format!("after {}", span(step.intended_at - began)));
    page.line(
        2,
        &format!(
            "{} {} on {}, {}{again}, {after}",
            step.number,
            paint(BOLD, &printable(&step.action)),
            target(&step.target),
            printable(&step.risk)
        ),
    );
    page.line(6, &format!("meant: {}", printable(&step.plan)));
    match (&step.result, &step.words) {
        (Some(result), words) => {
            let result = printable(&result.replace('_', " "));
            let result = paint(paint::step(&result), &result);
            let words = words.as_deref().map(printable).unwrap_or_default();
            page.line(6, &format!("{result}: {words}"));
        }
        (None, _) => page.line(6, "no result yet: it is under way, or warrener ended in it"),
    }
    if !step.before.is_empty() || !step.after.is_empty() {
        let list = |things: &[String]| match things {
            [] => "-".to_owned(),
            things => things
                .iter()
                .map(|thing| printable(thing))
                .collect::<Vec<_>>()
                .join(", "),
        };
        page.line(6, &format!("before: {}", list(&step.before)));
        page.line(6, &format!("after: {}", list(&step.after)));
    }
    page.line(6, &times(step));
}

/// When it was written down, acted and done.
fn times(step: &Step) -> String {
    let later = |at: f64| {
        let seconds = (at - step.intended_at).max(0.0);
        together(&match seconds {
            0.0..10.0 => format!("{seconds:.1} s"),
            longer => span(longer),
        })
    };
    let acted = match (step.acted_at, step.result.as_deref()) {
        (Some(acted), _) => format!(", acted {} later", later(acted)),
        (None, Some("needless")) => String::new(),
        (None, _) => ", no act is known".to_owned(),
    };
    let done = step
        .done_at
        .map(|done| format!(", ended {} later", later(done)));
    let written = together(&instant(step.intended_at));
    format!("written down {written}{acted}{}", done.unwrap_or_default())
}

fn end(page: &mut Page, run: &Run, now: f64) {
    let (title, words) = match run.ended_at {
        Some(ended) => {
            let took = together(&span(ended - run.created_at));
            let at = together(&instant(ended));
            let words = format!("{} after {took}, {at}", told::state(run));
            ("How it ended", words)
        }
        None => {
            let since = together(&span(now - run.created_at));
            let words = format!("{}, {since} after it was made", told::state(run));
            ("How it stands", words)
        }
    };
    page.line(0, &paint(BOLD, title));
    page.line(2, &words);
}

fn next(run: &Run) -> String {
    let id = run.id;
    match (&run.outcome, run.state.as_str()) {
        (Some(_), _) => format!("More: warrener runs show {id} --json, docs/API.md"),
        (None, "awaiting_approval") => {
            format!(
                "To let it go: warrener runs approve {id}; to call it off: warrener runs cancel {id}"
            )
        }
        (None, _) => format!("To call it off: warrener runs cancel {id}"),
    }
}
