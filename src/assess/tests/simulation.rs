//! Verdicts against the truth: seeded traces of workers on both planes, with statistics that lag.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{World, channel, process};
use crate::assess::{QueueLimits, WorkerLimits};
use crate::model::Verdict;
use crate::model::facts::{AckMode, ProcessFacts, ProcessState, QueueFacts, WorkerFacts};

const STEP: u64 = 5;
const STEPS: u64 = 200;
const SEEDS: u64 = 12;

/// A generator that is the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What a process really does once it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    Fast,
    SlowWaiting,
    SlowBusy,
    Idle,
    Prefetch0,
    Prefetch0Hung,
    AutoAck,
    AutoAckHung,
    StatisticsOff,
    StatisticsOffHung,
    Stalled,
    Spinning,
    Stopped,
    Zombie,
    Uninterruptible,
    Disconnected,
    Cancelled,
    Deaf,
}

use Truth::*;

impl Truth {
    const ALL: [Truth; 18] = [
        Fast,
        SlowWaiting,
        SlowBusy,
        Idle,
        Prefetch0,
        Prefetch0Hung,
        AutoAck,
        AutoAckHung,
        StatisticsOff,
        StatisticsOffHung,
        Stalled,
        Spinning,
        Stopped,
        Zombie,
        Uninterruptible,
        Disconnected,
        Cancelled,
        Deaf,
    ];

    fn works(self) -> bool {
        matches!(
            self,
            Fast | SlowWaiting | SlowBusy | Idle | Prefetch0 | AutoAck | StatisticsOff
        )
    }

    /// `nothing_waits`: a sibling works the queue empty, so that one which gets nothing can't be
    /// told from one that has nothing to do.
    fn is_right(self, verdict: Verdict, nothing_waits: bool) -> bool {
        match self {
            Fast | AutoAckHung | Deaf if nothing_waits && verdict == Verdict::Idle => true,
            Fast | Prefetch0 | AutoAck => verdict == Verdict::Healthy,
            SlowWaiting | SlowBusy => matches!(verdict, Verdict::Slow | Verdict::Healthy),
            Idle => verdict == Verdict::Idle,
            Prefetch0Hung | AutoAckHung | StatisticsOff | StatisticsOffHung => {
                matches!(verdict, Verdict::Unknown(_))
            }
            Stalled => verdict == Verdict::Stalled,
            Spinning => verdict == Verdict::Spinning,
            Stopped => verdict == Verdict::Stopped,
            Zombie => verdict == Verdict::Zombie,
            Uninterruptible => verdict == Verdict::Uninterruptible,
            Disconnected | Cancelled => verdict == Verdict::Disconnected,
            Deaf => verdict == Verdict::Deaf,
        }
    }
}

/// One process: the truth, and what its planes show.
struct Process {
    truth: Truth,
    breaks_at: u64,
    prefetch: u64,
    /// Milliseconds a message takes.
    takes: u64,
    spent: u64,
    unacked: u64,
    acked: u64,
    delivered: u64,
    facts: ProcessFacts,
}

impl Process {
    fn new(truth: Truth, pid: u32, random: &mut Random) -> Self {
        let takes = match truth {
            SlowWaiting | SlowBusy => 30_000 + random.below(170_000),
            _ => 50 + random.below(900),
        };
        let prefetch = match truth {
            Prefetch0 | Prefetch0Hung => 0,
            _ => [1, 1, 10, 50][random.below(4) as usize],
        };
        let mut facts = process(pid);
        let channel = &mut facts.channels.as_mut().unwrap()[0];
        *channel = super::world::channel(pid, prefetch);
        if matches!(truth, AutoAck | AutoAckHung) {
            channel.consumers[0].ack_mode = Some(AckMode::Auto);
        }
        Process {
            truth,
            breaks_at: [0, 40, 60][random.below(3) as usize],
            prefetch,
            takes,
            spent: 0,
            unacked: 0,
            acked: 0,
            delivered: 0,
            facts,
        }
    }

    fn step(&mut self, step: u64, ready: &mut u64, random: &mut Random) {
        let broken = !self.truth.works() && step >= self.breaks_at;
        let auto = matches!(self.truth, AutoAck | AutoAckHung);
        let lost = broken && matches!(self.truth, Disconnected | Cancelled | Deaf | Zombie);
        if lost {
            // What it held went back, or was done before.
            *ready += std::mem::take(&mut self.unacked);
        } else if !(broken && auto) {
            let room = match self.prefetch {
                _ if auto => *ready,
                0 => *ready,
                most => most - self.unacked,
            };
            let taken = room.min(*ready);
            *ready -= taken;
            self.delivered += taken;
            if !auto {
                self.unacked += taken;
            }
        }
        let mut cpu = 0;
        if !broken && !auto {
            self.spent += STEP * 1000;
            while self.spent >= self.takes && self.unacked > 0 {
                self.spent -= self.takes;
                (self.unacked, self.acked) = (self.unacked - 1, self.acked + 1);
                // A fast worker fetches again within the step.
                if *ready > 0 && self.prefetch > 0 {
                    *ready -= 1;
                    (self.unacked, self.delivered) = (self.unacked + 1, self.delivered + 1);
                }
            }
            if self.unacked == 0 {
                self.spent = 0;
            }
            cpu = if self.truth == SlowBusy {
                STEP * 990
            } else {
                20 + random.below(500)
            };
            *self.facts.voluntary_switches.as_mut().unwrap() += random.below(200);
        }
        let mut state = match random.below(4) {
            0 => ProcessState::Running,
            _ => ProcessState::Sleeping,
        };
        if self.truth == SlowBusy {
            state = ProcessState::Running;
        }
        if broken {
            (state, cpu) = match self.truth {
                Spinning => (ProcessState::Running, STEP * 980),
                Stopped => (ProcessState::Stopped, 0),
                Zombie => (ProcessState::Zombie, 0),
                Uninterruptible => (ProcessState::Uninterruptible, 0),
                // Heartbeats go on.
                _ => (ProcessState::Sleeping, 5),
            };
            *self.facts.voluntary_switches.as_mut().unwrap() += random.below(3);
        }
        self.facts.state = Some(state);
        *self.facts.cpu_time.as_mut().unwrap() += Duration::from_millis(cpu);
        // The broker's figures are now and then those of the step before.
        if random.below(3) > 0 {
            self.show(broken);
        }
    }

    fn show(&mut self, broken: bool) {
        let pid = self.facts.id.pid;
        match self.truth {
            StatisticsOff | StatisticsOffHung => self.facts.channels = None,
            Disconnected if broken => {
                (self.facts.channels, self.facts.broker_socket) = (Some(Vec::new()), Some(false));
            }
            Zombie if broken => self.facts.channels = Some(Vec::new()),
            Cancelled if broken => {
                let mut without = channel(pid, self.prefetch);
                without.consumers.clear();
                self.facts.channels = Some(vec![without]);
            }
            _ => {
                let channel = &mut self.facts.channels.as_mut().unwrap()[0];
                channel.unacked = Some(self.unacked);
                channel.acked = Some(self.acked);
                channel.delivered = Some(self.delivered);
            }
        }
    }
}

/// A kind of worker on a queue of its own.
struct Kind {
    name: String,
    ready: u64,
    /// Fewer messages come in a step.
    demand: u64,
    processes: Vec<Process>,
}

impl Kind {
    fn step(&mut self, step: u64, random: &mut Random) {
        let idle = self.processes.iter().all(|p| p.truth == Idle);
        if !idle {
            self.ready += random.below(self.demand);
        }
        for process in &mut self.processes {
            process.step(step, &mut self.ready, random);
            let queue = self.name.clone();
            for consumer in process
                .facts
                .channels
                .iter_mut()
                .flatten()
                .flat_map(|c| &mut c.consumers)
            {
                consumer.queue.clone_from(&queue);
            }
        }
    }

    fn queue(&self) -> QueueFacts {
        let all = |of: fn(&Process) -> u64| Some(self.processes.iter().map(of).sum());
        QueueFacts {
            vhost: "/".into(),
            name: self.name.clone(),
            ready: Some(self.ready),
            unacked: all(|p| p.unacked),
            consumers: Some(self.processes.len() as u64),
            acked: all(|p| p.acked),
            ..QueueFacts::default()
        }
    }

    fn worker(&self) -> WorkerFacts {
        WorkerFacts {
            name: self.name.clone(),
            desired: self.processes.len() as u32,
            processes: Some(self.processes.iter().map(|p| p.facts.clone()).collect()),
            ..WorkerFacts::default()
        }
    }
}

/// Every truth alone, and every truth beside a fast sibling on the same queue.
fn fleet(seed: u64, random: &mut Random) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for sibling in [false, true] {
        for (i, truth) in Truth::ALL.into_iter().enumerate() {
            // An idle one needs an idle queue; statistics are off for all or for none.
            if sibling && matches!(truth, Idle) {
                continue;
            }
            let pid = (seed * 1000 + i as u64 * 2 + u64::from(sibling) * 100) as u32;
            let mut processes = vec![Process::new(truth, pid, random)];
            if sibling {
                processes.push(Process::new(Fast, pid + 1, random));
            }
            let name = format!("w{seed}-{i}-{sibling}");
            // Half of the siblings can't keep up alone: then messages wait.
            let demand = if sibling && seed.is_multiple_of(2) {
                400
            } else {
                6
            };
            kinds.push(Kind {
                name,
                ready: 0,
                demand,
                processes,
            });
        }
    }
    kinds
}

#[test]
fn verdicts_agree_with_the_truth() {
    let mut matrix: BTreeMap<Truth, BTreeMap<&str, u32>> = BTreeMap::new();
    let (mut wrong, mut workers) = (Vec::new(), 0);
    for seed in 1..=SEEDS {
        let mut random = Random(seed);
        let mut kinds = fleet(seed, &mut random);
        let mut world = World::healthy();
        world.acks = 0;
        world.config.queues = Vec::<QueueLimits>::new();
        world.config.workers = kinds
            .iter()
            .map(|kind| {
                let limits = WorkerLimits {
                    queues: vec![kind.name.clone()],
                    env_file: None,
                    no_ack_for: Duration::from_secs(120),
                    cpu_spin: 0.9,
                };
                (kind.name.clone(), limits)
            })
            .collect();
        for step in 0..STEPS {
            kinds
                .iter_mut()
                .for_each(|kind| kind.step(step, &mut random));
            world.queues.queues = kinds.iter().map(Kind::queue).collect();
            world.workers.workers = kinds.iter().map(Kind::worker).collect();
            world.now = world.now.after(Duration::from_secs(STEP));
            let assessment = world.assess();
            for kind in &kinds {
                for process in &kind.processes {
                    let of = |v: &&crate::model::ProcessVerdict| v.process == process.facts.id;
                    let verdict = assessment.verdicts.iter().find(of).unwrap().verdict;
                    let healthy = process.truth.works() || step < process.breaks_at;
                    if healthy && (verdict.is_hung() || verdict == Verdict::Disconnected) {
                        wrong.push(format!("{:?} called {verdict} at {step}", process.truth));
                    }
                    if step + 1 == STEPS {
                        workers += 1;
                        let row = matrix.entry(process.truth).or_default();
                        *row.entry(verdict.as_str()).or_default() += 1;
                        if !process.truth.is_right(verdict, kind.ready == 0) {
                            let queue = kind.queue();
                            wrong.push(format!(
                                "{:?} called {verdict:?}, prefetch {}, {queue:?}",
                                process.truth, process.prefetch
                            ));
                        }
                    }
                }
            }
        }
    }
    println!("{workers} workers, {STEPS} steps of {STEP} s, truth against verdict:");
    for (truth, verdicts) in &matrix {
        println!("  {:<18} {verdicts:?}", format!("{truth:?}"));
    }
    assert!(workers >= 200);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}
