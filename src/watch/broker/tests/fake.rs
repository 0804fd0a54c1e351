//! A fake broker for tests: an HTTP server on a loopback port that plays a script.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A whole answer.
    Answer(u16, Vec<u8>),
    /// Exactly these bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, then the same piece again and again with a pause between, until hung up.
    Endless(Vec<u8>, Vec<u8>, Duration),
    /// Nothing, as a broker under SIGSTOP: it accepts and never speaks.
    Silence,
}

impl Act {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Act::Answer(200, body.into())
    }
}

/// A running fake; its port dies with the test's runtime.
pub(super) struct Fake {
    pub(super) port: u16,
    served: Arc<AtomicUsize>,
    logins: Arc<Mutex<Vec<Option<String>>>>,
}

impl Fake {
    /// Requests seen so far.
    pub(super) fn served(&self) -> usize {
        self.served.load(Ordering::Relaxed)
    }

    /// The `Authorization` header of each request so far.
    pub(super) fn logins(&self) -> Vec<Option<String>> {
        self.logins.lock().unwrap().clone()
    }

    /// One that does what `script` says for each request target (path and query).
    pub(super) async fn start(script: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let logins = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&logins);
        let script = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, count) = (Arc::clone(&script), Arc::clone(&count));
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    if let Some((target, login, stream)) = request(stream).await {
                        seen.lock().unwrap().push(login);
                        count.fetch_add(1, Ordering::Relaxed);
                        play(script(&target), stream).await;
                    }
                });
            }
        });
        Fake {
            port,
            served,
            logins,
        }
    }
}

/// A port where nothing listens.
pub(super) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

async fn request(mut stream: TcpStream) -> Option<(String, Option<String>, TcpStream)> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        let n = stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        head.extend_from_slice(&piece[..n]);
    }
    let text = String::from_utf8(head).ok()?;
    let target = text.split(' ').nth(1)?.to_owned();
    let mut headers = text.lines().filter_map(|line| line.split_once(": "));
    let login = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let login = login.map(|(_, value)| value.to_owned());
    Some((target, login, stream))
}

async fn play(act: Act, mut stream: TcpStream) {
    match act {
        Act::Answer(status, body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n");
            let _sent = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
        Act::Raw(bytes) => {
            let _sent = stream.write_all(&bytes).await;
        }
        Act::Endless(head, piece, pause) => {
            let mut sent = stream.write_all(&head).await;
            while sent.is_ok() {
                sent = stream.write_all(&piece).await;
                tokio::time::sleep(pause).await;
            }
        }
        Act::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
    }
    let _closed = stream.shutdown().await;
}
