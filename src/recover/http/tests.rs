//! Against servers that do not behave.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Reads a request's head and answers.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    // Whoever asked may have heard enough.
    stream.write_all(answer).await.ok();
    stream.shutdown().await.ok();
}

/// A server that answers everything so; without an answer, never.
async fn server(with: Option<Vec<u8>>) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            match &with {
                Some(text) => answer(stream, text).await,
                None => held.push(stream),
            }
        }
    });
    Endpoint::parse(&format!("http://user:hunter2@127.0.0.1:{port}/base")).unwrap()
}

fn text(head: &str, body: &str) -> Option<Vec<u8>> {
    let length = body.len();
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}");
    Some(text.into_bytes())
}

fn client() -> Client {
    Client::new(None).unwrap()
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let to = server(None).await;
    let call = Call {
        deadline: Duration::from_millis(50),
        ..Call::get(&to, "/x")
    };
    let failure = client().send(call).await.err().unwrap();
    assert_eq!(failure.reason, Reason::Timeout);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_a_password_goes_nowhere_else() {
    let elsewhere = server(text("200 OK", "stolen")).await;
    let to = server(text(
        &format!("302 Found\r\nLocation: {}", elsewhere.url()),
        "",
    ));
    let to = to.await;
    let answer = client().send(Call::get(&to, "/x")).await.unwrap();
    assert_eq!((answer.status, answer.is_success()), (302, false));
}

#[tokio::test]
async fn no_more_is_read_than_was_asked_for() {
    let to = server(text("200 OK", &"x".repeat(5000))).await;
    let failure = client().send(Call::get(&to, "/x").cap(4999)).await;
    assert_eq!(failure.err().unwrap().reason, Reason::TooLarge);
    let answer = client().send(Call::get(&to, "/x").cap(5000)).await.unwrap();
    assert_eq!(answer.body.len(), 5000);
    // Of an explanation the beginning is enough, however long it is.
    let to = server(text("500 No", &"x".repeat(5000))).await;
    let answer = client().send(Call::get(&to, "/x").cap(10)).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, EXPLANATION));
}

#[tokio::test]
async fn a_failure_names_neither_path_nor_password() {
    let broken = Some(b"not http".to_vec());
    let to = server(broken).await;
    let failure = client().send(Call::post(&to, &Value::Null)).await;
    let words = failure.err().unwrap().to_string();
    assert!(words.starts_with(&to.place()), "{words}");
    for secret in ["hunter2", "base"] {
        assert!(!words.contains(secret), "{words}");
    }
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_authority_that_was_given() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, &text("200 OK", "well").unwrap()).await;
            }
        }
    });
    let to = Endpoint::parse(&format!("https://localhost:{port}")).unwrap();
    let failure = client().send(Call::get(&to, "/x")).await.err().unwrap();
    assert_eq!(failure.reason, Reason::Tls, "{failure}");
    let tls = Tls {
        ca_file: Some(ca_file),
        ..Tls::default()
    };
    let trusting = Client::new(Some(&tls)).unwrap();
    let answer = trusting.send(Call::get(&to, "/x")).await.unwrap();
    assert_eq!(answer.body, b"well");
}
