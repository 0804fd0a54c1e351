//! Whether a value is what its key in an env file asks for.

use std::net::Ipv6Addr;

use super::units::{ByteSize, Period};
use super::{Key, KeyType};

impl Key {
    /// Whether its values must not be printed.
    pub fn is_secret(&self) -> bool {
        self.secret || matches!(self.r#type, KeyType::Secret | KeyType::Url)
    }

    /// Whether `value` may stand in the file.
    ///
    /// # Errors
    /// Why not, in words without the value: "is not a port, 1 to 65535".
    pub fn check(&self, value: &str) -> Result<(), String> {
        if !self.r#type.holds(value) {
            return Err(format!("is not {}", self.r#type.words()));
        }
        if let (KeyType::Integer | KeyType::Number, Ok(number)) =
            (self.r#type, value.parse::<f64>())
        {
            match (self.min, self.max) {
                (Some(min), _) if number < min => return Err(format!("is less than {min}")),
                (_, Some(max)) if number > max => return Err(format!("is more than {max}")),
                _ => {}
            }
        }
        if self
            .pattern
            .as_ref()
            .is_some_and(|pattern| !pattern.matches(value))
        {
            return Err("does not match its `pattern`".to_owned());
        }
        if !self.values.is_empty() && !self.values.iter().any(|known| known.expose() == value) {
            return Err("is none of its `values`".to_owned());
        }
        Ok(())
    }
}

impl KeyType {
    fn holds(self, value: &str) -> bool {
        match self {
            Self::String | Self::Secret => true,
            Self::Host => is_host(value),
            Self::Port => digits(value) && value.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
            Self::Bool => {
                let known = ["true", "false", "1", "0", "yes", "no", "on", "off"];
                known.iter().any(|word| word.eq_ignore_ascii_case(value))
            }
            Self::Url => url::Url::parse(value).is_ok_and(|url| url.has_host()),
            Self::Path => value.starts_with('/'),
            Self::Duration => value.parse::<Period>().is_ok(),
            Self::Size => value.parse::<ByteSize>().is_ok(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::String | Self::Secret => "a text",
            Self::Host => "a host name or an IP address",
            Self::Port => "a port, 1 to 65535",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Bool => "`true` or `false`",
            Self::Url => "a URL with a scheme and a host",
            Self::Path => "a path that starts with `/`",
            Self::Duration => "a duration as `5s`",
            Self::Size => "a size as `500MiB`",
        }
    }
}

fn digits(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit())
}

/// A name of RFC 1123 (with the `_` compose projects use), or an address.
fn is_host(value: &str) -> bool {
    let legal = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let address = value
        .strip_prefix('[')
        .and_then(|v| v.strip_suffix(']'))
        .unwrap_or(value);
    let name = value.strip_suffix('.').unwrap_or(value);
    address.parse::<Ipv6Addr>().is_ok() || (name.len() <= 253 && name.split('.').all(legal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(r#type: KeyType, value: &str) -> bool {
        Key {
            r#type,
            ..Key::default()
        }
        .check(value)
        .is_ok()
    }

    #[test]
    fn types_hold_their_values_and_no_others() {
        for (r#type, right, wrong) in [
            (KeyType::Host, "rabbit-1.example.org", "http://rabbit"),
            (KeyType::Host, "::1", "a b"),
            (KeyType::Host, "10.0.0.1", ""),
            (KeyType::Port, "5672", "65536"),
            (KeyType::Port, "1", "+1"),
            (KeyType::Integer, "-4", "4.5"),
            (KeyType::Number, "4.5", "inf"),
            (KeyType::Bool, "Yes", "maybe"),
            (KeyType::Url, "amqp://a:b@h/v", "h:5672"),
            (KeyType::Path, "/a", "a"),
            (KeyType::Duration, "5s", "5"),
            (KeyType::Size, "1GB", "big"),
        ] {
            assert!(holds(r#type, right), "{right}");
            assert!(!holds(r#type, wrong), "{wrong}");
        }
    }

    #[test]
    fn limits_are_told_without_the_value() {
        let key = Key {
            r#type: KeyType::Integer,
            max: Some(10.0),
            ..Key::default()
        };
        assert_eq!(key.check("11").unwrap_err(), "is more than 10");
        let pattern = "a|ab".parse().ok();
        let key = Key {
            pattern,
            ..Key::default()
        };
        assert!(key.check("ab").is_ok() && key.check("abc").is_err());
    }
}
