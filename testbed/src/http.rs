//! The smallest HTTP client that reads these servers: HTTP/1.0 over a blocking socket, one
//! request per connection. It needs no runtime, so it may be called from any test.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::{Error, Result};

/// How long connecting, or waiting for the next bytes, may take.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header lines as they came.
    pub headers: String,
    /// The body; bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// `GET url`, as `guest` where `url` says `http://guest:guest@..`.
///
/// # Errors
/// [`Error::Http`] when there is no answer; a status such as 404 is an answer.
pub fn get(url: &str) -> Result<Response> {
    request("GET", url, None, TIMEOUT)
}

/// `POST url` with a JSON body.
///
/// # Errors
/// As [`get`].
pub fn post(url: &str, json: &str) -> Result<Response> {
    request("POST", url, Some(json), TIMEOUT)
}

/// `PUT url` with a JSON body.
///
/// # Errors
/// As [`get`].
pub fn put(url: &str, json: &str) -> Result<Response> {
    request("PUT", url, Some(json), TIMEOUT)
}

/// `DELETE url`.
///
/// # Errors
/// As [`get`].
pub fn delete(url: &str) -> Result<Response> {
    request("DELETE", url, None, TIMEOUT)
}

/// Any request, with its own timeout for connecting and between bytes.
///
/// # Errors
/// As [`get`].
pub fn request(method: &str, url: &str, json: Option<&str>, timeout: Duration) -> Result<Response> {
    exchange(method, url, json, timeout).map_err(|reason| Error::Http {
        url: url.to_owned(),
        reason,
    })
}

/// The answer parsed as JSON.
///
/// # Errors
/// As [`get`], and for any status but 2xx, and for a body that is no JSON.
pub fn get_json(url: &str) -> Result<serde_json::Value> {
    let response = get(url)?;
    let failed = |reason: String| Error::Http {
        url: url.to_owned(),
        reason,
    };
    if response.status / 100 != 2 {
        return Err(failed(format!("{} {}", response.status, response.body)));
    }
    serde_json::from_str(&response.body).map_err(|error| failed(error.to_string()))
}

fn exchange(
    method: &str,
    url: &str,
    json: Option<&str>,
    timeout: Duration,
) -> std::result::Result<Response, String> {
    let rest = url.strip_prefix("http://").ok_or("no http:// address")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some(("guest:guest", host)) => ("Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n", host),
        Some(_) => return Err("only guest:guest is known here".to_owned()),
        None => ("", authority),
    };
    let path = if path.is_empty() { "/" } else { path };
    let address = host.parse().map_err(|error| format!("{host}: {error}"))?;
    let body = json.unwrap_or_default();
    let content = json.map_or(String::new(), |body| {
        format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        )
    });
    let mut stream =
        TcpStream::connect_timeout(&address, timeout).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    stream
        .set_read_timeout(Some(timeout))
        .and_then(|()| stream.set_write_timeout(Some(timeout)))
        .and_then(|()| {
            write!(
                stream,
                "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{user}{content}\r\n{body}"
            )
        })
        .and_then(|()| stream.read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| "no HTTP answer".to_owned())
}

fn parse(text: &str) -> Option<Response> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (status_line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = status_line.split(' ').nth(1)?.parse().ok()?;
    Some(Response {
        status,
        headers: headers.to_owned(),
        body: body.to_owned(),
    })
}
