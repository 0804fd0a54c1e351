//! What warrener tells the service manager that started it: that it serves, loads its configuration
//! again, stops, and that its work goes on. The protocol is systemd's `sd_notify(3)`: lines in a
//! datagram to the socket that `NOTIFY_SOCKET` names. Started otherwise it tells nobody.
//!
//! Must not know what the work is: whoever does it calls [`Service::progressed`].

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The variables of the protocol. They are meant for warrener, not for what it starts.
pub const OWN_VARIABLES: [&str; 3] = [SOCKET, WATCHDOG, WATCHDOG_PID];
const SOCKET: &str = "NOTIFY_SOCKET";
const WATCHDOG: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";

/// A manager that does not take a datagram for so long is not waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Progress is told so many times within the time that the watchdog waits.
const PER_WATCHDOG: u32 = 4;
/// The watchdog waits for this many turns of the work at least, and this much besides.
const TURNS: u32 = 4;
const BESIDES: Duration = Duration::from_secs(30);

/// The manager, where there is one.
#[derive(Debug, Default)]
pub struct Service {
    manager: Option<(UnixDatagram, SocketAddr)>,
    /// How long the watchdog waits for progress.
    watchdog: Option<Duration>,
    /// As the unit says.
    configured: Option<Duration>,
    told: Option<Instant>,
}

impl Service {
    /// The one that this process was started by.
    #[must_use]
    pub fn from_environment() -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let Some(address) = variable(SOCKET) else {
            return Service::default();
        };
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        let meant = number(WATCHDOG_PID).is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number(WATCHDOG).filter(|_| meant);
        Self::at(&address, watchdog.map(Duration::from_micros)).unwrap_or_else(|error| {
            tracing::warn!(%error, "{SOCKET} can't be used: the service manager is told nothing");
            Service::default()
        })
    }

    /// At a path, or at an abstract address that begins with `@`.
    fn at(address: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        let address = match address.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Service {
            manager: Some((socket, address)),
            watchdog,
            configured: watchdog,
            told: None,
        })
    }

    /// It serves, with a turn of its work every `every`. A watchdog that would not wait for some turns
    /// is told to.
    pub fn ready(&mut self, every: Duration) {
        let needed = every.saturating_mul(TURNS).saturating_add(BESIDES);
        self.watchdog = self.configured.map(|configured| configured.max(needed));
        let wait = self.watchdog.filter(|wait| Some(*wait) != self.configured);
        let wait = wait.map_or(String::new(), |wait| {
            format!("\nWATCHDOG_USEC={}", wait.as_micros())
        });
        self.tell(&format!("READY=1\nSTATUS=Serving{wait}"));
    }

    /// It loads its configuration again; [`Service::ready`] follows.
    pub fn reloading(&self) {
        self.tell("RELOADING=1\nSTATUS=Loading the configuration");
    }

    /// It ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Stopping: requests under way may finish");
    }

    /// A turn of the work is done. Told to the watchdog, where there is one, now and then.
    pub fn progressed(&mut self, now: Instant) {
        let Some(watchdog) = self.watchdog else {
            return;
        };
        let since = |told: Instant| now.saturating_duration_since(told);
        let due = |told| since(told) >= watchdog / PER_WATCHDOG;
        if self.told.is_none_or(due) && self.tell("WATCHDOG=1") {
            self.told = Some(now);
        }
    }

    fn tell(&self, words: &str) -> bool {
        let Some((socket, address)) = &self.manager else {
            return false;
        };
        let sent = socket.send_to_addr(words.as_bytes(), address);
        if let Err(error) = &sent {
            let told = words.lines().next();
            tracing::warn!(%error, told, "the service manager took no notice");
        }
        sent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(manager: &UnixDatagram) -> Option<String> {
        manager.set_nonblocking(true).unwrap();
        let mut buffer = [0; 256];
        let length = manager.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_manager_hears_each_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let mut service = Service::at(path.as_os_str(), None).unwrap();
        service.ready(SECOND);
        assert_eq!(heard(&manager).as_deref(), Some("READY=1\nSTATUS=Serving"));
        service.reloading();
        assert!(heard(&manager).unwrap().starts_with("RELOADING=1\n"));
        service.stopping();
        assert!(heard(&manager).unwrap().starts_with("STOPPING=1\n"));
        service.progressed(Instant::now());
        assert_eq!(heard(&manager), None, "there is no watchdog");
    }

    #[test]
    fn progress_is_told_now_and_then_at_an_abstract_address() {
        let name = format!("warrener-service-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        let address = format!("@{name}");
        let mut service = Service::at(address.as_ref(), Some(60 * SECOND)).unwrap();
        let start = Instant::now();
        service.progressed(start);
        assert_eq!(heard(&manager).as_deref(), Some("WATCHDOG=1"));
        service.progressed(start + 14 * SECOND);
        assert_eq!(heard(&manager), None);
        service.progressed(start + 15 * SECOND);
        assert_eq!(heard(&manager).as_deref(), Some("WATCHDOG=1"));
    }

    #[test]
    fn a_watchdog_waits_for_some_turns_of_slow_work() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let mut service = Service::at(path.as_os_str(), Some(60 * SECOND)).unwrap();
        service.ready(60 * SECOND);
        let told = heard(&manager).unwrap();
        assert!(told.ends_with("\nWATCHDOG_USEC=270000000"), "{told}");
        service.ready(5 * SECOND);
        assert_eq!(heard(&manager).as_deref(), Some("READY=1\nSTATUS=Serving"));
    }

    #[test]
    fn a_manager_that_is_not_there_is_no_reason_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nobody");
        let mut service = Service::at(path.as_os_str(), Some(SECOND)).unwrap();
        service.ready(SECOND);
        service.progressed(Instant::now());
        Service::default().stopping();
    }
}
