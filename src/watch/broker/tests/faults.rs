//! Every way an answer can go wrong ends in time, with its reason, and never in a panic.

use std::time::Duration;

use super::fake::{Act, Fake, closed_port};
use super::{DEADLINE, Endpoint, broker, login, queues};
use crate::model::{Failure, Reason};
use crate::watch::Probe;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// What becomes of each probe by each source when every request is met with `act`.
async fn outcomes(act: Act) -> Vec<Failure> {
    let fake = Fake::start(move |_| act.clone()).await;
    let by_plugin = login(&[fake.port], &[]);
    let by_management = login(&[], &[fake.port]);
    let mut failures = Vec::new();
    let start = tokio::time::Instant::now();
    for mut login in [by_plugin, by_management] {
        login.amqp.clear();
        failures.push(broker(login.clone()).read().await.unwrap_err());
        failures.push(queues(login).read().await.unwrap_err());
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{failures:?}");
    assert!(fake.served() >= 4);
    for failure in &failures {
        assert!(!failure.message.contains("s3cret"), "{failure}");
        assert!(
            failure.message.contains("127.0.0.1"),
            "names the endpoint: {failure}"
        );
    }
    failures
}

async fn all_end_as(act: Act, reason: Reason) {
    let failures = outcomes(act).await;
    assert!(
        failures.iter().all(|f| f.reason == reason),
        "{reason}: {failures:#?}"
    );
}

#[tokio::test]
async fn a_broker_that_accepts_but_does_not_speak() {
    all_end_as(Act::Silence, Reason::Timeout).await;
}

#[tokio::test]
async fn a_slow_drip() {
    let drip = Act::Endless(HEAD.into(), b"#".into(), Duration::from_millis(50));
    all_end_as(drip, Reason::Timeout).await;
}

#[tokio::test]
async fn headers_that_never_end() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let drip = Act::Endless(head, b"x: y\r\n".into(), Duration::from_millis(50));
    all_end_as(drip, Reason::Timeout).await;
}

#[tokio::test]
async fn a_body_shorter_than_promised() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n[{\"name\":".to_vec();
    all_end_as(Act::Raw(cut), Reason::Closed).await;
}

#[tokio::test]
async fn a_chunked_body_cut_off() {
    let cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n[{\"a\"".to_vec();
    all_end_as(Act::Raw(cut), Reason::Closed).await;
}

#[tokio::test]
async fn a_connection_closed_without_a_word() {
    all_end_as(Act::Raw(Vec::new()), Reason::Closed).await;
}

#[tokio::test]
async fn garbage_instead_of_http() {
    all_end_as(
        Act::Raw(b"AMQP\0\0\x09\x01 not HTTP\r\n\r\n".into()),
        Reason::Malformed,
    )
    .await;
}

#[tokio::test]
async fn garbage_in_the_body() {
    for body in [
        &b"\xff\xfe\x00garbage\n"[..],
        b"<html>hello</html>",
        b"",
        b"{}",
        b"[{}]",
        b"null",
    ] {
        all_end_as(Act::ok(body), Reason::Malformed).await;
    }
}

#[tokio::test]
async fn deep_nesting() {
    let deep = [b"[".repeat(300_000), b"{\"a\":".repeat(300_000)].concat();
    all_end_as(Act::ok(deep), Reason::Malformed).await;
}

#[tokio::test]
async fn refusals_by_status() {
    let refusal = |status, reason: &str| {
        Act::Answer(
            status,
            format!(r#"{{"error":"x","reason":"{reason}"}}"#).into(),
        )
    };
    all_end_as(refusal(401, "Login failed"), Reason::Auth).await;
    all_end_as(refusal(401, "Not management user"), Reason::Access).await;
    all_end_as(refusal(401, "Not monitor user"), Reason::Access).await;
    all_end_as(refusal(403, "no"), Reason::Access).await;
    all_end_as(refusal(404, "no"), Reason::Unsupported).await;
    all_end_as(refusal(500, "no"), Reason::Status).await;
    all_end_as(refusal(302, "elsewhere"), Reason::Status).await;
}

#[tokio::test]
async fn nothing_listens() {
    let port = closed_port().await;
    let failure = broker(login(&[port], &[port])).read().await.unwrap_err();
    // Both are down, so AMQP was tried, and it is what fails in the end.
    assert_eq!(failure.reason, Reason::Closed);
    let mut only_http = login(&[port], &[port]);
    only_http.amqp.clear();
    let failure = queues(only_http).read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused);
}

#[tokio::test]
async fn a_host_name_that_does_not_exist() {
    let mut unknown = login(&[1], &[]);
    unknown.amqp.clear();
    unknown.prometheus = vec![Endpoint::parse("http://warrener.invalid:15692").unwrap()];
    let failure = broker(unknown).read().await.unwrap_err();
    assert!(
        matches!(failure.reason, Reason::Dns | Reason::Timeout),
        "{failure}"
    );
}

#[tokio::test]
async fn plain_http_where_tls_was_asked_for() {
    let fake = Fake::start(|_| Act::ok("")).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(fake);
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _sent = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let mut tls = login(&[1], &[]);
    tls.amqp.clear();
    tls.prometheus = vec![Endpoint::parse(&format!("https://127.0.0.1:{port}")).unwrap()];
    let failure = broker(tls).read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Tls, "{failure}");
}

/// Endless bodies end at the cap or the deadline, whichever comes first, and are never held.
#[tokio::test]
async fn an_endless_body() {
    let line = b"rabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"q\"} 1\n".repeat(500);
    let body = Act::Endless(HEAD.into(), line, Duration::ZERO);
    for failure in outcomes(body).await {
        assert!(
            matches!(
                failure.reason,
                Reason::TooLarge | Reason::Timeout | Reason::Malformed
            ),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_body_over_the_cap() {
    use super::super::http::Get;
    let fake = Fake::start(|_| Act::ok(vec![b'x'; 5000])).await;
    let endpoint = login(&[fake.port], &[]).prometheus.remove(0);
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let http = super::http();
    let get = |cap| http.get_small(&endpoint, Get::new("/", cap), deadline);
    assert_eq!(get(4999).await.unwrap_err().reason, Reason::TooLarge);
    assert_eq!(get(5000).await.unwrap().1.len(), 5000);
}
