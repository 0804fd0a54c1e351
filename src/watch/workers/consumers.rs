//! Which channel of the broker belongs to which process.
//!
//! By the connection's addresses on both sides, which are those of a socket that the process holds;
//! where they are not (NAT, a proxy), by the name that the client gave its connection:
//! `KIND-PID`, or `KIND-PID@HOST` with the `identity` of this host.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use crate::model::facts::{ChannelFacts, MappedBy, ProcessId};
use crate::platform::observe::ProcessSockets;
use crate::watch::broker::management::BrokerChannel;

/// A process to find channels for.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Its kind.
    pub(super) worker: String,
    /// Its leader.
    pub(super) id: ProcessId,
    /// Its processes.
    pub(super) members: Vec<u32>,
}

/// What belongs to one process.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) mapped_by: Option<MappedBy>,
    pub(super) channels: Vec<ChannelFacts>,
}

/// What belongs to each candidate, in their order, and the consumers of `queues` that belong to
/// none.
pub(super) fn join(
    channels: &[BrokerChannel],
    names: &HashMap<String, String>,
    sockets: &[ProcessSockets],
    candidates: &[Candidate],
    identity: &str,
    queues: &BTreeSet<String>,
) -> (Vec<Found>, u64) {
    let holders = holders(sockets, candidates);
    let mut found = vec![Found::default(); candidates.len()];
    let mut elsewhere = 0;
    for channel in channels {
        let ends = channel.client.zip(channel.server);
        let by_socket = ends.and_then(|ends| holders.get(&ends));
        let owner = match by_socket.map(Vec::as_slice) {
            Some([one]) => Some((*one, MappedBy::Socket)),
            // The first of several: it is told that it need not be the one.
            Some([first, ..]) => Some((*first, MappedBy::SharedSocket)),
            _ => names
                .get(&channel.facts.connection)
                .and_then(|name| named(name, candidates, identity))
                .map(|at| (at, MappedBy::ConnectionName)),
        };
        match owner {
            Some((at, by)) => {
                let found = &mut found[at];
                // The weakest way of several says how sure the whole is.
                found.mapped_by = Some(found.mapped_by.map_or(by, |before| weaker(before, by)));
                found.channels.push(channel.facts.clone());
            }
            None => {
                let of_ours = channel.facts.consumers.iter();
                elsewhere += of_ours.filter(|c| queues.contains(&c.queue)).count() as u64;
            }
        }
    }
    (found, elsewhere)
}

fn weaker(a: MappedBy, b: MappedBy) -> MappedBy {
    let rank = |by| match by {
        MappedBy::Socket => 0,
        MappedBy::ConnectionName => 1,
        MappedBy::SharedSocket => 2,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// The candidates that hold each connection, by its own end and the broker's.
fn holders(
    sockets: &[ProcessSockets],
    candidates: &[Candidate],
) -> HashMap<(SocketAddr, SocketAddr), Vec<usize>> {
    let by_pid: BTreeMap<u32, usize> = candidates
        .iter()
        .enumerate()
        .flat_map(|(at, c)| c.members.iter().map(move |pid| (*pid, at)))
        .collect();
    let mut holders: HashMap<_, Vec<usize>> = HashMap::new();
    for process in sockets {
        let Some(at) = by_pid.get(&process.pid) else {
            continue;
        };
        for connection in process.connections.iter().flatten() {
            let holders = holders
                .entry((connection.local, connection.remote))
                .or_default();
            // Two processes of one worker that share a socket are still that worker.
            if !holders.contains(at) {
                holders.push(*at);
            }
        }
    }
    holders
}

fn named(name: &str, candidates: &[Candidate], identity: &str) -> Option<usize> {
    let own = match name.split_once('@') {
        Some((own, host)) if host == identity => own,
        Some(_) => return None,
        None => name,
    };
    let (worker, pid) = own.rsplit_once('-')?;
    let pid = pid.parse().ok()?;
    candidates
        .iter()
        .position(|c| c.worker == worker && c.members.contains(&pid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::ConsumerFacts;
    use crate::platform::observe::TcpConnection;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn channel(client: &str, queue: &str) -> BrokerChannel {
        BrokerChannel {
            client: Some(address(client)),
            server: Some(address("10.0.0.9:5672")),
            facts: ChannelFacts {
                connection: client.into(),
                consumers: vec![ConsumerFacts {
                    queue: queue.into(),
                    ..ConsumerFacts::default()
                }],
                ..ChannelFacts::default()
            },
            ..BrokerChannel::default()
        }
    }

    fn candidate(worker: &str, members: &[u32]) -> Candidate {
        Candidate {
            worker: worker.into(),
            id: ProcessId {
                pid: members[0],
                start_ticks: 1,
            },
            members: members.to_vec(),
        }
    }

    fn holds(pid: u32, local: &str) -> ProcessSockets {
        let connection = TcpConnection {
            inode: 1,
            local: address(local),
            remote: address("10.0.0.9:5672"),
        };
        ProcessSockets {
            pid,
            connections: Some(vec![connection]),
        }
    }

    fn joined(
        channels: &[BrokerChannel],
        names: &[(&str, &str)],
        sockets: &[ProcessSockets],
    ) -> (Vec<(Option<MappedBy>, usize)>, u64) {
        let candidates = [candidate("a", &[10, 11]), candidate("b-2", &[20])];
        let names = names
            .iter()
            .map(|(c, n)| ((*c).into(), (*n).into()))
            .collect();
        let queues = BTreeSet::from(["work".to_owned()]);
        let (found, elsewhere) = join(channels, &names, sockets, &candidates, "here", &queues);
        let found = found.into_iter().map(|f| (f.mapped_by, f.channels.len()));
        (found.collect(), elsewhere)
    }

    #[test]
    fn by_the_socket_that_a_member_holds() {
        let channels = [
            channel("10.0.0.1:4001", "work"),
            channel("10.0.0.1:4002", "work"),
        ];
        let sockets = [holds(11, "10.0.0.1:4001"), holds(20, "10.0.0.2:4002")];
        // The same port on another host is another connection.
        let one = (Some(MappedBy::Socket), 1);
        assert_eq!(joined(&channels, &[], &sockets), (vec![one, (None, 0)], 1));
    }

    #[test]
    fn a_shared_socket_says_so() {
        let channels = [channel("10.0.0.1:4001", "work")];
        let two = [holds(10, "10.0.0.1:4001"), holds(20, "10.0.0.1:4001")];
        let (found, elsewhere) = joined(&channels, &[], &two);
        assert_eq!(
            (found[0], elsewhere),
            ((Some(MappedBy::SharedSocket), 1), 0)
        );
        // Within one worker it is no question.
        let own = [holds(10, "10.0.0.1:4001"), holds(11, "10.0.0.1:4001")];
        assert_eq!(
            joined(&channels, &[], &own).0[0],
            (Some(MappedBy::Socket), 1)
        );
    }

    #[test]
    fn by_name_where_addresses_are_translated() {
        let channels = [channel("192.0.2.1:4001", "work")];
        let by_name = |name: &str| joined(&channels, &[("192.0.2.1:4001", name)], &[]);
        let named = (Some(MappedBy::ConnectionName), 1);
        assert_eq!(by_name("b-2-20"), (vec![(None, 0), named], 0));
        assert_eq!(by_name("b-2-20@here"), (vec![(None, 0), named], 0));
        for other in ["b-2-20@there", "b-2-21", "a-20", "b-2", "-20", "20", ""] {
            assert_eq!(by_name(other), (vec![(None, 0); 2], 1), "{other}");
        }
    }

    #[test]
    fn consumers_of_other_queues_are_nobodys_business() {
        let channels = [channel("192.0.2.1:4001", "other")];
        assert_eq!(joined(&channels, &[], &[]).1, 0);
    }
}
