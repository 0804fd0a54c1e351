//! What a playbook would do, on a page.

use crate::cli::layout::Page;
use crate::cli::paint::{BOLD, paint};
use crate::cli::runs::told;
use crate::cli::words::printable;
use crate::publish::runs::Plan;

/// The plan; it says that nothing was done.
pub(super) fn render(plan: &Plan, width: usize) -> String {
    let mut page = Page::new(width);
    let (playbook, target) = (printable(&plan.playbook), printable(&plan.target));
    let name = paint(BOLD, &playbook);
    page.line(
        0,
        &format!("{name} for {target}: nothing was done (--dry-run)"),
    );
    page.blank();
    if plan.holds.is_empty() {
        page.line(0, "Nothing stands against it.");
    } else {
        page.line(0, &paint(BOLD, "What stands against it now"));
        for hold in &plan.holds {
            page.marked(2, "- ", &told::hold(hold));
        }
    }
    page.blank();
    if plan.rungs.is_empty() {
        page.line(0, "It has no steps of its own.");
    }
    let mut number = 0;
    for (at, rung) in plan.rungs.iter().enumerate() {
        let when = match at {
            0 => "first",
            _ => "only when that did not help",
        };
        let name = paint(BOLD, &format!("Rung {}", printable(&rung.name)));
        page.line(0, &format!("{name}, {when}"));
        for step in &rung.steps {
            number += 1;
            let (action, risk) = (printable(&step.action), printable(&step.risk));
            let words = format!("{action}, {risk}: {}", printable(&step.words));
            page.marked(2, &format!("{number} "), &words);
        }
    }
    page.into_text()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::publish::runs::{Hold, PlannedRung, PlannedStep};

    #[test]
    fn a_plan_says_what_would_be_done_and_what_stands_against_it() {
        let step = |action: &str, risk: &str, words: &str| PlannedStep {
            action: action.into(),
            risk: risk.into(),
            words: words.into(),
        };
        let mut plan = Plan {
            playbook: "worker-unhealthy".into(),
            target: "worker:mail".into(),
            holds: vec![Hold {
                reason: "cooldown".into(),
                words: "the same was done 10 s ago".into(),
                evidence: Vec::new(),
                until: Some(1_800_000_000.0),
            }],
            rungs: vec![
                PlannedRung {
                    name: "start".into(),
                    steps: vec![step("worker.start", "safe", "start 1 process")],
                },
                PlannedRung {
                    name: "replace".into(),
                    steps: vec![step("worker.stop", "disruptive", "end process 4711")],
                },
            ],
        };
        let expected = "\
worker-unhealthy for worker:mail: nothing was done (--dry-run)

What stands against it now
  - the same was done 10 s ago (cooldown), until 2027-01-15 08:00:00 UTC

Rung start, first
  1 worker.start, safe: start 1 process
Rung replace, only when that did not help
  2 worker.stop, disruptive: end process 4711
";
        assert_eq!(strip_str(&render(&plan, 80)).to_string(), expected);
        plan.holds.clear();
        assert!(render(&plan, 80).contains("Nothing stands against it."));
    }
}
