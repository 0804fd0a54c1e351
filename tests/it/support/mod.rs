//! What the stories are told with.

pub(crate) mod alerting;
pub(crate) mod amqp;
mod browser;
pub(crate) mod env;
mod exposition;
pub(crate) mod fleet;
mod http;
pub(crate) mod receiver;
mod tmpfs;
pub(crate) mod ward;
mod warrener;

use std::sync::OnceLock;
use std::time::Duration;

use testbed::{Broker, BrokerBuilder, Root};

pub(crate) use browser::Browser;
pub(crate) use exposition::Exposition;
pub(crate) use http::{ask, post};
pub(crate) use receiver::Receiver;
pub(crate) use tmpfs::Tmpfs;
pub(crate) use warrener::{EXE, Warrener, prepare};

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The Debian release whose servers are used: this host's own, or that of `make test-matrix`.
pub(crate) fn root() -> Option<Root> {
    match std::env::var("WARRENER_TESTBED_ROOT").as_deref() {
        Err(_) | Ok("" | "host") => None,
        Ok(release) => {
            let root = testbed::roots::find(release);
            Some(root.unwrap_or_else(|| panic!("no root for {release}: make roots")))
        }
    }
}

/// A broker of the release under test.
pub(crate) fn broker() -> BrokerBuilder {
    Broker::builder().root(root())
}

/// A broker with both plugins for stories that only read; one for all of them.
pub(crate) fn shared_broker() -> &'static Broker {
    static SHARED: OnceLock<Broker> = OnceLock::new();
    SHARED.get_or_init(|| broker().start().unwrap())
}

/// The machine under test may be short of anything: that is no story here.
pub(crate) const ROOMY: &str = "host: {disks: [], min_memory_available: 0}\n";

/// `warrener.yml` for a broker with all three ways in, probed every second.
pub(crate) fn config(broker: &Broker, more: &str) -> String {
    let roomy = if more.contains("host:") { "" } else { ROOMY };
    format!(
        "broker:\n  amqp: {}\n  management: {}\n  prometheus: {}\n  every: 1s\n  \
         roundtrip: {{every: 1s}}\n{roomy}{more}",
        broker.amqp_url(),
        broker.management_url(),
        broker.prometheus_url()
    )
}
