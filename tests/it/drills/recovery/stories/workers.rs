//! Workers that die, hang, or lose their consumer.

use rustix::process::Signal;
use std::fs;

use testbed::tool;

use super::{Story, WORKER, again, faulty};
use crate::support::ward::{Care, MORTAL, UNREAPED, Ward};

pub(super) const STORIES: [Story; 7] = [
    Story {
        name: "worker killed",
        fault: |s| Ward::signal(s.ward.pids("task")[0], Signal::KILL),
        ..WORKER
    },
    Story {
        name: "worker hung (SIGSTOP with prefetched messages)",
        fault: |s| Ward::signal(s.ward.pids("task")[0], Signal::STOP),
        ..WORKER
    },
    Story {
        name: "consumer lost",
        care: || faulty("cancel-consumer"),
        fault: |s| Ward::signal(s.ward.pids("task")[0], Signal::USR1),
        ..WORKER
    },
    Story {
        name: "spinning",
        // Without work that waits, nobody can tell it from one that is idle: enough that its sibling
        // is at it until the verdict, and is done with it soon after.
        traffic: 6000,
        care: || faulty("spin"),
        fault: |s| {
            let spinning = s.ward.pids("task")[0];
            // It gets its core also where others want it: how busy the machine is is no part of the
            // story. Who may not do that has to have a machine that is not.
            let pid = spinning.to_string();
            tool(None, "renice", &["-n", "-15", "-p", &pid], "").ok();
            Ward::signal(spinning, Signal::USR1);
        },
        ..WORKER
    },
    Story {
        name: "zombie whose parent does not reap it",
        care: || Care {
            wrapper: UNREAPED,
            ..Care::default()
        },
        fault: |s| Ward::signal(s.ward.pids("task")[0], Signal::KILL),
        ..WORKER
    },
    Story {
        name: "all workers of a kind down",
        fault: |s| {
            for pid in s.ward.pids("task") {
                Ward::signal(pid, Signal::KILL);
            }
        },
        starts: 2,
        ..WORKER
    },
    Story {
        name: "worker dies again at each start",
        outcome: "failed",
        care: || Care {
            wrapper: MORTAL,
            ..Care::default()
        },
        fault: |s| {
            fs::write(s.ward.dir().join("die"), "").unwrap();
            for pid in s.ward.pids("task") {
                Ward::signal(pid, Signal::KILL);
            }
        },
        mend: |s| fs::remove_file(s.ward.dir().join("die")).unwrap(),
        after: again,
        // It ends before it can write its start down.
        starts: 0,
        calls: 1,
        ..WORKER
    },
];
