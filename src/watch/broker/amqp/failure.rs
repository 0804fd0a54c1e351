//! lapin's errors as named reasons.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use crate::model::{Failure, Reason};

/// The failure of a connection or channel to `place` whose broker began with `greeting`.
pub(super) fn failure(place: &str, error: &Error, greeting: &[u8]) -> Failure {
    if let ErrorKind::ProtocolError(error) = error.kind() {
        let text = error.get_message().as_str();
        return Failure::new(reason(error.kind(), text), format!("{place}: {text}"));
    }
    if let Some((reason, what)) = not_amqp(greeting) {
        return Failure::new(reason, format!("{place}: {what}"));
    }
    let (reason, what) = match error.kind() {
        ErrorKind::IOError(error) if greeting.is_empty() => (
            Reason::Closed,
            format!("closed without a word, perhaps not an AMQP port: {error}"),
        ),
        ErrorKind::IOError(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => (
            Reason::Closed,
            "the broker closed the connection".to_owned(),
        ),
        ErrorKind::IOError(error) => (Reason::Closed, error.to_string()),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) => (
            Reason::Closed,
            "the broker closed the connection".to_owned(),
        ),
        ErrorKind::MissingHeartbeatError => (Reason::Timeout, error.to_string()),
        _ => (Reason::Malformed, error.to_string()),
    };
    Failure::new(reason, format!("{place}: {what}"))
}

/// What `kind` with the broker's `text` means.
fn reason(kind: &AMQPErrorKind, text: &str) -> Reason {
    match kind {
        // Refused at login: the user or the password.
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) if text.contains("Login was refused") => {
            Reason::Auth
        }
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Reason::Access,
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) if text.contains("not found") => {
            Reason::Vhost
        }
        // No permission for the virtual host, or a connection limit.
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => Reason::Access,
        AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR) if text.contains("is down") => {
            Reason::Vhost
        }
        AMQPErrorKind::Hard(
            AMQPHardError::FRAMEERROR
            | AMQPHardError::SYNTAXERROR
            | AMQPHardError::UNEXPECTEDFRAME
            | AMQPHardError::COMMANDINVALID
            | AMQPHardError::NOTIMPLEMENTED,
        ) => Reason::Malformed,
        _ => Reason::Closed,
    }
}

/// Who else than an AMQP 0-9-1 broker begins so; `None` for one, or for silence.
fn not_amqp(greeting: &[u8]) -> Option<(Reason, &'static str)> {
    match greeting {
        // A TLS alert.
        [0x15, 0x03, ..] => Some((
            Reason::Tls,
            "the port speaks TLS; its URL starts with amqps://",
        )),
        [b'H', b'T', b'T', b'P', ..] => Some((
            Reason::Malformed,
            "the port speaks HTTP, not AMQP; AMQP is usually on 5672",
        )),
        [b'A', b'M', b'Q', b'P', ..] => {
            Some((Reason::Malformed, "the broker does not speak AMQP 0-9-1"))
        }
        // A method frame on channel 0.
        [] | [1, 0, 0, ..] => None,
        [..] => Some((Reason::Malformed, "the port does not speak AMQP")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapin::protocol::AMQPError;

    fn reason_of(kind: AMQPErrorKind, text: &str) -> Reason {
        let error = Error::from(ErrorKind::ProtocolError(AMQPError::new(kind, text.into())));
        failure("h:1", &error, &[1, 0, 0]).reason
    }

    #[test]
    fn what_the_broker_says_becomes_a_reason() {
        use AMQPHardError::{CONNECTIONFORCED, INTERNALERROR, NOTALLOWED};
        let soft = || AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED);
        let login = "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.";
        assert_eq!(reason_of(soft(), login), Reason::Auth);
        let queue = "ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'u'";
        assert_eq!(reason_of(soft(), queue), Reason::Access);
        for (kind, text, reason) in [
            (NOTALLOWED, "NOT_ALLOWED - vhost x not found", Reason::Vhost),
            (
                NOTALLOWED,
                "NOT_ALLOWED - access to vhost 'x' refused for user 'u'",
                Reason::Access,
            ),
            (
                INTERNALERROR,
                "INTERNAL_ERROR - access to vhost 'x' refused for user 'u': vhost 'x' is down",
                Reason::Vhost,
            ),
            (
                CONNECTIONFORCED,
                "CONNECTION_FORCED - shutdown",
                Reason::Closed,
            ),
        ] {
            assert_eq!(reason_of(AMQPErrorKind::Hard(kind), text), reason, "{text}");
        }
    }

    #[test]
    fn other_protocols_are_told_by_their_first_bytes() {
        let error = Error::from(std::io::Error::from(std::io::ErrorKind::ConnectionAborted));
        for (greeting, reason) in [
            (&b""[..], Reason::Closed),
            (b"\x01\x00\x00\x00", Reason::Closed),
            (b"\x15\x03\x03\x00", Reason::Tls),
            (b"HTTP/1.1 400", Reason::Malformed),
            (b"AMQP\x00\x01\x00\x00", Reason::Malformed),
            (b"SSH-2.0", Reason::Malformed),
        ] {
            assert_eq!(failure("h:1", &error, greeting).reason, reason);
        }
    }
}
