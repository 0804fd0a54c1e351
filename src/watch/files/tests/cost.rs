//! What a reading costs; run by hand, in a release build.

use super::*;
use std::time::{Duration, Instant};

fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// So many logs, each grown by so much before every one of ten readings.
fn measure(files: usize, grown: usize, limits: Limits) {
    let mut logs = Logs::with("*.log", Some("ERROR|CRITICAL|Traceback"), limits);
    let line =
        "2026-01-02 03:04:05,678 INFO task-worker[4711] task 123456 done in 12.5 ms, ack sent\n";
    let error =
        "2026-01-02 03:04:05,678 ERROR task-worker[4711] task 123456 failed: no such thing\n";
    let text = format!("{}{error}", line.repeat(99));
    let text = text.repeat(grown.div_ceil(text.len()));
    logs.read();
    let (mut used, mut took, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    const READINGS: u32 = 10;
    for _ in 0..READINGS {
        for at in 0..files {
            logs.append(&format!("{at}.log"), &text[..grown]);
        }
        let (before, begun) = (cpu(), Instant::now());
        logs.read();
        used += cpu() - before;
        took += begun.elapsed();
        slowest = slowest.max(begun.elapsed());
    }
    let facts = logs.read();
    let (took, used) = (took / READINGS, used / READINGS);
    println!(
        "{files} logs, {grown} bytes each: {took:.1?} a reading ({slowest:.1?} at most), {used:.1?} CPU, \
         {:?} skipped, {:?} lines",
        facts.skipped, facts.error_lines
    );
}

#[test]
#[ignore = "a measurement"]
fn what_a_reading_costs() {
    let all = Limits {
        read: u64::MAX,
        behind: u64::MAX,
        ..Limits::default()
    };
    measure(50, 0, Limits::default());
    measure(50, 5_000, Limits::default());
    measure(50, 5_000_000, Limits::default());
    measure(50, 5_000_000, all);
    measure(5000, 0, Limits::default());
}
