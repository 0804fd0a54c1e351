//! Everything wrong, worst first, symptoms below their cause.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::View;
use super::controls::{Wish, ask, button};
use super::parts::{ago, counted, id, lasting, level, mark, of, sentence, target, text};
use crate::publish::status::{Finding, Status};
use crate::publish::words::count;

/// A finding that nobody saw for so many seconds can't be looked at now.
const UNSEEN: f64 = 30.0;

/// Every finding.
pub(super) fn section(view: &View<'_>) -> Markup {
    let findings = &view.status.findings;
    html! {
        section #findings aria-labelledby="findings-head" {
            h2 #findings-head { "Findings" @if !findings.is_empty() { " (" (count(findings.len() as u64)) ")" } }
            @if findings.is_empty() { p { (none(view.status)) } } @else {
                ol .findings {
                    @let mut written = BTreeSet::new();
                    @for at in 0..findings.len() {
                        @if cause(findings, at).is_none() { (one(view, at, &mut written)) }
                    }
                    // Causes that lead in a circle would leave these out.
                    @for at in 0..findings.len() { (one(view, at, &mut written)) }
                }
            }
        }
    }
}

fn none(status: &Status) -> &'static str {
    if status.probes.iter().all(|probe| probe.available) {
        "Nothing is wrong."
    } else {
        "Nothing is wrong in what could be read; not everything could."
    }
}

fn cause(findings: &[Finding], at: usize) -> Option<usize> {
    let cause = findings[at].cause.as_ref()?;
    findings.iter().position(|finding| finding.key() == *cause)
}

/// A finding and what it explains, unless it was written before.
fn one(view: &View<'_>, at: usize, written: &mut BTreeSet<usize>) -> Markup {
    let findings = &view.status.findings;
    if !written.insert(at) {
        return html! {};
    }
    let symptoms: Vec<usize> = (0..findings.len())
        .filter(|symptom| cause(findings, *symptom) == Some(at) && !written.contains(symptom))
        .collect();
    html! {
        li #(id("finding", &format!("{}:{}", findings[at].code, findings[at].target.key))) {
            (finding(view, &findings[at]))
            @if !symptoms.is_empty() {
                p .aside { "It explains " (counted(symptoms.len() as u64, "other finding")) ":" }
                ul .findings { @for symptom in symptoms { (one(view, symptom, written)) } }
            }
        }
    }
}

fn finding(view: &View<'_>, finding: &Finding) -> Markup {
    let unseen = view.status.at - finding.as_of;
    html! {
        h3 {
            (mark(level(finding.severity), finding.severity.as_str())) " "
            (text(&finding.code)) " of " (target(&finding.target))
            " " span .aside { "for " (lasting(finding.since, view.status.at)) }
        }
        p { (text(&finding.summary)) "." }
        @if unseen > UNSEEN {
            p .aside { "Last seen " (ago(finding.as_of, view.now)) ": it can't be looked at now." }
        }
        (remedy(finding))
        (recover(view, finding))
        @if !finding.evidence.is_empty() {
            details {
                summary { "Evidence (" (finding.evidence.len()) ")" }
                dl .evidence {
                    @for evidence in &finding.evidence {
                        div {
                            dt { (text(&evidence.what)) }
                            dd {
                                (text(&evidence.value))
                                @if let Some(expected) = &evidence.expected {
                                    " " span .aside { "expected: " (text(expected)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// To begin now, where nobody does yet.
fn recover(view: &View<'_>, finding: &Finding) -> Markup {
    let recovery = &view.status.recovery;
    let is_open = recovery
        .incidents
        .iter()
        .any(|open| open.code == finding.code && open.target == finding.target);
    let playbook = finding.remedy.playbook.as_deref();
    let playbook =
        playbook.filter(|_| finding.cause.is_none() && recovery.mode != "off" && !is_open);
    html! {
        @if let Some(playbook) = playbook {
            (button(view, Wish {
                path: "/api/v1/runs", does: "recover",
                words: &format!("Run {} now", text(playbook)),
                body: Some(&ask(playbook, &finding.target, false)),
                plan: Some(&ask(playbook, &finding.target, true)),
            }))
        }
    }
}

fn remedy(finding: &Finding) -> Markup {
    let remedy = &finding.remedy;
    html! {
        p .aside {
            @match (&finding.cause, &remedy.playbook) {
                (Some(cause), _) => { "Explained by " (of(&cause.code, &cause.target)) "." },
                (None, Some(playbook)) => {
                    "Playbook " code { (text(playbook)) } ": " (text(&remedy.words))
                    "; " (remedy.begun()) "."
                },
                (None, None) => { (sentence(&remedy.words)) },
            }
        }
    }
}
