//! The `broker` probe: the nodes, their alarms and resources. Apart from the queues, so that a
//! slow queue list never delays an alarm.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::access::Login;
use super::detect::{Reading, Ways};
use super::http::Http;
use super::management::{self, Overview, Totals};
use super::members::{Counters, Members, Membership, PATIENCE};
use super::patience::{Patience, timed};
use super::prometheus::{self, NodeReading};
use super::sources::{Logins, Passive};
use crate::model::facts::{BrokerFacts, Capability, NodeFacts, Source};
use crate::model::{Failure, ProbeName, Reason};
use crate::watch::Probe;

/// How much of the interval a reading may take before the next one is put off to twice that: with
/// 10,000 queues the plugin adds them all up for one `/metrics` (70 ms of CPU time on 3.10.8).
const EXPENSIVE: f64 = 0.01;

/// The `broker` probe.
pub struct BrokerProbe<L, P> {
    ways: Ways<L>,
    nodes: Nodes<P>,
    every: Duration,
}

impl<L: Logins, P: Passive> BrokerProbe<L, P> {
    /// Reads by `choice` (`None`: whatever is there), every `every`, each within `deadline`.
    pub fn new(
        logins: L,
        passive: P,
        http: Http,
        choice: Option<Source>,
        every: Duration,
        deadline: Duration,
    ) -> Self {
        BrokerProbe {
            ways: Ways::new(logins, http.clone(), choice, deadline),
            nodes: Nodes {
                http,
                passive,
                names: HashMap::new(),
                overviews: HashMap::new(),
                members: Members::default(),
                patience: Patience::default(),
            },
            every,
        }
    }
}

impl<L: Logins, P: Passive> Probe for BrokerProbe<L, P> {
    type Facts = BrokerFacts;
    const NAME: ProbeName = ProbeName::Broker;

    async fn read(&mut self) -> Result<BrokerFacts, Failure> {
        let (mut facts, by) = self.ways.read(Self::NAME, &mut self.nodes).await?;
        facts.fallback_login = by.fallback;
        facts.configured_failure = by.configured_failure;
        Ok(facts)
    }

    fn slow_down(&self) -> u32 {
        let expensive = self.nodes.patience.cost() > self.every.mul_f64(EXPENSIVE);
        if expensive { 2 } else { 1 }
    }
}

struct Nodes<P> {
    http: Http,
    passive: P,
    /// The node name that an endpoint last told, by `host:port`.
    names: HashMap<String, String>,
    /// What a management endpoint last told of itself, by `host:port`.
    overviews: HashMap<String, Overview>,
    members: Members,
    patience: Patience,
}

impl<P: Passive> Reading for Nodes<P> {
    type Facts = BrokerFacts;

    async fn read(
        &mut self,
        login: &Login,
        source: Source,
        deadline: Instant,
    ) -> Result<BrokerFacts, Failure> {
        self.patience.begin();
        match source {
            Source::Prometheus => self.by_prometheus(login, deadline).await,
            Source::Management => self.by_management(login, deadline).await,
            Source::Passive => self.by_amqp(login, deadline).await,
        }
    }
}

impl<P: Passive> Nodes<P> {
    async fn by_prometheus(
        &mut self,
        login: &Login,
        deadline: Instant,
    ) -> Result<BrokerFacts, Failure> {
        let endpoints = &login.prometheus;
        let http = &self.http;
        let readings = join_all(endpoints.iter().map(|e| {
            let until = self.patience.until(e, endpoints.len(), deadline);
            timed(prometheus::read_node(http, e, until))
        }));
        let (readings, membership) =
            tokio::join!(readings, self.members.read(http, login, deadline));
        let mut facts = empty(Source::Prometheus);
        let mut nodes = BTreeMap::new();
        let mut silent = Vec::new();
        let mut failure = None;
        for (endpoint, reading) in endpoints.iter().zip(readings) {
            match self.patience.learn(endpoint, reading) {
                Ok(reading) => {
                    let name = reading.identity.node.clone();
                    self.names.insert(endpoint.authority(), name);
                    enter(&mut facts, &mut nodes, reading);
                }
                Err(f) => {
                    silent.push((endpoint.authority(), f.reason));
                    failure.get_or_insert(f);
                }
            }
        }
        if let (true, Some(failure)) = (nodes.is_empty(), failure) {
            return Err(failure);
        }
        let mut hung = BTreeSet::new();
        for (authority, reason) in silent {
            let known = self.names.get(&authority).cloned();
            // Where all members are listed by name, a name of our own making would be one too many.
            if let Some(name) = known.or((!membership.complete()).then_some(authority)) {
                nodes.entry(name.clone()).or_insert_with(|| down(&name));
                if is_hung(reason) {
                    hung.insert(name);
                }
            }
        }
        membership.complement(&mut nodes, Counters::Own);
        put_down(&mut nodes, &hung);
        facts.nodes = nodes.into_values().collect();
        facts.capabilities = capabilities(&facts.nodes, &membership);
        Ok(facts)
    }

    async fn by_management(
        &mut self,
        login: &Login,
        deadline: Instant,
    ) -> Result<BrokerFacts, Failure> {
        let endpoints = &login.management;
        let http = &self.http;
        let patience = deadline.min(Instant::now() + PATIENCE);
        let overviews = endpoints.iter().map(|e| {
            let until = self.patience.until(e, endpoints.len(), patience);
            // An overview may wait for another node; this tells which one it is that hangs.
            let alive = async move {
                let several = endpoints.len() > 1;
                several && management::ping(http, e, until).await.is_ok()
            };
            async move { tokio::join!(timed(management::overview(http, e, until)), alive) }
        });
        let (overviews, membership) = tokio::join!(
            join_all(overviews),
            self.members.read(http, login, deadline)
        );
        let mut failure = None;
        let mut found = None;
        let mut nodes = BTreeMap::new();
        let mut hung = BTreeSet::new();
        for (at, (overview, alive)) in overviews.into_iter().enumerate() {
            let authority = endpoints[at].authority();
            let overview = match self.patience.learn(&endpoints[at], overview) {
                Ok(overview) => overview,
                Err(f) => {
                    let reason = f.reason;
                    failure.get_or_insert(f);
                    // Who it is was told before.
                    let Some(known) = self.overviews.get(&authority) else {
                        continue;
                    };
                    if !alive && membership.answered != Some(at) {
                        let name = &known.node;
                        nodes.entry(name.clone()).or_insert_with(|| down(name));
                        if is_hung(reason) {
                            hung.insert(name.clone());
                        }
                        continue;
                    }
                    Overview {
                        totals: Totals::default(),
                        ..known.clone()
                    }
                }
            };
            let node = NodeFacts {
                name: overview.node.clone(),
                up: true,
                ..NodeFacts::default()
            };
            nodes.insert(overview.node.clone(), node);
            self.overviews.insert(authority, overview.clone());
            found.get_or_insert(overview);
        }
        let Some(overview) = found else {
            return Err(failure.unwrap_or_else(|| super::members::nowhere("management")));
        };
        membership.complement(&mut nodes, Counters::Any);
        put_down(&mut nodes, &hung);
        if let (1, Some(node), true) = (
            nodes.len(),
            nodes.values_mut().next(),
            membership.complete(),
        ) {
            // Of a single node the cluster-wide counts are its own.
            node.connections = overview.totals.connections;
            node.channels = overview.totals.channels;
            node.consumers = overview.totals.consumers;
            node.queues = overview.totals.queues;
        }
        let mut facts = empty(Source::Management);
        facts.version = overview.version;
        facts.erlang_version = overview.erlang;
        facts.cluster = overview.cluster;
        facts.nodes = nodes.into_values().collect();
        facts.capabilities = capabilities(&facts.nodes, &membership);
        Ok(facts)
    }

    async fn by_amqp(&mut self, login: &Login, deadline: Instant) -> Result<BrokerFacts, Failure> {
        let passive = self.passive.read(login, &[], deadline).await?;
        let mut facts = empty(Source::Passive);
        facts.version = passive.version;
        facts.erlang_version = passive.erlang_version;
        facts.cluster = passive.cluster;
        Ok(facts)
    }
}

/// Whether a node that fails so may be frozen, and not just without this endpoint.
fn is_hung(reason: Reason) -> bool {
    matches!(reason, Reason::Timeout | Reason::Closed)
}

fn down(name: &str) -> NodeFacts {
    NodeFacts {
        name: name.to_owned(),
        ..NodeFacts::default()
    }
}

/// Its peers call a frozen node running until the net tick time is over, and go on telling its old
/// figures. It is not up while it does not answer, and of a node that is not up nothing is known,
/// least of all that it has no alarm.
fn put_down(nodes: &mut BTreeMap<String, NodeFacts>, hung: &BTreeSet<String>) {
    for (name, node) in nodes {
        if !node.up || hung.contains(name) {
            *node = down(name);
        }
    }
}

fn empty(source: Source) -> BrokerFacts {
    BrokerFacts {
        source,
        capabilities: BTreeSet::new(),
        version: None,
        erlang_version: None,
        cluster: None,
        fallback_login: false,
        configured_failure: None,
        nodes: Vec::new(),
        lines_lost: 0,
    }
}

fn enter(facts: &mut BrokerFacts, nodes: &mut BTreeMap<String, NodeFacts>, reading: NodeReading) {
    let identity = reading.identity;
    facts.version = facts.version.take().or(identity.version);
    facts.erlang_version = facts.erlang_version.take().or(identity.erlang);
    facts.cluster = facts.cluster.take().or(identity.cluster);
    facts.lines_lost += reading.lines_lost;
    nodes.insert(reading.node.name.clone(), reading.node);
}

/// What these nodes really told; a capability that some running node lacks is missing.
fn capabilities(nodes: &[NodeFacts], membership: &Membership) -> BTreeSet<Capability> {
    let told = |tells: fn(&NodeFacts) -> bool| {
        let mut up = nodes.iter().filter(|n| n.up).peekable();
        up.peek().is_some() && up.all(tells)
    };
    let all = [
        (Capability::NodeResources, told(|n| n.memory_used.is_some())),
        (
            Capability::Alarms,
            told(|n| n.memory_alarm.is_some() && n.disk_alarm.is_some()),
        ),
        (Capability::ClusterMembers, membership.complete()),
        (
            Capability::UnreachablePeers,
            told(|n| n.unreachable_peers.is_some()),
        ),
        (Capability::Connections, told(|n| n.connections.is_some())),
        (
            Capability::MessageCounters,
            told(|n| n.messages_received.is_some()),
        ),
    ];
    all.into_iter()
        .filter(|(_, has)| *has)
        .map(|(c, _)| c)
        .collect()
}
