//! What belongs to this process and changes between snapshots: requests served, reloads, ages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::families::{NONE, encode};
use super::probes;
use super::web::Web;
use crate::model::{Moment, ProbeName};
use crate::publish::Chunk;

/// Counters of this process, added to each scrape.
#[derive(Debug, Default)]
pub struct Local {
    inner: Mutex<Inner>,
    web: Arc<Web>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    requests: BTreeMap<(Arc<str>, u16), u64>,
    reload: Option<Reload>,
    reloads: [u64; 2],
    read_at: Vec<(ProbeName, Moment)>,
}

/// The newest attempt to load the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Reload {
    /// Whether it was accepted.
    pub accepted: bool,
    /// When the configuration in force was accepted.
    pub in_force_since: Moment,
}

impl Local {
    /// Counts an answered request. `route` is a pattern of the router, never a path as requested.
    pub fn answered(&self, route: Arc<str>, code: u16) {
        *self.lock().requests.entry((route, code)).or_default() += 1;
    }

    /// Enters an attempt to load the configuration.
    pub fn reloaded(&self, reload: Reload) {
        let mut inner = self.lock();
        inner.reloads[usize::from(reload.accepted)] += 1;
        inner.reload = Some(reload);
    }

    /// The web server's own counters.
    pub fn web(&self) -> &Arc<Web> {
        &self.web
    }

    /// When each probe last succeeded, for the ages.
    pub(super) fn read_at(&self, read_at: Vec<(ProbeName, Moment)>) {
        self.lock().read_at = read_at;
    }

    /// The families at `now`.
    pub fn encode(&self, now: Moment) -> Chunk {
        let (inner, web) = (self.lock().clone(), Arc::clone(&self.web));
        Chunk::new(encode(move |f| {
            probes::write_ages(&inner.read_at, now, f)?;
            f.gauge(
                "warrener_config_last_reload_successful",
                "1 when the newest attempt to load the configuration was accepted; 0 while an \
                 older one is in force because the newest was rejected.",
                [(NONE, inner.reload.map(|r| u64::from(r.accepted)))],
            )?;
            f.gauge(
                "warrener_config_last_reload_success_timestamp_seconds",
                "When the configuration in force was loaded.",
                [(NONE, inner.reload.map(|r| r.in_force_since.unix_seconds()))],
            )?;
            f.counter(
                "warrener_config_reloads",
                "Attempts to load the configuration, the first one included.",
                ["rejected", "accepted"]
                    .into_iter()
                    .zip(inner.reloads)
                    .map(|(outcome, n)| ([("outcome", outcome)], Some(n))),
            )?;
            f.counter(
                "warrener_http_requests",
                "Requests answered, by route and status.",
                inner.requests.iter().map(|((route, code), n)| {
                    (
                        [("route", route.to_string()), ("code", code.to_string())],
                        Some(*n),
                    )
                }),
            )?;
            web.write(f)
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Counters stay true after a panic elsewhere.
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
