//! A report on a terminal.

use crate::cli::layout::Page;
use crate::cli::paint::{BOLD, paint};
use crate::cli::words::{printable, sentence};
use crate::publish::report::Report;

/// The answers as they are written, all of one width.
fn mark(answer: &str) -> &'static str {
    match answer {
        "ok" => "ok         ",
        "look" => "LOOK       ",
        _ => "not known  ",
    }
}

/// The whole report.
pub(super) fn render(report: &Report, note: Option<&str>, width: usize) -> String {
    let mut page = Page::new(width);
    if let Some(note) = note {
        page.line(0, &sentence(note));
        page.blank();
    }
    let title = format!("{}: {}", printable(&report.identity), report.summary());
    page.line(0, &paint(BOLD, &title));
    let [since, until] = &report.between;
    page.line(
        0,
        &format!("{since} to {until}, {}", printable(&report.zone)),
    );
    for line in &report.lines {
        page.blank();
        let words = format!("{}: {}", paint(BOLD, &line.check), printable(&line.words));
        page.marked(0, mark(&line.answer), &words);
        for evidence in &line.evidence {
            page.marked(11, "- ", &printable(evidence));
        }
    }
    page.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::report::{Counts, Line};

    #[test]
    fn each_line_has_its_answer_and_its_evidence() {
        let line = |check: &str, answer: &str, evidence: &[&str]| Line {
            check: check.into(),
            answer: answer.into(),
            words: "1 finding\u{1b}".into(),
            evidence: evidence.iter().map(|one| (*one).to_owned()).collect(),
        };
        let report = Report {
            version: 1,
            identity: "app-1".into(),
            period: "daily".into(),
            since: 0.0,
            until: 86_400.0,
            zone: "UTC".into(),
            between: ["1970-01-01 00:00".into(), "1970-01-02 00:00".into()],
            counts: Counts {
                ok: 0,
                look: 1,
                not_known: 1,
            },
            lines: vec![
                line("disk space", "look", &["/: 3.0 % of 10 GiB free"]),
                line("memory", "not_known", &[]),
            ],
        };
        let text =
            anstream::adapter::strip_str(&render(&report, Some("no server"), 80)).to_string();
        let expected = "No server.\n\napp-1: daily report: 0 ok, 1 to look at, 1 not known\n\
             1970-01-01 00:00 to 1970-01-02 00:00, UTC\n\n\
             LOOK       disk space: 1 finding\\u{1b}\n           - /: 3.0 % of 10 GiB free\n\n\
             not known  memory: 1 finding\\u{1b}\n";
        assert_eq!(text, expected);
    }
}
