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
/// What failed has nothing to verify.
const OF_A_FAILED_RUN: [&str; 1] = ["ended"];
const OF_A_RUN: [&str; 2] = ["verifying", "ended"];

#[test]
#[ignore = "takes an hour: make drill"]
fn a_crash_at_every_step() {
    let only = std::env::var("DRILL_ONLY").unwrap_or_default();
    println!("| fault | crash at | outcomes | acts | goes on after (s) | wrong |");
    println!("|---|---|---|---|---|---|");
    let (mut cells_tried, mut slowest, mut wrong) = (0, 0.0_f64, Vec::new());
    for fault in &ALL {
        let steps = fault
            .actions
            .iter()
            .flat_map(|(action, nth)| OF_A_STEP.map(|point| format!("{action}:{point}:{nth}")));
        let playbook = fault.playbook;
        let of_a_run = match fault.outcome {
            "recovered" => &OF_A_RUN[..],
            _ => &OF_A_FAILED_RUN,
        };
        let run = of_a_run.iter().map(|point| format!("{playbook}:{point}"));
        let cells = steps.chain(run);
        let cells: Vec<_> = cells
            .filter(|at| format!("{} {at}", fault.name).contains(&only))
            .collect();
        if cells.is_empty() {
            continue;
        }
        let mut stage = Stage::start(fault);
        for at in cells {
            let told = stage.crash(fault, &at);
            cells_tried += 1;
            slowest = slowest.max(told.went_on.unwrap_or_default());
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
    println!(
        "\n{cells_tried} cells, {} right, {} wrong; it went on after {slowest:.1} s at most",
        cells_tried - wrong.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "not as it should be: {wrong:#?}");
}
