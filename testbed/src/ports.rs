//! Free loopback ports that stay ours.
//!
//! Binding to port 0 and letting go is a race: the port belongs to the kernel's ephemeral
//! range, so any outgoing connection may take it before the server does, or while a server
//! is down between a stop and a start. Ports here come from below that range. Testbeds
//! exclude each other by an abstract Unix socket named after the port, which the kernel
//! drops with the process that held it; other programs are excluded by a trial bind.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Context;
use crate::{Error, Result};

const FIRST: u16 = 20_000;

/// A port that no other testbed is given for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lease {
    port: u16,
    _claim: UnixListener,
}

impl Lease {
    /// Takes the next free port.
    pub(crate) fn take() -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let range = u32::from(first_ephemeral() - FIRST);
        let start = std::process::id().wrapping_mul(37);
        for _ in 0..range {
            let step = NEXT.fetch_add(1, Ordering::Relaxed);
            let offset = u16::try_from(start.wrapping_add(step) % range).unwrap_or_default();
            if let Some(lease) = Self::claim(FIRST + offset) {
                return Ok(lease);
            }
        }
        Err(Error::Missing("no free loopback port is left".to_owned()))
    }

    /// Takes this one.
    pub(crate) fn exactly(port: u16) -> Result<Self> {
        Self::claim(port).ok_or_else(|| Error::Missing(format!("port {port} is taken")))
    }

    fn claim(port: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("warrener-testbed-port-{port}")).ok()?;
        let claim = UnixListener::bind_addr(&name).ok()?;
        // Both: a listener on every address hides from a bind to one address, and vice versa.
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some(Self {
            port,
            _claim: claim,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn first_ephemeral() -> u16 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .filter(|first| *first > FIRST + 1_000)
        .unwrap_or(32_768)
}

/// A loopback port nobody listens on; no testbed gives it out again while this process lives.
///
/// # Errors
/// When no port is free.
pub fn free_port() -> Result<u16> {
    static KEPT: Mutex<Vec<Lease>> = Mutex::new(Vec::new());
    let lease = Lease::take()?;
    let port = lease.port();
    KEPT.lock()
        .map_err(|_| std::io::Error::other("poisoned"))
        .context(|| "ports".to_owned())?
        .push(lease);
    Ok(port)
}

/// `N` different ports, each as [`free_port`] gives it.
///
/// # Errors
/// When not that many ports are free.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    for port in &mut ports {
        *port = free_port()?;
    }
    Ok(ports)
}
