//! A request with headers of one's own, and the bytes that come back.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::PATIENCE;

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find(|l| l.starts_with(&format!("{name}:")))?;
        line.split_once(": ").map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// Sends `METHOD PATH` with these header lines and reads until the server closes.
pub(crate) fn ask(address: &str, request: &str, headers: &[&str]) -> Answer {
    send(address, request, headers, b"")
}

/// Posts JSON with a bearer token.
pub(crate) fn post(address: &str, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
    try_post(address, path, token, body).unwrap()
}

fn send(address: &str, request: &str, headers: &[&str], body: &[u8]) -> Answer {
    try_send(address, request, headers, body).unwrap()
}

/// As [`post`], of a server that may not be there.
pub(super) fn try_post(
    address: &str,
    path: &str,
    token: Option<&str>,
    body: &[u8],
) -> Option<Answer> {
    let length = format!("Content-Length: {}", body.len());
    let token = token.map(|token| format!("Authorization: Bearer {token}"));
    let mut headers = vec!["Content-Type: application/json", &length];
    headers.extend(token.as_deref());
    try_send(address, &format!("POST {path}"), &headers, body).ok()
}

fn try_send(
    address: &str,
    request: &str,
    headers: &[&str],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let cut = || std::io::Error::other("the answer is cut off");
    let split = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&bytes[..split]).to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(cut)?,
        head,
        body: bytes[split + 4..].to_vec(),
    })
}
