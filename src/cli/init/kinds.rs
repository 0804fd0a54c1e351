//! Processes to kinds of workers: by unit, else by program, split by queue where one program
//! serves several.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{self, Program};
use super::units;
use super::world::{FoundProcess, QueueName, World};

/// Kinds drafted; a host with more is not drafted by a program.
const MOST_KINDS: usize = 100;

/// A kind of worker, as it is to be drafted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    pub name: String,
    pub found_by: FoundBy,
    /// Processes or units there are now.
    pub count: usize,
    /// Those of them that hold a connection to the broker.
    pub connected: usize,
    pub queues: BTreeSet<QueueName>,
    /// Its place in [`World::env_files`].
    pub env_file: Option<usize>,
    /// They run in containers.
    pub contained: bool,
    /// What is not sure about it.
    pub assumed: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum FoundBy {
    /// systemd units, folded as the configuration writes them.
    Units(Vec<String>),
    /// An expression for command lines.
    CommandLine(String),
}

/// A worker process with what its descendants consume.
#[derive(Clone)]
struct Leader<'a> {
    pid: u32,
    /// It, or the first of its descendants that holds a connection: of that more is known.
    process: &'a FoundProcess,
    program: Program,
    queues: BTreeSet<QueueName>,
}

/// The kinds, and processes that look like workers and can't be told from others.
pub(super) fn of(world: &World) -> (Vec<Kind>, Vec<u32>) {
    let (leaders, untold) = leaders(world);
    let mut by_unit: BTreeMap<String, Vec<Leader<'_>>> = BTreeMap::new();
    let mut by_program: BTreeMap<Program, Vec<Leader<'_>>> = BTreeMap::new();
    for leader in leaders {
        let unit = leader
            .process
            .unit
            .as_deref()
            .filter(|_| leader.process.container.is_none());
        match unit.filter(|unit| units::may_be_controlled(unit)) {
            Some(unit) => by_unit.entry(units::family(unit)).or_default().push(leader),
            None => by_program
                .entry(leader.program.clone())
                .or_default()
                .push(leader),
        }
    }
    let mut kinds = Vec::new();
    for (family, group) in by_unit {
        let programs: BTreeSet<&Program> = group.iter().map(|l| &l.program).collect();
        if programs.len() == 1 {
            kinds.push(of_units(&family, &group));
        } else {
            // A unit with several programs, as a process manager's: restarting it would take all.
            for leader in group {
                by_program
                    .entry(leader.program.clone())
                    .or_default()
                    .push(leader);
            }
        }
    }
    for (program, group) in by_program {
        kinds.extend(of_program(world, &program, &group));
    }
    kinds.truncate(MOST_KINDS);
    unique_names(&mut kinds);
    (kinds, untold)
}

/// Of the processes connected to the broker, and their parents that run the same program, those
/// that no other is an ancestor of: a parent and its forked children are one worker.
fn leaders(world: &World) -> (Vec<Leader<'_>>, Vec<u32>) {
    let by_pid: BTreeMap<u32, &FoundProcess> = world.processes.iter().map(|p| (p.pid, p)).collect();
    let mut leaders: BTreeMap<u32, Leader<'_>> = BTreeMap::new();
    let mut untold = Vec::new();
    let connected = |p: &&FoundProcess| {
        !p.brokers.is_empty() && !command::is_no_worker(&p.name, &p.command_line)
    };
    for process in world.processes.iter().filter(connected) {
        let Some(program) = command::program(&process.command_line) else {
            untold.push(process.pid);
            continue;
        };
        // A parent may only hold the children, and no connection of its own: then its unit was not
        // looked up, and its children's tells.
        let same = |other: &&FoundProcess| {
            (other.brokers.is_empty()
                || (&other.unit, &other.container) == (&process.unit, &process.container))
                && command::matches(&program.expression, &other.command_line)
        };
        let first = ancestors(process, &by_pid).filter(same).last();
        let leader = first.unwrap_or(process);
        let entry = leaders.entry(leader.pid).or_insert_with(|| Leader {
            pid: leader.pid,
            process,
            program,
            queues: BTreeSet::new(),
        });
        entry.queues.extend(process.queues.iter().cloned());
    }
    (leaders.into_values().collect(), untold)
}

fn ancestors<'a>(
    process: &FoundProcess,
    by_pid: &BTreeMap<u32, &'a FoundProcess>,
) -> impl Iterator<Item = &'a FoundProcess> {
    let parent = |pid: u32| by_pid.get(&pid).copied();
    // Pids are reused while processes are read: a ring is possible, and must end.
    std::iter::successors(parent(process.parent), move |p| parent(p.parent)).take(by_pid.len())
}

fn of_units(family: &str, group: &[Leader<'_>]) -> Kind {
    let names: BTreeSet<&str> = group
        .iter()
        .filter_map(|l| l.process.unit.as_deref())
        .collect();
    let mut kind = kind(units::short_name(family), group);
    kind.count = names.len();
    kind.connected = names.len();
    kind.found_by = FoundBy::Units(units::fold(&names));
    kind
}

fn of_program(world: &World, program: &Program, group: &[Leader<'_>]) -> Vec<Kind> {
    let parts = split(program, group);
    let several = parts.len() > 1;
    let known = &world.broker.addresses;
    let drafted = parts.into_iter().map(|(queue, part)| {
        let expression = match &queue {
            Some(queue) => program.consuming(queue),
            None => program.expression.clone(),
        };
        let name = match &queue {
            Some(queue) if several => format!("{}-{queue}", program.short_name()),
            _ => program.short_name().to_owned(),
        };
        let mut kind = kind(&name, &part);
        kind.count = running(world, &expression).max(1);
        kind.connected = part.len();
        let others = part.iter().flat_map(|l| &l.process.brokers);
        let elsewhere: BTreeSet<_> = others.filter(|b| !known.contains(b)).collect();
        if let (Some(one), false) = (elsewhere.first(), known.is_empty()) {
            let words = format!("connected to {one}, which is not what the address above means");
            kind.assumed.push(words);
        }
        kind.found_by = FoundBy::CommandLine(expression);
        let sets: BTreeSet<_> = part.iter().map(|l| &l.queues).collect();
        if sets.len() > 1 {
            let words = "one kind, although its processes consume different queues: their \
                         command lines do not tell them apart";
            kind.assumed.push(words.into());
        }
        let unit = part.iter().find_map(|l| l.process.unit.as_ref());
        if let Some(unit) = unit.filter(|_| !kind.contained) {
            let words = format!("found by command line; it runs in {unit}, which holds more");
            kind.assumed.push(words);
        }
        kind
    });
    drafted.collect()
}

/// One part for each queue, where every process consumes one set of queues, names one of them in
/// its command line, and no process of another part does; else the whole group.
fn split<'a>(program: &Program, group: &[Leader<'a>]) -> Vec<(Option<String>, Vec<Leader<'a>>)> {
    let mut parts: BTreeMap<&BTreeSet<QueueName>, Vec<Leader<'a>>> = BTreeMap::new();
    for leader in group {
        parts
            .entry(&leader.queues)
            .or_default()
            .push(leader.clone());
    }
    let whole = || vec![(None, group.to_vec())];
    if parts.len() < 2 {
        return whole();
    }
    let told = |queues: &BTreeSet<QueueName>, part: &[Leader<'a>]| {
        let own: BTreeSet<u32> = part.iter().map(|l| l.pid).collect();
        let tells = |queue: &&QueueName| {
            let expression = program.consuming(&queue.name);
            group.iter().all(|leader| {
                let matches = command::matches(&expression, &leader.process.command_line);
                matches == own.contains(&leader.pid)
            })
        };
        queues.iter().find(tells).map(|queue| queue.name.clone())
    };
    let split: Option<Vec<_>> = parts
        .iter()
        .map(|(queues, part)| Some((Some(told(queues, part)?), part.clone())))
        .collect();
    split.unwrap_or_else(whole)
}

/// What kinds of both ways have in common.
fn kind(name: &str, group: &[Leader<'_>]) -> Kind {
    let name = given_name(group).unwrap_or_else(|| name.to_owned());
    let env_files: BTreeSet<_> = group.iter().map(|l| l.process.env_file).collect();
    let same = env_files.len() == 1;
    let mut assumed = Vec::new();
    if !same {
        assumed.push("no env_file, as its processes work with different ones".into());
    }
    Kind {
        name: legal_name(&name),
        found_by: FoundBy::Units(Vec::new()),
        count: group.len(),
        connected: group.len(),
        queues: group
            .iter()
            .flat_map(|l| l.queues.iter().cloned())
            .collect(),
        env_file: env_files.into_iter().next().flatten().filter(|_| same),
        contained: group.iter().any(|l| l.process.container.is_some()),
        assumed,
    }
}

/// `KIND` where every connection is named `KIND-PID`: the name by which connections are told
/// where addresses are translated.
fn given_name(group: &[Leader<'_>]) -> Option<String> {
    let own = |leader: &Leader<'_>| {
        let name = leader.process.connection_name.as_deref()?;
        let (kind, pid) = name.rsplit_once('-')?;
        (pid.parse() == Ok(leader.process.pid) && legal_name(kind) == kind).then(|| kind.to_owned())
    };
    let names: Option<BTreeSet<String>> = group.iter().map(own).collect();
    names.filter(|names| names.len() == 1)?.into_iter().next()
}

/// Processes that the `workers` probe would count: those that match and whose parents do not.
fn running(world: &World, expression: &str) -> usize {
    let Ok(regex) = regex::Regex::new(expression) else {
        return 0;
    };
    let all = world
        .processes
        .iter()
        .filter(|p| regex.is_match(&p.command_line));
    let matching: BTreeMap<u32, &FoundProcess> = all.map(|p| (p.pid, p)).collect();
    let by_pid: BTreeMap<u32, &FoundProcess> = world.processes.iter().map(|p| (p.pid, p)).collect();
    let led = |p: &&&FoundProcess| !ancestors(p, &by_pid).any(|a| matching.contains_key(&a.pid));
    matching.values().filter(led).count()
}

/// What the configuration takes for a worker's name.
fn legal_name(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = name
        .chars()
        .map(|c| if legal(c) { c } else { '-' })
        .collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let name: String = name.chars().take(56).collect();
    if name.is_empty() {
        "worker".into()
    } else {
        name
    }
}

fn unique_names(kinds: &mut [Kind]) {
    let mut taken = BTreeSet::new();
    for kind in kinds {
        let names = (2..).map(|n| format!("{}-{n}", kind.name));
        let mut names = std::iter::once(kind.name.clone()).chain(names);
        // There are more numbers than kinds.
        if let Some(name) = names.find(|name| !taken.contains(name)) {
            kind.name.clone_from(&name);
            taken.insert(name);
        }
    }
}
