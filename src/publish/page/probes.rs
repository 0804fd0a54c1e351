//! The probes: which of them see, and why the others do not.

use maud::{Markup, html};

use super::View;
use super::broker::short;
use super::parts::{ago, cell, head, mark, row_head, spaced, text};
use crate::model::Level;
use crate::publish::status::Probe;
use crate::publish::words::{or_unknown, span};

/// Every probe.
pub(super) fn section(view: &View<'_>) -> Markup {
    html! {
        section #probes aria-labelledby="probes-head" {
            h2 #probes-head { "Probes" }
            table .cards role="table" {
                (head("Probes", &["Probe", "Newest", "Read", "Took", "Every"]))
                tbody role="rowgroup" { @for probe in &view.status.probes { (row(view, probe)) } }
            }
        }
    }
}

fn row(view: &View<'_>, probe: &Probe) -> Markup {
    html! {
        tr role="row" {
            (row_head(text(&probe.probe)))
            (cell("Newest", outcome(probe)))
            (cell("Read", html! {
                @match probe.age_seconds {
                    Some(age) => { (ago(view.status.at - age, view.now)) },
                    None => { "never" },
                }
            }))
            (cell("Took", or_unknown(probe.duration_seconds.map(short))))
            (cell("Every", or_unknown(probe.interval_seconds.map(span))))
        }
    }
}

fn outcome(probe: &Probe) -> Markup {
    html! {
        @match (probe.success, &probe.failure) {
            (None, _) => { span .aside { "not yet" } },
            (_, Some(failure)) => {
                (mark(Level::Warning, &spaced(&failure.reason))) " "
                span .aside { (probe.failed_in_a_row) " in a row" }
                p .aside { (text(&failure.message)) }
            },
            _ if !probe.available => { (mark(Level::Caution, "outdated")) },
            _ => { (mark(Level::Normal, "ok")) },
        }
    }
}

/// What stands in the place of a section that could not be read.
pub(super) fn unread(view: &View<'_>, probe: &str) -> Markup {
    let probe = view.status.probes.iter().find(|p| p.probe == probe);
    html! {
        p {
            @match probe.map(|probe| (&probe.failure, probe.success)) {
                Some((Some(failure), _)) => {
                    (mark(Level::Warning, "Can't be read")) " (" (spaced(&failure.reason)) "): "
                    (text(&failure.message)) "."
                },
                Some((None, None)) => { "Not read yet." },
                Some((None, _)) => { (mark(Level::Caution, "Outdated")) ": its newest reading is too old." },
                None => { "Not watched." },
            }
        }
    }
}
