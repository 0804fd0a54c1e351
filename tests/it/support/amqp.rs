//! Round trips made by the library itself, and what they leave in the broker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use testbed::Broker;
use warrener::config::Config;
use warrener::model::facts::RoundtripFacts;
use warrener::model::{Failure, Reason};
use warrener::watch::Probe;
use warrener::watch::broker::access::Access;
use warrener::watch::broker::amqp::TlsClient;
use warrener::watch::broker::roundtrip::RoundtripProbe;

/// Longer than anything takes that works.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A configuration with these AMQP URLs and nothing else of a broker; `.env` is in `dir`.
pub(crate) fn config(dir: &Path, urls: &[&str]) -> Config {
    let mut config = Config::defaults(dir);
    config.broker.amqp.0 = urls.iter().map(|url| url.parse().expect("a URL")).collect();
    config.broker.management.0.clear();
    config.broker.prometheus.0.clear();
    config
}

pub(crate) fn access(config: &Config) -> Arc<Access> {
    Arc::new(Access::with_environment(config, |_| None))
}

/// A probe of these nodes.
pub(crate) fn probe(urls: &[&str], deadline: Duration) -> RoundtripProbe {
    let config = config(Path::new("/nowhere"), urls);
    RoundtripProbe::new(access(&config), Arc::new(TlsClient::new(None)), deadline)
}

/// One round trip through `url`.
pub(crate) async fn roundtrip(url: &str) -> Result<RoundtripFacts, Failure> {
    probe(&[url], SOON).read().await
}

/// The round trip through `url` fails for `reason`; gives the words.
pub(crate) async fn fails(url: &str, reason: Reason) -> String {
    let failure = roundtrip(url).await.expect_err(url);
    assert_eq!(failure.reason, reason, "{url}: {failure}");
    failure.message
}

pub(crate) fn url(broker: &Broker, login: &str, path: &str) -> String {
    format!("amqp://{login}@127.0.0.1:{}{path}", broker.amqp_port())
}

/// Waits until the broker has neither queue nor connection.
pub(crate) fn nothing_left(broker: &Broker) {
    testbed::wait_until("the broker to be empty", SOON, || {
        let list = |what: &str| broker.ctl(&["-q", what, "name"]).expect("rabbitmqctl");
        let left = list("list_queues") + list("list_connections").as_str();
        let left: Vec<&str> = left.lines().filter(|line| *line != "name").collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(left.join(", "))
        }
    })
    .expect("nothing is left");
}
