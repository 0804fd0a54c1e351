//! A port scan from inside: every socket of the process, by the kernel's word.

use std::collections::BTreeSet;
use std::fs;

use super::{NOWHERE, serve};
use crate::support::{PATIENCE, Warrener, ask};

/// The local addresses, in the kernel's writing, on which the process takes what comes.
fn listens(w: &Warrener) -> BTreeSet<String> {
    let pid = w.program.pid().unwrap();
    let folder = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let own: BTreeSet<String> = folder
        .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok())
        .filter_map(|link| {
            let link = link.to_string_lossy().into_owned();
            let inode = link.strip_prefix("socket:[")?;
            Some(inode.trim_end_matches(']').to_owned())
        })
        .collect();
    let mut found = BTreeSet::new();
    // A TCP socket listens in state 0A; a UDP one that is bound to no peer takes what comes in 07.
    for (table, state) in [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == state && own.contains(fields[9]) {
                found.insert(format!("{table} {}", fields[1]));
            }
        }
    }
    let unix = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap();
    for line in unix.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // The flag of a socket that listens.
        if fields[3] == "00010000" && own.contains(fields[6]) {
            found.insert(format!("unix {}", fields.get(7).unwrap_or(&"")));
        }
    }
    found
}

#[test]
fn what_is_configured_listens_and_nothing_else() {
    let (w, _) = serve(None, "");
    w.wait("a probe tried", |m| {
        m.get("warrener_probe_success", &[("probe", "broker")])
            .is_some()
    });
    let port: u16 = w.address().rsplit(':').next().unwrap().parse().unwrap();
    let expected = BTreeSet::from([format!("tcp 0100007F:{port:04X}")]);
    assert_eq!(listens(&w), expected);
}

#[test]
fn every_address_that_is_given_is_served() {
    let more = format!("127.0.0.2:{}", testbed::free_port().unwrap());
    let w = Warrener::serve_with(NOWHERE, |program| {
        program.args([format!("--web.listen-address={more}")])
    });
    assert_eq!(listens(&w).len(), 2);
    testbed::wait_until("the second address", PATIENCE, || {
        ask(&more, "GET /-/healthy", &[]).status == 200
    })
    .unwrap();
    assert_eq!(ask(w.address(), "GET /-/healthy", &[]).status, 200);
}
