use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::model::Secret;
use crate::platform::observe::{ProcessDetails, ProcessSockets};

thread_local! {
    /// Seconds since the epoch; each look at the machine takes some.
    static CLOCK: Cell<u64> = const { Cell::new(1_000_500) };
}
const LOOK: u64 = 10;

fn clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(CLOCK.get())
}

/// A machine that is slow to be looked at; its processes started at the second of their ticks.
struct Slow(Vec<u32>);

fn id(pid: u32) -> ProcessId {
    ProcessId {
        pid,
        start_ticks: 1_000_000,
    }
}

impl Slow {
    fn look(&self) {
        CLOCK.set(CLOCK.get() + LOOK);
    }
}

impl ObserveProcesses for Slow {
    fn processes(&self) -> Result<Vec<ProcessRow>, String> {
        self.look();
        let row = |pid: &u32| ProcessRow {
            id: id(*pid),
            parent: 1,
            name: "worker".into(),
            state: None,
            cpu_time: Duration::ZERO,
            threads: 1,
            rss: 0,
        };
        Ok(self.0.iter().map(row).collect())
    }

    fn command_line(&self, pid: u32) -> Option<String> {
        self.look();
        Some(format!("worker {pid}"))
    }

    fn details(&self, _: u32) -> ProcessDetails {
        self.look();
        ProcessDetails::default()
    }

    fn environment(&self, _: u32) -> Option<Vec<(String, Secret)>> {
        self.look();
        None
    }

    fn age(&self, id: ProcessId) -> Option<Duration> {
        Duration::from_secs(CLOCK.get()).checked_sub(Duration::from_secs(id.start_ticks))
    }

    fn working_folder(&self, _: u32) -> Option<PathBuf> {
        None
    }

    fn sockets(&self, _: &[u32]) -> Vec<ProcessSockets> {
        Vec::new()
    }
}

fn kind(instances: Option<Vec<Instance>>, expression: Option<&str>) -> Wanted {
    Wanted {
        instances: instances.map(|instances| (instances, FoundBy::Control)),
        matching: expression.map(|e| e.parse().unwrap()),
        env_file: None,
    }
}

fn scan(wanted: &[Wanted], pids: &[u32]) -> Vec<Option<Vec<Found>>> {
    let system = Slow(pids.to_vec());
    let scanned = Memory::default().scan(wanted, &[], &system, clock);
    scanned.unwrap()
}

/// Or it would look older than the env file that it was started with, which is drift.
#[test]
fn a_slow_scan_makes_no_process_older() {
    let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let found = scan(&[kind(None, Some("worker"))], &[7, 8, 9]);
    for found in found[0].as_ref().unwrap() {
        assert_eq!(found.facts.started_at, Some(started));
    }
}

#[test]
fn what_runs_and_can_not_be_seen_is_not_told_to_be_none() {
    let running = |pid| Instance {
        state: InstanceState::Running,
        main_pid: Some(pid),
        ..Instance::default()
    };
    let pids = |found: &Option<Vec<Found>>| {
        let found = found.as_ref()?.iter().map(|found| found.facts.id.pid);
        Some(found.collect::<Vec<_>>())
    };
    let wanted = [
        kind(Some(vec![running(7)]), None),
        // Another pid namespace's number.
        kind(Some(vec![running(7), running(70)]), None),
        kind(Some(vec![Instance::default()]), None),
    ];
    let found = scan(&wanted, &[7]);
    let found: Vec<_> = found.iter().map(pids).collect();
    assert_eq!(found, [Some(vec![7]), None, Some(vec![])]);
}

#[test]
fn a_child_that_ended_and_is_not_reaped_has_no_say_in_what_its_parent_holds() {
    let row = |pid, parent, state, threads| ProcessRow {
        id: id(pid),
        parent,
        name: "worker".into(),
        state: Some(state),
        cpu_time: Duration::ZERO,
        threads,
        rss: 0,
    };
    let rows = [
        row(5, 1, ProcessState::Sleeping, 1),
        row(6, 5, ProcessState::Zombie, 1),
        row(7, 5, ProcessState::Zombie, 3),
    ];
    let leader = Leader {
        pid: 5,
        also: Vec::new(),
        found_by: FoundBy::Control,
        instance: None,
    };
    let leaders = BTreeSet::from([5]);
    let found = one(
        &leader,
        &Family::new(&rows),
        &leaders,
        &Slow(Vec::new()),
        clock,
    )
    .unwrap();
    assert_eq!(found.members, [5, 7]);
    assert_eq!(found.facts.members, Some(3));
}
