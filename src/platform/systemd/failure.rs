//! What went wrong on the bus, in words that say what to do.

use std::io::{self, ErrorKind};

use zbus::{Error, fdo};

use crate::model::{Failure, Reason};

/// Whether systemd answered, and only had nothing to say of this unit.
pub(super) fn is_about_the_unit(error: &Error) -> bool {
    let named = ["NoSuchUnit", "UnitMasked", "LoadFailed"];
    match error {
        Error::MethodError(name, ..) => named.iter().any(|n| name.as_str().ends_with(n)),
        Error::FDO(error) => matches!(
            **error,
            fdo::Error::UnknownObject(_)
                | fdo::Error::UnknownInterface(_)
                | fdo::Error::InvalidArgs(_)
        ),
        _ => false,
    }
}

pub(super) fn failure(error: &Error, address: Option<&str>) -> Failure {
    let bus = address.map_or_else(
        || "the system bus".to_owned(),
        |a| format!("the bus at {a}"),
    );
    let (reason, words) = match error {
        Error::Connection(error, _) => connecting(error, &bus),
        Error::InputOutput(error) if error.kind() == ErrorKind::TimedOut => {
            (Reason::Timeout, "systemd does not answer".to_owned())
        }
        Error::InputOutput(error) => (Reason::Closed, format!("{bus}: {error}")),
        Error::Handshake(_) => (
            Reason::Auth,
            format!("{bus} lets this user not in: {error}"),
        ),
        Error::Address(_) => (
            Reason::Unsupported,
            format!(
                "{bus}: {error}; set DBUS_SYSTEM_BUS_ADDRESS to an address such as unix:path=/run/dbus/system_bus_socket"
            ),
        ),
        Error::FDO(answer) => match &**answer {
            fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => (
                Reason::Unsupported,
                format!("no systemd on {bus}; use another `control`, or `match` alone"),
            ),
            fdo::Error::AccessDenied(why) => (Reason::Access, format!("{bus}: {why}")),
            fdo::Error::NoReply(_) | fdo::Error::TimedOut(_) => {
                (Reason::Timeout, "systemd does not answer".to_owned())
            }
            fdo::Error::Disconnected(why) => (Reason::Closed, format!("{bus}: {why}")),
            _ => (Reason::Malformed, format!("{bus}: {error}")),
        },
        _ => (Reason::Malformed, format!("{bus}: {error}")),
    };
    Failure::new(reason, words)
}

fn connecting(error: &io::Error, bus: &str) -> (Reason, String) {
    match error.kind() {
        ErrorKind::NotFound => (
            Reason::Unsupported,
            format!(
                "{bus} is not here; a `systemd` control needs the host's: in a container, mount \
                 /run/dbus/system_bus_socket or set DBUS_SYSTEM_BUS_ADDRESS"
            ),
        ),
        ErrorKind::ConnectionRefused => (
            Reason::Refused,
            format!("nothing listens on {bus}: is dbus running?"),
        ),
        ErrorKind::PermissionDenied => (
            Reason::Access,
            format!("{bus} may not be opened by this user"),
        ),
        ErrorKind::TimedOut => (Reason::Timeout, format!("{bus} does not answer")),
        _ => (Reason::Io, format!("{bus}: {error}")),
    }
}
