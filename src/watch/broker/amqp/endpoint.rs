//! An AMQP URL taken apart as RabbitMQ's URI specification says.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::model::Secret;

/// Where one node listens, and who logs in there.
#[derive(Clone, Debug, PartialEq)]
pub struct AmqpEndpoint {
    /// `amqps://`.
    pub tls: bool,
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Name or address; an IPv6 address without its brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Virtual host.
    pub vhost: String,
}

/// Why a text is no AMQP URL; never shows any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedAmqpUrl {
    /// Not a URL.
    #[error("is no URL: {0}")]
    Url(#[from] url::ParseError),
    /// Another scheme, or a URL without `//`.
    #[error("does not start with amqp:// or amqps://")]
    Scheme,
    /// Decoded, some part is not UTF-8.
    #[error("holds a %-sequence that is not UTF-8")]
    Encoding,
}

impl AmqpEndpoint {
    /// Takes `url` apart; its parts are percent-decoded. What is left out is as usual: user and
    /// password `guest`, host `localhost`, port 5672 (TLS: 5671), virtual host `/`.
    ///
    /// `amqp://host` means the virtual host `/`, `amqp://host/` the one without a name. The query
    /// is not looked at.
    ///
    /// # Errors
    /// [`MalformedAmqpUrl`].
    pub fn parse(url: &str) -> Result<Self, MalformedAmqpUrl> {
        let url = Url::parse(url)?;
        let tls = match url.scheme() {
            "amqp" => false,
            "amqps" => true,
            _ => return Err(MalformedAmqpUrl::Scheme),
        };
        if url.cannot_be_a_base() {
            return Err(MalformedAmqpUrl::Scheme);
        }
        let user = match url.username() {
            "" => "guest".to_owned(),
            user => decoded(user)?,
        };
        let password = url
            .password()
            .map_or_else(|| Ok("guest".to_owned()), decoded)?;
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => decoded(name)?,
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(Host::Domain(_)) | None => "localhost".to_owned(),
        };
        let vhost = match url.path() {
            "" => "/".to_owned(),
            path => decoded(path.strip_prefix('/').unwrap_or(path))?,
        };
        Ok(AmqpEndpoint {
            tls,
            user,
            password: Secret::new(password),
            host,
            port: url.port().unwrap_or(if tls { 5671 } else { 5672 }),
            vhost,
        })
    }

    /// `host:port`, as messages name it.
    pub fn place(&self) -> String {
        if self.host.parse::<Ipv6Addr>().is_ok() {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

fn decoded(part: &str) -> Result<String, MalformedAmqpUrl> {
    percent_decode_str(part)
        .decode_utf8()
        .map(String::from)
        .map_err(|_| MalformedAmqpUrl::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> AmqpEndpoint {
        AmqpEndpoint::parse(url).unwrap()
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let endpoint = parse("amqp://");
        assert_eq!(endpoint.place(), "localhost:5672");
        assert_eq!(endpoint.user, "guest");
        assert_eq!(endpoint.password.expose(), "guest");
        assert_eq!(endpoint.vhost, "/");
        assert_eq!(parse("amqps://h").place(), "h:5671");
        assert_eq!(parse("amqp:///v").place(), "localhost:5672");
    }

    #[test]
    fn the_virtual_host_is_what_the_uri_specification_says() {
        for (url, vhost) in [
            ("amqp://h", "/"),
            ("amqp://h/", ""),
            ("amqp://h/%2f", "/"),
            ("amqp://h/%2F", "/"),
            ("amqp://h/v", "v"),
            ("amqp://h/v?heartbeat=10", "v"),
            ("amqp://h/a%2fb", "a/b"),
            ("amqp://h/%C3%BC%20x", "ü x"),
        ] {
            assert_eq!(parse(url).vhost, vhost, "{url}");
        }
    }

    #[test]
    fn every_part_is_decoded() {
        let endpoint = parse("amqp://us%40er:p%3Ass%2fw%25@h%6fst:10000/v");
        assert_eq!(endpoint.user, "us@er");
        assert_eq!(endpoint.password.expose(), "p:ss/w%");
        assert_eq!(endpoint.host, "host");
        assert_eq!(endpoint.port, 10_000);
    }

    #[test]
    fn addresses_keep_their_form() {
        assert_eq!(parse("amqp://[::1]:5673").host, "::1");
        assert_eq!(parse("amqp://[::1]:5673").place(), "[::1]:5673");
        assert_eq!(parse("amqp://127.0.0.1").place(), "127.0.0.1:5672");
    }

    #[test]
    fn what_is_no_amqp_url_is_refused_without_showing_it() {
        for url in [
            "",
            "h:5672",
            "http://user:hunter2@h",
            "amqp:h",
            "amqp://u:hunter2@h:port",
            "amqp://u:hunter2@h:99999",
            "amqp://u:%ff@h",
        ] {
            let error = AmqpEndpoint::parse(url).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
