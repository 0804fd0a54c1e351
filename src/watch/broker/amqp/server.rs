//! What the broker says of itself before anybody logs in: the properties in `connection.start`.
//! lapin does not hand them out, so they are read from the bytes that it received.

use lapin::protocol::connection::AMQPMethod;
use lapin::protocol::{AMQPClass, parse_class};
use lapin::types::{AMQPValue, FieldTable};

/// Frame type, channel, length of the payload.
const FRAME_HEADER: usize = 7;

/// The broker's own words about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct ServerProperties {
    /// RabbitMQ's version.
    pub(in super::super) version: Option<String>,
    /// Erlang's version, from `platform: Erlang/OTP 25.2.3`.
    pub(in super::super) erlang_version: Option<String>,
    /// The cluster's name.
    pub(in super::super) cluster: Option<String>,
}

/// Reads the first frame in `greeting`; everything is `None` when it is not `connection.start`.
pub(super) fn properties(greeting: &[u8]) -> ServerProperties {
    let start = payload(greeting).and_then(|payload| match parse_class(payload) {
        Ok((_, AMQPClass::Connection(AMQPMethod::Start(start)))) => Some(start),
        _ => None,
    });
    let Some(start) = start else {
        return ServerProperties::default();
    };
    let table = &start.server_properties;
    ServerProperties {
        version: text(table, "version"),
        erlang_version: text(table, "platform")
            .and_then(|platform| Some(platform.strip_prefix("Erlang/OTP ")?.to_owned())),
        cluster: text(table, "cluster_name"),
    }
}

fn payload(frame: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(frame.get(3..FRAME_HEADER)?.try_into().ok()?);
    let end = FRAME_HEADER.checked_add(usize::try_from(length).ok()?)?;
    frame.get(FRAME_HEADER..end)
}

fn text(table: &FieldTable, key: &str) -> Option<String> {
    match table.inner().get(key)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a `connection.start` with a table of two entries.
    fn greeting() -> Vec<u8> {
        let mut table = Vec::new();
        for (key, value) in [("version", "3.10.8"), ("platform", "Erlang/OTP 25.2.3")] {
            table.push(key.len() as u8);
            table.extend(key.as_bytes());
            table.push(b'S');
            table.extend((value.len() as u32).to_be_bytes());
            table.extend(value.as_bytes());
        }
        let mut payload = vec![0, 10, 0, 10, 0, 9];
        payload.extend((table.len() as u32).to_be_bytes());
        payload.extend(table);
        for text in ["PLAIN", "en_US"] {
            payload.extend((text.len() as u32).to_be_bytes());
            payload.extend(text.as_bytes());
        }
        let mut frame = vec![1, 0, 0];
        frame.extend((payload.len() as u32).to_be_bytes());
        frame.extend(payload);
        frame.push(0xce);
        frame
    }

    #[test]
    fn the_properties_are_read() {
        let properties = properties(&greeting());
        assert_eq!(properties.version.as_deref(), Some("3.10.8"));
        assert_eq!(properties.erlang_version.as_deref(), Some("25.2.3"));
        assert_eq!(properties.cluster, None);
    }

    #[test]
    fn anything_else_says_nothing() {
        let whole = greeting();
        for end in 0..whole.len() - 1 {
            assert_eq!(properties(&whole[..end]), ServerProperties::default());
        }
        for garbage in [&[0xff; 64][..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
            assert_eq!(properties(garbage), ServerProperties::default());
        }
    }
}
