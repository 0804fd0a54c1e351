//! A client that means harm: what it sends and what it gets, and that a scrape goes on meanwhile.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use testbed::wait_until;
use tokio::net::TcpSocket;

use super::table::compare;
use super::{AUTH, TLS, TOKEN, curl, serve};
use crate::support::{PATIENCE, Warrener, ask};

/// Sends bytes, then reads to the end: the status lines that came back.
fn say(w: &Warrener, bytes: &[u8]) -> Vec<String> {
    let mut stream = TcpStream::connect(w.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may hang up before it heard all.
    stream.write_all(bytes).ok();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    let text = String::from_utf8_lossy(&answer);
    let lines = text.lines().filter(|line| line.starts_with("HTTP/1."));
    lines
        .map(|line| line.split(' ').nth(1).unwrap().to_owned())
        .collect()
}

fn request(line: &str, headers: &str) -> Vec<u8> {
    format!("{line}\r\nHost: x\r\n{headers}\r\n").into_bytes()
}

fn get(path: &str) -> Vec<u8> {
    request(&format!("GET {path} HTTP/1.1"), "Connection: close\r\n")
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    let headers = format!(
        "Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n\
         Connection: close\r\n{headers}"
    );
    let mut bytes = request("POST /api/v1/pause HTTP/1.1", &headers);
    bytes.extend(body.as_bytes());
    bytes
}

fn cases() -> Vec<(&'static str, Vec<u8>)> {
    let line = |line: &str| request(line, "Connection: close\r\n");
    let bare = |text: &str| text.as_bytes().to_vec();
    let many: String = (0..120).map(|n| format!("X-{n}: x\r\n")).collect();
    let long = "x".repeat(20_000);
    vec![
        (
            "HTTP/1.0 without `Host`",
            bare("GET /-/healthy HTTP/1.0\r\n\r\n"),
        ),
        (
            "HTTP/1.1 without `Host`",
            bare("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
        ),
        (
            "two `Host`",
            request("GET / HTTP/1.1", "Host: y\r\nConnection: close\r\n"),
        ),
        ("HTTP/0.9", bare("GET /\r\n")),
        (
            "HTTP/2 without TLS",
            bare("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ),
        ("garbage", vec![0xff, 0, 1, 2, b'\r', b'\n', b'\r', b'\n']),
        (
            "a TLS hello where none is spoken",
            vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, b'\n', b'\n'],
        ),
        (
            "a head of 20 kB",
            request("GET / HTTP/1.1", &format!("X: {long}\r\n")),
        ),
        ("120 headers", request("GET / HTTP/1.1", &many)),
        ("a path of 20 kB", get(&format!("/{long}"))),
        (
            "a header with a NUL",
            request("GET / HTTP/1.1", "X: a\0b\r\n"),
        ),
        (
            "a header with a bare CR",
            request("GET / HTTP/1.1", "X: a\rSet-Cookie: b\r\n"),
        ),
        (
            "three requests at once",
            [
                request("GET /-/healthy HTTP/1.1", ""),
                request("GET /no HTTP/1.1", ""),
                get("/-/ready?"),
            ]
            .concat(),
        ),
        ("`/..`", get("/..")),
        ("`/../../etc/passwd`", get("/../../etc/passwd")),
        ("`//metrics`", get("//metrics")),
        ("`/metrics/`", get("/metrics/")),
        ("`/./metrics`", get("/./metrics")),
        ("`/%6detrics`", get("/%6detrics")),
        ("`/%2e%2e/metrics`", get("/%2e%2e/metrics")),
        (
            "`/api/v1/runs/..%2f..%2fmetrics`",
            get("/api/v1/runs/..%2f..%2fmetrics"),
        ),
        ("`/api/v1/runs/-1`", get("/api/v1/runs/-1")),
        ("`/api/v1/runs?limit=-1`", get("/api/v1/runs?limit=-1")),
        ("`/-/healthy%00`", get("/-/healthy%00")),
        (
            "`GET http://evil.example/-/healthy`",
            get("http://evil.example/-/healthy"),
        ),
        (
            "`CONNECT evil.example:443`",
            line("CONNECT evil.example:443 HTTP/1.1"),
        ),
        ("`OPTIONS *`", line("OPTIONS * HTTP/1.1")),
        ("`TRACE /`", line("TRACE / HTTP/1.1")),
        ("`PUT /metrics`", line("PUT /metrics HTTP/1.1")),
        (
            "`DELETE /api/v1/runs/1`",
            line("DELETE /api/v1/runs/1 HTTP/1.1"),
        ),
        ("`GET /-/reload`", get("/-/reload")),
        ("`GET /webhook/alertmanager`", get("/webhook/alertmanager")),
        ("`HACK /`", line("HACK / HTTP/1.1")),
        (
            "two lengths that differ",
            post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
        ),
        (
            "a length that is none",
            post("Content-Length: +2\r\n", "{}"),
        ),
        (
            "a length and chunks",
            post(
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n",
            ),
        ),
        (
            "chunks that are none",
            post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "an unknown transfer coding",
            post("Transfer-Encoding: gzip\r\n", "{}"),
        ),
        (
            "a body of 100 MB announced",
            post("Content-Length: 100000000\r\n", "{"),
        ),
        (
            "a wish of 100 kB in chunks",
            post(
                "Transfer-Encoding: chunked\r\n",
                &format!("186a0\r\n{}", "x".repeat(100_000)),
            ),
        ),
        (
            "a body shorter than said",
            post("Content-Length: 50\r\n", "{}"),
        ),
        (
            "a body that is no JSON",
            post("Content-Length: 2\r\n", "xx"),
        ),
        (
            "JSON nested 10,000 deep",
            post("Content-Length: 10000\r\n", &"[".repeat(10_000)),
        ),
        ("a body that is no `application/json`", {
            let text = post("Content-Length: 2\r\n", "{}");
            String::from_utf8(text)
                .unwrap()
                .replace("application/json", "text/plain")
                .into_bytes()
        }),
    ]
}

#[test]
fn whatever_is_sent_is_answered_and_harms_nothing() {
    let (w, _) = serve(None, AUTH);
    let mut page = String::from("| What is sent | What comes back |\n|---|---|\n");
    let cases = cases();
    let all: Vec<Vec<String>> = std::thread::scope(|scope| {
        let asked = cases
            .iter()
            .map(|(_, bytes)| scope.spawn(|| say(&w, bytes)));
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for ((name, _), answers) in cases.iter().zip(all) {
        let shown = if answers.is_empty() {
            "closed".to_owned()
        } else {
            answers.join(", ")
        };
        writeln!(page, "| {name} | {shown} |").unwrap();
    }
    compare("what is sent", &page);
    assert_eq!(ask(w.address(), "GET /metrics", &[]).status, 200);
    assert!(!w.program.log().contains("panic"), "{}", w.program.log());
}

fn count(w: &Warrener, line: &str) -> f64 {
    let metrics = ask(w.address(), "GET /metrics", &[]).text();
    let found = metrics.lines().find_map(|l| l.strip_prefix(line));
    found.and_then(|n| n.trim().parse().ok()).unwrap_or(0.0)
}

fn refused(w: &Warrener, reason: &str) -> f64 {
    count(
        w,
        &format!("warrener_http_refused_total{{reason=\"{reason}\"}} "),
    )
}

/// A connection from this address of the loopback.
async fn connect(w: &Warrener, from: &str) -> std::io::Result<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{from}:0").parse().unwrap())?;
    socket.connect(w.address().parse().unwrap()).await
}

/// Half a head on each of many connections, from one address and then from many: who asks is
/// answered all the while, and the half heads are given up in the end.
#[tokio::test]
async fn half_heads_keep_nobody_out_and_are_given_up() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (w, _) = serve(None, "");
    let mut held = Vec::new();
    for n in 0..320 {
        let from = format!("127.0.0.{}", 2 + n / 80);
        let mut stream = connect(&w, &from).await.unwrap();
        // It may have made room already.
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            .await
            .ok();
        held.push(stream);
        if n % 40 == 0 {
            assert_eq!(ask(w.address(), "GET /metrics", &[]).status, 200);
        }
    }
    let mut own = connect(&w, "127.0.0.2").await.unwrap();
    own.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    own.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let heads = count(&w, "warrener_http_connections{state=\"head\"} ");
    assert!(heads <= 256.0, "{heads}");
    assert!(refused(&w, "displaced") + refused(&w, "head_timeout") >= 64.0);
    wait_until("the half heads to be given up", PATIENCE, || {
        refused(&w, "head_timeout") >= 100.0
    })
    .unwrap();
    let mut last = held.pop().unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, last.read_to_end(&mut rest))
        .await
        .unwrap();
    assert!(end.is_err() || rest.is_empty());
}

/// Bodies that do not come hold one address's places: the next of it is turned away, others come in.
#[tokio::test]
async fn bodies_that_do_not_come_fill_one_address_and_no_other() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (w, _) = serve(None, AUTH);
    let head = post("Content-Length: 50\r\n", "{");
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = connect(&w, "127.0.0.9").await.unwrap();
        stream.write_all(&head).await.unwrap();
        held.push(stream);
    }
    let mut next = connect(&w, "127.0.0.9").await.unwrap();
    let mut answer = String::new();
    next.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .ok();
    next.read_to_string(&mut answer).await.ok();
    // On a slow machine some have had their time by now, and make room.
    assert!(
        answer.starts_with("HTTP/1.1 503") || refused(&w, "displaced") > 0.0,
        "{answer}"
    );
    assert_eq!(ask(w.address(), "GET /metrics", &[]).status, 200);
    let mut told = String::new();
    let last = held.last_mut().unwrap();
    last.read_to_string(&mut told).await.ok();
    assert!(
        told.is_empty() || told.starts_with("HTTP/1.1 408"),
        "{told}"
    );
}

/// Connections that never begin TLS, and one that stops in its middle.
#[test]
fn a_handshake_that_stops_is_given_up() {
    let (w, _) = serve(Some(TLS), "");
    let mut silent = TcpStream::connect(w.address()).unwrap();
    let mut half = TcpStream::connect(w.address()).unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    let mut garbage = TcpStream::connect(w.address()).unwrap();
    garbage.write_all(&[0x16, 3, 1, 0, 4, 9, 9, 9, 9]).unwrap();
    for stream in [&mut garbage, &mut silent, &mut half] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut end = Vec::new();
        match stream.read_to_end(&mut end) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    let metrics = curl(&w, "https", "/metrics", &[]).words;
    for line in [
        "warrener_http_refused_total{reason=\"tls_timeout\"} 2",
        "warrener_http_refused_total{reason=\"tls\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

/// An answer that is not read: the writer is cut off, nobody else notices.
#[test]
fn an_answer_that_nobody_reads_holds_nobody_up() {
    let (w, _) = serve(None, "");
    let mut stream = TcpStream::connect(w.address()).unwrap();
    let many = request("GET /metrics HTTP/1.1", "").repeat(2000);
    stream.write_all(&many).unwrap();
    assert_eq!(ask(w.address(), "GET /metrics", &[]).status, 200);
    wait_until("the writer to be cut off", PATIENCE, || {
        refused(&w, "request_timeout") >= 1.0
    })
    .unwrap();
}
