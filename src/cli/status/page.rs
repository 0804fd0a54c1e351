//! The page: how things are, what is wrong, what can't be seen, what to run next.

use super::layout::{Page, together};
use super::paint::{self, BOLD, paint};
use super::{detail, findings, host, recovery};
use crate::cli::words::{instant, printable, sentence, span};
use crate::publish::status::{Attention, Finding, Probe, Status};

/// How it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    /// Columns.
    pub(super) width: usize,
    /// With what every probe saw.
    pub(super) detailed: bool,
    /// Now, in seconds since the Unix epoch.
    pub(super) now: f64,
    /// What has to be known of how the status came about.
    pub(super) note: Option<&'a str>,
}

/// A status this many seconds old has stopped being one.
const OLD: f64 = 60.0;

/// The page of a status, with colours; each line within the width and ended.
pub(super) fn render(status: &Status, view: &View<'_>) -> String {
    let mut page = Page::new(view.width);
    if let Some(note) = view.note {
        page.line(0, &sentence(note));
        page.blank();
    }
    head(&mut page, status, view);
    page.blank();
    findings::write(&mut page, status, view);
    let recovers = recovery::is_to_be_told(&status.recovery);
    if recovers {
        recovery::write(&mut page, status, view);
    }
    page.blank();
    sight(&mut page, status);
    if let Some(paid) = &status.attention {
        page.line(0, &attention(paid));
    }
    if view.detailed {
        detail::write(&mut page, status);
        host::write(&mut page, status);
        detail::probes(&mut page, &status.probes);
    }
    page.blank();
    if !status.findings.is_empty() && !recovers {
        page.line(0, &sentence(&status.recovery.words));
    }
    next(&mut page, status, view);
    page.into_text()
}

fn head(page: &mut Page, status: &Status, view: &View<'_>) {
    let style = paint::level(status.level);
    let age = view.now - status.at;
    let age = if age < 1.0 {
        "now".to_owned()
    } else {
        together(&format!("{} ago", span(age)))
    };
    page.line(
        0,
        &format!(
            "{}: health {} of 100, {} ({age})",
            paint(BOLD, &printable(&status.identity)),
            paint(style, &status.score.to_string()),
            paint(style, status.level.as_str()),
        ),
    );
    if view.now - status.at > OLD {
        let words = "this is old: the server assesses nothing new, or the clocks differ";
        page.line(2, words);
    }
    if let Some(cap) = &status.cap {
        page.line(
            2,
            &format!(
                "at most {} because of {}; {} without that cap",
                cap.at_most,
                findings::named(&status.root(&cap.finding)),
                status.mean
            ),
        );
    }
    if status.level_held {
        page.line(
            2,
            "things got better: the level follows when the next assessment confirms it",
        );
    }
    let entries: Vec<String> = status
        .components
        .iter()
        .map(|c| {
            let score = paint(paint::score(c.score), &c.score.to_string());
            format!("{} {score}", printable(&c.component))
        })
        .collect();
    if !entries.is_empty() {
        page.row(2, &entries);
    }
}

/// What the probes see, and why those that don't, don't.
fn sight(page: &mut Page, status: &Status) {
    let (seeing, blind): (Vec<&Probe>, Vec<&Probe>) =
        status.probes.iter().partition(|p| p.available);
    let (untried, blind): (Vec<&Probe>, Vec<&Probe>) =
        (blind.into_iter()).partition(|p| p.success.is_none());
    if !untried.is_empty() {
        page.line(0, &format!("Not read yet: {}.", names(&untried)));
    }
    for probe in &blind {
        let told = |f: &Finding| f.target.kind == "probe" && f.target.name == probe.probe;
        page.line(0, &cannot(probe, status.findings.iter().any(told)));
    }
    if seeing.is_empty() {
        return;
    }
    let oldest = seeing.iter().filter_map(|p| p.age_seconds);
    let oldest = oldest.fold(0.0, f64::max);
    let names = names(&seeing);
    let which = if blind.is_empty() && untried.is_empty() {
        "Every probe"
    } else {
        "The others"
    };
    let words = match span(oldest) {
        _ if oldest < 1.0 => format!("{which} read just now: {names}."),
        age => format!("{which} read within the last {}: {names}.", together(&age)),
    };
    page.line(0, &words);
}

fn attention(paid: &Attention) -> String {
    let asked = paid.asked_until.map(|until| {
        let until = together(&instant(until));
        format!("a person asked for it, until {until}")
    });
    let level = paid.level.then(|| "the level is not normal".to_owned());
    let why: Vec<String> = level.into_iter().chain(asked).collect();
    let why = why.join(", and ");
    format!("Watching closely, for {why}: the probes read more often than usual.")
}

fn names(probes: &[&Probe]) -> String {
    let names: Vec<String> = probes.iter().map(|p| printable(&p.probe)).collect();
    names.join(", ")
}

/// `told`: a finding says why.
fn cannot(probe: &Probe, told: bool) -> String {
    let name = paint(BOLD, &printable(&probe.probe));
    let age = match probe.age_seconds {
        Some(age) => format!("last read {} ago", together(&span(age))),
        None => "never read".to_owned(),
    };
    match (&probe.failure, probe.success) {
        (Some(failure), _) if told => {
            format!("Can't see {name} ({}, {age}).", printable(&failure.reason))
        }
        (Some(failure), _) => format!(
            "Can't see {name} ({}, {age}): {}",
            printable(&failure.reason),
            printable(&failure.message)
        ),
        (None, _) => format!("Can't see {name}: its reading is outdated ({age})."),
    }
}

/// What a person may do now.
fn next(page: &mut Page, status: &Status, view: &View<'_>) {
    let more = match (status.findings.is_empty(), view.detailed) {
        (true, false) => "More: warrener status --detailed",
        (false, false) => "More: warrener status --detailed, or --watch to follow it",
        (_, true) => "More: warrener status --json, docs/API.md",
    };
    if !status.findings.is_empty() {
        page.line(0, "Next:");
        for (command, words) in commands(status, view) {
            page.line(2, &format!("{command}: {words}"));
        }
    }
    page.line(0, more);
}

/// Commands that help with what is wrong, and what for.
fn commands(status: &Status, view: &View<'_>) -> Vec<(String, &'static str)> {
    let own = |command: &str| format!("warrener {command}");
    let mut next = vec![(own("logs --errors"), "what the workers write")];
    match (status.recovery.runs.first(), view.note) {
        (Some(run), _) => {
            let story = own(&format!("runs show {}", run.id));
            next.push((story, "what recovery does, and why"));
        }
        (None, None) => {
            let plan = own("recover --emergency --dry-run");
            next.push((plan, "what would be done about it, in order"));
        }
        (None, Some(_)) => {
            next.push((
                own("fix --dry-run"),
                "what would be repaired in the env files",
            ));
            next.push((own("serve"), "watches on, and repairs what it may"));
        }
    }
    if view.detailed {
        let write = own("rules --output DIR");
        next.push((
            write,
            "writes a runbook for each code, for what is done by hand",
        ));
    }
    next
}
