//! The system's plane of every kind: which processes are its own, and what each of them does.
//!
//! Blocks for as long as the kernel does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::drift::{FileNow, Starts};
use super::find::{CommandLines, Family, matching};
use crate::config::{EnvFile, Regex};
use crate::model::facts::{FoundBy, ProcessFacts, ProcessId, ProcessState};
use crate::model::{Failure, Reason};
use crate::platform::observe::{Instance, InstanceState, ObserveProcesses, ProcessRow};

/// Processes of one leader that are looked at one by one; of more the sums are not told.
const MOST_MEMBERS: usize = 256;

/// One kind, and what its control said.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// What its control named, and how such a process is said to be found; `None` where there is
    /// no control, or it could not tell.
    pub(super) instances: Option<(Vec<Instance>, FoundBy)>,
    /// Its processes may also be recognised by this.
    pub(super) matching: Option<Regex>,
    /// Its env file.
    pub(super) env_file: Option<PathBuf>,
}

/// A process of a kind with those it is summed up of.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) facts: ProcessFacts,
    pub(super) members: Vec<u32>,
}

/// What is remembered from one scan to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    lines: CommandLines,
    starts: Starts,
}

/// One process before it is looked at.
struct Leader {
    pid: u32,
    /// Those that its control knows besides its descendants.
    also: Vec<u32>,
    found_by: FoundBy,
    instance: Option<Instance>,
}

impl Memory {
    /// The processes of each kind, in the order given; `None` where neither its control nor its
    /// expression could tell.
    pub(super) fn scan(
        &mut self,
        wanted: &[Wanted],
        env_files: &[EnvFile],
        system: &impl ObserveProcesses,
        now: fn() -> SystemTime,
    ) -> Result<Vec<Option<Vec<Found>>>, Failure> {
        let rows = system
            .processes()
            .map_err(|why| Failure::new(Reason::Io, why))?;
        let lines = match wanted.iter().any(|kind| kind.matching.is_some()) {
            true => self.lines.read(&rows, system),
            false => Vec::new(),
        };
        let family = Family::new(&rows);
        let claimed = claimed(wanted);
        let leaders: Vec<Option<Vec<Leader>>> = wanted
            .iter()
            .map(|kind| leaders(kind, &rows, &lines, &family, &claimed))
            .collect();
        let all = leaders.iter().flatten().flatten();
        let all: BTreeSet<u32> = all.map(|leader| leader.pid).collect();
        let files = self.files(wanted, env_files);
        let mut seen = BTreeSet::new();
        let mut found = Vec::with_capacity(wanted.len());
        for (kind, leaders) in wanted.iter().zip(leaders) {
            let file = kind.env_file.as_deref().and_then(|path| files.get(path));
            let one = |leader: &Leader| {
                let found = one(leader, &family, &all, system, now)?;
                seen.insert(found.facts.id);
                Some(self.with_drift(found, file, system))
            };
            found.push(leaders.map(|leaders| leaders.iter().filter_map(one).collect()));
        }
        self.starts.retain(|id| seen.contains(id));
        Ok(found)
    }

    fn files<'a>(
        &self,
        wanted: &'a [Wanted],
        env_files: &[EnvFile],
    ) -> BTreeMap<&'a Path, FileNow> {
        let used = wanted.iter().filter_map(|kind| kind.env_file.as_deref());
        let used: BTreeSet<&Path> = used.collect();
        let read = |path: &'a Path| {
            let file = env_files.iter().find(|file| file.path == path)?;
            Some((path, FileNow::read(file, self.starts.keyed())?))
        };
        used.into_iter().filter_map(read).collect()
    }

    fn with_drift(
        &mut self,
        mut found: Found,
        file: Option<&FileNow>,
        system: &impl ObserveProcesses,
    ) -> Found {
        if let Some(file) = file {
            let ProcessFacts { id, started_at, .. } = found.facts;
            let environment = system.environment(id.pid);
            let drift = self
                .starts
                .drift(id, started_at, environment.as_deref(), file);
            found.facts.drift = drift;
        }
        found
    }
}

/// Every process that a control names: no expression of another kind takes it.
fn claimed(wanted: &[Wanted]) -> BTreeSet<u32> {
    let instances = wanted.iter().flat_map(|kind| kind.instances.iter());
    let instances = instances.flat_map(|(instances, _)| instances);
    let pids = |instance: &Instance| {
        let main = instance.main_pid.into_iter();
        main.chain(instance.pids.iter().flatten().copied())
            .collect::<Vec<_>>()
    };
    instances.flat_map(pids).collect()
}

fn leaders(
    kind: &Wanted,
    rows: &[ProcessRow],
    lines: &[String],
    family: &Family<'_>,
    claimed: &BTreeSet<u32>,
) -> Option<Vec<Leader>> {
    // A process that runs, and is not to be seen, runs in another namespace than ours, or ended this
    // moment: it is not told to be none.
    let visible = |instance: &Instance| {
        instance.state != InstanceState::Running
            || instance
                .main_pid
                .is_none_or(|pid| family.row(pid).is_some())
    };
    let told = kind.instances.as_ref();
    let told = told.filter(|(instances, _)| instances.iter().all(visible));
    let controlled = told.map(|(instances, found_by)| {
        let led = |instance: &Instance| {
            let also = instance.pids.clone().unwrap_or_default();
            let pid = instance.main_pid.or_else(|| {
                let own: BTreeSet<u32> = also.iter().copied().collect();
                family.leaders(&own).into_iter().next()
            })?;
            Some(Leader {
                pid,
                also,
                found_by: *found_by,
                instance: Some(instance.clone()),
            })
        };
        instances.iter().filter_map(led).collect::<Vec<_>>()
    });
    let matched = kind.matching.as_ref().map(|expression| {
        let mut pids = matching(rows, lines, expression);
        let own: BTreeSet<u32> = controlled
            .iter()
            .flatten()
            .map(|leader| leader.pid)
            .collect();
        pids.retain(|pid| own.contains(pid) || !claimed.contains(pid));
        // Its own controlled ones count as leaders, so that what they started is none.
        pids.extend(&own);
        let matched = family
            .leaders(&pids)
            .into_iter()
            .filter(|pid| !own.contains(pid));
        let of = |pid| Leader {
            pid,
            also: Vec::new(),
            found_by: FoundBy::Match,
            instance: None,
        };
        matched.map(of).collect::<Vec<_>>()
    });
    match (controlled, matched) {
        (None, None) => None,
        (controlled, matched) => {
            let mut all: Vec<Leader> = controlled.into_iter().chain(matched).flatten().collect();
            all.sort_by_key(|leader| leader.pid);
            Some(all)
        }
    }
}

/// `None` when it ended meanwhile.
fn one(
    leader: &Leader,
    family: &Family<'_>,
    leaders: &BTreeSet<u32>,
    system: &impl ObserveProcesses,
    now: fn() -> SystemTime,
) -> Option<Found> {
    let row = family.row(leader.pid)?;
    let mut members: BTreeMap<u32, &ProcessRow> = family
        .members(leader.pid, leaders)
        .into_iter()
        .map(|row| (row.id.pid, row))
        .collect();
    for pid in &leader.also {
        members.extend(family.row(*pid).map(|row| (*pid, row)));
    }
    let few = members.len() <= MOST_MEMBERS;
    let details = few.then(|| {
        members
            .keys()
            .map(|pid| system.details(*pid))
            .collect::<Vec<_>>()
    });
    let details = details.as_deref();
    let sum = |of: fn(&crate::platform::observe::ProcessDetails) -> Option<u64>| {
        details?.iter().map(of).sum::<Option<u64>>()
    };
    let own = match members.keys().position(|pid| *pid == leader.pid) {
        Some(at) => details.map(|details| details[at].clone()),
        None => None,
    };
    let own = own.unwrap_or_else(|| system.details(leader.pid));
    let instance = leader.instance.clone().unwrap_or_default();
    let facts = ProcessFacts {
        id: row.id,
        started_at: started_at(row.id, system, now),
        found_by: leader.found_by,
        state: row.state,
        members: u32::try_from(members.len()).ok(),
        cpu_time: Some(members.values().map(|row| row.cpu_time).sum()),
        rss: Some(members.values().map(|row| row.rss).sum()),
        fds: sum(|details| details.fds),
        fds_max: own.fds_max,
        threads: Some(members.values().map(|row| row.threads).sum()),
        voluntary_switches: sum(|details| details.voluntary_switches),
        involuntary_switches: sum(|details| details.involuntary_switches),
        unit: instance.unit.or(own.unit),
        cgroup: instance.cgroup.or(own.cgroup),
        container: instance.container.or(own.container),
        ..ProcessFacts::default()
    };
    // One that has ended and is not reaped holds nothing, though that can't be read of it; its first
    // thread alone may have ended, too.
    let has_ended = |row: &&ProcessRow| row.state == Some(ProcessState::Zombie) && row.threads <= 1;
    let there = members.into_values().filter(|row| !has_ended(row));
    Some(Found {
        facts,
        members: there.map(|row| row.id.pid).collect(),
    })
}

fn started_at(
    id: ProcessId,
    system: &impl ObserveProcesses,
    now: fn() -> SystemTime,
) -> Option<SystemTime> {
    // The clock right after the age: a scan that takes long must not make a process look older.
    let age = system.age(id)?;
    now().checked_sub(age)
}

#[cfg(test)]
mod tests;
