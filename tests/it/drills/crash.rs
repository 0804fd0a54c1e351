//! warrener killed at every point of every action that a repair comes to, and started again.
//!
//! `DRILL_ONLY` for the cells whose line holds it. The table is what the drill is for; seconds are
//! never asserted.

use crate::crash::Stage;
use crate::crash::faults::ALL;

const OF_A_STEP: [&str; 4] = [
    "before_intent",
    "after_intent",
    "after_act",
    "after_outcome",
];
const OF_A_RUN: [&str; 2] = ["verifying", "ended"];

#[test]
#[ignore = "takes an hour: make drill"]
fn a_crash_at_every_step() {
    let only = std::env::var("DRILL_ONLY").unwrap_or_default();
    println!("| fault | crash at | outcomes | acts | goes on after (s) | wrong |");
    println!("|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for fault in &ALL {
        let steps = fault
            .actions
            .iter()
            .flat_map(|(action, nth)| OF_A_STEP.map(|point| format!("{action}:{point}:{nth}")));
        let playbook = fault.playbook;
        let run = OF_A_RUN.map(|point| format!("{playbook}:{point}"));
        let cells = steps.chain(run.into_iter().filter(|_| fault.outcome == "recovered"));
        let cells: Vec<_> = cells
            .filter(|at| format!("{} {at}", fault.name).contains(&only))
            .collect();
        if cells.is_empty() {
            continue;
        }
        let mut stage = Stage::start(fault);
        for at in cells {
            let told = stage.crash(fault, &at);
            let seconds = told.went_on.map_or("-".into(), |s| format!("{s:.1}"));
            println!(
                "| {} | {at} | {} | {:?} | {seconds} | {} |",
                fault.name,
                told.outcomes.join(", "),
                told.acts,
                told.wrong.join("; ")
            );
            if !told.wrong.is_empty() {
                wrong.push(format!("{}, {at}", fault.name));
            }
        }
    }
    assert!(wrong.is_empty(), "not as it should be: {wrong:#?}");
}
