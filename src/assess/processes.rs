//! The processes' past: samples of both planes, joined with the queues that they consume.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::forecast::Series;
use super::hang::{self, BrokerSample, Limits, Sample};
use super::limits::{AssessConfig, WorkerLimits};
use super::progress::Progress;
use super::words::float;
use crate::model::Moment;
use crate::model::facts::{
    AckMode, ChannelFacts, ProcessFacts, ProcessId, QueueFacts, QueuesFacts, WorkerFacts,
    WorkersFacts,
};

/// Spacing of the points behind the trends of memory and file descriptors: an hour in all.
const TREND_SPACING: Duration = Duration::from_secs(60);
/// Samples that two windows are thinned to.
const SAMPLES: u32 = 100;
/// What was learnt about processing times lengthens a window to this at most.
const LONGEST_LEARNT: Duration = Duration::from_secs(1800);

/// Every process seen, by worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Processes {
    known: BTreeMap<(String, ProcessId), ProcessHistory>,
    /// The longest of the newest stretches between acknowledgements, by worker; outlives restarts.
    usual: BTreeMap<String, Duration>,
}

/// One process's past.
#[derive(Clone, Debug)]
pub(super) struct ProcessHistory {
    samples: VecDeque<Sample>,
    pub(super) rss: Series,
    pub(super) fds: Series,
    progress: Progress,
}

impl Default for ProcessHistory {
    fn default() -> Self {
        ProcessHistory {
            samples: VecDeque::new(),
            rss: Series::every(TREND_SPACING),
            fds: Series::every(TREND_SPACING),
            progress: Progress::default(),
        }
    }
}

impl Processes {
    pub(super) fn observe(
        &mut self,
        facts: &WorkersFacts,
        queues: Option<&QueuesFacts>,
        config: &AssessConfig,
        at: Moment,
    ) {
        let view = QueueView::new(facts, queues);
        self.known.retain(|(name, id), _| {
            let worker = facts.workers.iter().find(|w| w.name == *name);
            worker.is_some_and(|w| match &w.processes {
                Some(processes) => processes.iter().any(|p| p.id == *id),
                None => true,
            })
        });
        for worker in &facts.workers {
            let Some(limits) = config.workers.get(&worker.name) else {
                continue;
            };
            let window = self.limits(&worker.name, limits).window;
            for process in worker.processes.iter().flatten() {
                let key = (worker.name.clone(), process.id);
                self.known.entry(key).or_default().observe(
                    at,
                    process,
                    &view,
                    facts.channels_as_of,
                    window,
                );
            }
            self.learn(worker);
        }
    }

    /// The longest usual stretch of the worker's processes; the last known one while none has any.
    fn learn(&mut self, worker: &WorkerFacts) {
        let own = self
            .known
            .iter()
            .filter(|((name, _), _)| *name == worker.name);
        if let Some(usual) = own.filter_map(|(_, p)| p.progress.usual()).max() {
            self.usual.insert(worker.name.clone(), usual);
        }
    }

    pub(super) fn get(&self, worker: &str, id: ProcessId) -> Option<&ProcessHistory> {
        self.known.get(&(worker.to_owned(), id))
    }

    /// What the processes of a worker are held against.
    pub(super) fn limits(&self, worker: &str, limits: &WorkerLimits) -> Limits {
        let learnt = self
            .usual
            .get(worker)
            .map_or(Duration::ZERO, |usual| *usual * 3);
        Limits {
            window: limits.no_ack_for.max(learnt.min(LONGEST_LEARNT)),
            cpu_spin: limits.cpu_spin,
            consumes: !limits.queues.is_empty(),
        }
    }
}

impl ProcessHistory {
    fn observe(
        &mut self,
        at: Moment,
        process: &ProcessFacts,
        view: &QueueView<'_>,
        asked: Option<Moment>,
        window: Duration,
    ) {
        let broker = process
            .channels
            .as_ref()
            .and_then(|channels| view.sample(channels, at));
        if let Some(broker) = broker {
            self.progress.observe(at, broker.acked, broker.unacked > 0);
        }
        if let Some(rss) = process.rss {
            self.rss.push(at, float(rss));
        }
        if let Some(fds) = process.fds {
            self.fds.push(at, float(fds));
        }
        let switches = process.voluntary_switches.zip(process.involuntary_switches);
        let sample = Sample {
            at,
            state: process.state,
            cpu_time: process.cpu_time,
            switches: switches.map(|(a, b)| a + b),
            broker_socket: process.broker_socket,
            asked: asked.filter(|_| broker.is_some()),
            broker,
        };
        // The broker's answer that was judged already is no second witness.
        let repeats = |last: &Sample| sample.asked.is_some() && last.asked == sample.asked;
        if self.samples.back().is_some_and(repeats) {
            self.samples.pop_back();
        }
        let kept = (window * 2).max(hang::LOOKS_BACK);
        // The newest is always there; those before it keep their distance.
        let spacing = kept / SAMPLES;
        let before = self.samples.iter().rev().nth(1).map(|s| s.at);
        if before.is_some_and(|before| at.since(before) < spacing) {
            self.samples.pop_back();
        }
        self.samples.push_back(sample);
        while self
            .samples
            .get(1)
            .is_some_and(|second| at.since(second.at) >= kept)
        {
            self.samples.pop_front();
        }
        self.samples.make_contiguous();
    }

    /// Both planes over two windows or more, oldest first.
    pub(super) fn samples(&self) -> &[Sample] {
        self.samples.as_slices().0
    }
}

/// What the queues say to those who consume them.
struct QueueView<'a> {
    queues: BTreeMap<(&'a str, &'a str), Queue>,
    told: bool,
}

#[derive(Clone, Copy, Default)]
struct Queue {
    ready: Option<u64>,
    unacked: Option<u64>,
    consumers: Option<u64>,
    /// Consumers on channels that are known.
    known: u64,
    /// Unacknowledged on channels that are known and consume nothing else.
    held: u64,
    /// Acknowledged on channels that are known.
    acked: u64,
    priority: i64,
}

impl<'a> QueueView<'a> {
    fn new(facts: &'a WorkersFacts, queues: Option<&'a QueuesFacts>) -> Self {
        let mut view: BTreeMap<(&str, &str), Queue> = BTreeMap::new();
        for QueueFacts {
            vhost,
            name,
            ready,
            unacked,
            consumers,
            ..
        } in queues.iter().flat_map(|q| &q.queues)
        {
            let queue = Queue {
                ready: *ready,
                unacked: *unacked,
                consumers: *consumers,
                ..Queue::default()
            };
            view.insert((vhost, name), queue);
        }
        let processes = facts
            .workers
            .iter()
            .flat_map(|w| w.processes.iter().flatten());
        for channel in processes.flat_map(|p| p.channels.iter().flatten()) {
            for consumer in &channel.consumers {
                let queue = view.entry((&consumer.vhost, &consumer.queue)).or_default();
                let first = queue.known == 0;
                queue.known += 1;
                let priority = consumer.priority.unwrap_or(0);
                queue.priority = if first {
                    priority
                } else {
                    queue.priority.max(priority)
                };
                // Of a channel with several consumers nobody knows whose the messages are: all of
                // them count for each, so that a contradiction is rather missed than made.
                queue.held += channel.unacked.unwrap_or(0);
                queue.acked += channel.acked.unwrap_or(0);
            }
        }
        QueueView {
            queues: view,
            told: queues.is_some(),
        }
    }

    /// A process's channels summed up; `None` when a figure is missing or outdated.
    fn sample(&self, channels: &[ChannelFacts], at: Moment) -> Option<BrokerSample> {
        let consuming = || channels.iter().filter(|c| !c.consumers.is_empty());
        let mut names: Vec<_> = consuming().map(|c| (&c.connection, c.number)).collect();
        names.sort();
        let mut hasher = DefaultHasher::new();
        names.hash(&mut hasher);
        let mut sum = BrokerSample {
            channels: hasher.finish(),
            consumers: 0,
            acked: 0,
            delivered: 0,
            unacked: 0,
            ready: Some(0),
            full: true,
            bounded: true,
            auto: true,
            others_acked: 0,
            in_line: false,
            contradicted: false,
        };
        let mut works = false;
        for channel in consuming() {
            if channel.as_of.is_some_and(|of| at.since(of) > OUTDATED) {
                return None;
            }
            let unacked = channel.unacked?;
            sum.consumers += channel.consumers.len() as u64;
            sum.acked += channel.acked?;
            sum.delivered += channel.delivered?;
            sum.unacked += unacked;
            let capacity = capacity(channel);
            let manual = channel
                .consumers
                .iter()
                .all(|c| c.ack_mode == Some(AckMode::Manual));
            sum.bounded &= manual && capacity.is_some();
            sum.auto &= channel
                .consumers
                .iter()
                .all(|c| c.ack_mode == Some(AckMode::Auto));
            let mut ready = Some(0u64);
            for consumer in &channel.consumers {
                let key = (consumer.vhost.as_str(), consumer.queue.as_str());
                let queue = self.queues.get(&key).copied().unwrap_or_default();
                let waiting = if self.told { queue.ready } else { None };
                ready = ready.zip(waiting).map(|(a, b)| a + b);
                let own = channel.acked.unwrap_or(0);
                sum.others_acked += queue.acked.saturating_sub(own);
                sum.in_line |= consumer.active != Some(false)
                    && consumer.priority.unwrap_or(0) >= queue.priority;
                sum.contradicted |= queue.consumers == Some(queue.known)
                    && queue.unacked.is_some_and(|unacked| unacked > queue.held);
            }
            sum.ready = sum.ready.zip(ready).map(|(a, b)| a + b);
            if unacked > 0 || ready.is_none_or(|n| n > 0) {
                works = true;
                sum.full &= capacity.is_some_and(|most| unacked >= most);
            }
        }
        sum.full &= works;
        Some(sum)
    }
}

/// Statistics older than this say nothing about now.
const OUTDATED: Duration = Duration::from_secs(60);

/// Most messages that a channel may hold; `None` without a limit, or where it is not known.
fn capacity(channel: &ChannelFacts) -> Option<u64> {
    let of_channel = channel.channel_prefetch.filter(|n| *n > 0);
    let of_consumers = channel
        .consumers
        .iter()
        .map(|consumer| consumer.prefetch.filter(|n| *n > 0))
        .sum::<Option<u64>>();
    match (of_channel, of_consumers) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
