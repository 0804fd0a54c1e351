//! What was found on this host, as values: the draft is made of these alone.
//!
//! Command lines and variables may hold secrets, so nothing here prints itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::FileVariables;
use crate::model::Reason;

/// Everything a draft is made of.
#[derive(Default)]
pub(super) struct World {
    /// Folder of the file to be written; paths below it are written relative to it.
    pub folder: PathBuf,
    /// The env files, in the order in which variables are looked up.
    pub env_files: Vec<FoundEnvFile>,
    /// Every process of the host.
    pub processes: Vec<FoundProcess>,
    /// Processes whose connections could not be read.
    pub hidden: usize,
    /// The broker.
    pub broker: FoundBroker,
    /// Variables of the broker's that this process's own environment overrules.
    pub overruled: Vec<String>,
    /// The unit that a broker node of this host runs in.
    pub broker_unit: Option<String>,
}

/// An env file.
pub(super) struct FoundEnvFile {
    /// What it holds, by its absolute path.
    pub variables: FileVariables,
    /// Whether users other than its owner and group may read it; `None` where that is not known.
    pub world_readable: Option<bool>,
}

/// A process.
#[derive(Default)]
pub(super) struct FoundProcess {
    /// Process id.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// The program's name, at most 15 bytes.
    pub name: String,
    /// Arguments joined by single spaces.
    pub command_line: String,
    /// The brokers' ends of its AMQP connections.
    pub brokers: BTreeSet<SocketAddr>,
    /// The systemd unit of the system's manager.
    pub unit: Option<String>,
    /// Docker container id.
    pub container: Option<String>,
    /// The env file it works with, by its place in [`World::env_files`].
    pub env_file: Option<usize>,
    /// Queues that its channels consume.
    pub queues: BTreeSet<QueueName>,
    /// The name that it gave its connection.
    pub connection_name: Option<String>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct QueueName {
    /// Virtual host.
    pub vhost: String,
    /// Name.
    pub name: String,
}

/// The broker, as far as it could be asked.
#[derive(Default)]
pub(super) struct FoundBroker {
    /// Its host and port, for people; `None` where the variables give no address.
    pub place: Option<String>,
    /// The virtual host of the AMQP URL.
    pub vhost: String,
    /// The addresses that its host's name stands for; empty where that is not known.
    pub addresses: BTreeSet<SocketAddr>,
    /// The management API.
    pub management: Way,
    /// The Prometheus plugin.
    pub prometheus: Way,
    /// The consumers of each queue, the broker over; `None` where it did not tell.
    pub consumers: Option<Vec<(QueueName, u32)>>,
    /// Why it did not tell, where it was asked.
    pub silent: Option<Reason>,
}

/// An HTTP endpoint of the broker.
#[derive(Default)]
pub(super) struct Way {
    /// Its URL as the draft writes it, with variables; `None` where no host is known.
    pub url: Option<String>,
    /// What it said.
    pub answer: Answer,
}

/// What an endpoint said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Answer {
    /// It serves this login.
    Serves,
    /// It is there, and refuses this login.
    Refuses,
    /// It can't be used.
    Fails(Reason),
    /// It was not asked: no address is known.
    #[default]
    NoAddress,
    /// It was not asked: the password would have gone over the network in the clear.
    InTheClear,
}
