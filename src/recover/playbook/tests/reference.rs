//! `docs/PLAYBOOKS.md` is made from the actions, the conditions, the reasons and the shipped files.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::super::{Action, Condition, Playbook};
use super::shipped;
use crate::model::{HoldReason, Outcome};

const HEAD: &str = "# Playbooks

Made from `src/recover` and `playbooks/`; do not edit.

A playbook says which steps answer which triggers, and what must be seen before that counts as a
success. The shipped ones are compiled in; a file `NAME.yml` in a folder of your own adds one, or
replaces the shipped one of its name. `recovery.own_playbooks` in `warrener.yml` names the folder; who
may write there has programs run as warrener's user, so a folder or file that everybody may write, or
that belongs to another user than root or warrener's, is refused. Unknown keys are errors.

```yaml
playbook: our-worker            # its name, and its file's
summary: What it is for.
triggers: [WorkerDown]          # findings; an alert of your own needs `confirm: alert`
for: {worker: task-worker}      # optional: only for this kind, before those for all
mode: approve                   # off | propose | approve | auto: it may say less than
                                # `recovery.mode`, never more (auto)
confirm: finding                # finding | alert: what must confirm an alert (finding)
cooldown: 1m                    # not again on the same target for so long (1m)
timeout: 10m                    # a run that takes longer has failed (10m)
approval: 1h                    # a run nobody approves ends after so long (1h)
ladder:                         # gentle to drastic, until verification says that it helped
  - rung: start
    when: [WorkerDown]          # optional: only for these of the triggers
    steps:
      - {do: worker.start, timeout: 30s, retries: 2, backoff: 1s}
      - do: {worker.stop: {signal: INT, grace: 30s}}
    verify: {all: [symptom_gone]}   # optional: instead of the playbook's
verify:
  all: [symptom_gone, workers_consuming]
  within: 60s                   # until it is first seen (60s)
  stable_for: 15s               # and then stays so (15s)
```

A step whose risk is above safe is done at most once: it takes no `retries`. Arguments are what the
file says; no label of an alert can get into them. A playbook with `drives: open_incidents` has no
ladder: it drives the playbooks of all open incidents in the order configuration, broker, workers.

";

fn page() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("## Actions\n\n| Action | Risk | What it does |\n|---|---|---|\n");
    for (name, risk, meaning) in Action::ALL {
        let risk = risk.map_or("its `risk`; drastic without", |risk| risk.as_str());
        writeln!(out, "| `{name}` | {risk} | {meaning} |").unwrap();
    }
    out.push_str(
        "\nArguments: `worker.stop: {signal, grace}` (those of the worker without);\n\
         `workers.restart_staged: {which: affected | not_back | all}` (affected);\n\
         `notify: {text}`, `escalate: {text}`; `command.run: {argv: [program, ...], risk}`.\n\n",
    );
    out.push_str("## Conditions\n\n| Condition | Seen when |\n|---|---|\n");
    for (word, meaning) in Condition::ALL {
        writeln!(out, "| `{word}` | {meaning} |").unwrap();
    }
    out.push_str("\n## Reasons of a hold, in the order in which they are asked\n\n");
    out.push_str("| Reason | Meaning |\n|---|---|\n");
    for reason in HoldReason::ALL {
        writeln!(out, "| `{reason}` | {} |", reason.meaning()).unwrap();
    }
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|o| format!("`{o}`")).collect();
    writeln!(
        out,
        "\n## Outcomes\n\nEvery run ends as one of {}.\n",
        outcomes.join(", ")
    )
    .unwrap();
    out.push_str("## The shipped ones\n\n");
    for playbook in shipped().iter() {
        one(playbook, &mut out);
    }
    format!("{}\n", out.trim_end())
}

fn one(playbook: &Playbook, out: &mut String) {
    let triggers: Vec<_> = playbook.triggers.iter().map(|t| format!("`{t}`")).collect();
    let (name, summary) = (&playbook.name, &playbook.summary);
    writeln!(
        out,
        "### {name}\n\n{summary} Answers {}.\n",
        triggers.join(", ")
    )
    .unwrap();
    for rung in &playbook.ladder {
        let steps: Vec<_> = rung
            .steps
            .iter()
            .map(|s| format!("`{}`", s.action.name()))
            .collect();
        let only = match &rung.when[..] {
            [] => String::new(),
            when => {
                let when: Vec<_> = when.iter().map(|t| format!("`{t}`")).collect();
                format!(" (for {})", when.join(", "))
            }
        };
        let (name, risk) = (&rung.name, rung.risk());
        writeln!(out, "- *{name}*, {risk}{only}: {}", steps.join(", ")).unwrap();
    }
    out.push('\n');
}

#[test]
fn playbooks_md_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PLAYBOOKS.md");
    let made = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let hint = "to write it again: UPDATE_GOLDEN=1 cargo test playbooks_md";
    assert!(there == made, "docs/PLAYBOOKS.md is old: {hint}");
}

#[test]
fn the_example_of_the_page_loads() {
    let text = HEAD
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let read = super::super::Playbook::from_text(text, Path::new("our-worker.yml"));
    assert!(read.is_ok(), "{}", read.unwrap_err());
}
