//! Asks the other nodes of the broker's cluster, before this host's is restarted. They are what
//! `broker.management` names after the first, each asked itself: what a node that hangs is a member of,
//! nobody can tell in one answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::Config;
use crate::model::{Failure, Reason};
use crate::recover::actions::World;
use crate::recover::guard::{Cluster, Peer};
use crate::watch::broker::access::Access;
use crate::watch::broker::amqp::TlsClient;
use crate::watch::broker::http::{Endpoint, Http};
use crate::watch::broker::management;

/// A node that takes longer tells nothing: on 3.10 none answers while it still counts on one that hangs.
const PATIENCE: Duration = Duration::from_secs(3);

/// The rest of the cluster, as it is now.
pub(super) async fn cluster(world: &World) -> Cluster {
    let facts = world.snapshot.broker.last_facts();
    let known = facts.map_or(0, |facts| facts.nodes.len());
    let asked = async {
        let login = Access::new(&world.config).logins().await?;
        let login = login.into_iter().next();
        Ok::<_, Failure>(login.map_or(Vec::new(), |login| login.management))
    };
    let (nodes, peers) = match asked.await {
        Ok(all) => (
            known.max(all.len()),
            peers(&world.config, all.get(1..).unwrap_or_default()).await,
        ),
        Err(failure) => (known, vec![Err(failure)]),
    };
    Cluster { nodes, peers }
}

async fn peers(config: &Config, all: &[Endpoint]) -> Vec<Result<Peer, Failure>> {
    let http = match Http::new(Arc::new(TlsClient::new(config.broker.tls.as_ref()))) {
        Ok(http) => http,
        Err(failure) => return vec![Err(failure)],
    };
    let mut asked = JoinSet::new();
    for endpoint in all {
        let (http, endpoint) = (http.clone(), endpoint.clone());
        asked.spawn(async move { peer(&http, &endpoint).await });
    }
    let lost = |error: tokio::task::JoinError| Failure::new(Reason::Io, error.to_string());
    let mut told = Vec::new();
    while let Some(one) = asked.join_next().await {
        told.push(one.map_err(lost).and_then(|one| one));
    }
    told
}

async fn peer(http: &Http, endpoint: &Endpoint) -> Result<Peer, Failure> {
    let until = Instant::now() + PATIENCE;
    let (overview, members, quorum) = tokio::join!(
        management::overview(http, endpoint, until),
        management::nodes(http, endpoint, until),
        management::quorum_critical(http, endpoint, until),
    );
    Ok(Peer {
        name: overview?.node,
        members: members?,
        quorum,
    })
}
