//! What judges need of the past, in bounded windows; brought up to date by each snapshot.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::forecast::Series;
use super::level::LevelState;
use super::limits::AssessConfig;
use super::processes::Processes;
use super::queue_history::QueueHistory;
use super::queues;
use super::settle::{Settle, sections};
use super::words::float;
use crate::model::facts::{FilesFacts, HostFacts, LogFacts, QueuesFacts, WorkersFacts};
use crate::model::{Moment, ProbeName, Snapshot};

/// Spacing of the points behind the trends of disks, memory and file descriptors: an hour in all.
const TREND_SPACING: Duration = Duration::from_secs(60);
/// How far counts of events look back at most.
const EVENTS: Duration = Duration::from_secs(600);

/// Everything that an assessment remembers of the ones before it.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub(super) settle: Settle,
    pub(super) level: LevelState,
    pub(super) queues: BTreeMap<(String, String), QueueHistory>,
    pub(super) processes: Processes,
    pub(super) disks: BTreeMap<String, Series>,
    pub(super) node_fds: BTreeMap<String, Series>,
    pub(super) memory: Option<Series>,
    pub(super) restarts: BTreeMap<String, Events>,
    pub(super) log_errors: BTreeMap<String, Events>,
    /// Since when each probe is scheduled.
    pub(super) scheduled: BTreeMap<ProbeName, Moment>,
    /// Since when each probe's readings fail in a row.
    pub(super) failing: BTreeMap<ProbeName, Moment>,
    generations: BTreeMap<ProbeName, u64>,
}

impl History {
    /// Takes in what is new in `snapshot`.
    pub(super) fn observe(&mut self, snapshot: &Snapshot, config: &AssessConfig, now: Moment) {
        let mut fresh = Vec::new();
        for about in sections(snapshot) {
            if !about.scheduled {
                self.scheduled.remove(&about.probe);
                self.failing.remove(&about.probe);
                continue;
            }
            self.scheduled.entry(about.probe).or_insert(now);
            let before = self.generations.insert(about.probe, about.generation);
            if before.unwrap_or(0) != about.generation {
                if about.available {
                    self.failing.remove(&about.probe);
                    fresh.push(about.probe);
                } else if about.failed {
                    self.failing.entry(about.probe).or_insert(now);
                } else {
                    self.failing.remove(&about.probe);
                }
            }
        }
        let is_fresh = |probe| fresh.contains(&probe);
        if is_fresh(ProbeName::Queues)
            && let (Some(facts), Some(at)) = (snapshot.queues.facts(), snapshot.queues.read_at())
        {
            self.queues(&facts, config, at);
        }
        if is_fresh(ProbeName::Workers)
            && let (Some(facts), Some(at)) = (snapshot.workers.facts(), snapshot.workers.read_at())
        {
            self.workers(&facts, snapshot.queues.facts().as_deref(), config, at);
        }
        if is_fresh(ProbeName::Host)
            && let (Some(facts), Some(at)) = (snapshot.host.facts(), snapshot.host.read_at())
        {
            self.host(&facts, at);
        }
        if is_fresh(ProbeName::Files)
            && let (Some(facts), Some(at)) = (snapshot.files.facts(), snapshot.files.read_at())
        {
            self.files(&facts, at);
        }
        if is_fresh(ProbeName::Broker)
            && let (Some(facts), Some(at)) = (snapshot.broker.facts(), snapshot.broker.read_at())
        {
            self.node_fds
                .retain(|name, _| facts.nodes.iter().any(|n| n.name == *name));
            for node in &facts.nodes {
                push(&mut self.node_fds, &node.name, at, node.fds_open);
            }
        }
    }

    fn queues(&mut self, facts: &QueuesFacts, config: &AssessConfig, at: Moment) {
        let mut before = std::mem::take(&mut self.queues);
        for queue in &facts.queues {
            let expected = queues::is_named(queue, config) || queues::is_dead_letter(&queue.name);
            if !expected && !config.every_queue {
                continue;
            }
            let key = (queue.vhost.clone(), queue.name.clone());
            let mut history = before.remove(&key).unwrap_or_default();
            history.observe(at, queue, expected);
            self.queues.insert(key, history);
        }
    }

    fn workers(
        &mut self,
        facts: &WorkersFacts,
        queues: Option<&QueuesFacts>,
        config: &AssessConfig,
        at: Moment,
    ) {
        self.processes.observe(facts, queues, config, at);
        self.restarts
            .retain(|name, _| facts.workers.iter().any(|w| w.name == *name));
        for worker in &facts.workers {
            self.restarts
                .entry(worker.name.clone())
                .or_default()
                .observe(at, worker.restarts);
        }
    }

    fn host(&mut self, facts: &HostFacts, at: Moment) {
        self.disks
            .retain(|path, _| facts.disks.iter().any(|disk| disk.path == *path));
        for disk in &facts.disks {
            push(&mut self.disks, &disk.path, at, disk.available);
        }
        if let Some(available) = facts.memory_available {
            let memory = self
                .memory
                .get_or_insert_with(|| Series::every(TREND_SPACING));
            memory.push(at, float(available));
        }
    }

    fn files(&mut self, facts: &FilesFacts, at: Moment) {
        let known = |glob: &String| facts.logs.iter().any(|log| log.glob == *glob);
        self.log_errors.retain(|glob, _| known(glob));
        for LogFacts {
            glob, error_lines, ..
        } in &facts.logs
        {
            if let Some(lines) = error_lines {
                self.log_errors
                    .entry(glob.clone())
                    .or_default()
                    .observe(at, *lines);
            }
        }
    }
}

fn push(series: &mut BTreeMap<String, Series>, name: &str, at: Moment, value: Option<u64>) {
    if let Some(value) = value {
        let series = series.entry(name.to_owned());
        series
            .or_insert_with(|| Series::every(TREND_SPACING))
            .push(at, float(value));
    }
}

/// A counter's newest past: how often something happened lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    /// When the counter moved, and by how much.
    moves: VecDeque<(Moment, u64)>,
    newest: Option<u64>,
}

impl Events {
    /// Moves nearer than this are one: 120 entries at most.
    const SPACING: Duration = Duration::from_secs(5);

    fn observe(&mut self, at: Moment, counter: u64) {
        // A counter that fell was started anew.
        let by = self
            .newest
            .map_or(0, |before| counter.checked_sub(before).unwrap_or(counter));
        self.newest = Some(counter);
        while self
            .moves
            .front()
            .is_some_and(|(moved, _)| at.since(*moved) > EVENTS)
        {
            self.moves.pop_front();
        }
        match self.moves.back_mut() {
            _ if by == 0 => {}
            Some((last, sum)) if at.since(*last) < Self::SPACING => *sum += by,
            _ => self.moves.push_back((at, by)),
        }
    }

    /// How much the counter moved within the last `window`, 10 min at most.
    pub(super) fn within(&self, window: Duration, now: Moment) -> u64 {
        let recent = |at: &Moment| now.since(*at) <= window;
        self.moves
            .iter()
            .filter(|(at, _)| recent(at))
            .map(|(_, by)| by)
            .sum()
    }
}
