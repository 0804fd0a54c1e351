//! The families, one file per domain, and the publisher that encodes each section once.

mod broker;
mod envfile;
mod families;
mod files;
mod health;
mod host;
mod limits;
mod local;
mod probes;
mod publisher;
mod queues;
mod recovery;
mod roundtrip;
mod web;
mod workers;

pub use limits::{BackupLimit, Limits, QueueLimit, WorkerLimit};
pub use local::{Local, Reload};
pub use publisher::Publisher;
pub use web::{Phase, Refused, Web};
