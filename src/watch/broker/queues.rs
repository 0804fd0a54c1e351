//! The `queues` probe: depths and consumers of the queues.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use regex::Regex;
use tokio::time::Instant;

use super::access::Login;
use super::assemble::{self, Found};
use super::budget::Budget;
use super::detect::{Reading, Ways};
use super::filter::{Filter, PinnedName};
use super::http::{Endpoint, Http};
use super::list::Lists;
use super::members::nowhere;
use super::patience::{Patience, timed};
use super::pinned::Singles;
use super::prometheus::{self, Identity, QueuesReading};
use super::sources::{Logins, Passive};
use super::table::Table;
use crate::model::facts::{Capability, QueuesFacts, Source};
use crate::model::{Failure, ProbeName};
use crate::watch::Probe;

/// The share of the interval that a reading may take; one that takes more puts the next one off.
const AFFORDABLE: f64 = 0.1;

/// The most a costly list is put off, in intervals.
const MOST_SLOW_DOWN: u32 = 60;

/// How long it is believed which nodes the cluster has.
const PEERS_FOR: Duration = Duration::from_secs(60);

/// What `queues` of the configuration says, as plain values.
#[derive(Clone, Debug)]
pub struct QueuesOptions {
    /// Names that may have a series; none given means all.
    pub include: Vec<Regex>,
    /// Names that have none.
    pub exclude: Vec<Regex>,
    /// Virtual hosts whose queues may have one; none given means all.
    pub vhosts: Vec<Regex>,
    /// Queues that always have one: virtual host (`None`: that of the AMQP URL) and name.
    pub pinned: Vec<(Option<String>, String)>,
    /// How many others may have one.
    pub per_queue_limit: usize,
}

/// The `queues` probe.
pub struct QueuesProbe<L, P> {
    ways: Ways<L>,
    queues: Queues<P>,
    every: Duration,
}

impl<L: Logins, P: Passive> QueuesProbe<L, P> {
    /// Reads by `choice` (`None`: whatever is there), every `every`, each within `deadline`.
    pub fn new(
        logins: L,
        passive: P,
        http: Http,
        choice: Option<Source>,
        options: QueuesOptions,
        every: Duration,
        deadline: Duration,
    ) -> Self {
        QueuesProbe {
            ways: Ways::new(logins, http.clone(), choice, deadline),
            queues: Queues {
                http,
                passive,
                filter: Arc::default(),
                own_vhost: None,
                budget: Budget::new(options.per_queue_limit),
                options,
                identities: HashMap::new(),
                cluster: None,
                singles: Singles::default(),
                lists: Lists::default(),
                patience: Patience::default(),
            },
            every,
        }
    }
}

impl<L: Logins, P: Passive> Probe for QueuesProbe<L, P> {
    type Facts = QueuesFacts;
    const NAME: ProbeName = ProbeName::Queues;

    async fn read(&mut self) -> Result<QueuesFacts, Failure> {
        let (mut facts, by) = self.ways.read(Self::NAME, &mut self.queues).await?;
        facts.fallback_login = by.fallback;
        facts.configured_failure = by.configured_failure;
        Ok(facts)
    }

    fn slow_down(&self) -> u32 {
        let patience = &self.queues.patience;
        slow_down(patience.cost(), self.every).max(patience.backoff(self.every))
    }
}

/// So many intervals that a reading takes no more than [`AFFORDABLE`] of them.
fn slow_down(took: Duration, every: Duration) -> u32 {
    let affordable = every.mul_f64(AFFORDABLE).max(Duration::from_millis(1));
    let factor = (took.as_secs_f64() / affordable.as_secs_f64()).ceil();
    (factor as u32).clamp(1, MOST_SLOW_DOWN)
}

struct Queues<P> {
    http: Http,
    passive: P,
    options: QueuesOptions,
    /// For the virtual host beside it, which only a login tells.
    filter: Arc<Filter>,
    own_vhost: Option<String>,
    budget: Budget,
    /// Who an endpoint is, by `host:port`: it decides how its queue labels are written.
    identities: HashMap<String, Identity>,
    /// The cluster's nodes as far as they see each other, and until when that is believed.
    cluster: Option<(BTreeSet<String>, Instant)>,
    singles: Singles,
    lists: Lists,
    patience: Patience,
}

impl<P: Passive> Reading for Queues<P> {
    type Facts = QueuesFacts;

    async fn read(
        &mut self,
        login: &Login,
        source: Source,
        deadline: Instant,
    ) -> Result<QueuesFacts, Failure> {
        self.patience.begin();
        self.fit_filter(&login.vhost);
        let found = match source {
            Source::Prometheus => self.by_prometheus(login, deadline).await?,
            Source::Management => self.by_management(login, deadline).await?,
            Source::Passive => self.by_amqp(login, deadline).await?,
        };
        Ok(assemble::facts(found, &self.filter, &mut self.budget))
    }
}

impl<P: Passive> Queues<P> {
    async fn by_prometheus(&mut self, login: &Login, deadline: Instant) -> Result<Found, Failure> {
        let endpoints = &login.prometheus;
        let readings = join_all(endpoints.iter().map(|endpoint| {
            let known = self.identities.get(&endpoint.authority());
            let until = self.patience.until(endpoint, endpoints.len(), deadline);
            timed(read_node(&self.http, endpoint, known, &self.filter, until))
        }));
        let singles = self
            .singles
            .read(&self.http, login, self.filter.pinned(), deadline);
        let (readings, singles) = tokio::join!(readings, singles);
        let mut table: Option<Table> = None;
        let mut found = Found::new(Source::Prometheus);
        let mut failure = None;
        let mut nodes = BTreeSet::new();
        let mut acks = true;
        for (endpoint, reading) in endpoints.iter().zip(readings) {
            match self.patience.learn(endpoint, reading) {
                Ok(reading) => {
                    found.lines_lost += reading.lines_lost;
                    acks &= reading.identity.counts_acks();
                    nodes.insert(reading.identity.node.clone());
                    self.identities
                        .insert(endpoint.authority(), reading.identity);
                    match &mut table {
                        Some(table) => table.join(reading.table),
                        None => table = Some(reading.table),
                    }
                }
                Err(f) => {
                    self.identities.remove(&endpoint.authority());
                    failure.get_or_insert(f);
                }
            }
        }
        let Some(table) = table else {
            return Err(failure.unwrap_or_else(|| nowhere("prometheus")));
        };
        let whole = failure.is_none() && self.covered(&nodes, endpoints, deadline).await;
        found.table = Some(table);
        found.singles = singles;
        found.can(Capability::AllQueues, whole);
        found.can(Capability::QueueUnacked, true);
        found.can(Capability::QueueConsumers, true);
        found.can(Capability::QueueAcks, acks);
        Ok(found)
    }

    /// Whether `nodes` are all that the cluster has, by what one of them sees.
    async fn covered(
        &mut self,
        nodes: &BTreeSet<String>,
        endpoints: &[Endpoint],
        deadline: Instant,
    ) -> bool {
        let now = Instant::now();
        let believed = |(_, until): &(BTreeSet<String>, Instant)| now < *until;
        if !self.cluster.as_ref().is_some_and(believed) {
            self.cluster = None;
            for endpoint in endpoints {
                if let Ok(reading) = prometheus::read_node(&self.http, endpoint, deadline).await {
                    self.cluster = Some((reading.peers, now + PEERS_FOR));
                    break;
                }
            }
        }
        self.cluster
            .as_ref()
            .is_some_and(|(peers, _)| peers.is_subset(nodes))
    }

    async fn by_management(&mut self, login: &Login, deadline: Instant) -> Result<Found, Failure> {
        let list = self
            .lists
            .read(
                &self.http,
                login,
                &self.filter,
                &mut self.patience,
                deadline,
            )
            .await?;
        let mut found = Found::new(Source::Management);
        found.lines_lost = list.lost;
        found.can(Capability::AllQueues, true);
        found.can(Capability::QueueUnacked, list.totals);
        found.can(Capability::QueueConsumers, list.full);
        found.can(Capability::QueueAcks, list.full);
        found.can(Capability::QueueState, true);
        if !list.full {
            let pinned = self.filter.pinned();
            found.singles = self.singles.read(&self.http, login, pinned, deadline).await;
        }
        found.table = Some(list.table);
        Ok(found)
    }

    /// Makes the filter for `own_vhost`, where pinned queues are that name no other.
    fn fit_filter(&mut self, own_vhost: &str) {
        if self.own_vhost.as_deref() == Some(own_vhost) {
            return;
        }
        let options = self.options.clone();
        let pinned = options.pinned.into_iter().map(|(vhost, name)| PinnedName {
            vhost: vhost.unwrap_or_else(|| own_vhost.to_owned()),
            name,
        });
        let names = Filter::new(options.include, options.exclude, pinned.collect());
        self.filter = Arc::new(names.within(options.vhosts));
        self.own_vhost = Some(own_vhost.to_owned());
    }

    async fn by_amqp(&mut self, login: &Login, deadline: Instant) -> Result<Found, Failure> {
        let passive = self
            .passive
            .read(login, self.filter.pinned(), deadline)
            .await?;
        let mut found = Found::new(Source::Passive);
        found.can(Capability::QueueConsumers, true);
        found.passive = passive.queues;
        Ok(found)
    }
}

/// Reads one node's queues; asks first who it is where that is not known, because older brokers
/// write queue labels differently, and once more when it was upgraded meanwhile.
async fn read_node(
    http: &Http,
    endpoint: &Endpoint,
    known: Option<&Identity>,
    filter: &Arc<Filter>,
    deadline: Instant,
) -> Result<QueuesReading, Failure> {
    let escaping = match known {
        Some(identity) => identity.escaping(),
        None => prometheus::identify(http, endpoint, deadline)
            .await?
            .escaping(),
    };
    let read =
        |escaping| prometheus::read_queues(http, endpoint, escaping, Arc::clone(filter), deadline);
    let reading = read(escaping).await?;
    match reading.identity.escaping() {
        now if now != escaping => read(now).await,
        _ => Ok(reading),
    }
}

/// Single queues by pinned name.
pub(super) type SingleRows = BTreeMap<PinnedName, Option<super::table::Row>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_takes_long_is_read_less_often() {
        let every = Duration::from_secs(5);
        let factor = |millis| slow_down(Duration::from_millis(millis), every);
        assert_eq!(factor(0), 1);
        assert_eq!(factor(500), 1);
        assert_eq!(factor(600), 2);
        assert_eq!(factor(4_800), 10);
        assert_eq!(factor(3_600_000), MOST_SLOW_DOWN);
    }
}
