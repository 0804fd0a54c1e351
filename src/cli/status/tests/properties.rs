//! What holds of any page: nothing is left out, nothing is too wide, nothing moves the cursor.

use proptest::prelude::*;

use super::super::findings;
use super::super::page::View;
use super::{plain, scenes};
use crate::model::{Code, Severity};
use crate::publish::status::{Evidence, Finding, Remedy, Status, Target};

fn finding(at: usize, code: Code, severity: Severity, name: &str, cause: Option<usize>) -> Finding {
    let target = |at: usize, name: &str| Target {
        kind: "queue".into(),
        name: format!("{at}#{name}"),
        key: format!("queue:{at}:{name}"),
    };
    Finding {
        code: code.as_str().into(),
        target: target(at, name),
        severity,
        since: 0.0,
        as_of: 0.0,
        summary: format!("summary {at} {name}"),
        evidence: vec![Evidence {
            what: name.into(),
            value: name.into(),
            expected: Some(name.into()),
        }],
        pids: Vec::new(),
        // The names of the others, put in when all are there.
        cause: cause.map(|at| crate::publish::status::FindingKey {
            code: String::new(),
            target: target(at, ""),
        }),
        remedy: Remedy {
            kind: "notify".into(),
            playbook: None,
            words: "a person is told".into(),
            mode: None,
            automatic: false,
        },
    }
}

/// Of letters of any script, or of what would spoil a terminal.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\\x7f-\\x9f\\u{200b}\\u{202e}\\u{a0}a-z漢 ]{0,40}",
    ]
}

/// Causes lead anywhere: to what is there, to itself, in circles, to what is not there.
fn any_findings() -> impl Strategy<Value = Vec<Finding>> {
    let one = (
        prop::sample::select(Code::ALL),
        prop::sample::select(Severity::ALL.to_vec()),
        any_name(),
        prop::option::of(0usize..12),
    );
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let findings: Vec<Finding> = all
            .iter()
            .enumerate()
            .map(|(at, (code, severity, name, cause))| finding(at, *code, *severity, name, *cause))
            .collect();
        let keys: Vec<_> = findings.iter().map(Finding::key).collect();
        let caused = all
            .iter()
            .map(|(.., cause)| cause.and_then(|at| keys.get(at)));
        findings
            .iter()
            .zip(caused)
            .map(|(finding, cause)| Finding {
                cause: cause.cloned().or_else(|| finding.cause.clone()),
                ..finding.clone()
            })
            .collect()
    })
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #[test]
    fn no_finding_is_left_out_and_no_line_is_too_wide(
        found in any_findings(),
        width in 40usize..150,
        detailed: bool,
    ) {
        let status = Status { findings: found, ..scenes::healthy() };
        let view = View { width, detailed, now: status.at, note: None };
        let page = plain(&status, &view);
        let text = squeezed(&page);
        let mut rest = text.as_str();
        for finding in &status.findings {
            let words = format!(
                "{} {} of {}, for",
                finding.severity.as_str().to_uppercase(),
                finding.code,
                findings::target(&finding.target)
            );
            prop_assert_eq!(text.matches(&squeezed(&words)).count(), 1, "{} in\n{}", words, page);
        }
        // The count in the head is that of the blocks.
        if let Some(at) = rest.find("finding") {
            rest = &rest[..at];
            let n = status.findings.len().to_string();
            prop_assert!(status.findings.is_empty() || rest.ends_with(&n), "{}", page);
        }
        let moves = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        prop_assert!(!page.contains(moves), "{:?}", page);
    }
}
