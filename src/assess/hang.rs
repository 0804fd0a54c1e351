//! Hung, not just dead: what a process does, judged from two windows of two planes.
//!
//! The broker's plane says what happens on the process's own channels, the system's what the
//! process does. A verdict that may get a process killed needs both, in every sample of two windows.
//! Where one is missing the verdict is unknown. A sibling's acknowledgements on the same queue
//! neither excuse nor accuse it.
//!
//! Three verdicts rest on the system's plane alone, as the broker may say anything then: stopped,
//! zombie, uninterruptible. None of them is answered by killing.

use std::time::Duration;

use crate::model::facts::ProcessState;
use crate::model::{Moment, Unknown, Verdict};

/// Less of a core than this is no work.
const NO_CPU: f64 = 0.01;
/// Fewer context switches a second than this are no work: heartbeats and timers go on in a worker
/// that does nothing.
const NO_SWITCHES: f64 = 1.0;
/// What is ready to run and gets less of a core than this waits for others.
const STARVED: f64 = 0.5;
/// A stopped process is one after so long; its newest acknowledgements may still show till
/// [`STATISTICS_LAG`].
const STOPPED_FOR: Duration = Duration::from_secs(20);
/// The broker's statistics are at most so late.
const STATISTICS_LAG: Duration = Duration::from_secs(10);
/// A zombie that nobody reaped for so long.
const ZOMBIE_FOR: Duration = Duration::from_secs(5);
/// Waiting in the kernel for so long, in at least [`UNINTERRUPTIBLE_SAMPLES`].
const UNINTERRUPTIBLE_FOR: Duration = Duration::from_secs(30);
const UNINTERRUPTIBLE_SAMPLES: usize = 5;
/// A process that had a consumer, and has none for so long.
const DISCONNECTED_FOR: Duration = Duration::from_secs(10);
/// A process that never had one: it may still be starting.
const NEVER_CONNECTED_FOR: Duration = Duration::from_secs(30);
const DISCONNECTED_SAMPLES: usize = 3;
/// So much of a process's past a verdict may need, however short its windows are.
pub const LOOKS_BACK: Duration = Duration::from_secs(40);

/// Both planes of one process at one reading.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When.
    pub at: Moment,
    /// State of its leader.
    pub state: Option<ProcessState>,
    /// Processor time since its start.
    pub cpu_time: Option<Duration>,
    /// Context switches since its start.
    pub switches: Option<u64>,
    /// It has a connected socket to the broker.
    pub broker_socket: Option<bool>,
    /// Its channels; `None` where they could not be told, or only in part.
    pub broker: Option<BrokerSample>,
    /// When the broker was asked for them. Samples of one answer are one sample.
    pub asked: Option<Moment>,
}

/// A process's channels, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerSample {
    /// Tells sets of channels apart.
    pub channels: u64,
    /// Consumers on them.
    pub consumers: u64,
    /// Acknowledgements since they were opened.
    pub acked: u64,
    /// Deliveries since they were opened.
    pub delivered: u64,
    /// Delivered, not yet acknowledged.
    pub unacked: u64,
    /// Messages waiting in the queues that it consumes.
    pub ready: Option<u64>,
    /// Every channel that holds messages or has some waiting holds as many as its prefetch allows.
    pub full: bool,
    /// Every consumer acknowledges by hand and has a prefetch.
    pub bounded: bool,
    /// No consumer acknowledges by hand: what is delivered is done.
    pub auto: bool,
    /// Acknowledgements of others on the queues that it consumes, since their channels opened.
    pub others_acked: u64,
    /// It gets messages when there are some: active, and nobody has a higher priority.
    pub in_line: bool,
    /// A queue that it consumes counts more unacknowledged messages than all its channels do: the
    /// broker contradicts itself.
    pub contradicted: bool,
}

/// What a process is held against.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Length of one of the two windows: max(3 × usual processing time, configured).
    pub window: Duration,
    /// Share of a core from which it spins; 0-1.
    pub cpu_spin: f64,
    /// It is configured to consume something.
    pub consumes: bool,
}

/// The verdict on `samples`, oldest first.
pub fn verdict(samples: &[Sample], limits: &Limits) -> Verdict {
    let Some(newest) = samples.last() else {
        return Verdict::Unknown(Unknown::SystemPlane);
    };
    if let Some(verdict) = by_state(samples) {
        return verdict;
    }
    match newest.state {
        None => return Verdict::Unknown(Unknown::SystemPlane),
        // What does nothing because it is stopped must not be taken for stalled: another remedy.
        Some(ProcessState::Stopped | ProcessState::Zombie) => {
            return Verdict::Unknown(Unknown::TooEarly);
        }
        Some(_) => {}
    }
    let Some(broker) = newest.broker else {
        return Verdict::Unknown(Unknown::BrokerPlane);
    };
    if broker.consumers == 0 {
        return without_consumer(samples, limits);
    }
    let windows = windows(samples, limits.window * 2);
    if progressed(windows) {
        return if is_slow(windows, limits) {
            Verdict::Slow
        } else {
            Verdict::Healthy
        };
    }
    if broker.auto && received(windows) {
        return Verdict::Healthy;
    }
    let waits_in_line = !broker.in_line && broker.unacked == 0;
    if (broker.ready == Some(0) && broker.unacked == 0) || waits_in_line {
        return Verdict::Idle;
    }
    if !broker.bounded {
        return Verdict::Unknown(Unknown::Unclear);
    }
    if broker.ready.is_none() {
        return Verdict::Unknown(Unknown::BrokerPlane);
    }
    match covered(windows, limits.window) {
        true => without_progress(windows, limits),
        false => Verdict::Unknown(Unknown::TooEarly),
    }
}

/// The newest samples for which `holds`, oldest first.
fn run(samples: &[Sample], holds: impl Fn(&Sample) -> bool) -> &[Sample] {
    let from = samples.iter().rposition(|s| !holds(s)).map_or(0, |i| i + 1);
    &samples[from..]
}

fn span(samples: &[Sample]) -> Duration {
    match (samples.first(), samples.last()) {
        (Some(first), Some(last)) => last.at.since(first.at),
        _ => Duration::ZERO,
    }
}

fn by_state(samples: &[Sample]) -> Option<Verdict> {
    let in_state = |state| run(samples, move |s| s.state == Some(state));
    let zombie = in_state(ProcessState::Zombie);
    if zombie.len() > 1 && span(zombie) >= ZOMBIE_FOR {
        return Some(Verdict::Zombie);
    }
    let stopped = in_state(ProcessState::Stopped);
    if stopped.len() > 2 && span(stopped) >= STOPPED_FOR && !progressed(settled(stopped)) {
        return Some(Verdict::Stopped);
    }
    let waiting = in_state(ProcessState::Uninterruptible);
    let long = waiting.len() >= UNINTERRUPTIBLE_SAMPLES && span(waiting) >= UNINTERRUPTIBLE_FOR;
    (long && !progressed(settled(waiting))).then_some(Verdict::Uninterruptible)
}

/// A run without its beginning, in which the statistics may still tell of the time before.
fn settled(run: &[Sample]) -> &[Sample] {
    let Some(first) = run.first() else { return run };
    let from = run
        .iter()
        .position(|s| s.at.since(first.at) >= STATISTICS_LAG);
    &run[from.unwrap_or(run.len())..]
}

fn without_consumer(samples: &[Sample], limits: &Limits) -> Verdict {
    if !limits.consumes {
        return Verdict::Idle;
    }
    let none = run(samples, |s| s.broker.is_some_and(|b| b.consumers == 0));
    let patience = if none.len() == samples.len() {
        NEVER_CONNECTED_FOR
    } else {
        DISCONNECTED_FOR
    };
    if none.len() < DISCONNECTED_SAMPLES || span(none) < patience {
        return Verdict::Unknown(Unknown::TooEarly);
    }
    match none.iter().all(|s| s.broker_socket.is_some()) {
        true if starved(none) => Verdict::Unknown(Unknown::Unclear),
        true => Verdict::Disconnected,
        false => Verdict::Unknown(Unknown::SystemPlane),
    }
}

/// It waits for a processor: mostly ready to run, and getting little. On a machine that has no time for
/// anybody, that it comes to nothing is no fault of its own.
fn starved(samples: &[Sample]) -> bool {
    let waits = running_in(samples) * 2 >= samples.len();
    waits && work(samples).is_some_and(|work| work.cores < STARVED)
}

/// Samples that show it on a processor, or waiting for one.
fn running_in(samples: &[Sample]) -> usize {
    let running = |sample: &&Sample| sample.state == Some(ProcessState::Running);
    samples.iter().filter(running).count()
}

/// The newest samples that span at least `length`, or all.
fn windows(samples: &[Sample], length: Duration) -> &[Sample] {
    let Some(newest) = samples.last() else {
        return samples;
    };
    let from = samples
        .iter()
        .rposition(|s| newest.at.since(s.at) >= length);
    &samples[from.unwrap_or(0)..]
}

/// They span two windows, without a gap of more than half a window.
fn covered(samples: &[Sample], window: Duration) -> bool {
    let gap = samples
        .windows(2)
        .map(|pair| pair[1].at.since(pair[0].at))
        .max();
    span(samples) >= window * 2 && gap.is_some_and(|gap| gap <= window / 2)
}

/// The broker's plane of neighbouring samples that have it.
fn pairs(samples: &[Sample]) -> impl Iterator<Item = (BrokerSample, BrokerSample)> {
    let told = samples.iter().filter_map(|s| s.broker);
    told.clone().zip(told.skip(1))
}

/// Something was acknowledged, or a channel opened or closed.
fn progressed(samples: &[Sample]) -> bool {
    pairs(samples).any(|(a, b)| a.channels != b.channels || a.acked != b.acked)
}

fn received(samples: &[Sample]) -> bool {
    pairs(samples).any(|(a, b)| a.delivered != b.delivered)
}

fn others_progressed(samples: &[Sample]) -> bool {
    pairs(samples).any(|(a, b)| a.others_acked < b.others_acked)
}

/// Messages waited all along, and each acknowledgement took a good part of a window.
fn is_slow(samples: &[Sample], limits: &Limits) -> bool {
    let waiting = samples
        .iter()
        .all(|s| s.broker.is_some_and(|b| b.ready.is_some_and(|n| n > 0)));
    let acks: u64 = pairs(samples)
        .map(|(a, b)| b.acked.saturating_sub(a.acked))
        .sum();
    let acks = u32::try_from(acks.max(1)).unwrap_or(u32::MAX);
    waiting && span(samples) >= limits.window && span(samples) / acks >= limits.window / 8
}

/// Nothing was acknowledged in two windows, and there was something to do.
fn without_progress(samples: &[Sample], limits: &Limits) -> Verdict {
    let Some(broker) = samples.iter().map(|s| s.broker).collect::<Option<Vec<_>>>() else {
        return Verdict::Unknown(Unknown::BrokerPlane);
    };
    let all = |holds: fn(&BrokerSample) -> bool| broker.iter().all(holds);
    if !all(|b| b.bounded) || received(samples) {
        return Verdict::Unknown(Unknown::Unclear);
    }
    let waiting = all(|b| b.ready.is_some_and(|n| n > 0));
    if waiting && all(|b| b.unacked == 0 && b.in_line && !b.contradicted) {
        return Verdict::Deaf;
    }
    let middle = samples.partition_point(|s| s.at.since(samples[0].at) < limits.window);
    let middle = middle.min(samples.len() - 1);
    let halves = [&samples[..=middle], &samples[middle..]];
    // Siblings that work the queue empty leave nothing waiting, but show that there is work.
    let demanded = waiting || halves.iter().all(|half| others_progressed(half));
    if !demanded || !all(|b| b.full && b.unacked > 0) {
        return Verdict::Unknown(Unknown::Unclear);
    }
    let Some([first, second]) = work(halves[0]).zip(work(halves[1])).map(<[_; 2]>::from) else {
        return Verdict::Unknown(Unknown::SystemPlane);
    };
    let running = running_in(samples);
    let both = |holds: &dyn Fn(Work) -> bool| holds(first) && holds(second);
    if both(&|w| w.cores >= limits.cpu_spin) && running * 2 >= samples.len() {
        Verdict::Spinning
    } else if running == 0 && both(&|w| w.cores < NO_CPU && w.switches < NO_SWITCHES) {
        // Seen ready to run even once, it may only get no processor.
        Verdict::Stalled
    } else {
        Verdict::Unknown(Unknown::Unclear)
    }
}

#[derive(Clone, Copy)]
struct Work {
    /// Cores used.
    cores: f64,
    /// Context switches a second.
    switches: f64,
}

/// What a process did over samples; `None` when a figure is missing or fell.
fn work(samples: &[Sample]) -> Option<Work> {
    let (first, last) = (samples.first()?, samples.last()?);
    let seconds = last.at.since(first.at).as_secs_f64();
    let cpu = last.cpu_time?.checked_sub(first.cpu_time?)?;
    let switches = last.switches?.checked_sub(first.switches?)?;
    (seconds > 0.0).then(|| Work {
        cores: cpu.as_secs_f64() / seconds,
        switches: super::words::float(switches) / seconds,
    })
}

#[cfg(test)]
mod tests;
