//! Hang verdicts against the truth: a confusion matrix over seeded runs on a real broker.
//!
//! A run is one worker with a fault or without, alone on its queue or beside a healthy sibling,
//! with a prefetch of 1, 50 or none. Its verdicts are followed over several windows; a healthy
//! worker that is called hung even once fails the drill.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;
use testbed::{Broker, Environment, Fault, Worker, WorkerConfig, wait_until};

use crate::support::{Warrener, ask};

/// Runs at once; each has one or two workers.
const AT_ONCE: usize = 8;
/// Readings, one a second, that a run is followed: a worker stopped for 20 s is called so, and
/// two windows of 4 s pass several times.
const READINGS: u64 = 45;
const RUNS: usize = 104;
const SEED: u64 = 15699;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    Busy,
    Slow,
    Idle,
    AutoAck,
    Stopped,
    Stalled,
    Spinning,
    Disconnected,
}

impl Truth {
    const ALL: [Truth; 8] = [
        Truth::Busy,
        Truth::Slow,
        Truth::Idle,
        Truth::AutoAck,
        Truth::Stopped,
        Truth::Stalled,
        Truth::Spinning,
        Truth::Disconnected,
    ];

    fn is_well(self) -> bool {
        matches!(
            self,
            Truth::Busy | Truth::Slow | Truth::Idle | Truth::AutoAck
        )
    }

    fn fault(self) -> Option<Fault> {
        match self {
            Truth::Stalled => Some(Fault::NeverAck),
            Truth::Spinning => Some(Fault::Spin),
            Truth::Disconnected => Some(Fault::CancelConsumer),
            Truth::AutoAck => Some(Fault::AutoAck),
            Truth::Busy | Truth::Slow | Truth::Idle | Truth::Stopped => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Run {
    name: String,
    truth: Truth,
    prefetch: u16,
    sibling: bool,
}

struct Running {
    run: Run,
    worker: Worker,
    sibling: Option<Worker>,
}

/// A small generator: the runs are the same for the same seed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn runs() -> Vec<Run> {
    let mut seeded = Seeded(SEED);
    (0..RUNS)
        .map(|at| Run {
            name: format!("run{at}"),
            // One of each in every batch: spinning ones share the cores with nobody of their kind.
            truth: Truth::ALL[at % Truth::ALL.len()],
            prefetch: [1, 50, 0][usize::try_from(seeded.below(3)).unwrap()],
            sibling: seeded.below(2) == 1,
        })
        .collect()
}

impl Running {
    fn start(run: Run, broker: &Broker) -> Self {
        broker.declare(&run.name, &serde_json::json!({})).unwrap();
        let environment = Environment::Variables(vec![
            ("RABBITMQ_HOST".into(), "127.0.0.1".into()),
            ("RABBITMQ_PORT".into(), broker.amqp_port().to_string()),
        ]);
        let mut config = WorkerConfig::new(&run.name, &run.name, environment);
        config.prefetch = run.prefetch;
        config.work = match run.truth {
            Truth::Slow => Duration::from_secs(2),
            _ => Duration::from_millis(50),
        };
        let sibling = run.sibling.then(|| Worker::spawn(config.clone()).unwrap());
        config.fault = run.truth.fault();
        config.fault_on_signal = run.truth != Truth::AutoAck;
        let worker = Worker::spawn(config).unwrap();
        Running {
            run,
            worker,
            sibling,
        }
    }

    fn consumers(&self) -> u32 {
        1 + u32::from(self.sibling.is_some())
    }

    fn begin(&self, broker: &Broker) {
        match self.run.truth {
            Truth::Stopped => self.worker.freeze().unwrap(),
            Truth::Stalled | Truth::Spinning | Truth::Disconnected => {
                self.worker.begin_fault().unwrap();
            }
            Truth::Busy | Truth::Slow | Truth::Idle | Truth::AutoAck => {}
        }
        if self.run.truth != Truth::Idle {
            broker.publish(&self.run.name, 2000).unwrap();
        }
    }
}

fn config(broker: &Broker, batch: &[Running]) -> String {
    let mut config = crate::support::config(broker, "workers:\n");
    for Running { run, sibling, .. } in batch {
        writeln!(
            config,
            "  {0}: {{match: {{cmdline: 'sample-worker --kind {0} '}}, count: {1}, queues: [{0}], \
             hang: {{no_ack_for: 4s, cpu_spin: 0.1}}}}",
            run.name,
            1 + u32::from(sibling.is_some()),
        )
        .unwrap();
    }
    config
}

/// What each of the batch's workers was called, reading by reading: `(run, sibling)` to verdicts.
fn follow(broker: &Broker, batch: &[Running]) -> BTreeMap<(usize, bool), Vec<String>> {
    let warrener = Warrener::serve(&config(broker, batch));
    for running in batch {
        wait_until("the consumers", Duration::from_secs(60), || {
            broker.depth(&running.run.name).unwrap().consumers == running.consumers()
        })
        .unwrap();
    }
    warrener.wait_success("workers", 1.0);
    for running in batch {
        running.begin(broker);
    }
    let pids: BTreeMap<u64, (usize, bool)> = batch
        .iter()
        .enumerate()
        .flat_map(|(at, running)| {
            let own = running
                .worker
                .pid()
                .map(|pid| (u64::from(pid), (at, false)));
            let sibling = running.sibling.as_ref().and_then(Worker::pid);
            own.into_iter()
                .chain(sibling.map(|pid| (u64::from(pid), (at, true))))
        })
        .collect();
    let mut seen: BTreeMap<(usize, bool), Vec<String>> = BTreeMap::new();
    let (mut newest, mut readings) = (0.0, 0);
    wait_until("the readings", Duration::from_secs(600), || {
        let status = ask(warrener.address(), "GET /api/v1/status", &[]);
        let status: Value = serde_json::from_str(&status.text()).unwrap();
        let at = status["at"].as_f64().unwrap();
        // Several assessments a second: one of them is enough.
        if at - newest >= 0.9 {
            (newest, readings) = (at, readings + 1);
            let kinds = status["workers"]["kinds"].as_array().unwrap();
            let processes = kinds.iter().flat_map(|kind| kind["processes"].as_array());
            for process in processes.flatten() {
                let pid = process["pid"].as_u64().unwrap();
                if let Some((of, verdict)) = pids.get(&pid).zip(process["verdict"].as_str()) {
                    seen.entry(*of).or_default().push(verdict.to_owned());
                }
            }
        }
        readings >= READINGS
    })
    .unwrap();
    seen
}

/// The gravest that a worker was ever called, and the last one otherwise.
fn summary(verdicts: &[String]) -> String {
    let grave = [
        "stalled",
        "spinning",
        "stopped",
        "deaf",
        "zombie",
        "uninterruptible",
        "disconnected",
    ];
    let worst = verdicts.iter().rev().find(|v| grave.contains(&v.as_str()));
    let last = || {
        // The end of a run's messages makes a busy worker idle.
        let count = |word: &str| verdicts.iter().filter(|v| *v == word).count();
        let words = ["healthy", "idle", "slow", "unknown"];
        (*words.iter().max_by_key(|word| count(word)).unwrap()).to_owned()
    };
    worst.cloned().unwrap_or_else(last)
}

#[test]
#[ignore = "takes some ten minutes: make drill"]
fn verdicts_against_the_truth() {
    let mut matrix: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let statistics_off = "management.disable_stats = true\nmanagement.enable_queue_totals = true\n";
    let all = runs();
    // The last batch: a broker that can't tell.
    for (conf, batches) in [
        ("", &all[..RUNS - AT_ONCE]),
        (statistics_off, &all[RUNS - AT_ONCE..]),
    ] {
        let broker = Broker::builder().conf(conf).start().unwrap();
        for batch in batches.chunks(AT_ONCE) {
            let batch: Vec<_> = batch
                .iter()
                .cloned()
                .map(|run| Running::start(run, &broker))
                .collect();
            for ((at, is_sibling), verdicts) in follow(&broker, &batch) {
                let run = &batch[at].run;
                let called = summary(&verdicts);
                let off = if conf.is_empty() {
                    ""
                } else {
                    ", statistics off"
                };
                let truth = match is_sibling {
                    true => "sibling, busy or idle".to_owned(),
                    // Without a prefetch it takes all there is: nobody can call it hung.
                    false if run.prefetch == 0 => format!("{:?}, no prefetch", run.truth),
                    false => format!("{:?}", run.truth),
                };
                let grave = !["healthy", "idle", "slow", "unknown"].contains(&called.as_str());
                if grave && (is_sibling || run.truth.is_well()) {
                    wrong.push(format!("{run:?}: called {called}: {verdicts:?}"));
                }
                *matrix.entry((truth + off, called)).or_default() += 1;
            }
        }
    }
    println!("truth; called; how often");
    for ((truth, called), count) in &matrix {
        println!("{truth}; {called}; {count}");
    }
    assert!(
        wrong.is_empty(),
        "healthy, and called hung:\n{}",
        wrong.join("\n")
    );
}
