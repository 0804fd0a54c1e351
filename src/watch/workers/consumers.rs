//! Which channel of the broker belongs to which process.
//!
//! By the connection's addresses on both sides, which are those of a socket that the process holds;
//! where they are not (NAT, a proxy), by the name that the client gave its connection:
//! `KIND-PID`, or `KIND-PID@HOST` with the `identity` of this host.
//!
//! Nothing found is not nothing there: a process whose connection may be one of those that nobody
//! here could be told to hold has channels of which nothing is known.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

use crate::model::facts::{ChannelFacts, MappedBy};
use crate::platform::observe::{ProcessSockets, TcpConnection};
use crate::watch::channels::{ChannelsReading, Open};

/// Ports of what workers usually talk to besides: HTTP and databases are no proxies of a broker.
const OTHER_SERVICES: [u16; 9] = [80, 443, 3306, 5432, 6379, 9092, 9200, 11211, 27017];

/// A process to find channels for.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Its kind.
    pub(super) worker: String,
    /// Its processes.
    pub(super) members: Vec<u32>,
}

/// What the broker shows of one process.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// It has a connection to the broker.
    pub(super) broker_socket: Option<bool>,
    pub(super) mapped_by: Option<MappedBy>,
    pub(super) channels: Option<Vec<ChannelFacts>>,
}

/// Whose the consumers are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Joined {
    /// Of each candidate, in their order.
    pub(super) seen: Vec<Seen>,
    /// Consumers of the configured queues on connections that belong to no candidate; `None` where
    /// the broker could not tell.
    pub(super) elsewhere: Option<u64>,
}

/// `queues` are those that the workers are configured to consume.
pub(super) fn join(
    reading: &ChannelsReading,
    sockets: &[ProcessSockets],
    candidates: &[Candidate],
    identity: &str,
    queues: &BTreeSet<String>,
) -> Joined {
    let sockets: HashMap<u32, &ProcessSockets> = sockets.iter().map(|s| (s.pid, s)).collect();
    let held: Vec<Option<BTreeSet<TcpConnection>>> = candidates
        .iter()
        .map(|candidate| held(candidate, &sockets))
        .collect();
    let mut seen = vec![Seen::default(); candidates.len()];
    let Ok(open) = &reading.open else {
        for (seen, held) in seen.iter_mut().zip(&held) {
            seen.broker_socket = broker_socket(held.as_ref(), &reading.broker, &HashSet::new());
        }
        let elsewhere = None;
        return Joined { seen, elsewhere };
    };
    let known: HashSet<_> = open
        .connections
        .iter()
        .filter_map(|c| c.ends.pair())
        .collect();
    let servers: HashSet<SocketAddr> = known.iter().map(|(_, server)| *server).collect();
    let (owners, shares) = owners(open, &held, candidates, identity);
    let mut elsewhere = 0;
    for channel in &open.channels {
        match owners.get(channel.facts.connection.as_str()) {
            Some((owner, by)) => {
                let seen = &mut seen[*owner];
                // The weakest way of several says how sure the whole is.
                seen.mapped_by = Some(seen.mapped_by.map_or(*by, |before| weaker(before, *by)));
                seen.channels
                    .get_or_insert_default()
                    .push(channel.facts.clone());
            }
            None => {
                let of_ours = channel.facts.consumers.iter();
                elsewhere += of_ours.filter(|c| queues.contains(&c.queue)).count() as u64;
            }
        }
    }
    let strays = open.strays.iter();
    elsewhere += strays.filter(|c| queues.contains(&c.queue)).count() as u64;
    for ((at, seen), held) in seen.iter_mut().enumerate().zip(&held) {
        seen.broker_socket = broker_socket(held.as_ref(), &reading.broker, &servers);
        let has_none = seen.channels.is_none()
            && !shares.contains(&at)
            && held.as_ref().is_some_and(|held| {
                // One that the broker does not list is behind a translation of addresses, or too
                // new for its statistics: it may be any of those that nobody holds. So may one
                // that leads elsewhere, to a proxy, while there are such.
                let to_broker = |c: &TcpConnection| {
                    reading.broker.contains(&c.remote) || servers.contains(&c.remote)
                };
                let suspect = |c: &TcpConnection| {
                    to_broker(c) || (elsewhere > 0 && !OTHER_SERVICES.contains(&c.remote.port()))
                };
                let mut suspects = held.iter().filter(|c| suspect(c));
                suspects.all(|c| known.contains(&(c.local, c.remote)))
            });
        if has_none {
            seen.channels = Some(Vec::new());
        }
    }
    Joined {
        seen,
        elsewhere: Some(elsewhere),
    }
}

/// Every connection of a candidate; `None` where those of one of its processes may not be read.
fn held(
    candidate: &Candidate,
    sockets: &HashMap<u32, &ProcessSockets>,
) -> Option<BTreeSet<TcpConnection>> {
    let mut all = BTreeSet::new();
    for pid in &candidate.members {
        all.extend(sockets.get(pid)?.connections.as_ref()?);
    }
    Some(all)
}

fn broker_socket(
    held: Option<&BTreeSet<TcpConnection>>,
    broker: &[SocketAddr],
    servers: &HashSet<SocketAddr>,
) -> Option<bool> {
    // Without an address of the broker nothing can be told from the sockets.
    if broker.is_empty() && servers.is_empty() {
        return None;
    }
    let to_broker = |c: &TcpConnection| broker.contains(&c.remote) || servers.contains(&c.remote);
    held.map(|held| held.iter().any(to_broker))
}

/// Which candidate has each connection, by the broker's name of it, and how that was told; and who
/// may have one of them as well.
fn owners<'a>(
    open: &'a Open,
    held: &[Option<BTreeSet<TcpConnection>>],
    candidates: &[Candidate],
    identity: &str,
) -> (BTreeMap<&'a str, (usize, MappedBy)>, BTreeSet<usize>) {
    let mut holders: HashMap<(SocketAddr, SocketAddr), Vec<usize>> = HashMap::new();
    for (at, held) in held.iter().enumerate() {
        for connection in held.iter().flatten() {
            let ends = (connection.local, connection.remote);
            holders.entry(ends).or_default().push(at);
        }
    }
    let mut shares = BTreeSet::new();
    let owner = |connection: &'a crate::watch::channels::BrokerConnection| {
        let by_socket = connection.ends.pair().and_then(|ends| holders.get(&ends));
        let owner = match by_socket.map(Vec::as_slice) {
            Some([one]) => (*one, MappedBy::Socket),
            // The first of several: it is told that it need not be the one.
            Some([first, others @ ..]) => {
                shares.extend(others);
                (*first, MappedBy::SharedSocket)
            }
            _ => {
                let name = connection.given_name.as_deref()?;
                (named(name, candidates, identity)?, MappedBy::ConnectionName)
            }
        };
        Some((connection.name.as_str(), owner))
    };
    let owners = open.connections.iter().filter_map(owner).collect();
    (owners, shares)
}

fn weaker(a: MappedBy, b: MappedBy) -> MappedBy {
    let rank = |by| match by {
        MappedBy::Socket => 0,
        MappedBy::ConnectionName => 1,
        MappedBy::SharedSocket => 2,
    };
    if rank(a) >= rank(b) { a } else { b }
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
mod tests;
