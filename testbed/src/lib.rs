//! Real servers and workers for warrener's tests, drills, benches and demo.
//!
//! Everything here is started privately: own names, own folders, free loopback ports.
//! Several servers and several test processes run side by side, as any user.
//!
//! ```text
//! Broker, Cluster      RabbitMQ nodes            broker.rs  cluster.rs  amqp.rs
//! Prometheus           scrapes and rules         prometheus.rs
//! Alertmanager         routes and receivers      alertmanager.rs
//! Alerting             both, as shipped          alerting.rs
//! Worker               a sample consumer         worker.rs  bin/sample-worker.rs
//! Systemd              a booted container        systemd.rs
//! Engine               a Docker engine           engine.rs
//! Program              any program in a folder   program.rs
//! promtool, tool       their command-line tools  tool.rs
//!        all on
//! Guard                ends processes and folders, whatever ends the test  guard.rs
//! Process              one child with its log    process.rs
//! Service              a server with one port    service.rs
//! Lease, free_port     ports nobody else takes   ports.rs
//! Root                 another Debian release    roots.rs
//! cpu_seconds, mib     what a process used       usage.rs
//! wait_until           the one place that waits  wait.rs
//! http                 the smallest HTTP client  http.rs
//! ```
//!
//! The API is synchronous and may be called inside an asynchronous test: nothing here
//! enters the caller's runtime.

mod alerting;
mod alertmanager;
mod amqp;
mod broker;
mod cluster;
mod engine;
mod error;
mod guard;
pub mod http;
mod ports;
mod process;
mod program;
mod prometheus;
pub mod roots;
mod service;
mod systemd;
mod tool;
mod usage;
mod wait;
mod worker;

pub use alerting::{Alerting, Receivers};
pub use alertmanager::Alertmanager;
pub use amqp::Depth;
pub use broker::{Broker, BrokerBuilder};
pub use cluster::Cluster;
pub use engine::Engine;
pub use error::{Error, Result};
pub use ports::{free_port, free_ports};
pub use program::Program;
pub use prometheus::{Prometheus, PrometheusConfig};
pub use roots::Root;
pub use systemd::Systemd;
pub use tool::{amtool, promtool, tool};
pub use usage::{cpu_seconds, mib};
pub use wait::{Progress, wait_until};
pub use worker::{Environment, Fault, Worker, WorkerConfig, sample_worker};
