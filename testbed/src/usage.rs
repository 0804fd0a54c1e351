//! What a process used, by the system's own accounting; for benches.

use std::fs;

use crate::error::Context;
use crate::{Error, Result};

/// CPU seconds that a process used so far, its threads included.
///
/// # Errors
/// When there is no such process.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).at("read", path.as_ref())?;
    // The name before it may hold anything.
    let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
    let mut ticks = after.split(' ').skip(11).map(str::parse::<f64>);
    // Fields 14 and 15, in hundredths of a second on Linux.
    match (ticks.next(), ticks.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) / 100.0),
        _ => Err(Error::Missing(format!("{path} tells no times"))),
    }
}

/// A size of a process in MiB, by its line in `/proc/PID/status`: `VmRSS:`, `VmHWM:`.
///
/// # Errors
/// When there is no such process, or it has no such line.
pub fn mib(pid: u32, field: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).at("read", path.as_ref())?;
    let mut lines = status.lines();
    let kib = lines.find_map(|line| line.strip_prefix(field)?.split_whitespace().next());
    match kib.map(str::parse::<f64>) {
        Some(Ok(kib)) => Ok(kib / 1024.0),
        _ => Err(Error::Missing(format!("{path} tells no {field}"))),
    }
}
