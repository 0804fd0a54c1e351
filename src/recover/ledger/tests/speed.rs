//! What it costs. `cargo test --release --lib ledger::tests::speed -- --ignored --nocapture`

use std::time::Instant;

use super::*;

#[test]
#[ignore = "a measurement: told, not judged"]
fn what_it_costs() {
    let folder = tempfile::tempdir_in(std::env::var("WARRENER_BENCH_DIR").unwrap_or(".".into()));
    let folder = folder.unwrap();
    let mut ledger = open(folder.path());
    let began = Instant::now();
    let singles = 300;
    for one in batch(singles) {
        ledger.receive(&[one], &[], NOW).unwrap();
    }
    let each = began.elapsed() / singles as u32;
    println!(
        "one trigger, one commit: {each:?}, {:.0}/s",
        1.0 / each.as_secs_f64()
    );
    for round in 0..10 {
        let all: Vec<_> = (0..10_000)
            .map(|n| trigger(&format!("{round}-{n}"), TriggerStatus::Firing))
            .collect();
        let began = Instant::now();
        ledger.receive(&all, &[], NOW).unwrap();
        let new = began.elapsed();
        let began = Instant::now();
        ledger.receive(&all, &[], NOW).unwrap();
        println!("10,000 triggers: new {new:?}, again {:?}", began.elapsed());
    }
    let run = running(&mut ledger, "task");
    let began = Instant::now();
    ledger.intend(run.id, &intent(), NOW).unwrap();
    println!("one intent: {:?}", began.elapsed());
    drop(ledger);
    let began = Instant::now();
    let ledger = open(folder.path());
    println!("open at 100,000 triggers, checked: {:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(ledger.pending(1000).unwrap().len(), 1000);
    println!("1,000 pending of 100,000: {:?}", began.elapsed());
    let size = std::fs::metadata(ledger.file()).unwrap().len();
    println!("{} MiB", size >> 20);
}
