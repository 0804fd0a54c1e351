//! What is wrong: worst first, each with its evidence and remedy, symptoms below their cause.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::{Page, together};
use super::page::View;
use super::paint::{self, BOLD, paint};
pub(super) use crate::cli::words::target;
use crate::cli::words::{printable, span};
use crate::model::Severity;
use crate::publish::status::{Evidence, Finding, FindingKey, Status};

/// Evidence shown of each finding at most, unless detailed.
const EVIDENCE: usize = 6;
/// Findings are indented so often at most.
const DEEPEST: usize = 3;
/// A finding that nobody saw for so many seconds can't be looked at now.
const UNSEEN: f64 = 30.0;

/// `ConfigInvalid of env file .env`.
pub(super) fn named(key: &FindingKey) -> String {
    format!("{} of {}", printable(&key.code), target(&key.target))
}

/// Every finding.
pub(super) fn write(page: &mut Page, status: &Status, view: &View<'_>) {
    let findings = &status.findings;
    if findings.is_empty() {
        let all = status.probes.iter().all(|probe| probe.available);
        page.line(
            0,
            if all {
                "Nothing is wrong."
            } else {
                "Nothing is wrong in what could be read; not everything could."
            },
        );
        return;
    }
    page.line(0, &headline(findings));
    let mut tree = Tree::new(findings);
    for at in 0..findings.len() {
        if tree.is_root(at) {
            tree.write(page, status, view, at, 0);
        }
    }
    // Causes that lead in a circle would leave these out.
    for at in 0..findings.len() {
        tree.write(page, status, view, at, 0);
    }
}

fn headline(findings: &[Finding]) -> String {
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .filter_map(|severity| {
            let count = findings.iter().filter(|f| f.severity == severity).count();
            (count > 0).then(|| format!("{count} {severity}"))
        })
        .collect();
    let explained = match findings.iter().filter(|f| f.cause.is_some()).count() {
        0 => String::new(),
        n => format!("; {n} of them count for their cause"),
    };
    let counts = match (findings, counts.as_slice()) {
        ([one], _) => one.severity.to_string(),
        (_, [_]) => format!("all {}", findings[0].severity),
        _ => counts.join(", "),
    };
    let plural = if findings.len() == 1 { "" } else { "s" };
    let total = paint(BOLD, &format!("{} finding{plural}", findings.len()));
    format!("{total}, {counts}{explained}")
}

/// The findings as causes and what they explain.
struct Tree<'a> {
    findings: &'a [Finding],
    by_key: BTreeMap<FindingKey, usize>,
    written: BTreeSet<usize>,
}

impl<'a> Tree<'a> {
    fn new(findings: &'a [Finding]) -> Self {
        let keys = findings.iter().enumerate().map(|(at, f)| (f.key(), at));
        Tree {
            findings,
            by_key: keys.collect(),
            written: BTreeSet::new(),
        }
    }

    fn cause(&self, at: usize) -> Option<usize> {
        let cause = self.findings[at].cause.as_ref()?;
        self.by_key.get(cause).copied()
    }

    fn is_root(&self, at: usize) -> bool {
        self.cause(at).is_none()
    }

    fn write(
        &mut self,
        page: &mut Page,
        status: &Status,
        view: &View<'_>,
        at: usize,
        depth: usize,
    ) {
        if !self.written.insert(at) {
            return;
        }
        page.blank();
        one(
            page,
            status,
            view,
            &self.findings[at],
            4 * depth.min(DEEPEST),
        );
        for symptom in 0..self.findings.len() {
            if self.cause(symptom) == Some(at) {
                self.write(page, status, view, symptom, depth + 1);
            }
        }
    }
}

fn one(page: &mut Page, status: &Status, view: &View<'_>, finding: &Finding, indent: usize) {
    let word = finding.severity.as_str().to_uppercase();
    page.line(
        indent,
        &format!(
            "{} {} of {}, {}",
            paint(paint::severity(finding.severity), &word),
            paint(BOLD, &printable(&finding.code)),
            target(&finding.target),
            together(&format!("for {}", span(status.at - finding.since)))
        ),
    );
    let indent = indent + 2;
    page.line(indent, &printable(&finding.summary));
    let unseen = status.at - finding.as_of;
    if unseen > UNSEEN {
        let words = format!(
            "last seen {} ago: it can't be looked at now",
            together(&span(unseen))
        );
        page.line(indent, &words);
    }
    let most = if view.detailed { usize::MAX } else { EVIDENCE };
    for evidence in finding.evidence.iter().take(most) {
        page.marked(indent, "- ", &reading(evidence));
    }
    let more = finding.evidence.len().saturating_sub(most);
    if more > 0 {
        page.marked(indent, "- ", &format!("and {more} more: --detailed"));
    }
    match &finding.cause {
        Some(cause) => page.line(indent, &format!("explained by {}", named(cause))),
        None => page.line(indent, &remedy(finding)),
    }
}

fn reading(evidence: &Evidence) -> String {
    let (what, value) = (printable(&evidence.what), printable(&evidence.value));
    match &evidence.expected {
        Some(expected) => format!("{what}: {value}; expected: {}", printable(expected)),
        None => format!("{what}: {value}"),
    }
}

fn remedy(finding: &Finding) -> String {
    let remedy = &finding.remedy;
    let words = printable(&remedy.words);
    match &remedy.playbook {
        Some(playbook) => {
            let begun = remedy.begun();
            format!("remedy: playbook {}: {words}; {begun}", printable(playbook))
        }
        None => format!("remedy: {words}"),
    }
}
