//! A small healthy world that a test breaks in one place.

use std::time::{Duration, Instant, SystemTime};

use crate::assess::{
    AssessConfig, BackupLimits, EnvFileLimits, History, QueueLimits, Weight, WorkerLimits, assess,
};
use crate::model::facts::{
    AckMode, BackupFacts, BrokerFacts, ChannelFacts, ConsumerFacts, DiskFacts, DriftFacts,
    EnvFileFacts, EnvfileFacts, FilesFacts, HostFacts, LeftOut, LogFacts, NamedSize, NodeFacts,
    ProcessFacts, ProcessId, ProcessState, QueueFacts, QueuesFacts, RoundtripFacts, Source,
    WorkerFacts, WorkersFacts,
};
use crate::model::{
    Assessment, Code, Component, Failure, Finding, Moment, ProbeName, Reason, Section, Snapshot,
};

pub(crate) const GIB: u64 = 1 << 30;

/// What the probes would read now, and the assessments so far.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) config: AssessConfig,
    pub(crate) broker: BrokerFacts,
    pub(crate) queues: QueuesFacts,
    pub(crate) roundtrip: RoundtripFacts,
    pub(crate) host: HostFacts,
    pub(crate) envfile: EnvfileFacts,
    pub(crate) workers: WorkersFacts,
    pub(crate) files: FilesFacts,
    /// Probes that fail now, and why.
    pub(crate) failing: Vec<(ProbeName, Reason)>,
    /// Messages acknowledged by each process in a step.
    pub(crate) acks: u64,
    pub(crate) every: Duration,
    /// `every` is half the usual interval.
    pub(crate) closely: bool,
    pub(crate) now: Moment,
    pub(crate) history: History,
    pub(crate) snapshot: Snapshot,
}

impl World {
    pub(crate) fn healthy() -> Self {
        let now = Moment::new(
            Instant::now(),
            SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30),
        );
        let weight = |component, weight| Weight {
            component,
            weight,
            configured: true,
        };
        let config = AssessConfig {
            weights: vec![
                weight(Component::Broker, 40),
                weight(Component::Workers, 30),
                weight(Component::Resources, 15),
                weight(Component::Config, 15),
            ],
            workers: [(
                "task-worker".to_owned(),
                WorkerLimits {
                    queues: vec!["ai_tasks".into()],
                    env_file: Some(".env".into()),
                    no_ack_for: Duration::from_secs(120),
                    cpu_spin: 0.9,
                },
            )]
            .into(),
            queues: vec![QueueLimits {
                vhost: None,
                name: "ai_tasks".into(),
                max_ready: Some(1000),
                min_consumers: Some(2),
                max_drain: Some(Duration::from_secs(600)),
                min_ack_rate: Some(0.1),
            }],
            every_queue: false,
            env_files: vec![EnvFileLimits {
                path: ".env".into(),
                expected: true,
            }],
            min_disk_free: 0.1,
            min_memory_available: 0.1,
            logs: [("logs/*".to_owned(), Some(GIB))].into(),
            backups: [(
                "backups/*".to_owned(),
                BackupLimits {
                    max_age: Some(Duration::from_secs(93_600)),
                    min_size: Some(1024),
                    verified: true,
                },
            )]
            .into(),
        };
        World {
            config,
            broker: BrokerFacts {
                source: Source::Management,
                capabilities: Default::default(),
                version: None,
                erlang_version: None,
                cluster: None,
                fallback_login: false,
                configured_failure: None,
                nodes: ["rabbit@a", "rabbit@b", "rabbit@c"].map(node).into(),
                lines_lost: 0,
            },
            queues: QueuesFacts {
                source: Source::Management,
                capabilities: Default::default(),
                fallback_login: false,
                configured_failure: None,
                queues: vec![queue("ai_tasks", true, 2), queue("jobs.dlq", false, 0)],
                seen: 2,
                filtered: LeftOut::default(),
                over_budget: LeftOut::default(),
                lines_lost: 0,
            },
            roundtrip: RoundtripFacts {
                phases: Vec::new(),
                fallback_login: false,
                configured_failure: None,
            },
            host: HostFacts {
                memory_total: Some(8 * GIB),
                memory_available: Some(4 * GIB),
                disks: vec![DiskFacts {
                    path: "/".into(),
                    total: Some(100 * GIB),
                    available: Some(50 * GIB),
                    ..DiskFacts::default()
                }],
                ..HostFacts::default()
            },
            envfile: EnvfileFacts {
                unresolved: Vec::new(),
                files: vec![EnvFileFacts {
                    path: ".env".into(),
                    exists: Some(true),
                    insecurities: Some(Vec::new()),
                    violations: Some(Vec::new()),
                    login: Some(Ok(())),
                    ..EnvFileFacts::default()
                }],
            },
            workers: WorkersFacts {
                workers: vec![WorkerFacts {
                    name: "task-worker".into(),
                    desired: 2,
                    min_healthy: 1,
                    processes: Some(vec![process(11), process(12)]),
                    ..WorkerFacts::default()
                }],
                ..WorkersFacts::default()
            },
            files: FilesFacts {
                logs: vec![LogFacts {
                    glob: "logs/*".into(),
                    files: Some(1),
                    largest: Some(NamedSize {
                        path: "logs/a".into(),
                        size: 1024,
                    }),
                    error_lines: Some(0),
                    ..LogFacts::default()
                }],
                backups: vec![BackupFacts {
                    glob: "backups/*".into(),
                    files: Some(1),
                    newest: Some(NamedSize {
                        path: "backups/a".into(),
                        size: 4096,
                    }),
                    newest_age: Some(Duration::from_secs(3600)),
                    verified: Some(Ok(())),
                    ..BackupFacts::default()
                }],
            },
            failing: Vec::new(),
            acks: 5,
            every: Duration::from_secs(5),
            closely: false,
            now,
            history: History::default(),
            snapshot: Snapshot::empty(now),
        }
    }

    /// The facts of a healthy world, with what happened so far.
    pub(crate) fn heal(&mut self) {
        let fresh = World::healthy();
        let mut queues = fresh.queues;
        for (new, old) in queues.queues.iter_mut().zip(&self.queues.queues) {
            (new.acked, new.redelivered) = (old.acked, old.redelivered);
        }
        let mut workers = fresh.workers;
        for (new, old) in workers.workers.iter_mut().zip(&self.workers.workers) {
            new.restarts = old.restarts;
            for (new, old) in new
                .processes
                .iter_mut()
                .flatten()
                .zip(old.processes.iter().flatten())
            {
                *new = ProcessFacts {
                    cpu_time: old.cpu_time,
                    ..new.clone()
                };
                new.voluntary_switches = old.voluntary_switches;
            }
        }
        let mut files = fresh.files;
        files.logs[0].error_lines = self.files.logs[0].error_lines;
        (self.queues, self.workers, self.files) = (queues, workers, files);
        (self.broker, self.roundtrip) = (fresh.broker, fresh.roundtrip);
        (self.host, self.envfile) = (fresh.host, fresh.envfile);
        self.failing.clear();
        self.acks = fresh.acks;
    }

    pub(crate) fn queue(&mut self) -> &mut QueueFacts {
        &mut self.queues.queues[0]
    }

    pub(crate) fn worker(&mut self) -> &mut WorkerFacts {
        &mut self.workers.workers[0]
    }

    pub(crate) fn processes(&mut self) -> &mut Vec<ProcessFacts> {
        self.worker().processes.as_mut().unwrap()
    }

    pub(crate) fn env_file(&mut self) -> &mut EnvFileFacts {
        &mut self.envfile.files[0]
    }

    pub(crate) fn fail(&mut self, probe: ProbeName, reason: Reason) {
        self.failing.retain(|(failing, _)| *failing != probe);
        self.failing.push((probe, reason));
    }

    /// Time passes, every probe reads, and the result is assessed.
    pub(crate) fn step(&mut self) -> Assessment {
        self.now = self.now.after(self.every);
        let acks = self.acks;
        let mut all = 0;
        for process in self
            .workers
            .workers
            .iter_mut()
            .flat_map(|w| w.processes.iter_mut().flatten())
        {
            let cpu = process.cpu_time.get_or_insert_default();
            *cpu += self.every / 10;
            *process.voluntary_switches.get_or_insert_default() += 100;
            for channel in process.channels.iter_mut().flatten() {
                *channel.acked.get_or_insert_default() += acks;
                *channel.delivered.get_or_insert_default() += acks;
                all += acks;
            }
        }
        if let Some(acked) = &mut self.queues.queues[0].acked {
            *acked += all;
        }
        self.assess()
    }

    /// Every probe reads, nothing else happens.
    pub(crate) fn assess(&mut self) -> Assessment {
        use ProbeName::{Broker, Envfile, Files, Host, Queues, Roundtrip, Workers};
        let (at, failing) = (self.now, &self.failing);
        // Half as long as usual, while warrener watches closely.
        let every = (self.every, self.every * if self.closely { 2 } else { 1 });
        fn enter<T: Clone>(
            section: &mut Section<T>,
            facts: &T,
            failing: Option<Reason>,
            (at, (every, usual)): (Moment, (Duration, Duration)),
        ) {
            let outcome = match failing {
                Some(reason) => Err(Failure::new(reason, "as the test wants")),
                None => Ok(facts.clone()),
            };
            section.pace(every, usual);
            section.enter(outcome, at, Duration::ZERO);
        }
        let why = |probe| {
            failing
                .iter()
                .find(|(p, _)| *p == probe)
                .map(|(_, reason)| *reason)
        };
        let when = (at, every);
        let s = &mut self.snapshot;
        enter(&mut s.broker, &self.broker, why(Broker), when);
        enter(&mut s.queues, &self.queues, why(Queues), when);
        enter(&mut s.roundtrip, &self.roundtrip, why(Roundtrip), when);
        enter(&mut s.host, &self.host, why(Host), when);
        enter(&mut s.envfile, &self.envfile, why(Envfile), when);
        enter(&mut s.workers, &self.workers, why(Workers), when);
        enter(&mut s.files, &self.files, why(Files), when);
        s.at = at;
        assess(&self.snapshot, &mut self.history, &self.config, at)
    }

    pub(crate) fn steps(&mut self, steps: usize) -> Assessment {
        (1..steps).for_each(|_| drop(self.step()));
        self.step()
    }
}

pub(crate) fn found(assessment: &Assessment, code: Code) -> Option<&Finding> {
    assessment
        .findings
        .iter()
        .find(|finding| finding.code == code)
}

pub(crate) fn codes(assessment: &Assessment) -> Vec<Code> {
    assessment
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect()
}

fn node(name: &str) -> NodeFacts {
    NodeFacts {
        name: name.into(),
        up: true,
        memory_alarm: Some(false),
        disk_alarm: Some(false),
        memory_used: Some(GIB),
        memory_limit: Some(2 * GIB),
        fds_open: Some(100),
        fds_max: Some(1000),
        ..NodeFacts::default()
    }
}

fn queue(name: &str, pinned: bool, consumers: u64) -> QueueFacts {
    QueueFacts {
        vhost: "/".into(),
        name: name.into(),
        pinned,
        exists: Some(true),
        ready: Some(0),
        unacked: Some(0),
        consumers: Some(consumers),
        acked: Some(0),
        redelivered: Some(0),
        ..QueueFacts::default()
    }
}

pub(crate) fn process(pid: u32) -> ProcessFacts {
    ProcessFacts {
        id: ProcessId {
            pid,
            start_ticks: 7,
        },
        state: Some(ProcessState::Sleeping),
        cpu_time: Some(Duration::ZERO),
        rss: Some(100 << 20),
        fds: Some(10),
        fds_max: Some(1024),
        voluntary_switches: Some(0),
        involuntary_switches: Some(0),
        broker_socket: Some(true),
        channels: Some(vec![channel(pid, 1)]),
        drift: DriftFacts {
            keys: Some(Vec::new()),
            file_changed: Some(false),
        },
        ..ProcessFacts::default()
    }
}

pub(crate) fn channel(pid: u32, prefetch: u64) -> ChannelFacts {
    ChannelFacts {
        connection: format!("127.0.0.1:{pid} -> 127.0.0.1:5672"),
        number: Some(1),
        channel_prefetch: Some(0),
        unacked: Some(0),
        acked: Some(0),
        delivered: Some(0),
        as_of: None,
        consumers: vec![ConsumerFacts {
            vhost: "/".into(),
            queue: "ai_tasks".into(),
            tag: "t".into(),
            prefetch: Some(prefetch),
            ack_mode: Some(AckMode::Manual),
            active: Some(true),
            priority: None,
        }],
    }
}
