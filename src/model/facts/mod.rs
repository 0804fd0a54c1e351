//! What the probes read: typed, raw and total. What could not be read is `None`, never 0.

mod broker;
mod envfile;
mod files;
mod host;
mod queues;
mod roundtrip;
mod workers;

pub use broker::{BrokerFacts, Capability, NodeFacts, Source};
pub use envfile::{
    ContentHash, EnvFileFacts, EnvfileFacts, Insecurity, InsecurityKind, UnresolvedVariable,
    Violation, ViolationKind,
};
pub use files::{BackupFacts, FilesFacts, LogFacts, NamedSize};
pub use host::{DiskFacts, HostFacts, OwnProcess, Pressure, PressureLine};
pub use queues::{LeftOut, QueueFacts, QueuesFacts};
pub use roundtrip::{Phase, RoundtripFacts};
pub use workers::{
    AckMode, ChannelFacts, ConsumerFacts, DriftFacts, DriftedKey, ExitFacts, FoundBy, KeyChange,
    MappedBy, ProcessFacts, ProcessId, ProcessState, Used, WorkerFacts, WorkersFacts,
};
