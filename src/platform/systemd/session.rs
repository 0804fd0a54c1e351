//! One connection to the system bus, and what systemd said on it by itself.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, DynamicType, MatchRule, Message, MessageStream, ObjectPath};

use super::unit::{Properties, Unit};

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "/org/freedesktop/systemd1";
const MANAGER_INTERFACE: &str = "org.freedesktop.systemd1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// Of every one of its units, ours among them: one rule, and the bus allows only so many.
const UNITS: &str = "/org/freedesktop/systemd1/unit";
/// Signals that may wait for us before the connection stands still.
const QUEUE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);
/// A connection that listens.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
    heard: Arc<Heard>,
    /// The listener; ends with the session.
    _listening: JoinSet<()>,
}

#[derive(Debug)]
struct Heard {
    /// By their object paths. Signals are always entered, later than any answer given before them.
    units: Mutex<BTreeMap<String, Unit>>,
    changed: Notify,
}

impl Session {
    /// Connects, and listens to what happens to the units of these object paths. `patience` is that
    /// for one answer.
    pub(super) async fn open(
        address: Option<&str>,
        paths: impl IntoIterator<Item = String>,
        patience: Duration,
    ) -> zbus::Result<Self> {
        let builder = address.map_or_else(Builder::system, Builder::address);
        let connection = builder.method_timeout(patience).build().await?;
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SYSTEMD)
            .interface(PROPERTIES)
            .member("PropertiesChanged")
            .path_namespace(UNITS)
            .build()?;
        let signals = MessageStream::for_match_rule(rule, &connection, Some(QUEUE)).await?;
        let units = paths.into_iter().map(|path| (path, Unit::default()));
        let heard = Arc::new(Heard {
            units: Mutex::new(units.collect()),
            changed: Notify::new(),
        });
        let mut listening = JoinSet::new();
        listening.spawn(listen(signals, Arc::clone(&heard)));
        let session = Session {
            connection,
            heard,
            _listening: listening,
        };
        // Until somebody asks, systemd says nothing of its units.
        session.manager::<_, ()>("Subscribe", &()).await?;
        Ok(session)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// What a unit is now, and what was heard of it before.
    pub(super) async fn unit(&self, path: &str) -> zbus::Result<(Unit, Unit)> {
        let mut unit = Unit::default();
        for interface in [
            "org.freedesktop.systemd1.Unit",
            "org.freedesktop.systemd1.Service",
        ] {
            unit.take(&self.properties(path, interface).await?);
        }
        let mut units = self.heard.lock();
        let heard = units.entry(path.to_owned()).or_default();
        let before = heard.clone();
        if unit.main_started > heard.main_started {
            *heard = unit.clone();
        } else if unit.main_started == heard.main_started && !unit.invocation.is_empty() {
            // No signal tells it.
            heard.invocation.clone_from(&unit.invocation);
        }
        Ok((unit, before))
    }

    /// Every process of a unit, as systemd numbers them; sorted.
    pub(super) async fn processes(&self, name: &str) -> zbus::Result<Vec<u32>> {
        let processes: Vec<(String, u32, String)> = self.manager("GetUnitProcesses", &name).await?;
        let mut pids: Vec<_> = processes.into_iter().map(|(_, pid, _)| pid).collect();
        pids.sort_unstable();
        Ok(pids)
    }

    /// What changed until now is known.
    pub(super) fn caught_up(&self) {
        // A permit that is there is taken; nothing waits.
        let _taken = self.heard.changed.notified().now_or_never();
    }

    /// Ends when something changed since it was caught up, or the connection is lost.
    pub(super) async fn changed(&self) {
        self.heard.changed.notified().await;
    }

    /// The jobs that end from now on.
    pub(super) async fn jobs(&self) -> zbus::Result<Jobs> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SYSTEMD)
            .interface(MANAGER_INTERFACE)
            .member("JobRemoved")
            .path(MANAGER)
            .build()?;
        let signals = MessageStream::for_match_rule(rule, &self.connection, Some(QUEUE)).await?;
        Ok(Jobs(signals))
    }

    /// Some properties of a unit of this interface, as they are now.
    pub(super) async fn properties(&self, path: &str, interface: &str) -> zbus::Result<Properties> {
        self.call(path, PROPERTIES, "GetAll", &interface).await
    }

    /// A method of systemd itself.
    pub(super) async fn manager<B: Serialize + DynamicType, T: DeserializeOwned + zbus::Type>(
        &self,
        method: &str,
        body: &B,
    ) -> zbus::Result<T> {
        self.call(MANAGER, MANAGER_INTERFACE, method, body).await
    }

    async fn call<B: Serialize + DynamicType, T: DeserializeOwned + zbus::Type>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> zbus::Result<T> {
        let answer = self
            .connection
            .call_method(Some(SYSTEMD), path, Some(interface), method, body)
            .await?;
        answer.body().deserialize()
    }
}

/// Jobs that end.
#[derive(Debug)]
pub(super) struct Jobs(MessageStream);

impl Jobs {
    /// The result of the job of this object path; `None` when the connection is lost.
    pub(super) async fn result(&mut self, job: &str) -> Option<String> {
        while let Some(Ok(signal)) = self.0.next().await {
            let body = signal.body();
            let removed = body.deserialize::<(u32, ObjectPath<'_>, &str, &str)>();
            if let Ok((_, path, _, result)) = removed
                && path.as_str() == job
            {
                return Some(result.to_owned());
            }
        }
        None
    }
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Unit>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it changed one of the units.
    fn enter(&self, signal: &Message) -> bool {
        let header = signal.header();
        let mut units = self.lock();
        let Some(unit) = header.path().and_then(|path| units.get_mut(path.as_str())) else {
            return false;
        };
        let body = signal.body();
        let Ok((_, changed, _)) = body.deserialize::<(&str, Properties, Vec<&str>)>() else {
            return false;
        };
        let before = unit.clone();
        unit.take(&changed);
        *unit != before
    }
}

/// Never waits but for the next signal: a queue that fills stops the connection.
async fn listen(mut signals: MessageStream, heard: Arc<Heard>) {
    while let Some(Ok(signal)) = signals.next().await {
        if heard.enter(&signal) {
            heard.changed.notify_one();
        }
    }
    heard.changed.notify_one();
}
