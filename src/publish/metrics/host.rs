//! Families of the `host` section.

use std::fmt;
use std::time::Duration;

use super::families::{Families, NONE, Reading};
use crate::model::facts::{DiskFacts, HostFacts, OwnProcess, PressureLine};

pub(super) fn write(facts: &HostFacts, f: &mut Families<'_>) -> fmt::Result {
    f.gauge(
        "warrener_host_cpus",
        "Logical processors online.",
        [(NONE, facts.cpus)],
    )?;
    f.counter(
        "warrener_host_cpu_seconds",
        "Time all processors spent in each mode since boot.",
        facts
            .cpu_time
            .iter()
            .map(|(mode, time)| ([("mode", *mode)], Some(time.as_secs_f64()))),
    )?;
    let loads = facts.load.unwrap_or_default();
    for (i, minutes) in [1, 5, 15].into_iter().enumerate() {
        f.gauge(
            &format!("warrener_host_load{minutes}"),
            &format!("Load average over {minutes} min."),
            [(NONE, facts.load.map(|_| loads[i]))],
        )?;
    }
    f.gauge(
        "warrener_host_uptime_seconds",
        "Time since boot.",
        [(NONE, facts.uptime.as_ref().map(Duration::as_secs_f64))],
    )?;
    let memory = [
        (
            "warrener_host_memory_total_bytes",
            "Memory of the host.",
            facts.memory_total,
        ),
        (
            "warrener_host_memory_available_bytes",
            "Memory that a new process could get without swapping.",
            facts.memory_available,
        ),
        (
            "warrener_host_swap_total_bytes",
            "Swap space of the host.",
            facts.swap_total,
        ),
        (
            "warrener_host_swap_free_bytes",
            "Swap space not in use.",
            facts.swap_free,
        ),
    ];
    for (name, help, value) in memory {
        f.gauge(name, help, [(NONE, value)])?;
    }
    disks(&facts.disks, f)?;
    pressure(facts, f)?;
    own(&facts.own, f)
}

/// Under the names that every Prometheus client uses.
fn own(own: &OwnProcess, f: &mut Families<'_>) -> fmt::Result {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
    f.counter(
        "process_cpu_seconds",
        "CPU time that warrener used.",
        [(NONE, seconds(own.cpu))],
    )?;
    f.gauge(
        "process_start_time_seconds",
        "When warrener started, since the Unix epoch.",
        [(NONE, seconds(own.started))],
    )?;
    let gauges = [
        (
            "process_resident_memory_bytes",
            "Memory that warrener uses.",
            own.resident_memory,
        ),
        (
            "process_virtual_memory_bytes",
            "Address space of warrener.",
            own.virtual_memory,
        ),
        (
            "process_open_fds",
            "File descriptors warrener has open.",
            own.fds_open,
        ),
        (
            "process_max_fds",
            "File descriptors warrener may open.",
            own.fds_max,
        ),
    ];
    for (name, help, value) in gauges {
        f.gauge(name, help, [(NONE, value)])?;
    }
    Ok(())
}

fn disks(disks: &[DiskFacts], f: &mut Families<'_>) -> fmt::Result {
    let families: [Reading<DiskFacts>; 6] = [
        (
            "warrener_host_disk_readable",
            "1 where the file system of a configured path could be read, 0 where it could not.",
            |d| Some(d.failure.is_none().into()),
        ),
        (
            "warrener_host_disk_total_bytes",
            "Size of the file system.",
            |d| d.total,
        ),
        (
            "warrener_host_disk_available_bytes",
            "Space that an unprivileged process may still use.",
            |d| d.available,
        ),
        (
            "warrener_host_disk_inodes",
            "Inodes of the file system.",
            |d| d.inodes_total,
        ),
        (
            "warrener_host_disk_inodes_free",
            "Inodes not in use.",
            |d| d.inodes_free,
        ),
        (
            "warrener_host_disk_read_only",
            "1 where it is mounted read-only.",
            |d| d.read_only.map(u64::from),
        ),
    ];
    for (name, help, read) in families {
        f.gauge(
            name,
            help,
            disks.iter().map(|d| ([("path", d.path.as_str())], read(d))),
        )?;
    }
    Ok(())
}

fn pressure(facts: &HostFacts, f: &mut Families<'_>) -> fmt::Result {
    let lines = || {
        facts.pressure.iter().flat_map(|p| {
            [("some", p.some), ("full", p.full)]
                .map(|(share, line)| ([("resource", p.resource), ("share", share)], line))
        })
    };
    f.gauge(
        "warrener_host_pressure_ratio",
        "Share of the last 10 s in which some, or all, tasks waited for the resource.",
        lines().map(|(labels, line)| (labels, line.map(|l: PressureLine| l.avg10))),
    )?;
    f.counter(
        "warrener_host_pressure_waiting_seconds",
        "Time in which some, or all, tasks waited for the resource since boot.",
        lines().map(|(labels, line)| (labels, line.map(|l| l.total.as_secs_f64()))),
    )
}
