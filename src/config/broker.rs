//! `broker`: where the broker is, how it is read, and whether this host may restart it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::control::Control;
use super::one_or_many::OneOrMany;
use super::template::Template;
use super::units::Period;

/// The broker to watch. With none of `amqp`, `management` and `prometheus` given, all three are
/// those of a local broker with its credentials in `RABBITMQ_*`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Broker {
    /// AMQP URL, `amqp://` or `amqps://`; one, or a list with one per cluster node. `${VAR}` comes
    /// from the environment, then from the env files; its value is percent-encoded.
    pub amqp: OneOrMany<Template>,
    /// URL of the management API, `http://` or `https://`; one or a list; without a user in it, the
    /// AMQP credentials are used. Optional.
    pub management: OneOrMany<Template>,
    /// URL of the Prometheus plugin, `http://` or `https://`; one or a list. Optional, preferred for
    /// queues when there.
    pub prometheus: OneOrMany<Template>,
    /// Where queues are read from.
    pub source: BrokerSource,
    /// Time from one reading to the next. A reading is given up after as long, 1 s to 5 s; that of the
    /// queues after three times as long, 5 s to 15 s.
    pub every: Period,
    /// A message sent through the broker and back.
    pub roundtrip: Roundtrip,
    /// How this host's broker node is observed and restarted. Only on a host whose warrener may
    /// restart its broker node.
    pub control: Option<Control>,
    /// The name of this host's node, as the cluster knows it: `rabbit@app-1`. Only for a node of a
    /// cluster; one alone is known without.
    pub node: Option<String>,
    /// Certificates for `amqps://` and `https://`; without it, the system's roots.
    pub tls: Option<Tls>,
}

impl Default for Broker {
    fn default() -> Self {
        Self {
            amqp: OneOrMany::default(),
            management: OneOrMany::default(),
            prometheus: OneOrMany::default(),
            source: BrokerSource::Auto,
            every: Period::secs(5),
            roundtrip: Roundtrip::default(),
            control: None,
            node: None,
            tls: None,
        }
    }
}

/// Where queues are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BrokerSource {
    /// The cheapest truthful one that answers: Prometheus, then management, then passive.
    Auto,
    /// The Prometheus plugin.
    Prometheus,
    /// The management API.
    Management,
    /// Passive declares over AMQP: the pinned queues only.
    Passive,
}

/// A message sent through the broker and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Roundtrip {
    /// Time from one round trip to the next. One is given up after as long, 2 s to 10 s.
    pub every: Period,
}

impl Default for Roundtrip {
    fn default() -> Self {
        Self {
            every: Period::secs(15),
        }
    }
}

/// Certificates for `amqps://` and `https://`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the authorities to trust, instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the client certificate; needs `key_file`.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the client key; needs `cert_file`.
    pub key_file: Option<PathBuf>,
    /// The name the server's certificate must carry, where it is not the URL's host.
    pub server_name: Option<String>,
}
