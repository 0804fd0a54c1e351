//! warrener keeps a RabbitMQ worker fleet alive.
//!
//! ```text
//! env files, warrener.yml ─> config ─┐
//! broker, host ─> platform ─> watch ─┴─> model::Snapshot ─> assess ─> publish ─> server ─> Prometheus
//!                    ^                                        │                    │
//!                    └───────────────── act ──────────── recover <── webhook ── Alertmanager
//! ```
//!
//! | Layer, from the top | For |
//! |---|---|
//! | [`cli`] | one file per subcommand |
//! | [`app`] | names every layer: build, run, reload, drain |
//! | [`server`] | HTTP; knows nothing of probes |
//! | [`publish`] | the exposition from a snapshot; never runs a probe |
//! | [`recover`] | incidents, playbooks, runs, repair; the only one that changes anything |
//! | [`assess`] | findings, causes, score, level: pure |
//! | [`watch`] | the probes and the cycle that runs them; changes nothing |
//! | [`envfile`] | lossless dotenv |
//! | [`platform`] | the operating system, observed |
//! | [`config`] | `warrener.yml` to types |
//! | [`model`] | facts, snapshot, failure, secret: values only |
//!
//! Imports point down; `tests/architecture.rs` holds it. ARCHITECTURE.md says why.

pub mod app;
pub mod assess;
pub mod cli;
pub mod config;
pub mod envfile;
pub mod model;
pub mod platform;
pub mod publish;
pub mod recover;
pub mod server;
pub mod watch;
