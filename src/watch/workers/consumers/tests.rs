use super::*;
use crate::model::facts::ConsumerFacts;
use crate::model::{Failure, Moment, Reason};
use crate::watch::channels::{BrokerChannel, BrokerConnection, Ends};

const BROKER: &str = "10.0.0.9:5672";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A connection from `client`, with one channel that consumes `queue`.
fn consuming(client: &str, queue: &str, given_name: Option<&str>) -> Open {
    let ends = Ends {
        client: Some(address(client)),
        server: Some(address(BROKER)),
    };
    let name = format!("{client} -> {BROKER}");
    Open {
        channels: vec![BrokerChannel {
            ends,
            facts: ChannelFacts {
                connection: name.clone(),
                consumers: vec![ConsumerFacts {
                    queue: queue.into(),
                    ..ConsumerFacts::default()
                }],
                ..ChannelFacts::default()
            },
        }],
        connections: vec![BrokerConnection {
            name,
            ends,
            given_name: given_name.map(str::to_owned),
        }],
        ..nothing()
    }
}

fn nothing() -> Open {
    Open {
        as_of: Moment::new(std::time::Instant::now(), std::time::SystemTime::UNIX_EPOCH),
        connections: Vec::new(),
        channels: Vec::new(),
        strays: Vec::new(),
    }
}

fn all(opens: impl IntoIterator<Item = Open>) -> Open {
    let mut all = nothing();
    for open in opens {
        all.channels.extend(open.channels);
        all.connections.extend(open.connections);
    }
    all
}

fn candidate(worker: &str, members: &[u32]) -> Candidate {
    Candidate {
        worker: worker.into(),
        members: members.to_vec(),
    }
}

/// A process with a connection from `local` to the broker.
fn holds(pid: u32, local: &str) -> ProcessSockets {
    let connection = TcpConnection {
        inode: 1,
        local: address(local),
        remote: address(BROKER),
    };
    ProcessSockets {
        pid,
        connections: Some(vec![connection]),
    }
}

fn holds_none(pid: u32) -> ProcessSockets {
    ProcessSockets {
        pid,
        connections: Some(Vec::new()),
    }
}

/// Candidates `a` (10 and 11) and `b-2` (20), whose sockets nobody may read unless told.
fn joined(open: Open, sockets: &[ProcessSockets]) -> Joined {
    let candidates = [candidate("a", &[10, 11]), candidate("b-2", &[20])];
    let queues = BTreeSet::from(["work".to_owned()]);
    let reading = ChannelsReading {
        broker: vec![address(BROKER)],
        open: Ok(open),
    };
    join(&reading, sockets, &candidates, "here", &queues)
}

/// How many channels each candidate has, and how that was told.
fn counts(joined: &Joined) -> Vec<(Option<MappedBy>, Option<usize>)> {
    let of = |seen: &Seen| (seen.mapped_by, seen.channels.as_ref().map(Vec::len));
    joined.seen.iter().map(of).collect()
}

const BY_SOCKET: (Option<MappedBy>, Option<usize>) = (Some(MappedBy::Socket), Some(1));
const NONE: (Option<MappedBy>, Option<usize>) = (None, Some(0));
const UNTOLD: (Option<MappedBy>, Option<usize>) = (None, None);

#[test]
fn by_the_socket_that_a_member_holds() {
    let open = all([
        consuming("10.0.0.1:4001", "work", None),
        consuming("10.0.0.1:4002", "work", None),
    ]);
    let sockets = [holds_none(10), holds(11, "10.0.0.1:4001"), holds_none(20)];
    let joined = joined(open, &sockets);
    // 20 holds no connection to the broker: the other consumer is surely not its own.
    assert_eq!(counts(&joined), [BY_SOCKET, NONE]);
    assert_eq!(joined.elsewhere, Some(1));
    let sockets: Vec<_> = joined.seen.iter().map(|s| s.broker_socket).collect();
    assert_eq!(sockets, [Some(true), Some(false)]);
}

#[test]
fn a_connection_that_the_broker_lists_otherwise_may_be_any_of_those_nobody_holds() {
    // The same port on another host is another connection.
    let open = || consuming("10.0.0.1:4002", "work", None);
    let sockets = [holds_none(10), holds_none(11), holds(20, "172.18.0.4:4002")];
    assert_eq!(counts(&joined(open(), &sockets)), [NONE, UNTOLD]);
    // Also where nobody else consumes: the broker may not have told everything.
    let other = consuming("10.0.0.1:4002", "other", None);
    assert_eq!(counts(&joined(other, &sockets)), [NONE, UNTOLD]);
    // A consumer on a channel that the broker does not list yet may be anybody's.
    let mut stray = nothing();
    stray.strays = open().channels.remove(0).facts.consumers;
    assert_eq!(joined(stray, &sockets).elsewhere, Some(1));
    // Sockets that may not be read tell nothing.
    assert_eq!(counts(&joined(open(), &[holds_none(20)])), [UNTOLD, NONE]);
}

#[test]
fn a_shared_socket_says_so() {
    let open = || consuming("10.0.0.1:4001", "work", None);
    let two = [
        holds(10, "10.0.0.1:4001"),
        holds_none(11),
        holds(20, "10.0.0.1:4001"),
    ];
    let shared = joined(open(), &two);
    assert_eq!(counts(&shared)[0], (Some(MappedBy::SharedSocket), Some(1)));
    assert_eq!(shared.elsewhere, Some(0));
    // Who else holds it may be the one: it is not said to have none.
    assert_eq!(counts(&shared)[1], UNTOLD);
    // Within one worker it is no question.
    let own = [holds(10, "10.0.0.1:4001"), holds(11, "10.0.0.1:4001")];
    assert_eq!(counts(&joined(open(), &own))[0], BY_SOCKET);
}

#[test]
fn by_name_where_addresses_are_translated() {
    let by_name = |name| joined(consuming("192.0.2.1:4001", "work", Some(name)), &[]);
    let named = (Some(MappedBy::ConnectionName), Some(1));
    assert_eq!(counts(&by_name("b-2-20")), [UNTOLD, named]);
    assert_eq!(counts(&by_name("b-2-20@here")), [UNTOLD, named]);
    for other in ["b-2-20@there", "b-2-21", "a-20", "b-2", "-20", "20", ""] {
        let joined = by_name(other);
        assert_eq!(
            (counts(&joined), joined.elsewhere),
            (vec![UNTOLD; 2], Some(1)),
            "{other}"
        );
    }
}

#[test]
fn consumers_of_other_queues_are_nobodys_business() {
    assert_eq!(
        joined(consuming("192.0.2.1:4001", "other", None), &[]).elsewhere,
        Some(0)
    );
}

#[test]
fn a_broker_that_can_not_tell_says_nothing_of_anybody() {
    let reading = ChannelsReading {
        broker: vec![address(BROKER)],
        open: Err(Failure::new(Reason::Unsupported, "statistics are off")),
    };
    let sockets = [holds(10, "10.0.0.1:4001")];
    let candidates = [candidate("a", &[10])];
    let joined = join(&reading, &sockets, &candidates, "here", &BTreeSet::new());
    assert_eq!(joined.elsewhere, None);
    let expected = Seen {
        broker_socket: Some(true),
        ..Seen::default()
    };
    assert_eq!(joined.seen, [expected]);
}

#[test]
fn a_connection_that_leads_to_a_proxy_may_be_one_of_those_that_nobody_holds() {
    let to = |remote: &str| ProcessSockets {
        pid: 20,
        connections: Some(vec![TcpConnection {
            inode: 1,
            local: address("127.0.0.1:4001"),
            remote: address(remote),
        }]),
    };
    let with = |queue, remote| {
        let open = consuming("10.0.0.7:50000", queue, None);
        counts(&joined(open, &[holds_none(10), holds_none(11), to(remote)]))
    };
    assert_eq!(with("work", "127.0.0.1:5673"), [NONE, UNTOLD]);
    // A database is no proxy, and with nobody unknown there is nothing behind one.
    assert_eq!(with("work", "10.0.0.5:5432"), [NONE, NONE]);
    assert_eq!(with("other", "127.0.0.1:5673"), [NONE, NONE]);
}
