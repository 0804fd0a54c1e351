//! A little HTTP server that hears and answers as it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Value,
}

impl Heard {
    /// What Slack would show.
    pub(super) fn text(&self) -> &str {
        self.body["text"].as_str().unwrap()
    }
}

#[derive(Default)]
struct Inside {
    heard: Mutex<Vec<Heard>>,
    answers: Mutex<VecDeque<String>>,
}

pub(super) struct Server {
    address: String,
    inside: Arc<Inside>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let inside = Arc::new(Inside::default());
        let own = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                hear(stream, &own).await;
            }
        });
        Server { address, inside }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request is answered so: `503`, `429 retry-after: 30`, `404 no_service`. Without it,
    /// with 200.
    pub(super) fn answer(&self, answer: &str) {
        self.inside.answers.lock().unwrap().push_back(answer.into());
    }

    /// What was heard since the last time.
    pub(super) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.inside.heard.lock().unwrap())
    }
}

async fn hear(mut stream: TcpStream, inside: &Inside) {
    let mut reader = BufReader::new(&mut stream);
    let (mut lines, mut line) = (Vec::new(), String::new());
    while reader.read_line(&mut line).await.unwrap_or(0) > 2 {
        lines.push(std::mem::take(&mut line).trim_end().to_owned());
    }
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.unwrap();
    inside.heard.lock().unwrap().push(Heard {
        path: lines[0].split(' ').nth(1).unwrap().to_owned(),
        authorization: header("authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let answer = inside.answers.lock().unwrap().pop_front();
    let answer = answer.unwrap_or_else(|| "200".to_owned());
    let (status, rest) = answer.split_once(' ').unwrap_or((&answer, ""));
    let (extra, words) = match rest.contains(": ") {
        true => (format!("{rest}\r\n"), ""),
        false => (String::new(), rest),
    };
    let length = words.len();
    let text = format!(
        "HTTP/1.1 {status} x\r\n{extra}content-length: {length}\r\nconnection: close\r\n\r\n{words}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
}
