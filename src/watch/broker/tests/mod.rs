//! Tests of the probes against a fake broker: captured answers, and every way an answer can go
//! wrong. Real brokers are in the integration tests.

mod captures;
mod fake;
mod faults;
mod joining;
mod nodes;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::access::Login;
use super::amqp::AmqpEndpoint;
use super::filter::PinnedName;
use super::http::{Endpoint, Http};
use super::nodes::BrokerProbe;
use super::passive::PassiveReading;
use super::queues::{QueuesOptions, QueuesProbe};
use super::sources::{Logins, Passive};
use crate::model::facts::QueueFacts;
use crate::model::{Failure, Reason, Secret};

/// How long the probes of these tests may take.
const DEADLINE: Duration = Duration::from_millis(600);

const EVERY: Duration = Duration::from_secs(5);

struct Fixed(Vec<Login>);

impl Logins for Fixed {
    async fn logins(&self) -> Result<Vec<Login>, Failure> {
        Ok(self.0.clone())
    }

    fn worked(&self, _: &Login) {}
}

/// AMQP that works or does not.
struct Amqp(bool);

impl Passive for Amqp {
    async fn read(
        &self,
        _: &Login,
        pinned: &[PinnedName],
        _: Instant,
    ) -> Result<PassiveReading, Failure> {
        if !self.0 {
            return Err(Failure::new(Reason::Closed, "no AMQP in this test"));
        }
        let queue = |pinned: &PinnedName| QueueFacts {
            vhost: pinned.vhost.clone(),
            name: pinned.name.clone(),
            pinned: true,
            exists: Some(true),
            ready: Some(7),
            consumers: Some(1),
            ..QueueFacts::default()
        };
        Ok(PassiveReading {
            version: Some("9.9.9".into()),
            erlang_version: None,
            cluster: None,
            queues: pinned.iter().map(queue).collect(),
        })
    }
}

fn login(prometheus: &[u16], management: &[u16]) -> Login {
    let endpoint = |port: &u16| Endpoint::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let password = Secret::new("s3cret");
    let api = |port: &u16| endpoint(port).or_login("ann", &password);
    Login {
        amqp: vec![AmqpEndpoint::parse("amqp://ann:s3cret@127.0.0.1").unwrap()],
        management: management.iter().map(api).collect(),
        prometheus: prometheus.iter().map(endpoint).collect(),
        vhost: "/".into(),
        fallback: false,
        unresolved: None,
    }
}

fn http() -> Http {
    Http::new(Arc::default()).unwrap()
}

fn broker(login: Login) -> BrokerProbe<Fixed, Amqp> {
    BrokerProbe::new(
        Fixed(vec![login]),
        Amqp(false),
        http(),
        None,
        EVERY,
        DEADLINE,
    )
}

fn queues(login: Login) -> QueuesProbe<Fixed, Amqp> {
    queues_with(login, &[], 100)
}

fn queues_with(login: Login, pinned: &[&str], limit: usize) -> QueuesProbe<Fixed, Amqp> {
    let options = QueuesOptions {
        vhosts: vec![],
        include: vec![],
        exclude: vec![],
        pinned: pinned.iter().map(|name| (None, (*name).into())).collect(),
        per_queue_limit: limit,
    };
    let logins = Fixed(vec![login]);
    QueuesProbe::new(logins, Amqp(false), http(), None, options, EVERY, DEADLINE)
}
