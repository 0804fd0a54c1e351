//! What went wrong with the engine, in words that say what to do.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use bollard::errors::Error;

use crate::model::{Failure, Reason};

pub(super) fn failure(error: &Error, host: &str) -> Failure {
    let (reason, words) = match error {
        Error::SocketNotFoundError(_) => absent(host),
        Error::UnsupportedURISchemeError { .. } => (
            Reason::Unsupported,
            format!(
                "{host} is no engine that can be asked: unix://PATH or tcp://HOST:PORT in DOCKER_HOST"
            ),
        ),
        Error::RequestTimeoutError => (Reason::Timeout, format!("{host} does not answer")),
        Error::DockerResponseServerError {
            status_code: 401 | 403,
            message,
        } => (Reason::Access, format!("{host} refuses: {message}")),
        Error::DockerResponseServerError {
            status_code,
            message,
        } => (Reason::Status, format!("{host}: {status_code}: {message}")),
        _ => match io_error(error) {
            Some(io) => connecting(io, host),
            None if matches!(
                error,
                Error::HyperLegacyError { .. } | Error::HyperResponseError { .. }
            ) =>
            {
                (Reason::Closed, format!("{host} ended the conversation"))
            }
            None => (Reason::Malformed, format!("{host}: {error}")),
        },
    };
    Failure::new(reason, words)
}

fn absent(host: &str) -> (Reason, String) {
    let words = format!(
        "no Docker engine at {host}; a `docker` control needs its socket: in a container, mount \
         it or a filtering proxy's, or set DOCKER_HOST"
    );
    (Reason::Unsupported, words)
}

fn connecting(error: &io::Error, host: &str) -> (Reason, String) {
    match error.kind() {
        ErrorKind::NotFound => absent(host),
        ErrorKind::ConnectionRefused => (
            Reason::Refused,
            format!("nothing listens at {host}: is the engine running?"),
        ),
        ErrorKind::PermissionDenied => (
            Reason::Access,
            format!("{host} may not be opened by this user; its group is usually `docker`"),
        ),
        ErrorKind::TimedOut => (Reason::Timeout, format!("{host} does not answer")),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            (Reason::Closed, format!("{host} ended the conversation"))
        }
        _ => (Reason::Io, format!("{host}: {error}")),
    }
}

/// The system's error among the causes.
fn io_error(error: &Error) -> Option<&io::Error> {
    if let Error::IOError { err } = error {
        return Some(err);
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}
