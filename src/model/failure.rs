//! Why a reading of the world did not succeed: one enum for the log field, the metric label and
//! the words a person reads.

use std::fmt;

/// The named reason of a failed probe. [`Reason::as_str`] is the `reason` label and log field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A host name could not be resolved.
    Dns,
    /// Nothing listens there: the connection was refused or reset while connecting.
    Refused,
    /// No answer within the deadline (also a broker that accepts but does not speak).
    Timeout,
    /// The connection was closed in the middle of the conversation.
    Closed,
    /// TLS: handshake, certificate or name.
    Tls,
    /// The credentials were refused.
    Auth,
    /// The virtual host does not exist, or is down.
    Vhost,
    /// Logged in, but the user lacks the permission or the tag.
    Access,
    /// The broker blocks publishers because of a memory or disk alarm.
    Blocked,
    /// An HTTP status that none of the other reasons explains.
    Status,
    /// An answer that is not what the protocol promises.
    Malformed,
    /// More was sent than the cap allows.
    TooLarge,
    /// A `${VAR}` has no value, or one that makes no URL, and nothing worked before.
    Unresolved,
    /// The operating system refused or failed.
    Io,
    /// This broker or host can't tell what was asked.
    Unsupported,
    /// The probe's own code panicked; it was fenced and will be tried again.
    Panic,
}

impl Reason {
    /// Every reason, in the order of declaration.
    pub const ALL: [Reason; 16] = [
        Reason::Dns,
        Reason::Refused,
        Reason::Timeout,
        Reason::Closed,
        Reason::Tls,
        Reason::Auth,
        Reason::Vhost,
        Reason::Access,
        Reason::Blocked,
        Reason::Status,
        Reason::Malformed,
        Reason::TooLarge,
        Reason::Unresolved,
        Reason::Io,
        Reason::Unsupported,
        Reason::Panic,
    ];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Dns => "dns",
            Reason::Refused => "refused",
            Reason::Timeout => "timeout",
            Reason::Closed => "closed",
            Reason::Tls => "tls",
            Reason::Auth => "auth",
            Reason::Vhost => "vhost",
            Reason::Access => "access",
            Reason::Blocked => "blocked",
            Reason::Status => "status",
            Reason::Malformed => "malformed",
            Reason::TooLarge => "too_large",
            Reason::Unresolved => "unresolved",
            Reason::Io => "io",
            Reason::Unsupported => "unsupported",
            Reason::Panic => "panic",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed reading: the reason, and one sentence for a person that names the endpoint, path or
/// item. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({reason})")]
pub struct Failure {
    /// The named reason.
    pub reason: Reason,
    /// What happened, where; no secrets, no trailing full stop.
    pub message: String,
}

impl Failure {
    /// A failure for `reason` with a message for people.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Failure {
            reason,
            message: message.into(),
        }
    }
}
