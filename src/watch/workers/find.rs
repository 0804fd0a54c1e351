//! Which processes belong to which kind: leaders and their descendants.

use crate::config::Regex;
use crate::model::facts::ProcessId;
use crate::platform::observe::{ObserveProcesses, ProcessRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So often a command line is read anew: a process may still replace its program shortly after it
/// started.
const LOOKS: u32 = 3;

/// Command lines of the processes that are there, read a few times each.
#[derive(Debug, Default)]
pub(super) struct CommandLines {
    known: HashMap<ProcessId, Known>,
}

#[derive(Debug)]
struct Known {
    name: String,
    line: String,
    looks: u32,
}

impl CommandLines {
    /// The command line of each process. A zombie keeps the one that it had; where the program's
    /// name changed it is read again.
    pub(super) fn read(
        &mut self,
        rows: &[ProcessRow],
        system: &impl ObserveProcesses,
    ) -> Vec<String> {
        let mut known = HashMap::with_capacity(rows.len());
        let lines = rows.iter().map(|row| {
            let mut own = self.known.remove(&row.id).unwrap_or_else(|| Known {
                name: row.name.clone(),
                line: String::new(),
                looks: 0,
            });
            if own.looks < LOOKS || own.name != row.name {
                let line = system.command_line(row.id.pid).unwrap_or_default();
                // A zombie has none any more.
                if !line.is_empty() {
                    own.line = line;
                }
                own.looks = if own.name == row.name {
                    own.looks + 1
                } else {
                    1
                };
                own.name.clone_from(&row.name);
            }
            let line = own.line.clone();
            known.insert(row.id, own);
            line
        });
        let lines = lines.collect();
        self.known = known;
        lines
    }
}

/// The rows of one machine, with their family ties.
pub(super) struct Family<'a> {
    rows: BTreeMap<u32, &'a ProcessRow>,
    children: BTreeMap<u32, Vec<u32>>,
}

impl<'a> Family<'a> {
    pub(super) fn new(rows: &'a [ProcessRow]) -> Self {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for row in rows {
            children.entry(row.parent).or_default().push(row.id.pid);
        }
        Family {
            rows: rows.iter().map(|row| (row.id.pid, row)).collect(),
            children,
        }
    }

    pub(super) fn row(&self, pid: u32) -> Option<&'a ProcessRow> {
        self.rows.get(&pid).copied()
    }

    /// Of these processes those that no other of them is an ancestor of: a parent and its forked
    /// children that look alike are one worker. One that only started the other, as `sh -c` or
    /// `timeout` do, is none: its single child that runs another program is meant.
    pub(super) fn leaders(&self, pids: &BTreeSet<u32>) -> BTreeSet<u32> {
        let led = |pid: &u32| {
            !self
                .ancestors(*pid)
                .any(|ancestor| pids.contains(&ancestor))
        };
        let tops = pids.iter().copied().filter(led);
        tops.map(|top| self.behind_its_wrappers(top, pids))
            .collect()
    }

    fn behind_its_wrappers(&self, top: u32, pids: &BTreeSet<u32>) -> u32 {
        let mut leader = top;
        // A ring of parents ends here too: each step needs another of `pids`.
        for _ in 0..pids.len() {
            let [child] = self.children.get(&leader).map_or(&[][..], Vec::as_slice) else {
                return leader;
            };
            let name = |pid: u32| self.row(pid).map(|row| &row.name);
            if !pids.contains(child) || name(*child) == name(leader) {
                return leader;
            }
            leader = *child;
        }
        leader
    }

    fn ancestors(&self, pid: u32) -> impl Iterator<Item = u32> {
        let parent = |pid: &u32| self.row(*pid).map(|row| row.parent);
        // Pids are reused while the rows are read: a ring is possible, and must end.
        std::iter::successors(parent(&pid), parent)
            .take_while(|pid| *pid > 1)
            .take(self.rows.len())
    }

    /// A leader with its descendants, but for those below another leader.
    pub(super) fn members(&self, leader: u32, others: &BTreeSet<u32>) -> Vec<&'a ProcessRow> {
        let (mut found, mut open) = (BTreeMap::new(), vec![leader]);
        while let Some(pid) = open.pop() {
            let Some(row) = self.row(pid) else { continue };
            if found.insert(pid, row).is_none() {
                let children = self.children.get(&pid).into_iter().flatten();
                open.extend(children.filter(|child| !others.contains(child)));
            }
        }
        found.into_values().collect()
    }
}

/// The processes whose command line `expression` matches; never this one.
pub(super) fn matching(rows: &[ProcessRow], lines: &[String], expression: &Regex) -> BTreeSet<u32> {
    let own = std::process::id();
    rows.iter()
        .zip(lines)
        .filter(|(row, line)| row.id.pid != own && expression.is_match(line))
        .map(|(row, _)| row.id.pid)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn row(pid: u32, parent: u32) -> ProcessRow {
        ProcessRow {
            id: ProcessId {
                pid,
                start_ticks: u64::from(pid),
            },
            parent,
            name: "worker".into(),
            state: None,
            cpu_time: Duration::ZERO,
            threads: 1,
            rss: 0,
        }
    }

    #[test]
    fn forked_children_are_members_and_no_workers_of_their_own() {
        // 10 forked 11 and 12, 12 forked 13; 20 runs beside them; 14 is another kind's, below 10.
        let rows = [
            row(10, 1),
            row(11, 10),
            row(12, 10),
            row(13, 12),
            row(14, 10),
            row(20, 1),
        ];
        let family = Family::new(&rows);
        let leaders = family.leaders(&BTreeSet::from([10, 11, 13, 20]));
        assert_eq!(leaders, BTreeSet::from([10, 20]));
        let pids = |leader, others: &[u32]| {
            let others = others.iter().copied().collect();
            let members = family.members(leader, &others);
            members.iter().map(|row| row.id.pid).collect::<Vec<_>>()
        };
        assert_eq!(pids(10, &[14, 20]), [10, 11, 12, 13]);
        assert_eq!(pids(20, &[10]), [20]);
        assert_eq!(pids(99, &[]), Vec::<u32>::new());
    }

    #[test]
    fn what_only_started_a_worker_is_none() {
        let named = |pid, parent, name: &str| ProcessRow {
            name: name.into(),
            ..row(pid, parent)
        };
        // sh -c 'timeout 9 worker', whose worker forks.
        let rows = [
            named(10, 1, "sh"),
            named(11, 10, "timeout"),
            row(12, 11),
            row(13, 12),
        ];
        let leaders = Family::new(&rows).leaders(&BTreeSet::from([10, 11, 12, 13]));
        assert_eq!(leaders, BTreeSet::from([12]));
        // Two children: a supervisor, and one worker.
        let rows = [named(10, 1, "master"), row(11, 10), row(12, 10)];
        let leaders = Family::new(&rows).leaders(&BTreeSet::from([10, 11, 12]));
        assert_eq!(leaders, BTreeSet::from([10]));
    }

    #[test]
    fn a_ring_of_parents_ends() {
        let rows = [row(5, 6), row(6, 5)];
        let family = Family::new(&rows);
        assert_eq!(family.leaders(&BTreeSet::from([5])), BTreeSet::new());
        assert_eq!(family.members(5, &BTreeSet::new()).len(), 2);
    }
}
