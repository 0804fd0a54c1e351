//! Where a status comes from, and what is made of what a server says.

use std::io::{Read, Write};
use std::path::PathBuf;

use tokio::net::TcpSocket;

use super::super::pretty;
use super::super::source::{Origin, Problem, parse};
use super::scenes;
use crate::cli::client::Client;
use crate::cli::proof::Proof;

/// An address at which nobody listens, as long as the socket is there.
fn nobody() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

fn with(token_file: Option<&std::path::Path>) -> Proof {
    Proof {
        token_file: token_file.map(Into::into),
        ..Proof::default()
    }
}

fn config(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("warrener.yml");
    std::fs::write(&file, text).unwrap();
    (dir, file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_server_it_probes_by_itself_and_says_so() {
    let (_socket, url) = nobody();
    let (_dir, file) = config("broker: {amqp: 'amqp://u:s3cret@127.0.0.1:1', every: 1s}\n");
    let client = Client::new(&url, &Proof::default()).unwrap();
    let mut origin = Origin::new(client, Some(Some(file)));
    let first = origin.read().await.unwrap();
    let note = first.note.unwrap();
    assert!(
        note.contains(&url) && note.contains("probed once"),
        "{note}"
    );
    let codes: Vec<_> = first.status.findings.iter().map(|f| &*f.code).collect();
    assert_eq!(codes, ["BrokerUnreachable"], "{}", first.json);
    assert!(first.status.host.is_some(), "{}", first.json);
    assert!(!first.json.contains("s3cret"), "{}", first.json);
    // The same probes go on, so that what takes time can be told in the end.
    let second = origin.read().await.unwrap();
    assert!(second.note.unwrap().contains("since this began"));
}

#[tokio::test]
async fn a_named_server_is_not_replaced_by_something_else() {
    let (_socket, url) = nobody();
    let mut origin = Origin::new(Client::new(&url, &Proof::default()).unwrap(), None);
    match origin.read().await {
        Err(Problem::Failed(words)) => assert!(words.contains(&url), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_told_as_such() {
    let (_socket, url) = nobody();
    let (_dir, file) = config("broker: {evry: 1s}\n");
    let mut origin = Origin::new(
        Client::new(&url, &Proof::default()).unwrap(),
        Some(Some(file)),
    );
    match origin.read().await {
        Err(Problem::Usage(words)) => assert!(words.contains("evry"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_server_is_understood_or_refused_by_its_version() {
    let status = scenes::incident();
    let mut newer: serde_json::Value = serde_json::from_str(&status.to_json()).unwrap();
    newer["unheard_of"] = 1.into();
    newer["findings"][0]["code"] = "NeverSeenBefore".into();
    newer["findings"][0]["target"]["kind"] = "galaxy".into();
    assert_eq!(
        parse(&newer.to_string()).unwrap().findings[0].code,
        "NeverSeenBefore"
    );
    newer["version"] = 2.into();
    newer["score"] = "high".into();
    let why = parse(&newer.to_string()).unwrap_err();
    assert!(
        why.contains("version 2") && why.contains("version 1"),
        "{why}"
    );
    assert!(parse("<html>").unwrap_err().contains("no status"));
}

#[test]
fn pretty_changes_nothing_but_the_space() {
    let json = r#"{"z":1.50,"a":[1,2.0,1e3,null,"\u001b"],"big":12345678901234567890}"#;
    let text = pretty(json).unwrap();
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&text), value(json));
    let order = |key: &str| text.find(&format!("\"{key}\"")).unwrap();
    assert!(
        order("z") < order("a") && order("a") < order("big"),
        "{text}"
    );
    assert!(pretty("{} x").is_err());
}

#[test]
fn urls_and_tokens_are_checked_and_passwords_not_shown() {
    for wrong in ["127.0.0.1:15699", "ftp://x", "http://", ""] {
        assert!(Client::new(wrong, &Proof::default()).is_err(), "{wrong}");
    }
    let client = Client::new("http://me:s3cret@127.0.0.1:1/under/", &Proof::default()).unwrap();
    assert_eq!(client.url(), "http://127.0.0.1:1/under");
    let (dir, _) = config("");
    let token = dir.path().join("token");
    std::fs::write(&token, "\n").unwrap();
    let why = Client::new("http://127.0.0.1:1", &with(Some(&token))).unwrap_err();
    assert!(why.contains("token") && why.contains("empty"), "{why}");
}

/// Answers one request with what `answer` makes of its head; real servers don't misbehave so.
fn misbehaving(answer: impl FnOnce(&str) -> String + Send + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        // The client may have hung up before the end.
        stream.write_all(answer(&head).as_bytes()).ok();
    });
    url
}

async fn failed(url: &str, token: Option<&std::path::Path>) -> String {
    let mut origin = Origin::new(Client::new(url, &with(token)).unwrap(), None);
    match origin.read().await {
        Err(Problem::Failed(words)) => words,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_token_is_sent_and_asked_for_and_not_shown() {
    let (dir, _) = config("");
    let file = dir.path().join("token");
    std::fs::write(&file, "t0ken\n").unwrap();
    let document = scenes::healthy().to_json();
    let url = misbehaving(move |head| {
        assert!(
            head.starts_with("get /under/api/v1/status http/1.1"),
            "{head}"
        );
        assert!(head.contains("authorization: bearer t0ken\r\n"), "{head}");
        let length = document.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{document}")
    });
    let client = Client::new(&format!("{url}/under"), &with(Some(&file))).unwrap();
    assert_eq!(
        Origin::new(client, None).read().await.unwrap().status.score,
        100
    );

    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let why = failed(&misbehaving(|_| refusal.to_owned()), Some(&file)).await;
    assert!(
        why.contains("--token-file") && !why.contains("t0ken"),
        "{why}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let endless = |_: &str| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
        head.to_owned() + &"x".repeat(20 << 20)
    };
    let why = failed(&misbehaving(endless), None).await;
    assert!(why.contains("bytes long"), "{why}");
}

#[tokio::test]
async fn a_server_is_not_followed_elsewhere() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let why = failed(&misbehaving(|_| moved.to_owned()), None).await;
    assert!(why.contains("302"), "{why}");
}
