//! What comes to the web server: connections by what they do, what was refused and why, and the file
//! that guards it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::families::{Families, NONE};
use super::local::Reload;

macro_rules! labels {
    ($(#[$doc:meta])* $type:ident, [$($(#[$of:meta])* $variant:ident = $text:literal),* $(,)?]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {
            $($(#[$of])* $variant,)*
        }

        impl $type {
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its word in labels and logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

labels!(
    /// What a connection does.
    Phase, [
        /// TLS is agreed on.
        Handshake = "handshake",
        /// The client sends the head of a request.
        Head = "head",
        /// It waits for the next request.
        Idle = "idle",
        /// A request is answered.
        Busy = "busy",
        /// A stream of events goes out.
        Stream = "stream",
    ]
);

labels!(
    /// Why a connection or a request came to nothing.
    Refused, [
        /// Every place is taken by what can't be cut.
        Full = "full",
        /// The client's address has all the places it may have.
        SourceFull = "source_full",
        /// It made room for another, having asked nothing or taken too long.
        Displaced = "displaced",
        /// No TLS was agreed on.
        Tls = "tls",
        /// TLS was not agreed on in time.
        TlsTimeout = "tls_timeout",
        /// The head of a request did not arrive in time.
        HeadTimeout = "head_timeout",
        /// No next request came.
        IdleTimeout = "idle_timeout",
        /// The body did not arrive, or the answer was not taken, in time.
        RequestTimeout = "request_timeout",
        /// The head is too long.
        HeadTooLarge = "head_too_large",
        /// It is not HTTP.
        Malformed = "malformed",
        /// No `Host`, or several.
        Host = "host",
        /// As many streams of events as there may be.
        Streams = "streams",
        /// More requests than `rate_limit` lets through.
        RateLimit = "rate_limit",
        /// The user or password of the web configuration is missing or wrong.
        Unauthenticated = "unauthenticated",
        /// Too many passwords of one address wait to be verified.
        Verifying = "verifying",
    ]
);

/// The web server's own counters.
#[derive(Debug, Default)]
pub struct Web {
    accepted: AtomicU64,
    phases: [AtomicU64; Phase::ALL.len()],
    refused: [AtomicU64; Refused::ALL.len()],
    file: Mutex<File>,
}

#[derive(Clone, Copy, Debug, Default)]
struct File {
    newest: Option<Reload>,
    reloads: [u64; 2],
}

impl Web {
    /// A connection was accepted.
    pub fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    /// A connection goes from one phase to another; `None`: it was not, or is no more.
    pub fn moved(&self, from: Option<Phase>, to: Option<Phase>) {
        if let Some(from) = from {
            self.phases[from as usize].fetch_sub(1, Relaxed);
        }
        if let Some(to) = to {
            self.phases[to as usize].fetch_add(1, Relaxed);
        }
    }

    /// Something was refused.
    pub fn refused(&self, why: Refused) {
        self.refused[why as usize].fetch_add(1, Relaxed);
        tracing::debug!(reason = why.as_str(), "refused");
    }

    /// Enters an attempt to read the web configuration.
    pub fn read(&self, reload: Reload) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.reloads[usize::from(reload.accepted)] += 1;
        file.newest = Some(reload);
    }

    pub(super) fn write(&self, f: &mut Families<'_>) -> fmt::Result {
        f.gauge(
            "warrener_http_connections",
            "Connections by what they do: agree on TLS, send a head, wait for the next request, are \
             answered, take a stream of events.",
            Phase::ALL.iter().map(|phase| {
                let n = self.phases[*phase as usize].load(Relaxed);
                ([("state", phase.as_str())], Some(n))
            }),
        )?;
        f.counter(
            "warrener_http_connections_accepted",
            "Connections accepted.",
            [(NONE, Some(self.accepted.load(Relaxed)))],
        )?;
        f.counter(
            "warrener_http_refused",
            "Connections and requests that came to nothing, by reason.",
            Refused::ALL.iter().map(|why| {
                let n = self.refused[*why as usize].load(Relaxed);
                ([("reason", why.as_str())], Some(n))
            }),
        )?;
        let file = *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = file.newest;
        f.gauge(
            "warrener_web_config_last_reload_successful",
            "1 when the newest reading of the web configuration and of its certificates was \
             accepted; 0 while older ones are in force because the newest were rejected.",
            [(NONE, newest.map(|r| u64::from(r.accepted)))],
        )?;
        f.gauge(
            "warrener_web_config_last_reload_success_timestamp_seconds",
            "When the web configuration in force was read.",
            [(NONE, newest.map(|r| r.in_force_since.unix_seconds()))],
        )?;
        f.counter(
            "warrener_web_config_reloads",
            "Readings of the web configuration or of its certificates that had changed, the first \
             one included.",
            ["rejected", "accepted"]
                .into_iter()
                .zip(file.reloads)
                .map(|(outcome, n)| ([("outcome", outcome)], newest.map(|_| n))),
        )
    }
}
