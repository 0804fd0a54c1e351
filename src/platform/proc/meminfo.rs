//! `meminfo`.

use super::Proc;
use super::file::{Kept, Problems};
use crate::model::facts::HostFacts;

pub(super) fn read(proc: &Proc, facts: &mut HostFacts, problems: &mut Problems) {
    let Some(file) = proc.file("meminfo").kept(problems) else {
        return;
    };
    for line in file.lines() {
        let mut words = line.words();
        let field = match words.next() {
            Some("MemTotal:") => &mut facts.memory_total,
            // Linux has it since 3.14.
            Some("MemAvailable:") => &mut facts.memory_available,
            Some("SwapTotal:") => &mut facts.swap_total,
            Some("SwapFree:") => &mut facts.swap_free,
            _ => continue,
        };
        // It says kB and means KiB.
        let bytes = words
            .next()
            .and_then(|word| word.parse::<u64>().ok()?.checked_mul(1024));
        *field = bytes
            .ok_or_else(|| line.problem("is not a size in kB"))
            .kept(problems);
    }
    if facts.memory_total.is_none() {
        problems.add(file.problem("tells no `MemTotal`"));
    }
}
