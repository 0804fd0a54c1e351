//! Broker nodes one at a time: what the rest of the cluster has to say before a node that hangs is
//! restarted. One that is down takes nothing away when it is started, and a cluster that went down as a
//! whole comes back only if its nodes start together: that is asked of nobody.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Case, Hold, HoldReason, LocalNode};
use crate::model::facts::NodeFacts;
use crate::model::{Evidence, Failure, Timestamp};

/// Two agents whose nodes hang at the same time do not go at once: by the order of the nodes' names
/// each waits so much longer than the one before it, until that one's restart can be seen.
const STAGGER: Duration = Duration::from_secs(30);

/// The rest of this host's cluster, each node asked itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// How many nodes there are, as far as is known; 1 and 0: there is no cluster.
    pub nodes: usize,
    /// What the others answered, as far as the configuration says where they are.
    pub peers: Vec<Result<Peer, Failure>>,
}

/// What another node says.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// The cluster as it sees it, itself included.
    pub members: Vec<NodeFacts>,
    /// Why some queue would lose its quorum without it; `Ok(None)`: none would.
    pub quorum: Result<Option<String>, Failure>,
}

/// Why this host's node must not be restarted now.
pub(super) fn one_at_a_time(case: &Case<'_>) -> Option<Hold> {
    let cluster = case.view.cluster;
    if !case.restarts_broker() || case.view.local_node != LocalNode::Hung || cluster.nodes <= 1 {
        return None;
    }
    let hold = |words: String| Some(Hold::new(HoldReason::BlastRadius, words));
    let mut peers = Vec::new();
    for peer in &cluster.peers {
        match peer {
            Ok(peer) => peers.push(peer),
            Err(failure) => {
                return hold(format!(
                    "another node of the cluster does not answer: {failure}"
                ));
            }
        }
    }
    let names: BTreeSet<_> = peers.iter().map(|peer| peer.name.as_str()).collect();
    let members = || peers.iter().flat_map(|peer| &peer.members);
    let all: BTreeSet<_> = members().map(|member| member.name.as_str()).collect();
    let count = cluster.nodes.max(all.len());
    if names.len() + 1 < count {
        let words = format!(
            "the broker has {count} nodes, and {} of the others could be asked; broker.management is to \
             name this host's node first and then every other",
            names.len()
        );
        return hold(words);
    }
    let mut left = all.difference(&names);
    let (Some(own), None) = (left.next(), left.next()) else {
        return hold(
            "which node of the cluster is this host's can't be told; broker.management is to name it \
             first"
                .to_owned(),
        );
    };
    if let Some(member) = members().find(|member| !member.up && member.name != *own) {
        return hold(format!("{}, another node, is down", member.name));
    }
    peers
        .iter()
        .find_map(|peer| is_new(case, peer))
        .or_else(|| {
            // Once the others count it as gone, nothing that it holds is counted on any more.
            let counted = members().any(|member| member.up && member.name == *own);
            let critical = || peers.iter().find_map(|peer| loses_quorum(peer));
            counted.then(critical).flatten()
        })
        .or_else(|| turn(case, all.iter().position(|name| name == own)?))
}

/// It was started a moment ago: what it has to catch up with is not known.
fn is_new(case: &Case<'_>, peer: &Peer) -> Option<Hold> {
    let mut members = peer.members.iter();
    let own = members.find(|member| member.name == peer.name);
    let rest = case.request.playbook.cooldown.get();
    let name = &peer.name;
    let hold = |words: String| Hold::new(HoldReason::BlastRadius, words);
    let Some(uptime) = own.and_then(|own| own.uptime) else {
        return Some(hold(format!(
            "how long {name}, another node, runs can't be told"
        )));
    };
    if uptime >= rest {
        return None;
    }
    let seconds = uptime.as_secs();
    let words = format!("{name}, another node, was started {seconds} s ago");
    let until = case.now.after(rest - uptime);
    let least = format!("at least {} s", rest.as_secs());
    let seen = Evidence::against("its uptime", format!("{seconds} s"), least);
    Some(hold(words).until(Some(until)).with(seen))
}

fn loses_quorum(peer: &Peer) -> Option<Hold> {
    let name = &peer.name;
    let words = match &peer.quorum {
        Ok(None) => return None,
        Ok(Some(why)) => format!("queues hold their quorum by {name} and this node alone: {why}"),
        Err(failure) => {
            format!("whether queues hold their quorum by {name} can't be told: {failure}")
        }
    };
    Some(Hold::new(HoldReason::BlastRadius, words))
}

/// Its turn has not come: one whose name comes first may hang too.
fn turn(case: &Case<'_>, place: usize) -> Option<Hold> {
    let since = Timestamp::from(case.finding?.since);
    let wait = STAGGER.saturating_mul(u32::try_from(place).unwrap_or(u32::MAX));
    if case.now.since(since) >= wait {
        return None;
    }
    let words = "nodes of the cluster that come before it by their names may be restarted first";
    let hold = Hold::new(HoldReason::BlastRadius, words);
    Some(hold.until(Some(since.after(wait))))
}
