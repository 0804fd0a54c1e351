//! systemd's service units, over the system bus: read here, started and stopped in `act.rs`.
//!
//! Whether a person stopped a unit is told from its own times (`unit.rs`), so it is also known of
//! what happened before anybody watched; but systemd forgets a unit that is down, has not failed
//! and that nothing refers to (one that is not enabled), and then only a watcher knows.

pub(super) mod act;
mod failure;
mod session;
mod unit;

#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use self::failure::failure;
use self::session::Session;
use super::observe::{Instance, InstanceState};
use crate::model::{Failure, Reason};

/// For the whole of one reading; shorter than its probe waits, so that the reason is told.
const DEADLINE: Duration = Duration::from_millis(1800);
/// Of one answer; systemd answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// The bus allows a connection some 100 open questions.
const AT_ONCE: usize = 16;

/// Some service units.
#[derive(Debug)]
pub struct Systemd {
    units: Vec<String>,
    address: Option<String>,
    session: Option<Session>,
    deadline: Duration,
    patience: Duration,
}

impl Systemd {
    /// The units of these names, at the system bus: `DBUS_SYSTEM_BUS_ADDRESS`, or its usual place.
    pub fn new(units: Vec<String>) -> Self {
        Systemd {
            units,
            address: None,
            session: None,
            deadline: DEADLINE,
            patience: PATIENCE,
        }
    }

    /// At the bus of this D-Bus address.
    #[must_use]
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The units as they are now, in their order. Connects when it has to; may be dropped at any
    /// time.
    ///
    /// # Errors
    /// Why systemd could not be asked.
    pub async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        let outcome = timeout(self.deadline, self.read()).await;
        let outcome = outcome.unwrap_or_else(|_| {
            let message = format!("no answer from systemd within {:?}", self.deadline);
            Err(Failure::new(Reason::Timeout, message))
        });
        if outcome.is_err() {
            // The next reading begins anew.
            self.session = None;
        }
        outcome
    }

    /// Ends when one of the units changed since they were read last, or the connection was lost;
    /// pending until they have been read. May be dropped at any time.
    pub async fn changed(&mut self) {
        match &self.session {
            Some(session) => session.changed().await,
            None => std::future::pending().await,
        }
    }

    async fn read(&mut self) -> Result<Vec<Instance>, Failure> {
        let address = self.address.as_deref();
        let told = |error| failure(&error, address);
        let session = match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => {
                let paths = self.units.iter().map(|unit| object_path(unit));
                Session::open(address, paths, self.patience)
                    .await
                    .map_err(told)?
            }
        };
        let session = self.session.insert(session);
        session.caught_up();
        let units = stream::iter(self.units.clone()).map(|name| instance(session, name));
        units.buffered(AT_ONCE).try_collect().await.map_err(told)
    }
}

async fn instance(session: &Session, name: String) -> zbus::Result<Instance> {
    let (unit, before) = match session.unit(&object_path(&name)).await {
        Ok(both) => both,
        // systemd answers so for what can't be a unit, such as a template without its instance.
        Err(error) if failure::is_about_the_unit(&error) => {
            return Ok(Instance {
                name,
                state: InstanceState::Unknown,
                ..Instance::default()
            });
        }
        Err(error) => return Err(error),
    };
    let pids = if unit.control_group.is_empty() {
        Some(Vec::new())
    } else {
        match session.processes(&name).await {
            Ok(pids) => Some(pids),
            Err(error) if failure::is_about_the_unit(&error) => None,
            Err(error) => return Err(error),
        }
    };
    Ok(unit.instance(&name, pids, Some(&before)))
}

/// Where a unit is on the bus: what is no letter or digit, and a digit in front, in hexadecimal.
fn object_path(unit: &str) -> String {
    let mut path = String::from("/org/freedesktop/systemd1/unit/");
    for (at, byte) in unit.bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (byte.is_ascii_digit() && at > 0) {
            path.push(byte.into());
        } else {
            path.push_str(&format!("_{byte:02x}"));
        }
    }
    path
}
