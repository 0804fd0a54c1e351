//! `pressure/*`: how long tasks waited for a resource. A kernel without it, or started with
//! `psi=0`, has no such files, or refuses to read them.

use std::time::Duration;

use super::Proc;
use super::file::{Line, Problems, ProcFile};
use crate::model::facts::{Pressure, PressureLine};

const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];

pub(super) fn read(proc: &Proc, problems: &mut Problems) -> Vec<Pressure> {
    let folder = proc.root.join("pressure");
    let mut pressures = Vec::new();
    for resource in RESOURCES {
        // With `psi=0` reading fails with EOPNOTSUPP: the same as no file.
        let Ok(Some(file)) = ProcFile::read_if_there(&folder.join(resource)) else {
            continue;
        };
        let mut pressure = Pressure {
            resource,
            some: None,
            full: None,
        };
        for line in file.lines() {
            let field = match line.words().next() {
                Some("some") => &mut pressure.some,
                Some("full") => &mut pressure.full,
                _ => continue,
            };
            match parse(line) {
                Some(parsed) => *field = Some(parsed),
                None => problems.add(line.problem("has no `avg10` and `total`")),
            }
        }
        if pressure.some.is_some() || pressure.full.is_some() {
            pressures.push(pressure);
        } else {
            problems.add(file.problem("tells no pressure"));
        }
    }
    pressures
}

/// `some avg10=1.50 avg60=0.30 avg300=0.05 total=123456`: percent, and microseconds.
fn parse(line: Line<'_>) -> Option<PressureLine> {
    let value = |key: &str| {
        line.words()
            .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    };
    let percent: f64 = value("avg10")?.parse().ok()?;
    Some(PressureLine {
        avg10: (0.0..=100.0)
            .contains(&percent)
            .then_some(percent / 100.0)?,
        total: Duration::from_micros(value("total")?.parse().ok()?),
    })
}
