//! Broker nodes one at a time.

use std::time::{Duration, Instant, UNIX_EPOCH};

use super::world::*;
use crate::model::facts::NodeFacts;
use crate::model::*;
use crate::recover::guard::{Cluster, LocalNode, Peer};

fn member(name: &str, up: bool, seconds: u64) -> NodeFacts {
    NodeFacts {
        name: name.into(),
        up,
        uptime: up.then(|| Duration::from_secs(seconds)),
        ..NodeFacts::default()
    }
}

/// So many seconds before the world's now.
fn before(w: &World, seconds: u64) -> Moment {
    let by = Duration::from_secs(seconds);
    let wall = UNIX_EPOCH + Duration::from_secs_f64(w.now.unix_seconds());
    Moment::new(Instant::now(), wall - by)
}

/// How `name` sees the cluster of `a`, this host's `b` and `c`.
fn peer(name: &str, own_is_up: bool) -> Result<Peer, Failure> {
    Ok(Peer {
        name: name.into(),
        members: vec![
            member("a", true, 3600),
            member("b", own_is_up, 3600),
            member("c", true, 3600),
        ],
        quorum: Ok(None),
    })
}

/// The node `b` of three hangs, since a while.
fn hangs() -> World {
    let mut w = World::broker_down();
    w.local_node = LocalNode::Hung;
    let failure = Failure::new(Reason::Timeout, "x");
    w.snapshot
        .roundtrip
        .enter(Err(failure), w.now, Duration::ZERO);
    let since = before(&w, 90);
    w.assessment.findings[0].since = since;
    w.cluster = Cluster {
        nodes: 3,
        peers: vec![peer("a", true), peer("c", true)],
    };
    w
}

fn of(w: &mut World, at: usize) -> &mut Peer {
    w.cluster.peers[at].as_mut().unwrap()
}

fn held(w: &World, words: &str) {
    let hold = only(w, HoldReason::BlastRadius);
    assert!(hold.words.contains(words), "{hold:?}");
}

#[test]
fn a_node_that_hangs_goes_while_all_the_others_are_well() {
    goes(&hangs());
    // Also once they count it as gone.
    let mut w = hangs();
    w.cluster.peers = vec![peer("a", false), peer("c", false)];
    goes(&w);
}

#[test]
fn a_single_node_and_one_that_is_down_ask_nobody() {
    let mut w = hangs();
    w.cluster = Cluster::default();
    goes(&w);
    w.cluster.nodes = 1;
    goes(&w);
    // Started, it takes nothing away, whoever else is down.
    w.cluster.nodes = 3;
    w.local_node = LocalNode::Down;
    goes(&w);
}

#[test]
fn not_while_another_is_down_or_silent_or_nobody_can_say() {
    let mut w = hangs();
    of(&mut w, 0).members[2] = member("c", false, 0);
    held(&w, "c, another node, is down");
    let mut w = hangs();
    w.cluster.peers[1] = Err(Failure::new(Reason::Timeout, "c: no answer"));
    held(&w, "c: no answer");
    // The configuration names one node alone, or the same twice, or not all.
    let mut w = hangs();
    w.cluster.peers.clear();
    held(&w, "3 nodes, and 0 of the others could be asked");
    let mut w = hangs();
    w.cluster.peers[1] = peer("a", true);
    held(&w, "3 nodes, and 1 of the others could be asked");
    let mut w = hangs();
    for at in [0, 1] {
        of(&mut w, at).members.push(member("d", true, 3600));
    }
    held(&w, "4 nodes, and 2 of the others could be asked");
    // Which one is this host's?
    let mut w = hangs();
    w.cluster.peers.push(peer("b", true));
    held(&w, "can't be told");
}

#[test]
fn not_while_another_was_just_started() {
    let mut w = hangs();
    of(&mut w, 1).members[2] = member("c", true, 119);
    let hold = only(&w, HoldReason::BlastRadius);
    assert_eq!(hold.words, "c, another node, was started 119 s ago");
    assert_eq!(hold.until, Some(w.stamp(0).after(Duration::from_secs(1))));
    of(&mut w, 1).members[2].uptime = None;
    held(&w, "can't be told");
    of(&mut w, 1).members[2] = member("c", true, 120);
    goes(&w);
}

#[test]
fn not_while_a_queue_would_lose_its_quorum() {
    let failed = || Err(Failure::new(Reason::Timeout, "no answer"));
    for quorum in [Ok(Some("orders".to_owned())), failed()] {
        let mut w = hangs();
        of(&mut w, 1).quorum = quorum.clone();
        only(&w, HoldReason::BlastRadius);
        // Counted as gone already, it can only come back.
        w.cluster.peers = vec![peer("a", false), peer("c", false)];
        of(&mut w, 1).quorum = quorum;
        goes(&w);
    }
}

#[test]
fn nodes_that_hang_at_once_go_by_their_names() {
    let at = |own: &str, seconds: u64| {
        let mut w = hangs();
        w.assessment.findings[0].since = before(&w, seconds);
        let others = ["a", "b", "c"].into_iter().filter(|name| *name != own);
        w.cluster.peers = others.map(|name| peer(name, true)).collect();
        w
    };
    goes(&at("a", 0));
    held(&at("b", 29), "restarted first");
    goes(&at("b", 30));
    held(&at("c", 59), "restarted first");
    goes(&at("c", 60));
}
