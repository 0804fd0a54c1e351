//! Env files, logs, backups, a disk.

use std::fs;
use std::time::{Duration, SystemTime};

use super::write;
use crate::alerts::table::{Expected, Fault};
use crate::support::alerting::World;
use crate::support::env::set_mode;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) const BROKEN_FILE: Fault = Fault {
    what: "a key of an env file is emptied",
    make: |w| write(w, "other.env", "TOKEN=\n"),
    undo: |w| write(w, "other.env", "TOKEN=secret\n"),
    alerts: &[
        Expected {
            name: "ConfigInvalid",
            target: "*/other.env",
            severity: "warning",
            playbook: "config-invalid",
            more: &[("path", "*/other.env")],
            stays: None,
        },
        Expected {
            name: "ConfigChanged",
            target: "*/other.env",
            severity: "info",
            playbook: "notify",
            more: &[("path", "*/other.env")],
            stays: Some("after 10 min"),
        },
    ],
};

pub(crate) const READABLE: Fault = Fault {
    what: "an env file is readable by all",
    make: |w| set_mode(&w.file("other.env"), 0o644),
    undo: |w| set_mode(&w.file("other.env"), 0o640),
    alerts: &[Expected {
        name: "ConfigInsecure",
        target: "*/other.env",
        severity: "info",
        playbook: "notify",
        more: &[("path", "*/other.env")],
        stays: None,
    }],
};

/// Nothing undoes lines that were written: they pass.
pub(crate) const ERRORS: Fault = Fault {
    what: "a log fills with errors",
    make: |w| write(w, "app.log", &"ERROR\n".repeat(50)),
    undo: |_| {},
    alerts: &[Expected {
        name: "LogErrors",
        target: "*/*.log",
        severity: "info",
        playbook: "notify",
        more: &[("glob", "*/*.log")],
        stays: Some("after 5 min"),
    }],
};

pub(crate) const BIG_LOG: Fault = Fault {
    what: "a log is larger than it may be",
    make: |w| write(w, "big.log", &" ".repeat(2 << 20)),
    undo: |w| fs::remove_file(w.file("big.log")).unwrap(),
    alerts: &[Expected {
        name: "LogOversized",
        target: "*/*.log",
        severity: "info",
        playbook: "housekeeping",
        more: &[("glob", "*/*.log")],
        stays: None,
    }],
};

pub(crate) const STALE: Fault = Fault {
    what: "the newest backup is two days old",
    make: |w| set_age(w, 2 * DAY),
    undo: |w| set_age(w, Duration::ZERO),
    alerts: &[Expected {
        name: "BackupStale",
        target: "*/*.backup",
        severity: "info",
        playbook: "notify",
        more: &[("glob", "*/*.backup")],
        stays: None,
    }],
};

/// Where a small disk can be had.
pub(crate) const FULL_DISK: Fault = Fault {
    what: "a disk has 7 % left",
    make: |w| {
        let disk = w.disk().unwrap().path();
        fs::write(disk.join("full"), vec![1; 3_900_000]).unwrap();
    },
    undo: |w| fs::remove_file(w.disk().unwrap().path().join("full")).unwrap(),
    alerts: &[Expected {
        name: "DiskLow",
        target: "disk:*",
        severity: "warning",
        playbook: "housekeeping",
        more: &[("path", "/*")],
        stays: None,
    }],
};

fn set_age(world: &World, age: Duration) {
    let file = fs::File::options()
        .write(true)
        .open(world.file("app.backup"));
    file.unwrap().set_modified(SystemTime::now() - age).unwrap();
}
