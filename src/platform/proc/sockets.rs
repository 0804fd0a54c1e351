//! Which process holds which TCP connection: `PID/net/tcp{,6}` of its network namespace gives
//! addresses and socket numbers, `PID/fd` the numbers that it holds.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::Proc;
use crate::platform::observe::{ProcessSockets, TcpConnection};

/// The kernel's number for an established connection.
const ESTABLISHED: &str = "01";

/// Connections by the number of their socket.
type Table = HashMap<u64, TcpConnection>;

/// Reads each namespace's table once, and the descriptors of the given processes only.
pub(super) fn of(proc: &Proc, pids: &[u32]) -> Vec<ProcessSockets> {
    let mut tables: HashMap<PathBuf, Option<Table>> = HashMap::new();
    let of = |pid: &u32| {
        let path = |file: &str| proc.root.join(format!("{pid}/{file}"));
        let namespace = fs::read_link(path("ns/net")).ok();
        let connections = namespace.and_then(|namespace| {
            let table = tables.entry(namespace).or_insert_with(|| {
                let four = fs::read_to_string(path("net/tcp")).ok()?;
                // A kernel without IPv6 has no such file.
                let six = fs::read_to_string(path("net/tcp6")).unwrap_or_default();
                let lines = four.lines().skip(1).chain(six.lines().skip(1));
                Some(
                    lines
                        .filter_map(established)
                        .map(|c| (c.inode, c))
                        .collect(),
                )
            });
            let table = table.as_ref()?;
            let held = fs::read_dir(path("fd")).ok()?.filter_map(|fd| {
                let target = fs::read_link(fd.ok()?.path()).ok()?;
                let number = target
                    .to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')?;
                table.get(&number.parse().ok()?).copied()
            });
            let mut held: Vec<TcpConnection> = held.collect();
            held.sort();
            held.dedup();
            Some(held)
        });
        ProcessSockets {
            pid: *pid,
            connections,
        }
    };
    pids.iter().map(of).collect()
}

/// A line of the table, if its connection is established.
fn established(line: &str) -> Option<TcpConnection> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, remote, state, inode) =
        (words.get(1)?, words.get(2)?, words.get(3)?, words.get(9)?);
    (*state == ESTABLISHED).then_some(())?;
    Some(TcpConnection {
        inode: inode.parse().ok()?,
        local: address(local)?,
        remote: address(remote)?,
    })
}

/// `0100007F:1F90`: 32-bit words of the address in the machine's order, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        u32::from_str_radix(ip.get(at..at + 8)?, 16)
            .ok()
            .map(u32::to_ne_bytes)
    };
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(at * 8)?);
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_the_kernel() {
        let line = "   1: 0100007F:B3A2 0200007F:1628 01 00000000:00000000 00:00000000 00000000  \
                    1000        0 4711 1 0000000000000000 20 4 0 10 -1";
        let found = established(line).unwrap();
        assert_eq!(found.inode, 4711);
        assert_eq!(found.local.to_string(), "127.0.0.1:45986");
        assert_eq!(found.remote.to_string(), "127.0.0.2:5672");
        assert_eq!(established(&line.replace(" 01 ", " 0A ")), None);
        // IPv4 in IPv6's clothes is IPv4.
        let mapped = address("0000000000000000FFFF00000100007F:0050").unwrap();
        assert_eq!(mapped.to_string(), "127.0.0.1:80");
        let six = address("00000000000000000000000001000000:0050").unwrap();
        assert_eq!(six.to_string(), "[::1]:80");
        assert_eq!(address("zz:1"), None);
        assert_eq!(address("0100007F"), None);
    }

    #[test]
    fn a_real_connection_is_found_with_its_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        let own = of(&Proc::default(), &[std::process::id(), u32::MAX]);
        let found = own[0].connections.as_ref().unwrap();
        for (end, other) in [(&near, &far), (&far, &near)] {
            let ends = (end.local_addr().unwrap(), other.local_addr().unwrap());
            assert!(found.iter().any(|c| (c.local, c.remote) == ends));
        }
        assert_eq!(own[1].connections, None);
    }
}
