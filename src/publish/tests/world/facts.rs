//! The facts of the full world, every field written out.

use std::time::{Duration, SystemTime};

use super::ago;
use crate::model::facts::{
    AckMode, BackupFacts, BrokerFacts, Capability, ChannelFacts, ConsumerFacts, ContentHash,
    DiskFacts, DriftFacts, DriftedKey, EnvFileFacts, EnvfileFacts, ExitFacts, FilesFacts, FoundBy,
    HostFacts, Insecurity, InsecurityKind, KeyChange, LeftOut, LogFacts, MappedBy, NamedSize,
    NodeFacts, OwnProcess, Phase, Pressure, PressureLine, ProcessFacts, ProcessId, ProcessState,
    QueueFacts, QueuesFacts, RoundtripFacts, Source, UnresolvedVariable, Used, Violation,
    ViolationKind, WorkerFacts, WorkersFacts,
};
use crate::model::{Failure, Moment, Reason};

pub(super) fn refused() -> Option<Failure> {
    let words = "the broker refuses user app at 127.0.0.1:5672";
    Some(Failure::new(Reason::Auth, words))
}

pub(super) fn broker() -> BrokerFacts {
    BrokerFacts {
        source: Source::Prometheus,
        capabilities: Capability::BROKER.into(),
        version: Some("3.10.8".into()),
        erlang_version: Some("25.2.3".into()),
        cluster: Some("rabbit@app-1".into()),
        fallback_login: true,
        configured_failure: refused(),
        nodes: vec![NodeFacts {
            name: "rabbit@app-1".into(),
            up: true,
            uptime: Some(Duration::from_secs(86_400)),
            memory_alarm: Some(false),
            disk_alarm: Some(false),
            memory_used: Some(150 << 20),
            memory_limit: Some(3 << 30),
            disk_free: Some(40 << 30),
            disk_free_limit: Some(50_000_000),
            fds_open: Some(120),
            fds_max: Some(65_536),
            processes: Some(500),
            processes_max: Some(1_048_576),
            unreachable_peers: Some(0),
            connections: Some(6),
            channels: Some(6),
            consumers: Some(4),
            queues: Some(12),
            connections_opened: Some(60),
            connections_closed: Some(54),
            channels_opened: Some(80),
            channels_closed: Some(74),
            auth_failures: Some(3),
            messages_received: Some(100_000),
            messages_delivered: Some(99_000),
            messages_acked: Some(98_500),
            messages_redelivered: Some(20),
            messages_dead_lettered: Some(2),
            messages_unroutable: Some(1),
        }],
        lines_lost: 1,
    }
}

pub(super) fn queues() -> QueuesFacts {
    let rest = LeftOut {
        queues: 3,
        ready: Some(10),
        unacked: Some(1),
        consumers: Some(2),
    };
    QueuesFacts {
        source: Source::Prometheus,
        capabilities: Capability::QUEUES.into(),
        fallback_login: true,
        configured_failure: refused(),
        queues: vec![QueueFacts {
            vhost: "/".into(),
            name: "ai_tasks".into(),
            pinned: true,
            exists: Some(true),
            ready: Some(5200),
            unacked: Some(1),
            consumers: Some(1),
            acked: Some(98_500),
            redelivered: Some(20),
            queue_type: Some("classic".into()),
            state: Some("running".into()),
        }],
        seen: 12,
        filtered: rest.clone(),
        over_budget: rest,
        lines_lost: 1,
    }
}

pub(super) fn roundtrip() -> RoundtripFacts {
    RoundtripFacts {
        phases: Phase::ALL
            .map(|phase| (phase, Duration::from_micros(1500)))
            .into(),
        fallback_login: true,
        configured_failure: refused(),
    }
}

pub(super) fn host() -> HostFacts {
    let line = PressureLine {
        avg10: 0.02,
        total: Duration::from_secs(12),
    };
    HostFacts {
        cpus: Some(2),
        cpu_time: vec![("user", Duration::from_secs(3600))],
        load: Some([0.42, 0.4, 0.33]),
        uptime: Some(Duration::from_secs(172_800)),
        memory_total: Some(8 << 30),
        memory_available: Some(4 << 30),
        swap_total: Some(1 << 30),
        swap_free: Some(1 << 30),
        disks: vec![DiskFacts {
            path: "/".into(),
            failure: None,
            total: Some(100 << 30),
            available: Some(50 << 30),
            inodes_total: Some(6_553_600),
            inodes_free: Some(6_000_000),
            read_only: Some(false),
        }],
        pressure: vec![Pressure {
            resource: "memory",
            some: Some(line),
            full: Some(line),
        }],
        own: OwnProcess {
            cpu: Some(Duration::from_secs(5)),
            resident_memory: Some(15 << 20),
            virtual_memory: Some(300 << 20),
            fds_open: Some(20),
            fds_max: Some(1024),
            started: Some(Duration::from_secs(1_759_900_000)),
        },
        problems: vec!["/proc/pressure/io: can't be read".into()],
    }
}

pub(super) fn envfile() -> EnvfileFacts {
    EnvfileFacts {
        unresolved: vec![UnresolvedVariable {
            name: "RABBITMQ_HOST".into(),
            empty: true,
        }],
        files: vec![EnvFileFacts {
            path: ".env".into(),
            problem: Some("line 7: a quote is not closed".into()),
            exists: Some(true),
            insecurities: Some(vec![Insecurity {
                kind: InsecurityKind::Mode,
                words: "mode 0644 lets others read it, 0640 is allowed".into(),
            }]),
            violations: Some(vec![Violation {
                key: "RABBITMQ_HOST".into(),
                kind: ViolationKind::Empty,
                words: "has no value".into(),
            }]),
            content: Some(ContentHash([7; 32])),
            changed_at: Some(ago(192)),
            says_login: Some(true),
            login: Some(Err(Reason::Auth)),
            last_good: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_550_000)),
        }],
    }
}

pub(super) fn workers(at: Moment) -> WorkersFacts {
    let id = ProcessId {
        pid: 4711,
        start_ticks: 7,
    };
    let consumer = ConsumerFacts {
        vhost: "/".into(),
        queue: "ai_tasks".into(),
        tag: "ctag1".into(),
        prefetch: Some(1),
        ack_mode: Some(AckMode::Manual),
        active: Some(true),
        priority: Some(0),
    };
    let channel = ChannelFacts {
        connection: "127.0.0.1:40000 -> 127.0.0.1:5672".into(),
        number: Some(1),
        channel_prefetch: Some(0),
        unacked: Some(1),
        acked: Some(500),
        delivered: Some(501),
        as_of: Some(at),
        consumers: vec![consumer],
    };
    let process = ProcessFacts {
        id,
        started_at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_759_990_000)),
        found_by: FoundBy::Match,
        state: Some(ProcessState::Sleeping),
        members: Some(2),
        cpu_time: Some(Duration::from_secs(75)),
        rss: Some(60 << 20),
        fds: Some(12),
        fds_max: Some(1024),
        threads: Some(3),
        voluntary_switches: Some(9000),
        involuntary_switches: Some(100),
        unit: Some("task-worker@1.service".into()),
        cgroup: Some("/system.slice/task-worker@1.service".into()),
        container: Some("0123456789ab".into()),
        broker_socket: Some(true),
        mapped_by: Some(MappedBy::Socket),
        channels: Some(vec![channel]),
        drift: DriftFacts {
            keys: Some(vec![DriftedKey {
                key: "RABBITMQ_HOST".into(),
                change: KeyChange::Emptied,
            }]),
            file_changed: Some(true),
        },
    };
    WorkersFacts {
        workers: vec![WorkerFacts {
            name: "task-worker".into(),
            desired: 2,
            min_healthy: 1,
            processes: Some(vec![process]),
            controlled: true,
            control_unavailable: Some(Failure::new(Reason::Io, "systemd does not answer")),
            stopped_by_operator: Some(false),
            left_stopped: Vec::new(),
            restarts: 1,
            exits: vec![ExitFacts {
                process: id,
                at,
                status: Some(-9),
            }],
            exits_seen: 1,
            used: Used {
                cpu_time: Duration::from_secs(90),
                voluntary_switches: 1000,
                involuntary_switches: 10,
                acked: 500,
            },
        }],
        channels_as_of: Some(at),
        channels_unavailable: Some(Failure::new(Reason::Unsupported, "statistics are off")),
        consumers_elsewhere: Some(1),
    }
}

pub(super) fn files() -> FilesFacts {
    let file = |path: &str, size| {
        let path = path.to_owned();
        Some(NamedSize { path, size })
    };
    FilesFacts {
        logs: vec![LogFacts {
            glob: "logs/*.log".into(),
            problem: Some("logs/b.log: permission denied".into()),
            files: Some(2),
            size: Some(700 << 20),
            largest: file("logs/a.log", 600 << 20),
            appended: Some(10 << 20),
            skipped: Some(4096),
            error_lines: Some(42),
            newest_error_in: Some("logs/a.log".into()),
        }],
        backups: vec![BackupFacts {
            glob: "backups/*".into(),
            problem: Some("backups/old: permission denied".into()),
            files: Some(14),
            newest: file("backups/2025-10-09.gz", 3 << 20),
            newest_age: Some(Duration::from_secs(100_000)),
            newest_modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_450_000)),
            verified: Some(Err("gzip: unexpected end of file".into())),
        }],
    }
}
