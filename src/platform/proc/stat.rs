//! `stat`: the processors and how they spent their time.

use std::time::Duration;

use super::Proc;
use super::file::{Kept, Line, Problems};
use crate::model::facts::HostFacts;

/// The columns of the `cpu` line. `guest` and `guest_nice` are also in `user` and `nice`: they are
/// left out, so that the modes add up.
const MODES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];

pub(super) fn read(proc: &Proc, facts: &mut HostFacts, problems: &mut Problems) {
    let Some(file) = proc.file("stat").kept(problems) else {
        return;
    };
    let mut cpus = 0;
    let mut total = None;
    for line in file.lines() {
        match line.words().next() {
            Some("cpu") => total = Some(times(line, proc.ticks_per_second)),
            Some(word) if is_cpu(word) => cpus += 1,
            _ => {}
        }
    }
    facts.cpus = (cpus > 0).then_some(cpus);
    let total = total.unwrap_or_else(|| Err(file.problem("has no `cpu` line")));
    facts.cpu_time = total.kept(problems).unwrap_or_default();
}

fn is_cpu(word: &str) -> bool {
    word.strip_prefix("cpu")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The kernel's ticks as time.
pub(super) fn duration(ticks: u64, ticks_per_second: u64) -> Duration {
    let rest = ticks % ticks_per_second * 1_000_000_000 / ticks_per_second;
    Duration::from_secs(ticks / ticks_per_second) + Duration::from_nanos(rest)
}

/// Older kernels have fewer columns.
fn times(line: Line<'_>, ticks_per_second: u64) -> Result<Vec<(&'static str, Duration)>, String> {
    let mut times = Vec::with_capacity(MODES.len());
    for (mode, word) in MODES.into_iter().zip(line.words().skip(1)) {
        let ticks: u64 = word
            .parse()
            .map_err(|_| line.problem(&format!("`{mode}` is not a number")))?;
        times.push((mode, duration(ticks, ticks_per_second)));
    }
    if times.len() < 4 {
        return Err(line.problem("has fewer than four numbers"));
    }
    Ok(times)
}
