//! Names for what goes wrong between a request and its answer.

use std::error::Error;
use std::fmt::Display;
use std::io;

use reqwest::StatusCode;
use url::Url;

use crate::model::{Failure, Reason};

/// The failure of a request to `place` that got no whole answer.
pub(crate) fn transport(place: &dyn Display, error: &reqwest::Error) -> Failure {
    let reason = transport_reason(error);
    let what = match reason {
        Reason::Dns => "its host name can't be resolved",
        Reason::Refused => "nothing listens there",
        Reason::Timeout => "no answer in time",
        Reason::Tls => "the TLS handshake failed",
        Reason::Closed => "the connection was closed in the middle",
        _ => "not an HTTP answer",
    };
    Failure::new(reason, format!("{place}: {what}: {}", innermost(error)))
}

fn transport_reason(error: &reqwest::Error) -> Reason {
    let mut reason = None;
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(e) = next {
        if let Some(found) = named(e) {
            reason = Some(found);
        }
        next = e.source();
    }
    match reason {
        Some(reason) => reason,
        None if error.is_timeout() => Reason::Timeout,
        None if error.is_connect() => Reason::Refused,
        None => Reason::Malformed,
    }
}

/// What one error of the chain says by itself; the innermost that says something wins.
fn named(error: &(dyn Error + 'static)) -> Option<Reason> {
    if error.is::<rustls::Error>() {
        return Some(Reason::Tls);
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        // An I/O error's `source` passes over the error that it wraps.
        let wrapped = io.get_ref().and_then(|e| named(e));
        return wrapped.or_else(|| io_reason(io.kind()));
    }
    let words = error.to_string();
    // Neither type is public in the crates that make them.
    if words.contains("dns error") {
        return Some(Reason::Dns);
    }
    if words.contains("connection closed before message completed")
        || words.contains("end of file before message length reached")
        || words.contains("unexpected EOF")
    {
        return Some(Reason::Closed);
    }
    None
}

fn io_reason(kind: io::ErrorKind) -> Option<Reason> {
    match kind {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Some(Reason::Refused),
        io::ErrorKind::TimedOut => Some(Reason::Timeout),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Reason::Closed),
        _ => None,
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    // A reqwest error itself would repeat the URL.
    if last.is::<reqwest::Error>() {
        return error.to_string();
    }
    last.to_string()
}

/// The failure of an answer with a status that is not a success.
pub(super) fn status(url: &Url, status: StatusCode, body: &[u8]) -> Failure {
    let words = broker_words(body);
    let lower = words.to_ascii_lowercase();
    let reason = match status {
        // RabbitMQ answers 401 for a missing tag too, and tells the two apart only in its words.
        StatusCode::UNAUTHORIZED
            if lower.contains("not ") && lower.contains("user")
                || lower.contains("not_management_user") =>
        {
            Reason::Access
        }
        StatusCode::UNAUTHORIZED => Reason::Auth,
        StatusCode::FORBIDDEN => Reason::Access,
        StatusCode::NOT_FOUND => Reason::Unsupported,
        _ => Reason::Status,
    };
    let code = status.as_u16();
    let message = match words.is_empty() {
        true => format!("{url} answered {code}"),
        false => format!("{url} answered {code}: {words}"),
    };
    Failure::new(reason, message)
}

/// The `reason` of the broker's error document, else nothing; printable and short.
fn broker_words(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Words {
        reason: Option<String>,
    }
    let words = serde_json::from_slice::<Words>(body).ok();
    let words = words.and_then(|w| w.reason).unwrap_or_default();
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}
